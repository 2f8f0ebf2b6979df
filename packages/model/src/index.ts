export * from './access.ts';
export * from './dead-letter.ts';
export * from './ledger.ts';
export * from './values.ts';
