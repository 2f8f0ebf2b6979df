export * from './gateway-accounts.ts';
export { type MigrationPlace, migrate, requireSchema, SCHEMA_VERSION, schemaSql } from './migrations.ts';
export { whileLocked } from './named-lock.ts';
export {
  type NewestOfDevice,
  type PlacedLatest,
  readNewest,
  readSealMarks,
  type SealMarks,
  sourceIdOf,
} from './newest-points.ts';
export { type Heir, inheritOrigins } from './origin-heirs.ts';
export { numericOf, pointColumns, pointRows, type RowOrder } from './point-rows.ts';
export * from './postgres-pool.ts';
export { openPostgresReadings, type PostgresReadingsNeeds } from './postgres-readings.ts';
export { openPostgresStore } from './postgres-store.ts';
export type * from './reading-shapes.ts';
export { type RetentionPolicy, setRetention } from './retention-policies.ts';
export { ROLE_NAMES, type RoleRights, SITE_RIGHTS, type SiteRole } from './role-rights.ts';
export { type RoleTell, tellRole } from './role-rows.ts';
export { SealGroup, type SealGroupNeeds } from './seal-group.ts';
export { openSinkBook, readRange, type SinkBookOptions, type SinkRange, sourcesOf } from './sink-book.ts';
export type { SourceIdentity } from './source-row.ts';
export {
  StandbyReads,
  type StandbyReadsNeeds,
  type StandbyReadsOptions,
  type StandbyState,
  type StandbyTrouble,
} from './standby-reads.ts';
export type { PostgresStoreNeeds, PostgresStoreOptions } from './store-options.ts';
