export * from './errors.ts';
export * from './head.ts';
export * from './limits.ts';
export * from './shared-head.ts';
export * from './store.ts';
