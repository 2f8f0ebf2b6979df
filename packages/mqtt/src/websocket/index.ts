export * from './websocket-connection.ts';
export * from './websocket-listener.ts';
