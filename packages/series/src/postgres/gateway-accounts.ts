import { LIMITS } from '../limits.ts';
import type { PostgresPool } from './postgres-pool.ts';
import { storable } from './postgres-values.ts';

/** Records of one project that a gateway has taken in, over the whole life of its journal. */
export interface GatewayAccount {
  readonly tenant: string;
  readonly project: string;
  readonly received: number;
  readonly receivedQos0: number;
}

/** What a gateway tells of its journal: everything as of one offset. */
export interface GatewayTell {
  /** Id of the journal, 32 hex digits. */
  readonly journalId: string;
  /** For people: host and data folder, for instance. */
  readonly name: string;
  /** Offset behind the last record that is counted. */
  readonly asOf: number;
  /** Offset below which every record is in Kafka. */
  readonly sent: number;
  readonly accounts: readonly GatewayAccount[];
  /** It takes in nothing more until it is started again. */
  readonly isEnded: boolean;
}

/**
 * Writes what a gateway tells, in one transaction; accounts that are not named stay as they are. A tell that is older
 * than what is there (its offset is lower) changes nothing. Fails as the pool does.
 */
export async function tellGatewayAccounts(pool: PostgresPool, tell: GatewayTell): Promise<void> {
  const { journalId, name, asOf, sent, accounts, isEnded } = tell;
  await pool.transact('tell what was received', async (session) => {
    const changed = await session.run(
      `INSERT INTO gateway_journals(journal, name, as_of, sent, told, ended)
       VALUES ($1, $2, $3, $4, clock_timestamp(), $5)
       ON CONFLICT (journal) DO UPDATE SET name = excluded.name, as_of = excluded.as_of, sent = excluded.sent,
         told = excluded.told, ended = excluded.ended WHERE gateway_journals.as_of <= excluded.as_of`,
      [journalId, storable(name), asOf, sent, isEnded],
    );
    if (changed === 0) return;
    for (let at = 0; at < accounts.length; at += LIMITS.gatewayAccountsAtOnce.value) {
      const some = accounts.slice(at, at + LIMITS.gatewayAccountsAtOnce.value);
      await session.run(
        `INSERT INTO gateway_accounts(journal, tenant, project, received, received_qos0, as_of)
         SELECT $1, u.tenant, u.project, u.received, u.qos0, $2
         FROM unnest($3::text[], $4::text[], $5::bigint[], $6::bigint[]) AS u(tenant, project, received, qos0)
         ON CONFLICT (journal, tenant, project) DO UPDATE SET received = excluded.received,
           received_qos0 = excluded.received_qos0, as_of = excluded.as_of`,
        [
          journalId,
          asOf,
          some.map(({ tenant }) => storable(tenant)),
          some.map(({ project }) => storable(project)),
          some.map(({ received }) => received),
          some.map(({ receivedQos0 }) => receivedQos0),
        ],
      );
    }
  });
}
