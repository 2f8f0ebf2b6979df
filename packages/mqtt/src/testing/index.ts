export * from './any-packet.ts';
export * from './broker-scene.ts';
export * from './memory-access.ts';
export * from './memory-ingress.ts';
export * from './packet-samples.ts';
export * from './raw-client.ts';
export * from './refused-packets.ts';
export * from './whole-packet.ts';
