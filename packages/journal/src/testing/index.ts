export * from './compliance.ts';
export * from './mailbox-pair.ts';
export * from './records.ts';
export * from './simulated-journal.ts';
