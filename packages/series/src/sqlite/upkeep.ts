import { LIMITS } from '../limits.ts';
import { endOf, isExpired, type RetentionClock } from '../retention.ts';
import { Turn } from '../turn.ts';
import type { DayFile, DayState } from './day-file.ts';
import { latestOf, type RankedPoint } from './latest-rows.ts';
import { FIRST_CURSOR, mergeSlice } from './merge.ts';
import type { RollupBook } from './rollup-book.ts';
import type { StoreFolder } from './store-folder.ts';
import type { SqliteStoreNeeds, SqliteStoreOptions, StoreMetrics } from './store-needs.ts';

const HOUR_MICROS = 3_600_000_000;
const RETENTION_PERIOD_MS = 60_000;
const VACUUM_PAGES = 256;

interface Pass {
  readonly file: DayFile;
  readonly isClosed: boolean;
  cursor: number;
}

/** What upkeep works on. */
export interface UpkeepParts {
  readonly days: DayFile[];
  readonly rollups: RollupBook;
  readonly folder: StoreFolder;
  readonly retention: RetentionClock;
  readonly metrics: StoreMetrics;
  readonly needs: SqliteStoreNeeds;
  readonly options: Required<SqliteStoreOptions>;
}

/** Merging, folding, giving pages back, and retention: which is next, one slice at a time. */
export class Upkeep {
  readonly #parts: UpkeepParts;
  #pass: Pass | undefined;
  #passSeal = -Infinity;
  #passHour = -1;
  #retentionMs = -Infinity;

  constructor(parts: UpkeepParts) {
    this.#parts = parts;
  }

  /** Does one slice of what is due; false when nothing is. Not while a transaction is open. */
  async step(state: DayState, mayBegin: () => boolean): Promise<boolean> {
    const { days, rollups, needs } = this.#parts;
    const turn = new Turn(needs.clock, needs.breathe, Infinity);
    if (await rollups.applyNext(days, state.journalId, turn, mayBegin)) return true;
    if (await rollups.foldNext(turn)) return true;
    return this.#merge(state, turn) || this.#retain(state) || this.#giveBack();
  }

  #merge(state: DayState, turn: Turn): boolean {
    const { rollups, metrics, needs } = this.#parts;
    this.#pass ??= this.#nextPass(state);
    const pass = this.#pass;
    if (!pass) return false;
    const bounds = { sealMax: rollups.applied, logMicros: state.logMicros, isClosed: pass.isClosed };
    const { cursor, removed } = mergeSlice(pass.file, pass.cursor, bounds, turn, needs.failpoint);
    metrics.merged.add(Math.max(0, removed));
    metrics.chunks.set(metrics.chunks.value - removed);
    if (cursor === undefined) this.#pass = undefined;
    else pass.cursor = cursor;
    return true;
  }

  #nextPass(state: DayState): Pass | undefined {
    const { days, rollups } = this.#parts;
    const newest = days.at(-1);
    const closed = days.find((file) => file !== newest && !file.state().isMerged);
    if (closed && closed.state().seal <= rollups.applied)
      return { file: closed, isClosed: true, cursor: FIRST_CURSOR };
    const hour = Math.floor((state.logMicros - HOUR_MICROS / 60) / HOUR_MICROS);
    const isDue = rollups.applied - this.#passSeal >= LIMITS.mergeChunksMin.value || hour !== this.#passHour;
    if (!newest || !isDue) return undefined;
    this.#passSeal = rollups.applied;
    this.#passHour = hour;
    return { file: newest, isClosed: false, cursor: FIRST_CURSOR };
  }

  #retain(state: DayState): boolean {
    const { needs, retention, options, days, rollups } = this.#parts;
    const nowMs = needs.clock.monotonicMs();
    if (nowMs - this.#retentionMs < RETENTION_PERIOD_MS) return false;
    this.#retentionMs = nowMs;
    if (!retention.advance(state.logMicros)) return false;
    const rawMicros = retention.microsFor(options.rawDays, state.logMicros);
    const rollupMicros = retention.microsFor(options.rollupDays, state.logMicros);
    for (const file of days.slice(0, -1)) {
      const isFree = file.reading === 0 && file.state().seal <= rollups.applied;
      if (isFree && isExpired(endOf(file.day), options.rawDays, rawMicros)) this.#dropDay(file);
    }
    for (const file of rollups.files.slice(0, -1)) {
      if (file.reading > 0 || !isExpired(endOf(file.month), options.rollupDays, rollupMicros)) continue;
      rollups.drop(file);
      needs.logger.log('info', 'rollups removed by retention', { month: file.month });
    }
    return false;
  }

  #dropDay(file: DayFile): void {
    const { rollups, folder, days, needs, metrics } = this.#parts;
    const latest = new Map<number, RankedPoint>();
    latestOf(file, latest);
    const chunks = Number(file.get('SELECT count(*) AS n FROM chunks')?.n);
    rollups.markGone(new Map([...latest.values()].map((one) => [one.series, one.timeMicros])));
    if (this.#pass?.file === file) this.#pass = undefined;
    days.splice(days.indexOf(file), 1);
    folder.drop(file);
    metrics.chunks.set(metrics.chunks.value - chunks);
    needs.logger.log('info', 'raw points removed by retention', { day: file.day });
  }

  /** Pages that merging freed in days that get no more seals go back to the disk. */
  #giveBack(): boolean {
    for (const file of this.#parts.days.slice(0, -1)) {
      const free = Number(file.get('PRAGMA freelist_count')?.freelist_count);
      if (free === 0) continue;
      file.all(`PRAGMA incremental_vacuum(${VACUUM_PAGES})`);
      return Number(file.get('PRAGMA freelist_count')?.freelist_count) < free;
    }
    return false;
  }
}
