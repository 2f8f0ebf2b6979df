import { LIMITS } from '../limits.ts';
import type { RollupRow } from '../rollup.ts';
import type { Turn } from '../turn.ts';
import type { DayFile, SealRow } from './day-file.ts';
import type { RollupFile } from './rollup-file.ts';
import { applySeal, FOLD_ROWS, foldBlock, minutesOfSeal, readRollups } from './rollups.ts';
import type { BlockMinutes } from './seal-minutes.ts';
import { storeDamaged } from './sqlite-fault.ts';
import { dayOf, type StoreFolder } from './store-folder.ts';
import type { SqliteStoreNeeds } from './store-needs.ts';

interface PendingSeal {
  readonly number: number;
  readonly logMicros: number;
  minutes: readonly BlockMinutes[] | undefined;
}

/** The rollups of a store: a consumer of its seals with a position of its own. */
export class RollupBook {
  readonly #folder: StoreFolder;
  readonly #needs: SqliteStoreNeeds;
  readonly #files: RollupFile[];
  /** Per series: raw points up to this event time may be gone. */
  readonly #gone = new Map<number, number>();
  /** Partial rows per block of the newest file. */
  #blocks = new Map<number, number>();
  #pending: PendingSeal[] = [];
  #applied = 0;

  /** Opens the files; what the store sealed and they do not have is read again from its chunks. */
  constructor(folder: StoreFolder, days: readonly DayFile[], sealNumber: number, needs: SqliteStoreNeeds) {
    this.#folder = folder;
    this.#needs = needs;
    this.#files = folder.openRollups();
    const newest = this.#files.at(-1);
    if (newest) this.#readNewest(newest);
    this.#checkAgainst(days, sealNumber);
  }

  /** The last seal in the rollups. */
  get applied(): number {
    return this.#applied;
  }

  /** Seals still to be applied. */
  get lag(): number {
    return this.#pending.length;
  }

  /** All files, oldest first. */
  get files(): readonly RollupFile[] {
    return this.#files;
  }

  /** A seal has become durable. */
  add(number: number, logMicros: number, minutes: readonly BlockMinutes[]): void {
    const isKept = this.#pending.length < LIMITS.minutesSealsMax.value;
    this.#pending.push({ number, logMicros, minutes: isKept ? minutes : undefined });
  }

  /** Event time up to which raw points of the series may be gone; -Infinity when none are. */
  goneUntil(series: number): number {
    return this.#gone.get(series) ?? -Infinity;
  }

  /** Applies the next seal; false when there is none. `mayBegin`: a new month may begin a new file. */
  async applyNext(
    days: readonly DayFile[],
    journalId: string,
    turn: Turn,
    mayBegin: () => boolean,
  ): Promise<boolean> {
    const next = this.#pending[0];
    if (!next) return false;
    const month = dayOf(next.logMicros).slice(0, 7);
    let file = this.#files.at(-1);
    if (!file || (month > file.month && mayBegin())) {
      file = this.#folder.addRollup(month, file, journalId);
      this.#files.push(file);
      this.#blocks = new Map();
    }
    next.minutes ??= await this.#minutesOf(days, next.number, turn);
    await applySeal(file, next.number, next.minutes, turn, this.#needs.failpoint, (blocks) => {
      this.#applied = next.number;
      this.#pending.shift();
      for (const block of blocks) this.#blocks.set(block, (this.#blocks.get(block) ?? 0) + 1);
    });
    return true;
  }

  /** Folds one block that has many partial rows; false when none has. */
  async foldNext(turn: Turn): Promise<boolean> {
    const file = this.#files.at(-1);
    const full = [...this.#blocks].find(([, rows]) => rows >= FOLD_ROWS);
    if (!file || !full) return false;
    await foldBlock(file, full[0], turn);
    this.#blocks.set(full[0], 0);
    return true;
  }

  /** Rollups of a series as of now, of `step` or finer, not added up. In one tick. */
  read(series: number, step: number, fromMicros: number, toMicros: number): RollupRow[] {
    return this.#files.flatMap((file) => readRollups(file, series, step, fromMicros, toMicros));
  }

  /** Remembers, durably, that raw points of these series up to these times are about to be removed. */
  markGone(until: ReadonlyMap<number, number>): void {
    const file = this.#files.at(-1);
    if (!file) return;
    file.begin();
    try {
      for (const [series, micros] of until) {
        file.run(
          'INSERT INTO gone VALUES (?, ?) ON CONFLICT (series) DO UPDATE SET until = max(until, excluded.until)',
          series,
          micros,
        );
      }
      file.commit();
    } catch (error) {
      file.rollback();
      throw error;
    }
    for (const [series, micros] of until) this.#gone.set(series, Math.max(micros, this.goneUntil(series)));
  }

  /** Removes an old month that nobody reads. */
  drop(file: RollupFile): void {
    this.#files.splice(this.#files.indexOf(file), 1);
    this.#folder.drop(file);
  }

  /** Closes all files. */
  close(): void {
    for (const file of this.#files) file.close();
  }

  #readNewest(newest: RollupFile): void {
    this.#applied = newest.state().applied;
    for (const row of newest.all('SELECT series, until FROM gone')) {
      this.#gone.set(Number(row.series), Number(row.until));
    }
    for (const row of newest.all('SELECT block, count(*) AS n FROM partials GROUP BY block')) {
      this.#blocks.set(Number(row.block), Number(row.n));
    }
  }

  #checkAgainst(days: readonly DayFile[], sealNumber: number): void {
    if (this.#applied > sealNumber) {
      const found = `it has applied seal ${this.#applied} and the newest day's file ends at ${sealNumber}`;
      throw storeDamaged(this.#files.at(-1)?.path ?? this.#folder.path, found);
    }
    for (const day of days) {
      for (const seal of day.all(
        'SELECT number, log_micros FROM seals WHERE number > ? ORDER BY number',
        this.#applied,
      )) {
        this.#pending.push({
          number: Number(seal.number),
          logMicros: Number(seal.log_micros),
          minutes: undefined,
        });
      }
    }
    if (this.#pending.length !== sealNumber - this.#applied) {
      const wanted = `${this.#applied + 1} to ${sealNumber}`;
      throw storeDamaged(
        this.#folder.path,
        `of seals ${wanted}, not in the rollups, ${this.#pending.length} are found`,
      );
    }
  }

  #minutesOf(days: readonly DayFile[], number: number, turn: Turn): Promise<readonly BlockMinutes[]> {
    for (const day of [...days].reverse()) {
      const seal: SealRow | undefined = day.sealsAbove(number - 1)[0];
      if (seal?.number === number) return minutesOfSeal(day, seal, turn);
    }
    throw storeDamaged(this.#folder.path, `seal ${number} is in none of its files`);
  }
}
