export * from './websocket-connection.ts';
export * from './websocket-dialer.ts';
export * from './websocket-listener.ts';
