export { openPostgresAccessStore, type PostgresAccessOptions } from './postgres-access-store.ts';
export { openPostgresAuditBook, type PostgresAuditNeeds } from './postgres-audit-book.ts';
