export * from './head.ts';
export * from './store.ts';
