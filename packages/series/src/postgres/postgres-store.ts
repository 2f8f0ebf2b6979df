import type { DeadLetter, SessionEvent } from '@skerry/model';
import { AccountColumns } from '../account-columns.ts';
import { SeriesError } from '../errors.ts';
import type { HeadView } from '../head.ts';
import { LIMITS } from '../limits.ts';
import { Lock } from '../lock.ts';
import { RetentionClock } from '../retention.ts';
import { answerSessions } from '../session-answer.ts';
import type {
  BucketPage,
  DeadLetterFilter,
  DeadLetterHead,
  PointPage,
  Seal,
  SeriesQuery,
  SeriesStore,
  SessionQuery,
  StoreFigures,
  StoreState,
} from '../store.ts';
import { Turn } from '../turn.ts';
import { FoldNotTaken, writeFold } from './fold.ts';
import { findLetter, listLetters } from './letter-rows.ts';
import { migrate } from './migrations.ts';
import { Partitions, partitionDays } from './partitions.ts';
import { openPostgresPool, type PostgresPool } from './postgres-pool.ts';
import { answerQuery } from './postgres-query.ts';
import { PostgresUpkeep } from './postgres-upkeep.ts';
import { setRetention } from './retention-policies.ts';
import { type RolledTo, rollSums, rollUp } from './roll-up.ts';
import { SealGroup, type SealMember } from './seal-group.ts';
import { type NewSeries, SealNotTaken } from './seal-transaction.ts';
import { readEvents } from './session-rows.ts';
import { loadSource, type SourceMemory } from './source-memory.ts';
import { type OpenSource, readFold, readSource, takeSource } from './source-row.ts';
import {
  type PostgresMetrics,
  type PostgresStoreNeeds,
  type PostgresStoreOptions,
  postgresMetrics,
  type StoreSettings,
  settingsOf,
} from './store-options.ts';

/**
 * Opens the store of one source in PostgreSQL: docs/formats/postgres.md. Brings the schema to this build's version, and
 * takes the source over: whoever wrote it before can commit nothing more and fails with `store-fenced`. Fails with
 * `store-unreachable`, `store-not-allowed`, `store-schema-newer`, `store-on-standby`, `store-not-opened`.
 */
export async function openPostgresStore(
  options: PostgresStoreOptions,
  needs: PostgresStoreNeeds,
): Promise<SeriesStore> {
  await using stack = new AsyncDisposableStack();
  const isOwn = !('transact' in options.pool);
  const pool = 'transact' in options.pool ? options.pool : openPostgresPool(options.pool, needs);
  if (isOwn) stack.use(pool);
  await migrate(pool, needs.logger);
  const settings = settingsOf(options);
  await setRetention(pool, settings, needs.logger);
  const source = await takeSource(pool, options.source, options.owner);
  const { fold, state, isTimescale } = await pool.use('read the source', async (session) => {
    const [points] = await session.query(`SELECT relkind FROM pg_class WHERE oid = 'points'::regclass`);
    return {
      fold: await readFold(session, source),
      state: await readSource(session, source),
      isTimescale: points?.relkind !== 'p',
    };
  });
  const member = stack.use((options.group ?? new SealGroup(pool, needs)).join());
  const owned = stack.move();
  return new PostgresStore({
    pool,
    owned,
    member,
    source,
    journalId: options.source.journalId,
    needs,
    settings,
    retained: { micros: fold.retentionMicros, logMicros: state.logMicros },
    isTimescale,
  });
}

interface StoreParts {
  readonly pool: PostgresPool;
  /** What is closed with the store. */
  readonly owned: AsyncDisposableStack;
  readonly member: SealMember;
  readonly source: OpenSource;
  readonly journalId: string;
  readonly needs: PostgresStoreNeeds;
  readonly settings: StoreSettings;
  readonly retained: { readonly micros: number; readonly logMicros: number };
  readonly isTimescale: boolean;
}

class PostgresStore implements SeriesStore {
  readonly #parts: StoreParts;
  readonly #metrics: PostgresMetrics;
  readonly #partitions: Partitions;
  readonly #upkeep: PostgresUpkeep;
  readonly #seals = new Lock();
  readonly #folds = new Lock();
  #loaded: SourceMemory | undefined;
  #foldedMs: number;
  #rolledMs: number;
  /** A seal failed in a way that leaves open whether it was committed. */
  #isUnsure = false;
  #isClosed = false;

