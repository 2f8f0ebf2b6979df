import { endOf, isExpired, type RetentionClock } from '../retention.ts';
import { FoldNotTaken } from './fold.ts';
import { type Partitions, partitionDays, partitionMonths } from './partitions.ts';
import type { PostgresPool } from './postgres-pool.ts';
import { microsOf, timestampOf } from './postgres-values.ts';
import { rollUp } from './roll-up.ts';
import type { SourceMemory } from './source-memory.ts';
import { readFold } from './source-row.ts';
import type { PostgresStoreNeeds, StoreSettings } from './store-options.ts';

const PERIOD_MS = 60_000;
const DAY_MICROS = 86_400_000_000;
/** Rows that one statement of retention removes. */
const ROWS_AT_ONCE = 5_000;

/** What upkeep works with. */
export interface UpkeepParts {
  readonly pool: PostgresPool;
  readonly partitions: Partitions;
  readonly retention: RetentionClock;
  readonly settings: StoreSettings;
  /** True where a job of TimescaleDB deletes points. */
  readonly isTimescale: boolean;
  readonly needs: Pick<PostgresStoreNeeds, 'clock' | 'logger'>;
}

/** Removes what is too old, and makes partitions ahead; about once a minute. */
export class PostgresUpkeep {
  readonly #parts: UpkeepParts;
  #lastMs = -Infinity;

  constructor(parts: UpkeepParts) {
    this.#parts = parts;
  }

  /** Where retention's clock stands, for the next fold to keep. */
  microsFor(logMicros: number): number {
    return this.#parts.retention.microsFor(this.#parts.settings.rawDays, logMicros);
  }

  /** Does what is due; true while there is more of it. What failed is due again at once. */
  async step(memory: Pick<SourceMemory, 'source' | 'state'>): Promise<boolean> {
    const nowMs = this.#parts.needs.clock.monotonicMs();
    if (nowMs - this.#lastMs < PERIOD_MS) return false;
    this.#lastMs = -Infinity;
    const isMore = await this.#work(memory);
    if (!isMore) this.#lastMs = nowMs;
    return isMore;
  }

  async #work({ source, state }: Pick<SourceMemory, 'source' | 'state'>): Promise<boolean> {
    const { retention, partitions, settings, isTimescale } = this.#parts;
    if (!retention.advance(state.logMicros)) return false;
    // the days ahead count from what retention believes: a log time in 2038 makes no partitions
    await partitions.makeAhead(state.receivedMicros);
    const rawMicros = retention.microsFor(settings.rawDays, state.logMicros);
    if (rawMicros === 0) return false;
    await this.#rollLeft(source.id);
    if (!isTimescale) await this.#dropDays(rawMicros, source.id);
    await this.#dropMonths(retention.microsFor(settings.rollupDays, state.logMicros));
    return await this.#prune(source.id, rawMicros);
  }

