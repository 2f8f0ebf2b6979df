export {
  type AuditSnapshot,
  type AuditSnapshotNeeds,
  type AuditSnapshotOptions,
  openAuditSnapshot,
  type SnapshotPoints,
} from './audit-snapshot.ts';
export { openSqliteStore } from './sqlite-store.ts';
export type { SqliteStoreNeeds, SqliteStoreOptions } from './store-needs.ts';
