import type { DeviceKey } from '@skerry/model';
import { withinWindow } from '../dedupe-cut.ts';
import type { DedupeEntries, DeviceGaps, Seal, StoreState } from '../store.ts';
import { DedupeRows } from './dedupe-rows.ts';
import { type BookChange, type COUNT_NAMES, DeviceBook } from './device-book.ts';
import type { FoldLoad } from './fold.ts';
import { LatestBook } from './latest-book.ts';
import { openLetters } from './letter-rows.ts';
import { MinuteSums } from './minute-sums.ts';
import { POINT_COLUMNS } from './point-sources.ts';
import type { PostgresSession } from './postgres-pool.ts';
import { microsOf, original, pointValue, timestampOf } from './postgres-values.ts';
import { decodeState, type SealState } from './seal-state.ts';
import { boundsOf } from './seal-times.ts';
import { type NewSeries, withAdded } from './seal-transaction.ts';
import { readSessions } from './session-rows.ts';
import { type FoldState, type OpenSource, readFold, readSource, type SourceState } from './source-row.ts';
import { readStages } from './stage-rows.ts';

/**
 * What a store keeps in memory of its source: accounts and newest points as columns, and what seals changed since the
 * last fold. Everything in it can be loaded again from the tables and the seals that are not folded.
 */
export class SourceMemory {
  readonly source: OpenSource;
  readonly book = new DeviceBook();
  readonly latest = new LatestBook();
  readonly dedupe: DedupeRows;
  /** Ids in the database by the pipeline's series id; 0 for none. */
  seriesIds: Int32Array = new Int32Array(64);
  state: SourceState;
  fold: FoldState;
  /** Points of seals that the rollups do not have. */
  unrolledPoints = 0;
  /** Of the newest seals of those. */
  sums: MinuteSums;
  #dedupe: DedupeEntries[] = [];
  #gaps = new Map<number, readonly DeviceGaps[]>();

  constructor(source: OpenSource, state: SourceState, fold: FoldState) {
    this.source = source;
    this.dedupe = new DedupeRows(source.id);
    this.state = state;
    this.fold = fold;
    this.sums = new MinuteSums(state.seal);
  }

  /** Takes a seal that is durable. */
  commit(seal: Seal, change: BookChange, receivedMicros: number, added: NewSeries): void {
    this.seriesIds = withAdded(this.seriesIds, added);
    this.state = {
      seal: seal.number,
      position: seal.position,
      telemetryPosition: seal.telemetryPosition,
      logMicros: seal.logTimeMicros,
      receivedMicros,
    };
    this.unrolledPoints += seal.points.rows;
    this.sums.add(seal.points, receivedMicros);
    this.book.apply(change);
    this.latest.apply(seal.points);
    // the pipeline's bytes stay as they are: it takes them out of its windows for the seal
    this.#dedupe.push(...seal.dedupe);
    this.#takeGaps(seal.gaps);
  }

  /** Takes the sums of the newest seals out of memory; others begin behind them. */
  takeSums(): MinuteSums {
    const { sums } = this;
    this.sums = new MinuteSums(this.state.seal);
    return sums;
  }

  /** Takes what seals changed out of memory; `giveBack` when it could not be written. */
  takeLoad(): FoldLoad {
    const latest = Array.from(this.latest.dirty).flatMap((series) => {
      const point = this.latest.of(series);
      const id = Number(this.seriesIds[series]);
      return point && id > 0 ? [{ ...point, id }] : [];
    });
    const load = { places: [...this.book.dirty], dedupe: this.#dedupe, gaps: this.#gaps, latest };
    this.book.dirty = new Set();
    this.latest.dirty = new Set();
    this.#dedupe = [];
    this.#gaps = new Map();
    return load;
  }

  giveBack(load: FoldLoad): void {
    for (const place of load.places) this.book.dirty.add(place);
    for (const { series } of load.latest) this.latest.dirty.add(series);
    this.#dedupe = [...load.dedupe, ...this.#dedupe];
    // newer gaps of a device replace older ones
    this.#gaps = new Map([...load.gaps, ...this.#gaps]);
  }

  #takeGaps(gaps: readonly DeviceGaps[]): void {
    for (const [place, own] of Map.groupBy(gaps, (one) => this.book.placeOf(one))) this.#gaps.set(place, own);
  }

