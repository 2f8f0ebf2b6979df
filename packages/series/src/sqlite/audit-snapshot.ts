import type { Clock, Disk } from '@skerry/kernel';
import type { DeadLetter, SeriesDefinition } from '@skerry/model';
import { ChunkScratch } from '../chunk.ts';
import { SeriesError } from '../errors.ts';
import { LIMITS } from '../limits.ts';
import { Lock } from '../lock.ts';
import { endOf, isExpired } from '../retention.ts';
import type { DeviceAccount, StageRow, VerdictRun } from '../store.ts';
import { type Breathe, Turn } from '../turn.ts';
import { AuditDay } from './audit-day.ts';
import { ChunkSpans } from './chunk-spans.ts';
import { PointWindow, type SeriesPoints } from './point-window.ts';
import { storeDamaged } from './sqlite-fault.ts';
import { readStages } from './stage-rows.ts';

const DAY_NAME = /^(\d{4}-\d{2}-\d{2})\.db$/;
/** Days may be removed by retention while the folder is read; it is read anew this often. */
const OPEN_TRIES = 8;
// the rest stays for whatever else grows meanwhile
const FREE_SHARE = 1 / 4;

/** Which store is audited. */
export interface AuditSnapshotOptions {
  /** Folder of all classes. */
  readonly folder: string;
  readonly retentionClass: string;
  /** Days that raw points are kept; by default those of the store. */
  readonly rawDays?: number;
  /** Bytes by which the logs may grow while the snapshot is held; by default a quarter of what is free on the disk. */
  readonly logGrowthBytesMax?: number;
}

/** What a snapshot needs. `breathe` lets others have a turn; when it throws, what is being read ends with that. */
export interface AuditSnapshotNeeds {
  readonly clock: Pick<Clock, 'monotonicMs'>;
  readonly disk: Pick<Disk, 'list' | 'stat' | 'space'>;
  readonly breathe: Breathe;
}

/** A store as of one seal: what `auditLedger` of the pipeline asks for. */
export interface AuditSnapshot extends AsyncDisposable {
  /**
   * Position and counts; `pointsFrom`: first offset from which on every seal is there, so that retention cannot have
   * removed a point of it. Without a day's file `journalId` is undefined and the rest 0.
   */
  state(): Promise<{
    readonly journalId: string | undefined;
    readonly position: number;
    readonly telemetryPosition: number;
    readonly pointsFrom: number;
  }>;
  series(): Promise<readonly SeriesDefinition[]>;
  accounts(): Promise<readonly DeviceAccount[]>;
  /** Rows of declared pipelines. */
  stages(): Promise<readonly StageRow[]>;
  /** Verdicts of the seals that end above `from`, by offset. Fails with `chunk-damaged`. */
  verdicts(from: number): AsyncIterable<{ readonly from: number; readonly runs: readonly VerdictRun[] }>;
  /**
   * Points whose offset lies in [from, to), wherever they are stored, by series. Going upwards from call to call is cheap. Fails with `chunk-damaged`, or with
   * `deadline-passed` when the logs have grown too much.
   */
  points(from: number, to: number): AsyncIterable<SeriesPoints>;
  /** A dead letter in whatever state; closed ones that the newest day did not take over are looked for in older days. */
  deadLetter(offset: number): Promise<DeadLetter | undefined>;
}

/**
 * Opens a store of SQLite files for an audit, while the store itself goes on: each day's file by a read-only connection
 * of its own, inside a read transaction. Seals come to the newest file only and merges change no point, so these
 * transactions together show the store as of the last seal before, however long the snapshot is held, also when retention
 * removes a file meanwhile: the open handle keeps it.
 *
 * What it costs: one connection for each day; until it is disposed SQLite cannot begin a log anew, so that each log grows
 * by what is sealed and merged meanwhile. That is bounded: beyond `logGrowthBytesMax` reading points fails with
 * `deadline-passed`. Before the first points are given each chunk is decoded once, to learn which offsets it holds (about
 * 40 bytes a chunk in a temporary file of SQLite); of points, half a million are held at a time, 20 MiB.
 *
 * Fails with `store-damaged` when files are not what the store wrote or do not belong to one position, or as SQLite does.
 */
export async function openAuditSnapshot(
  options: AuditSnapshotOptions,
  needs: AuditSnapshotNeeds,
): Promise<AuditSnapshot> {
  const days = openDays(`${options.folder}/${options.retentionClass}`, needs.disk);
  try {
    const from = checkDays(days, options.rawDays ?? LIMITS.rawDays.value);
    return new SqliteSnapshot(days, from, options, needs);
  } catch (error) {
    for (const day of days) day.close();
    throw error;
  }
}

