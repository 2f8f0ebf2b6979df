import type { DeadLetter, SessionEvent } from '@skerry/model';
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
import type { DayFile, DayState } from './day-file.ts';
import { findDeadLetter, listDeadLetters, openDeadLetters } from './dead-letter-rows.ts';
import { DeviceRows } from './device-rows.ts';
import { latestOf, type RankedPoint } from './latest-rows.ts';
import { RollupBook } from './rollup-book.ts';
import { writeSeal } from './seal-transaction.ts';
import { readSessionEvents, readSessions } from './session-rows.ts';
import { sqliteFault } from './sqlite-fault.ts';
import { answerQuery } from './sqlite-query.ts';
import { readStages } from './stage-rows.ts';
import { dayOf, StoreFolder } from './store-folder.ts';
import {
  type SqliteStoreNeeds,
  type SqliteStoreOptions,
  type StoreMetrics,
  storeMetrics,
  withDefaults,
} from './store-needs.ts';
import { Upkeep } from './upkeep.ts';

const DAY_MICROS = 86_400_000_000;

const NOTHING: DayState = {
  journalId: '',
  seal: 0,
  position: 0,
  telemetryPosition: 0,
  logMicros: 0,
  retentionMicros: 0,
  isMerged: false,
};

/**
 * Opens the store of one retention class in SQLite files: docs/formats/series.md. Fails with `store-damaged` when a
 * file is not what the store wrote or the files contradict each other, `store-read-only`, `store-not-opened`,
 * `store-full`, or a fault of the disk.
 */
export async function openSqliteStore(
  options: SqliteStoreOptions,
  needs: SqliteStoreNeeds,
): Promise<SeriesStore> {
  return new SqliteStore(withDefaults(options), needs);
}

class SqliteStore implements SeriesStore {
  readonly #options: Required<SqliteStoreOptions>;
  readonly #needs: SqliteStoreNeeds;
  readonly #metrics: StoreMetrics;
  readonly #folder: StoreFolder;
  readonly #days: DayFile[];
  readonly #rollups: RollupBook;
  readonly #retention: RetentionClock;
  readonly #upkeep: Upkeep;
  readonly #devices = new DeviceRows();
  readonly #lock = new Lock();
  readonly #queries = new Set<Promise<unknown>>();
  #state: DayState;
  #beganMs = new Map<'day' | 'rollup', number>();
  #isClosed = false;