  /** Takes the state of a seal that is committed and not folded. */
  restore(state: SealState): void {
    for (const one of state.accounts) this.book.restore(one, false);
    this.#dedupe.push(...state.dedupe);
    this.#takeGaps(state.gaps);
  }

  /** Entries and gaps that the tables do not have yet. */
  get unfolded(): {
    readonly dedupe: readonly DedupeEntries[];
    readonly gaps: ReadonlyMap<number, readonly DeviceGaps[]>;
  } {
    return { dedupe: this.#dedupe, gaps: this.#gaps };
  }
}

/** Reads everything about a source inside a snapshot: its memory, and what a pipeline is told at its start. */
export async function loadSource(
  session: PostgresSession,
  source: OpenSource,
  journalId: string,
): Promise<{ readonly memory: SourceMemory; readonly state: StoreState }> {
  const memory = new SourceMemory(source, await readSource(session, source), await readFold(session, source));
  const series = await loadSeries(session, memory);
  const keys = await loadAccounts(session, memory);
  const keyOf = (device: number): DeviceKey => keys.get(device) ?? { tenant: '', project: '', device: '' };
  const dedupe = await memory.dedupe.load(session, keyOf);
  const gaps = await loadGaps(session, memory);
  await loadSeals(session, memory);
  await loadLatest(session, memory);
  for (const [place, own] of memory.unfolded.gaps) gaps.set(place, own);
  const { seal, position, telemetryPosition, logMicros } = memory.state;
  const state: StoreState = {
    journalId: seal === 0 ? undefined : journalId,
    sealNumber: seal,
    position,
    telemetryPosition,
    logTimeMicros: logMicros,
    series,
    latest: memory.latest
      .all()
      .map(({ series: id, timeMicros, value }) => ({ series: id, timeMicros, value })),
    accounts: memory.book.accounts(),
    dedupe: withinWindow([...dedupe, ...memory.unfolded.dedupe], logMicros),
    gaps: [...gaps.values()].flat(),
    deadLetters: await openLetters(session, source.id),
    stages: await readStages(session, source.id),
    sessions: await readSessions(session, source.id),
  };
  return { memory, state };
}

async function loadSeries(session: PostgresSession, memory: SourceMemory): Promise<StoreState['series']> {
  const rows = await session.query(
    `SELECT m.local, s.id, s.tenant, s.project, s.device, s.metric FROM source_series m JOIN series s ON s.id = m.series
     WHERE m.source = $1 ORDER BY m.local`,
    [memory.source.id],
  );
  const known = rows.map(({ local, id }) => ({ local: Number(local), id: Number(id) }));
  memory.seriesIds = withAdded(memory.seriesIds, known);
  return rows.map(({ local, tenant, project, device, metric }) => ({
    id: Number(local),
    tenant: original(String(tenant)),
    project: original(String(project)),
    device: original(String(device)),
    metric: original(String(metric)),
  }));
}

/** Accounts and the ids of devices; returns the names by id. */
async function loadAccounts(
  session: PostgresSession,
  { source, book }: SourceMemory,
): Promise<Map<number, DeviceKey>> {
  const rows = await session.query(
    `SELECT d.id, d.tenant, d.project, d.device, a.stored, a.deduplicated, a.filtered, a.dead_lettered AS "deadLettered",
       a.discarded, a.expired, a.time_corrected AS "timeCorrected", a.seq_resets AS "seqResets", a.last_seen AS "lastSeenMicros"
     FROM devices d LEFT JOIN accounts a ON a.device = d.id AND a.source = $1
     WHERE a.device IS NOT NULL OR d.id IN (SELECT device FROM dedupe WHERE source = $1
       UNION SELECT device FROM gaps WHERE source = $1)`,
    [source.id],
  );
  const keys = new Map<number, DeviceKey>();
  for (const row of rows) {
    const key = {
      tenant: original(String(row.tenant)),
      project: original(String(row.project)),
      device: original(String(row.device)),
    };
    const id = Number(row.id);
    keys.set(id, key);
    const count = (name: (typeof COUNT_NAMES)[number]) => Number(row[name] ?? 0);
    book.restore(
      {
        ...key,
        stored: count('stored'),
        deduplicated: count('deduplicated'),
        filtered: count('filtered'),
        deadLettered: count('deadLettered'),
        discarded: count('discarded'),
        expired: count('expired'),
        timeCorrected: count('timeCorrected'),
        seqResets: count('seqResets'),
        lastSeenMicros: count('lastSeenMicros'),
      },
      true,
      id,
    );
  }
  return keys;
}

async function loadGaps(
  session: PostgresSession,
  { source, book }: SourceMemory,
): Promise<Map<number, readonly DeviceGaps[]>> {
  const rows = await session.query(
    'SELECT d.tenant, d.project, d.device, g.body FROM gaps g JOIN devices d ON d.id = g.device WHERE g.source = $1',
    [source.id],
  );
  return new Map(
    rows.map(({ tenant, project, device, body }) => {
      const key = {
        tenant: original(String(tenant)),
        project: original(String(project)),
        device: original(String(device)),
      };
      const own = body as readonly Omit<DeviceGaps, keyof DeviceKey>[]; // written by the fold with these members
      return [
        book.placeOf(key),
        own.map(({ epoch, highest, gaps }) => ({ ...key, epoch: original(epoch), highest, gaps })),
      ];
    }),
  );
}

/** What seals changed that are not folded. */
async function loadSeals(session: PostgresSession, memory: SourceMemory): Promise<void> {
  const rows = await session.query('SELECT state FROM seals WHERE source = $1 AND seal > $2 ORDER BY seal', [
    memory.source.id,
    memory.fold.seal,
  ]);
  for (const { state } of rows) memory.restore(decodeState(state as Uint8Array)); // a bytea is given as bytes
  const [unrolled] = await session.query(
    'SELECT coalesce(sum(points), 0) AS n FROM seals WHERE source = $1 AND seal > $2',
    [memory.source.id, memory.fold.rolledSeal],
  );
  memory.unrolledPoints = Number(unrolled?.n);
}

/** Newest points: those of the table, and those of seals that are not folded. */
async function loadLatest(session: PostgresSession, memory: SourceMemory): Promise<void> {
  const { source, latest, fold } = memory;
  const point = (row: Record<string, unknown>) => ({
    series: Number(row.local),
    timeMicros: microsOf(row.time),
    offset: Number(row.position),
    ordinal: Number(row.ordinal),
    value: pointValue(row),
  });
  const folded = await session.query(
    `SELECT m.local, ${POINT_COLUMNS} FROM source_series m JOIN latest l ON l.series = m.series WHERE m.source = $1`,
    [source.id],
  );
  for (const row of folded) latest.restore(point(row), true);
  const fresh = await session.query(
    `SELECT m.local, p.* FROM (SELECT DISTINCT ON (series_id) series_id, ${POINT_COLUMNS} FROM points p
       WHERE source = $1 AND received > $2 AND p.time BETWEEN $3 AND $4
       ORDER BY series_id, p.time DESC, position DESC, ordinal DESC) p
     JOIN source_series m ON m.source = $1 AND m.series = p.series_id`,
    [
      source.id,
      timestampOf(fold.receivedMicros),
      ...(await boundsOf(session, source.id, fold.seal, memory.state.seal)),
    ],
  );
  for (const row of fresh) latest.restore(point(row), false);
}