/** All days, oldest first, each in a transaction. */
function openDays(folder: string, disk: AuditSnapshotNeeds['disk']): AuditDay[] {
  for (let tries = 1; ; tries++) {
    const days: AuditDay[] = [];
    try {
      const names = disk.stat(folder) ? disk.list(folder) : [];
      for (const name of names) {
        const day = DAY_NAME.exec(name)?.[1];
        if (day !== undefined) days.push(new AuditDay(`${folder}/${name}`, day));
      }
      return days;
    } catch (error) {
      for (const day of days) day.close();
      const isGone = error instanceof SeriesError && error.code === 'store-not-opened';
      if (!isGone || tries === OPEN_TRIES || disk.stat(String(error.facts.path))) throw error;
    }
  }
}

/** The first offset from which on all seals are there. Fails with `store-damaged` when days contradict each other. */
function checkDays(days: readonly AuditDay[], rawDays: number): number {
  const newest = days.at(-1)?.state;
  if (!newest) return 0;
  const retentionMicros = Math.max(newest.retentionMicros, newest.logMicros);
  let from = 0;
  let before: AuditDay | undefined;
  for (const day of days) {
    const { path, state, first } = day;
    if (state.journalId !== newest.journalId)
      throw storeDamaged(
        path,
        `it follows the journal ${state.journalId}, and the newest day ${newest.journalId}`,
      );
    if (first.number > state.seal + 1)
      throw storeDamaged(path, `its state is of seal ${state.seal}, and its first seal is ${first.number}`);
    if (!before) from = first.from;
    else if (first.number <= before.state.seal)
      throw storeDamaged(path, `it has the seal ${first.number}, and so has ${before.path}`);
    else if (first.number !== before.state.seal + 1) {
      // retention may remove a day before an older one that a query holds
      if (!isExpired(endOf(before.day), rawDays, retentionMicros))
        throw storeDamaged(
          path,
          `the seals from ${before.state.seal + 1} to ${first.number - 1} are missing, which no retention has removed`,
        );
      from = first.from;
    } else if (first.from !== before.state.position)
      throw storeDamaged(
        path,
        `it begins at position ${first.from}, and ${before.path} ends at ${before.state.position}`,
      );
    before = day;
  }
  return from;
}

class SqliteSnapshot implements AuditSnapshot {
  readonly #days: readonly AuditDay[];
  readonly #pointsFrom: number;
  readonly #needs: AuditSnapshotNeeds;
  readonly #scratch = new ChunkScratch();
  readonly #lock = new Lock();
  readonly #window = new PointWindow();
  readonly #logBytesMax: number;
  #spans: ChunkSpans | undefined;
  #isClosed = false;

  constructor(
    days: readonly AuditDay[],
    pointsFrom: number,
    options: AuditSnapshotOptions,
    needs: AuditSnapshotNeeds,
  ) {
    this.#days = days;
    this.#pointsFrom = pointsFrom;
    this.#needs = needs;
    const free = days.length === 0 ? 0 : needs.disk.space(options.folder).freeBytes;
    const growthMax = options.logGrowthBytesMax ?? free * FREE_SHARE;
    this.#logBytesMax = this.#logBytes() + growthMax;
  }

  async state() {
    const state = this.#newest()?.state;
    return {
      journalId: state?.journalId,
      position: state?.position ?? 0,
      telemetryPosition: state?.telemetryPosition ?? 0,
      pointsFrom: this.#pointsFrom,
    };
  }

