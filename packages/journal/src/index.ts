export * from './batch.ts';
export * from './journal.ts';
