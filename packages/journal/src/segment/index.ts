export { hasJournalId } from './journal-id.ts';
export * from './segment-journal.ts';
export * from './segment-reader.ts';
export * from './whole-file.ts';
