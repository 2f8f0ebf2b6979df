export * from './broker-dialer.ts';
