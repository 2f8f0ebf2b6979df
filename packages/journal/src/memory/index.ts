export * from './memory-journal.ts';