  async series(): Promise<readonly SeriesDefinition[]> {
    return (this.#newest()?.all('SELECT * FROM series ORDER BY id') ?? []).map((row) => ({
      id: Number(row.id),
      tenant: String(row.tenant),
      project: String(row.project),
      device: String(row.device),
      metric: String(row.metric),
    }));
  }

  async accounts(): Promise<readonly DeviceAccount[]> {
    const sql = `SELECT a.*, d.tenant, d.project, d.device AS name FROM accounts a LEFT JOIN devices d ON d.id = a.device`;
    return (this.#newest()?.all(sql) ?? []).map((row) => ({
      tenant: String(row.tenant ?? ''),
      project: String(row.project ?? ''),
      device: String(row.name ?? ''),
      stored: Number(row.stored),
      deduplicated: Number(row.deduplicated),
      filtered: Number(row.filtered),
      deadLettered: Number(row.dead_lettered),
      discarded: Number(row.discarded),
      expired: Number(row.expired),
      timeCorrected: Number(row.time_corrected),
      seqResets: Number(row.seq_resets),
      lastSeenMicros: Number(row.last_seen ?? 0),
    }));
  }

  async stages(): Promise<readonly StageRow[]> {
    const newest = this.#newest();
    return newest ? readStages(newest) : [];
  }

  async *verdicts(from: number) {
    const find =
      'SELECT number, journal_from, verdicts FROM seals WHERE number > ? AND position > ? ORDER BY number LIMIT 1';
    const turn = this.#turn();
    for (const day of this.#days) {
      let number = -1;
      for (;;) {
        this.#checkOpen();
        const row = day.get(find, number, from);
        if (!row) break;
        number = Number(row.number);
        yield { from: Number(row.journal_from), runs: day.verdictsOf(row) };
        if (turn.isDue()) await turn.take();
      }
    }
  }

  async *points(from: number, to: number) {
    for (let at = from; at < to; ) {
      const here = at;
      const [parts, end] = await this.#lock.run(async () => {
        await this.#cover(here);
        const until = Math.min(to, this.#window.to);
        return [this.#window.slice(here, until), until] as const;
      });
      yield* parts;
      at = end;
    }
  }

  async deadLetter(offset: number): Promise<DeadLetter | undefined> {
    const newest = this.#newest();
    const found = newest?.deadLetter(offset);
    if (found) return found;
    for (const day of this.#days.slice(0, -1).reverse()) {
      const older = day.deadLetter(offset);
      // an open one is in every later day
      if (older) return older.state === 'open' ? undefined : older;
    }
    return undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#spans?.close();
    for (const day of this.#days) day.close();
  }

  /** Sees to it that the window holds the points of `offset` and of many that follow. */
  async #cover(offset: number): Promise<void> {
    this.#checkOpen();
    this.#checkLogs();
    if (this.#window.covers(offset)) return;
    const turn = this.#turn();
    this.#spans ??= await this.#readSpans(turn);
    this.#window.begin(offset);
    try {
      for (const { day: index, id } of this.#spans.touching(offset, this.#window.to)) {
        const found = this.#days[index]?.chunk(id, this.#scratch);
        if (found && !found.runs.every(({ series, points }) => this.#window.add(series, points)))
          throw storeDamaged(String(this.#days[index]?.path), `too many points have the offset ${offset}`);
        if (turn.isDue()) await this.#pause(turn);
      }
    } catch (error) {
      this.#window.clear();
      throw error;
    }
    this.#window.finish();
  }

  async #readSpans(turn: Turn): Promise<ChunkSpans> {
    const spans = new ChunkSpans();
    try {
      for (const [index, day] of this.#days.entries()) {
        let after = Number.MIN_SAFE_INTEGER;
        for (;;) {
          const found = day.chunkAfter(after, this.#scratch);
          if (!found) break;
          spans.add(index, found.id, found.offsets);
          after = found.id;
          if (turn.isDue()) await this.#pause(turn);
        }
      }
      spans.finish();
      return spans;
    } catch (error) {
      spans.close();
      throw error;
    }
  }

  async #pause(turn: Turn): Promise<void> {
    this.#checkLogs();
    await turn.take();
    this.#checkOpen();
  }

  #turn(): Turn {
    return new Turn(this.#needs.clock, this.#needs.breathe, Infinity);
  }

  #newest(): AuditDay | undefined {
    this.#checkOpen();
    return this.#days.at(-1);
  }

  #checkOpen(): void {
    if (this.#isClosed)
      throw new SeriesError('store-closed', 'Cannot read the snapshot: it has been closed.');
  }

  #checkLogs(): void {
    const found = this.#logBytes();
    if (found <= this.#logBytesMax) return;
    throw new SeriesError(
      'deadline-passed',
      `Cannot go on with the snapshot: the logs of the store have grown to ${found} bytes while it was held, at most ${Math.floor(this.#logBytesMax)} are allowed; ask again when less is being stored.`,
      { found, wanted: Math.floor(this.#logBytesMax) },
    );
  }

  #logBytes(): number {
    return this.#days.reduce((sum, day) => sum + (this.#needs.disk.stat(`${day.path}-wal`)?.bytes ?? 0), 0);
  }
}
