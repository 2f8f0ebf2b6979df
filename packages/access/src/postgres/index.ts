export type { PostgresAccessOptions } from './access-pool.ts';
export { openPostgresAccessStore } from './postgres-access-store.ts';
export { openPostgresAuditBook, type PostgresAuditNeeds } from './postgres-audit-book.ts';
