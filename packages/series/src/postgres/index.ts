export * from './gateway-accounts.ts';
export { type MigrationPlace, migrate, SCHEMA_VERSION, schemaSql } from './migrations.ts';
export { numericOf, pointColumns, pointRows } from './point-rows.ts';
export * from './postgres-pool.ts';
export { openPostgresReadings, type PostgresReadingsNeeds } from './postgres-readings.ts';
export { openPostgresStore } from './postgres-store.ts';
export type * from './reading-shapes.ts';
export {
  openSinkBook,
  readRange,
  type SinkBook,
  type SinkBookOptions,
  type SinkPage,
  type SinkStep,
  sourcesOf,
} from './sink-book.ts';
export type { SourceIdentity } from './source-row.ts';
export type { PostgresStoreNeeds, PostgresStoreOptions } from './store-options.ts';
