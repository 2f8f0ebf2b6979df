export { openPostgresAccessStore, type PostgresAccessOptions } from './postgres-access-store.ts';
