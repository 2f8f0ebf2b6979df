export {
  type AuditSnapshot,
  type AuditSnapshotNeeds,
  type AuditSnapshotOptions,
  openAuditSnapshot,
} from './audit-snapshot.ts';
export type { SeriesPoints } from './point-window.ts';
export { openSqliteStore } from './sqlite-store.ts';
export type { SqliteStoreNeeds, SqliteStoreOptions } from './store-needs.ts';