  constructor(parts: StoreParts) {
    const { pool, needs, settings, retained, isTimescale } = parts;
    this.#parts = parts;
    this.#metrics = postgresMetrics(needs.meter);
    this.#partitions = new Partitions(pool, isTimescale, LIMITS.daysAhead.value);
    this.#upkeep = new PostgresUpkeep({
      pool,
      partitions: this.#partitions,
      retention: new RetentionClock(retained, {
        clock: needs.clock,
        logger: needs.logger,
        refused: this.#metrics.retentionRefused,
      }),
      settings,
      isTimescale,
      needs,
    });
    this.#foldedMs = needs.clock.monotonicMs();
    this.#rolledMs = this.#foldedMs;
  }

  load(): Promise<StoreState> {
    return this.#seals.run(() => this.#folds.run(() => this.#load()));
  }

  seal(seal: Seal): Promise<void> {
    return this.#seals.run(async () => {
      this.#checkOpen();
      const memory = await this.#memory();
      this.#checkSeal(seal, memory);
      const startedMs = this.#parts.needs.clock.monotonicMs();
      if (memory.state.seal - memory.fold.seal >= LIMITS.foldSealsMax.value) await this.#foldNow();
      await this.#write(seal, memory);
      this.#isUnsure = false;
      this.#metrics.seals.add(1);
      this.#metrics.points.add(seal.points.rows);
      this.#metrics.sealSeconds.observe((this.#parts.needs.clock.monotonicMs() - startedMs) / 1000);
      this.#parts.needs.failpoint('seal-after-commit');
    });
  }

  async query(query: SeriesQuery, unsealed: readonly HeadView[]): Promise<PointPage | BucketPage> {
    this.#checkOpen();
    const { pool, needs, source } = this.#parts;
    const memory = await this.#memory();
    const turn = new Turn(needs.clock, needs.breathe, query.deadlineMs);
    const startedMs = needs.clock.monotonicMs();
    const answer = await pool.read('answer a query', query.deadlineMs, (session) => {
      const series = Number(memory.seriesIds[query.series] ?? 0);
      return answerQuery(session, query, { source: source.id, series }, unsealed, turn);
    });
    this.#metrics.querySeconds.observe((needs.clock.monotonicMs() - startedMs) / 1000);
    return answer;
  }

  async deadLetters(filter: DeadLetterFilter): Promise<DeadLetterHead[]> {
    this.#checkOpen();
    const { pool, source } = this.#parts;
    return await pool.use('list dead letters', (session) => listLetters(session, source.id, filter));
  }

  async deadLetter(offset: number): Promise<DeadLetter | undefined> {
    this.#checkOpen();
    const { pool, source } = this.#parts;
    return await pool.use('read a dead letter', (session) => findLetter(session, source.id, offset));
  }

  async sessionEvents(query: SessionQuery): Promise<SessionEvent[]> {
    this.#checkOpen();
    const { pool, source } = this.#parts;
    const found = await pool.use('read events of connections', (session) =>
      readEvents(session, source.id, query),
    );
    return answerSessions(found, query);
  }

  async work(): Promise<boolean> {
    this.#checkOpen();
    const memory = this.#loaded;
    if (!memory || memory.state.seal === 0) return false;
    const isDue = this.#parts.needs.clock.monotonicMs() - this.#foldedMs >= this.#parts.settings.foldMs;
    if (isDue && memory.state.seal > memory.fold.seal) {
      await this.#foldNow();
      return true;
    }
    if (this.#mustRoll(memory)) {
      await this.#rollNext();
      return true;
    }
    return await this.#upkeep.step(memory);
  }

  async figures(): Promise<StoreFigures> {
    this.#checkOpen();
    const { pool, source, isTimescale } = this.#parts;
    const memory = await this.#memory();
    return await pool.use('measure the store', async (session) => {
      const [row] = await session.query(
        `SELECT (SELECT coalesce(sum(points), 0) FROM seals WHERE source = $1) AS points,
           (SELECT coalesce(sum(pg_total_relation_size(c.oid)), 0) FROM pg_class c
            WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'm')) AS bytes,
           (SELECT to_char(min(received), 'YYYY-MM-DD') FROM seals WHERE source = $1) AS day`,
        [source.id],
      );
      const days = isTimescale ? [] : await partitionDays(session);
      const figures: StoreFigures = {
        bytes: Number(row?.bytes),
        points: Number(row?.points),
        chunks: 0,
        files: days.length,
        rollupLag: memory.state.seal - memory.fold.rolledSeal,
        oldestDay: row?.day === null || row?.day === undefined ? undefined : String(row.day),
      };
      this.#metrics.bytes.set(figures.bytes);
      return figures;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.#seals.run(() => this.#folds.run(async () => undefined));
    await this.#parts.owned.disposeAsync();
  }

  async #load(): Promise<StoreState> {
    this.#checkOpen();
    const { pool, source, journalId } = this.#parts;
    const { memory, state } = await pool.read('load the source', LOAD_MS, (session) =>
      loadSource(session, source, journalId),
    );
    this.#loaded = memory;
    return state;
  }

  async #memory(): Promise<SourceMemory> {
    if (!this.#loaded) await this.#folds.run(() => this.#load());
    if (!this.#loaded) throw new SeriesError('store-closed', 'Cannot use the store: it was not loaded.');
    return this.#loaded;
  }

  async #write(seal: Seal, memory: SourceMemory): Promise<void> {
    const { member, source, needs } = this.#parts;
    const change = memory.book.plan(AccountColumns.of(seal.accounts));
    if (this.#isUnsure && (await this.#isCommitted(seal, memory))) {
      await this.#takeCommitted(seal, memory);
      return;
    }
    // receive times of two seals of one source differ, so that they tell the points of each
    const receivedMicros = Math.max(seal.logTimeMicros, memory.state.receivedMicros + 1);
    try {
      const added = await member.write({
        seal,
        source,
        change,
        receivedMicros,
        seriesIds: memory.seriesIds,
        table: await this.#partitions.tableFor(receivedMicros),
        failpoint: needs.failpoint,
      });
      memory.commit(seal, change, receivedMicros, added);
    } catch (error) {
      if (!(error instanceof SealNotTaken)) throw this.#sealFault(error);
      if (!(await this.#isCommitted(seal, memory))) throw error;
      await this.#takeCommitted(seal, memory);
    }
  }

  /** A partition that another source's retention dropped is made again, and the seal tried again. */
  #sealFault(error: unknown): unknown {
    this.#isUnsure = true;
    if (!(error instanceof SeriesError) || error.facts.state !== '42P01') return error;
    this.#partitions.forget();
    return new SeriesError('store-contended', error.message, error.facts, error);
  }

  /** Whether this very seal was committed by this epoch before, by an attempt whose outcome was not heard. */
  async #isCommitted(seal: Seal, memory: SourceMemory): Promise<boolean> {
    const { pool, source } = this.#parts;
    const state = await pool.use('look for a seal', (session) => readSource(session, source));
    if (state.seal === memory.state.seal) return false;
    if (state.seal === seal.number && state.position === seal.position) return true;
    throw outOfOrder(seal.number, state.seal + 1);
  }

  async #takeCommitted(seal: Seal, memory: SourceMemory): Promise<void> {
    const { pool, source } = this.#parts;
    const { receivedMicros, added } = await pool.use('look for a seal', async (session) => {
      const rows = await session.query(
        'SELECT local, series FROM source_series WHERE source = $1 AND local = ANY($2::integer[])',
        [source.id, seal.series.map(({ id }) => id)],
      );
      const known: NewSeries = rows.map(({ local, series }) => ({
        local: Number(local),
        id: Number(series),
      }));
      return { added: known, receivedMicros: (await readSource(session, source)).receivedMicros };
    });
    const change = memory.book.plan(AccountColumns.of(seal.accounts));
    memory.commit(seal, change, receivedMicros, added);
    this.#parts.needs.logger.log('info', 'a seal whose outcome was not heard had been committed', {
      seal: seal.number,
    });
  }

  #foldNow(): Promise<void> {
    return this.#folds.run(async () => {
      const { pool, source, needs } = this.#parts;
      const memory = await this.#alreadyLoaded();
      const before = memory.fold;
      const { seal, receivedMicros, logMicros } = memory.state;
      if (seal === before.seal) return;
      const after = {
        ...before,
        seal,
        receivedMicros,
        retentionMicros: this.#upkeep.microsFor(logMicros),
      };
      const startedMs = needs.clock.monotonicMs();
      const load = memory.takeLoad();
      try {
        const parts = { source, book: memory.book, dedupe: memory.dedupe, before, after };
        (await writeFold(pool, load, parts))();
      } catch (error) {
        if (!(error instanceof FoldNotTaken) || !(await this.#isFolded(after.seal))) {
          memory.giveBack(load);
          throw error;
        }
      }
      memory.fold = after;
      this.#foldedMs = needs.clock.monotonicMs();
      this.#metrics.foldSeconds.observe((this.#foldedMs - startedMs) / 1000);
    });
  }

  /** Rollups are asked for when raw points are gone, so they may follow in large steps, which touch each row once. */
  #mustRoll({ state, fold, unrolledPoints }: SourceMemory): boolean {
    if (state.seal <= fold.rolledSeal) return false;
    const { needs, settings } = this.#parts;
    const ageMicros = state.receivedMicros - fold.rolledMicros;
    // a source that nothing comes of any more has no log time that goes on, and its days would wait for it
    const isIdle = needs.clock.monotonicMs() - this.#rolledMs >= settings.rollMs;
    return isIdle || ageMicros >= settings.rollMs * 1000 || unrolledPoints >= LIMITS.rollPointsMax.value;
  }

  #rollNext(): Promise<void> {
    return this.#folds.run(async () => {
      const { pool, source, needs } = this.#parts;
      const memory = await this.#alreadyLoaded();
      needs.failpoint('rollup-before-commit');
      // what another attempt committed, whose outcome was not heard, is not done again
      memory.fold = { ...(await pool.use('look for rollups', (one) => readFold(one, source))) };
      if (memory.fold.rolledSeal < memory.state.seal)
        memory.fold = { ...memory.fold, ...(await this.#rollUp(memory)) };
      // one that failed is due again at once
      this.#rolledMs = needs.clock.monotonicMs();
      const [row] = await pool.use('count points', (session) =>
        session.query(
          'SELECT coalesce(sum(points), 0) AS n FROM seals WHERE source = $1 AND seal > $2 AND seal <= $3',
          [source.id, memory.fold.rolledSeal, memory.state.seal],
        ),
      );
      memory.unrolledPoints = Number(row?.n);
      this.#metrics.rollupLag.set(memory.state.seal - memory.fold.rolledSeal);
    });
  }

  /** From sums that were made on the way, where they reach as far as the rollups have come, else from the points. */
  async #rollUp(memory: SourceMemory): Promise<RolledTo> {
    const { pool, source } = this.#parts;
    const { fold, sums, seriesIds } = memory;
    if (!sums.isWhole) memory.takeSums();
    if (!sums.isWhole || sums.after !== fold.rolledSeal)
      return await rollUp(pool, source, fold, memory.sums.after);
    const { seal, receivedMicros } = memory.state;
    const after = { rolledSeal: seal, rolledMicros: receivedMicros };
    const idOf = (series: number) => Number(seriesIds[series]);
    await rollSums(pool, source, [fold, after], memory.takeSums(), idOf);
    return after;
  }

  async #alreadyLoaded(): Promise<SourceMemory> {
    if (!this.#loaded) await this.#load();
    if (!this.#loaded) throw new SeriesError('store-closed', 'Cannot use the store: it was not loaded.');
    return this.#loaded;
  }

  /** Whether a fold whose outcome was not heard had been committed; fails with `store-fenced`. */
  async #isFolded(seal: number): Promise<boolean> {
    const { pool, source } = this.#parts;
    return await pool.use('look for a fold', async (session) => {
      await readSource(session, source);
      return (await readFold(session, source)).seal === seal;
    });
  }

  #checkOpen(): void {
    if (this.#isClosed) throw new SeriesError('store-closed', 'Cannot use the store: it has been closed.');
  }

  #checkSeal(seal: Seal, memory: SourceMemory): void {
    const wanted = memory.state.seal + 1;
    if (seal.number !== wanted) throw outOfOrder(seal.number, wanted);
    const { journalId } = this.#parts;
    if (seal.journalId === journalId) return;
    throw new SeriesError(
      'journal-changed',
      `Cannot take a seal of journal ${seal.journalId}: the store was opened for ${journalId}; open one for each journal.`,
      { found: seal.journalId, wanted: journalId },
    );
  }
}

/** Time that loading a source may take. */
const LOAD_MS = 600_000;

function outOfOrder(found: number, wanted: number): SeriesError {
  return new SeriesError('seal-out-of-order', `Cannot take seal ${found}: seal ${wanted} is the next.`, {
    found,
    wanted,
  });
}