  constructor(options: Required<SqliteStoreOptions>, needs: SqliteStoreNeeds) {
    this.#options = options;
    this.#needs = needs;
    this.#metrics = storeMetrics(needs.meter);
    this.#folder = new StoreFolder(
      `${options.folder}/${options.retentionClass}`,
      options.fileBytesMax,
      needs,
    );
    this.#days = this.#folder.openDays();
    this.#state = this.#days.at(-1)?.state() ?? NOTHING;
    this.#rollups = new RollupBook(this.#folder, this.#days, this.#state.seal, needs);
    this.#retention = new RetentionClock(
      { micros: this.#state.retentionMicros, logMicros: this.#state.logMicros },
      {
        clock: needs.clock,
        logger: needs.logger,
        refused: this.#metrics.retentionRefused,
      },
    );
    this.#upkeep = new Upkeep({
      days: this.#days,
      rollups: this.#rollups,
      folder: this.#folder,
      retention: this.#retention,
      metrics: this.#metrics,
      needs,
      options,
    });
    this.#metrics.chunks.set(
      this.#days.reduce((sum, day) => sum + Number(day.get('SELECT count(*) AS n FROM chunks')?.n), 0),
    );
  }

  async load(): Promise<StoreState> {
    this.#checkOpen();
    const newest = this.#days.at(-1);
    const state = this.#state;
    const latest = new Map<number, RankedPoint>();
    for (const day of [...this.#days].reverse()) latestOf(day, latest);
    return {
      journalId: newest ? state.journalId : undefined,
      sealNumber: state.seal,
      position: state.position,
      telemetryPosition: state.telemetryPosition,
      logTimeMicros: state.logMicros,
      series: (newest?.all('SELECT * FROM series ORDER BY id') ?? []).map((row) => ({
        id: Number(row.id),
        tenant: String(row.tenant),
        project: String(row.project),
        device: String(row.device),
        metric: String(row.metric),
      })),
      latest: [...latest.values()].map(({ series, timeMicros, value }) => ({ series, timeMicros, value })),
      ...(newest ? this.#devices.load(newest) : { accounts: [], dedupe: [], gaps: [] }),
      deadLetters: newest ? openDeadLetters(newest) : [],
      stages: newest ? readStages(newest) : [],
      sessions: newest ? readSessions(newest) : { clients: [], devices: [] },
    };
  }

  seal(seal: Seal): Promise<void> {
    return this.#lock.run(async () => {
      this.#checkOpen();
      this.#checkSeal(seal);
      const startedMs = this.#needs.clock.monotonicMs();
      const file = this.#fileFor(seal);
      const before = { ...this.#state, retentionMicros: this.#retention.micros };
      const turn = new Turn(this.#needs.clock, this.#needs.breathe, Infinity);
      await writeSeal(file, seal, before, this.#devices, turn, this.#needs.failpoint, (result) => {
        this.#state = result.state;
        this.#rollups.add(seal.number, seal.logTimeMicros, result.minutes);
        this.#metrics.chunks.set(this.#metrics.chunks.value + result.chunks);
      });
      this.#needs.failpoint('seal-after-commit');
      this.#metrics.seals.add(1);
      this.#metrics.points.add(seal.points.rows);
      this.#metrics.sealSeconds.observe((this.#needs.clock.monotonicMs() - startedMs) / 1000);
      this.#metrics.rollupLag.set(this.#rollups.lag);
    });
  }

  query(query: SeriesQuery, unsealed: readonly HeadView[]): Promise<PointPage | BucketPage> {
    const answer = this.#answer(query, unsealed);
    this.#queries.add(answer);
    const forget = () => this.#queries.delete(answer);
    answer.then(forget, forget);
    return answer;
  }

  async deadLetters(filter: DeadLetterFilter): Promise<DeadLetterHead[]> {
    this.#checkOpen();
    const newest = this.#days.at(-1);
    return newest ? listDeadLetters(newest, filter) : [];
  }

  async deadLetter(offset: number): Promise<DeadLetter | undefined> {
    this.#checkOpen();
    const newest = this.#days.at(-1);
    return newest && findDeadLetter(newest, offset);
  }

  async sessionEvents(query: SessionQuery): Promise<SessionEvent[]> {
    this.#checkOpen();
    const found = this.#days.flatMap((day) => readSessionEvents(day, query));
    return answerSessions(found, query);
  }

  work(): Promise<boolean> {
    return this.#lock.run(async () => {
      this.#checkOpen();
      if (this.#state.seal === 0) return false;
      const hasMore = await this.#upkeep.step(this.#state, () => this.#mayBegin('rollup'));
      this.#metrics.rollupLag.set(this.#rollups.lag);
      return hasMore;
    });
  }

  async figures(): Promise<StoreFigures> {
    this.#checkOpen();
    const files = [...this.#days, ...this.#rollups.files];
    const figures = {
      bytes: files.reduce((sum, file) => sum + this.#folder.bytesOf(file), 0),
      points: this.#days.reduce(
        (sum, day) => sum + Number(day.get('SELECT sum(points) AS n FROM seals')?.n),
        0,
      ),
      chunks: this.#metrics.chunks.value,
      files: files.length,
      rollupLag: this.#rollups.lag,
      oldestDay: this.#days[0]?.day,
    };
    this.#metrics.bytes.set(figures.bytes);
    this.#metrics.files.set(figures.files);
    return figures;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await Promise.allSettled(this.#queries);
    await this.#lock.run(async () => {
      for (const day of this.#days) day.close();
      this.#rollups.close();
    });
  }

  async #answer(query: SeriesQuery, unsealed: readonly HeadView[]): Promise<PointPage | BucketPage> {
    this.#checkOpen();
    const startedMs = this.#needs.clock.monotonicMs();
    const answer = await answerQuery(query, {
      days: this.#days,
      rollups: this.#rollups,
      heads: unsealed.filter((view) => view.sealNumber > this.#state.seal),
      turn: new Turn(this.#needs.clock, this.#needs.breathe, query.deadlineMs),
    });
    this.#metrics.querySeconds.observe((this.#needs.clock.monotonicMs() - startedMs) / 1000);
    return answer;
  }

  #checkOpen(): void {
    if (this.#isClosed) throw new SeriesError('store-closed', 'Cannot use the store: it has been closed.');
  }

  #checkSeal(seal: Seal): void {
    const wanted = this.#state.seal + 1;
    if (seal.number !== wanted) {
      throw new SeriesError(
        'seal-out-of-order',
        `Cannot take seal ${seal.number}: seal ${wanted} is the next.`,
        { found: seal.number, wanted },
      );
    }
    if (this.#state.seal > 0 && seal.journalId !== this.#state.journalId) {
      throw new SeriesError(
        'journal-changed',
        `Cannot take a seal of journal ${seal.journalId}: the store in ${this.#folder.path} follows ${this.#state.journalId}; give each journal a store of its own.`,
        { found: seal.journalId, wanted: this.#state.journalId },
      );
    }
  }

  /** The newest file, or a new one when the log time has come to a later day. */
  #fileFor(seal: Seal): DayFile {
    const newest = this.#days.at(-1);
    const day = dayOf(seal.logTimeMicros);
    if (newest && (day <= newest.day || !this.#mayBegin('day'))) return newest;
    const first = { ...NOTHING, journalId: seal.journalId };
    const closedSince = seal.logTimeMicros - this.#options.rawDays * DAY_MICROS;
    try {
      const file = this.#folder.addDay(day, newest, first, closedSince);
      this.#days.push(file);
      this.#beganMs.set('day', this.#needs.clock.monotonicMs());
      return file;
    } catch (error) {
      throw sqliteFault(this.#folder.path, `begin the file of ${day}`, error);
    }
  }

  #mayBegin(kind: 'day' | 'rollup'): boolean {
    const nowMs = this.#needs.clock.monotonicMs();
    const isFree = nowMs - (this.#beganMs.get(kind) ?? -Infinity) >= LIMITS.newFileMsMin.value;
    if (isFree && kind === 'rollup') this.#beganMs.set(kind, nowMs);
    return isFree;
  }
}
