export * from './dead-letter-expiry.ts';
export * from './errors.ts';
export * from './head.ts';
export * from './limits.ts';
export * from './shared-head.ts';
export * from './store.ts';
export * from './store-thread.ts';
export type { Breathe } from './turn.ts';
export { decodeVerdicts } from './verdict-runs.ts';