  /** A source that nobody has written for a day is rolled up by whoever writes another, or its points would keep all days. */
  async #rollLeft(source: number): Promise<void> {
    const { pool, needs } = this.#parts;
    const [left] = await pool.use('look for sources that nobody writes', (session) =>
      session.query(
        `SELECT s.id, s.epoch, s.seal, s.label FROM sources s JOIN folds f ON f.source = s.id
         WHERE s.id <> $1 AND s.seal > f.rolled_seal AND s.sealed < now() - interval '1 day' LIMIT 1`,
        [source],
      ),
    );
    if (!left) return;
    const of = { id: Number(left.id), epoch: Number(left.epoch) };
    const before = await pool.use('look for rollups', (session) => readFold(session, of));
    try {
      await rollUp(pool, of, before, Number(left.seal));
      needs.logger.log('info', 'points of a source that nobody writes rolled up', { label: left.label });
    } catch (fault) {
      // its writer is back, or another one did it
      if (!(fault instanceof FoldNotTaken)) throw fault;
    }
  }

  /** Days that are too old for every source that was heard within a day: one that lags behind keeps what it writes. */
  async #dropDays(ownMicros: number, source: number): Promise<void> {
    const { pool, settings, needs } = this.#parts;
    const { days, leastMicros } = await pool.use('read the partitions', async (session) => {
      const [row] = await session.query(
        `SELECT date_part('epoch', min(f.retention)) AS least FROM folds f JOIN sources s ON s.id = f.source
         WHERE s.id <> $1 AND s.sealed > now() - interval '1 day'`,
        [source],
      );
      const others = row?.least === null || row?.least === undefined ? Infinity : microsOf(row.least);
      const least = Math.min(ownMicros, others);
      return { days: await partitionDays(session), leastMicros: least };
    });
    for (const day of days.filter((one) => isExpired(endOf(one), settings.rawDays, leastMicros))) {
      const outcome = await this.#drop('drop a day of points', 'drop_day', day);
      if (outcome === 'dropped') needs.logger.log('info', 'raw points removed by retention', { day });
      if (outcome === 'held') await this.#tellHeld('points', day);
      if (outcome === 'held' || outcome === 'waiting') return;
    }
  }

  async #dropMonths(rollupMicros: number): Promise<void> {
    const { pool, settings, needs } = this.#parts;
    const months = await pool.use('read the partitions', partitionMonths);
    for (const month of months.filter((one) => isExpired(endOf(one), settings.rollupDays, rollupMicros))) {
      const outcome = await this.#drop('drop a month of rollups', 'drop_month', `${month}-01`);
      if (outcome === 'dropped') needs.logger.log('info', 'rollups removed by retention', { month });
      if (outcome === 'held') await this.#tellHeld('rollups', month);
      if (outcome === 'held' || outcome === 'waiting') return;
    }
  }

  /** What became of it: `held` when somebody has the table, `waiting` until it is tried again, by whichever process. */
  async #drop(action: string, name: 'drop_day' | 'drop_month', day: string): Promise<unknown> {
    return await this.#parts.pool.use(action, async (session) => {
      const [row] = await session.query(`SELECT ${name}($1::date) AS outcome`, [day]);
      return row?.outcome;
    });
  }

  /** A long question or a backup is in the way; reads and writes go on, and the disk fills. */
  async #tellHeld(table: string, of: string): Promise<void> {
    const { pool, needs } = this.#parts;
    const [row] = await pool.use('look who has a table', (session) =>
      session.query(
        `SELECT string_agg(DISTINCT format('%s (process %s)', coalesce(nullif(a.application_name, ''), a.usename), a.pid),
             ', ') AS holders, (SELECT refused FROM drop_waits WHERE parent = $1) AS refused,
           (SELECT to_char(until AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') FROM drop_waits WHERE parent = $1) AS again
         FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
         WHERE l.relation = to_regclass($1) AND l.granted AND l.pid <> pg_backend_pid()`,
        [table],
      ),
    );
    needs.logger.log('warn', 'a partition that is too old stays: somebody has its table', {
      table,
      partition: of,
      holders: String(row?.holders ?? ''),
      refused: Number(row?.refused ?? 0),
      again: String(row?.again ?? ''),
    });
  }

  /** Rows that go with the raw points: seals that are folded, events of connections, dead letters that were dealt with. */
  async #prune(source: number, rawMicros: number): Promise<boolean> {
    const oldest = rawMicros - this.#parts.settings.rawDays * DAY_MICROS;
    const removed = await this.#parts.pool.use('remove old rows', async (session) => {
      const cut = timestampOf(oldest);
      const seals = await session.run(
        `DELETE FROM seals WHERE source = $1 AND seal IN (SELECT s.seal FROM seals s JOIN folds f ON f.source = s.source
           WHERE s.source = $1 AND s.received < $2 AND s.seal < f.seal ORDER BY s.seal LIMIT ${ROWS_AT_ONCE})`,
        [source, cut],
      );
      const events = await session.run(
        `DELETE FROM session_events WHERE id IN (SELECT id FROM session_events WHERE source = $1 AND received < $2
           ORDER BY id LIMIT ${ROWS_AT_ONCE})`,
        [source, cut],
      );
      const letters = await session.run(
        `DELETE FROM dead_letters WHERE source = $1 AND position IN (SELECT position FROM dead_letters
           WHERE source = $1 AND state <> 'open' AND changed < $2 ORDER BY position LIMIT ${ROWS_AT_ONCE})`,
        [source, Math.round(oldest)],
      );
      return Math.max(seals, events, letters);
    });
    return removed >= ROWS_AT_ONCE;
  }
}
