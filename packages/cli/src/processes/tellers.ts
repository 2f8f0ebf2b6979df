import { hostname } from 'node:os';
import type { Clock, Logger } from '@skerry/kernel';
import { openPostgresPool, type PostgresPool } from '@skerry/series/postgres/tells';
import type { SkerryConfig } from '../config/schema.ts';
import { AccountTeller, type AccountTellerNeeds } from './account-teller.ts';
import { poolOptionsOf } from './postgres-way.ts';
import { type RoleFacts, type RoleIdentity, RoleTeller } from './role-teller.ts';

/** What a process tells with. */
export interface TellerNeeds {
  readonly facts: () => RoleFacts;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Begins to tell the configured PostgreSQL how the process does, over a connection of its own. Needs no answer of it. */
export function openRoleTeller(
  config: Pick<SkerryConfig, 'postgres' | 'dataDir'>,
  role: RoleIdentity['role'],
  needs: TellerNeeds,
  stack: AsyncDisposableStack,
): PostgresPool {
  const { clock, logger } = needs;
  const options = { ...poolOptionsOf(config, 'skerry reports'), connectionsMax: 1 };
  const pool = stack.use(openPostgresPool(options, { clock, logger }));
  stack.use(new RoleTeller({ role, dataDir: config.dataDir }, { ...needs, pool }));
  return pool;
}

/** The same, and what its journal in front of Kafka has received. */
export function openTellers(
  config: Pick<SkerryConfig, 'postgres' | 'dataDir'>,
  role: RoleIdentity['role'],
  needs: TellerNeeds & Pick<AccountTellerNeeds, 'journal' | 'uplink'> & { readonly group: string },
  stack: AsyncDisposableStack,
): void {
  const pool = openRoleTeller(config, role, needs, stack);
  const { journal, uplink, clock, logger, group } = needs;
  stack.use(
    new AccountTeller({
      journal,
      uplink,
      pool,
      name: `${hostname()}, ${group}, ${config.dataDir}`,
      clock,
      logger,
    }),
  );
}
