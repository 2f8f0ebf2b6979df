export { openSqliteStore } from './sqlite-store.ts';
export type { SqliteStoreNeeds, SqliteStoreOptions } from './store-needs.ts';
