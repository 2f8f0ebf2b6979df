export * from './disk-faults.ts';
export * from './fake-clock.ts';
export * from './fake-spawn.ts';
export * from './run-log.ts';
export * from './seeded-random.ts';
export * from './simulated-disk.ts';
export * from './simulated-net.ts';
