export * from './clock.ts';
export * from './disk.ts';
export * from './net.ts';
export * from './random.ts';
export * from './spawn.ts';
export * from './stderr-logger.ts';
export * from './turn.ts';
