export { openPostgresLeases, type PostgresLeaseOptions } from './postgres-lease-book.ts';
