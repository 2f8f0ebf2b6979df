export * from './builders.ts';
export * from './compliance.ts';
export * from './naive.ts';
