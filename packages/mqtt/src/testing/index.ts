export * from './packet-samples.ts';
export * from './whole-packet.ts';
