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

  /** Does what is due; true while there is more of it. */
  async step({ source, state }: Pick<SourceMemory, 'source' | 'state'>): Promise<boolean> {
    const { needs, retention, partitions, settings, isTimescale } = this.#parts;
    const nowMs = needs.clock.monotonicMs();
    if (nowMs - this.#lastMs < PERIOD_MS) return false;
    this.#lastMs = nowMs;
    if (!retention.advance(state.logMicros)) return false;
    // the days ahead count from what retention believes: a log time in 2038 makes no partitions
    await partitions.makeAhead(state.receivedMicros);
    const rawMicros = retention.microsFor(settings.rawDays, state.logMicros);
    if (rawMicros === 0) return false;
    await this.#rollLeft(source.id);
    if (!isTimescale) await this.#dropDays(rawMicros, source.id);
    await this.#dropMonths(retention.microsFor(settings.rollupDays, state.logMicros));
    const isMore = await this.#prune(source.id, rawMicros);
    if (isMore) this.#lastMs = -Infinity;
    return isMore;
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
      const isDropped = await pool.use('drop a day of points', async (session) => {
        const [row] = await session.query('SELECT drop_day($1::date) AS "isDropped"', [day]);
        return row?.isDropped === true;
      });
      if (isDropped) needs.logger.log('info', 'raw points removed by retention', { day });
    }
  }

  async #dropMonths(rollupMicros: number): Promise<void> {
    const { pool, settings, needs } = this.#parts;
    const months = await pool.use('read the partitions', partitionMonths);
    for (const month of months.filter((one) => isExpired(endOf(one), settings.rollupDays, rollupMicros))) {
      await pool.use('drop a month of rollups', (session) =>
        session.query('SELECT drop_month($1::date)', [`${month}-01`]),
      );
      needs.logger.log('info', 'rollups removed by retention', { month });
    }
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
