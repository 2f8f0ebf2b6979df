import { createMeter, silentLogger } from '@skerry/kernel';
import { nodeClock } from '@skerry/kernel/node';
import { openPostgresPool, StandbyReads, type StandbyTrouble } from '@skerry/series/postgres';
import type { SkerryConfig } from '../config/schema.ts';
import { poolOptionsOf, standbyOptionsOf } from '../processes/postgres-way.ts';
import type { Finding } from './doctor.ts';

const LOOK_MS = 250;
/** Looks at it, and those of the primary, that a standby in order needs. */
const LOOKS = 16;

const ADVICE: Readonly<Record<StandbyTrouble, string>> = {
  'standby-away':
    'Start the standby, or mend postgres.readUrl; it has the user and the password of postgres.url.',
  'standby-behind':
    'Look at pg_stat_replication of the primary, pg_is_wal_replay_paused() and max_standby_streaming_delay of the standby; or raise postgres.readStaleSecs.',
  'standby-foreign': 'Name a streaming standby of the primary in postgres.readUrl.',
};

/** Whether the standby of `postgres.readUrl` may answer questions, compared as `skerry cloud` does. */
export async function standbyFindings(config: SkerryConfig): Promise<Finding[]> {
  const check = 'postgres standby';
  const options = standbyOptionsOf(config, 'skerry doctor, standby');
  if (!options) return [];
  const clock = nodeClock();
  const needs = { clock, logger: silentLogger };
  await using primary = openPostgresPool(poolOptionsOf(config, 'skerry doctor, standby'), needs);
  await using reads = new StandbyReads(options, { ...needs, primary, meter: createMeter() });
  for (let look = 0; look < LOOKS && !reads.state().isStandby; look++) await clock.sleep(LOOK_MS);
  const { staleMs = 0, trouble } = reads.state();
  const bound = `postgres.readStaleSecs ${config.postgres.readStaleSecs}`;
  if (!trouble) {
    const found = `it has what was committed ${(staleMs / 1_000).toFixed(1)} s ago (${bound}), and answers`;
    return [{ check, verdict: 'ok', found, advice: '' }];
  }
  return [{ check, verdict: 'warning', found: trouble.detail, advice: ADVICE[trouble.code] }];
}
