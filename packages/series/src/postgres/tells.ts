export * from './gateway-accounts.ts';
export { migrate } from './migrations.ts';
export * from './postgres-pool.ts';
export { type RoleTell, tellRole } from './role-rows.ts';
