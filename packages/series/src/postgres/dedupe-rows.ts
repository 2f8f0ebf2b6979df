import type { DeviceKey } from '@skerry/model';
import { ByteReader, ByteWriter } from '../chunk-bytes.ts';
import { LIMITS } from '../limits.ts';
import type { DedupeEntries } from '../store.ts';
import { joinedBytes } from './joined-bytes.ts';
import type { PostgresSession } from './postgres-pool.ts';

/** Rows of one tier from which they are joined into one of the next. */
const TIER_ROWS = 16;
// fixed by the format: three tiers of 16 hold the whole window
const TIERS_MAX = 3;

/** Ids are hashes, which nothing makes smaller: to try it took the server two fifths of a fold. */
export const DEDUPE_STORAGE = `
ALTER TABLE dedupe ALTER entries SET STORAGE EXTERNAL;
`;

type Entries = Omit<DedupeEntries, keyof DeviceKey>;

const writer = new ByteWriter();

interface DedupeRow {
  readonly id: number;
  readonly device: number;
  readonly tier: number;
  readonly count: number;
  readonly newest: number;
  readonly entries: Uint8Array;
}

/** Dedupe windows of one source in its table; remembers how many rows of the lowest tier each device has. */
export class DedupeRows {
  readonly #source: number;
  /** By device's id. */
  readonly #rows = new Map<number, number>();

  constructor(source: number) {
    this.#source = source;
  }

  /** Every row, oldest first inside a device. `keyOf`: the names of a device's id. */
  async load(session: PostgresSession, keyOf: (device: number) => DeviceKey): Promise<DedupeEntries[]> {
    this.#rows.clear();
    const rows = await session.query(
      'SELECT device, tier, entries FROM dedupe WHERE source = $1 ORDER BY device, id',
      [this.#source],
    );
    return rows.flatMap(({ device, tier, entries }) => {
      const id = Number(device);
      if (tier === 0) this.#rows.set(id, (this.#rows.get(id) ?? 0) + 1);
      const key = keyOf(id);
      return unpackEntries(entries as Uint8Array).map((one) => ({ ...key, ...one })); // a bytea is given as bytes
    });
  }

  /** Adds a row for each device, then joins the rows of devices that have many. Inside a transaction; `committed` afterwards. */
  async write(
    session: PostgresSession,
    byDevice: ReadonlyMap<number, readonly Entries[]>,
    logMicros: number,
  ): Promise<() => void> {
    if (byDevice.size === 0) return () => undefined;
    const fresh = [...byDevice].map(([device, entries]) => ({
      device,
      count: entries.reduce((sum, one) => sum + one.count, 0),
      newest: Math.max(...entries.map((one) => one.newestMicros)),
      entries: packEntries(entries),
    }));
    await this.#insert(session, fresh);
    const full = fresh.flatMap(({ device }) =>
      (this.#rows.get(device) ?? 0) + 1 >= TIER_ROWS ? [device] : [],
    );
    if (full.length > 0) await this.#join(session, full, logMicros);
    return () => {
      for (const { device } of fresh) this.#rows.set(device, (this.#rows.get(device) ?? 0) + 1);
      // how many are left only says when to look again
      for (const device of full) this.#rows.set(device, 0);
    };
  }

  async #insert(
    session: PostgresSession,
    rows: readonly Pick<DedupeRow, 'device' | 'count' | 'newest' | 'entries'>[],
  ): Promise<void> {
    const entries = joinedBytes(rows.map((row) => row.entries));
    await session.run(
      `INSERT INTO dedupe(source, device, tier, count, newest, entries)
       SELECT $1, u.device, 0, u.count, u.newest, substring($5::bytea FROM u.at FOR u.length)
       FROM unnest($2::integer[], $3::integer[], $4::bigint[], $6::integer[], $7::integer[])
         AS u(device, count, newest, at, length)`,
      [
        this.#source,
        rows.map(({ device }) => device),
        rows.map(({ count }) => count),
        rows.map(({ newest }) => newest),
        entries.bytes,
        entries.at,
        entries.lengths,
      ],
    );
  }

  /** Joins the rows of full tiers, and removes what the window no longer needs. */
  async #join(session: PostgresSession, devices: readonly number[], logMicros: number): Promise<void> {
    const rows = await session.query(
      `SELECT id, device, tier, count, newest, entries FROM dedupe WHERE source = $1 AND device = ANY($2::integer[])
       ORDER BY device, id`,
      [this.#source, devices],
    );
    const byDevice = Map.groupBy(
      rows.map(
        (row): DedupeRow => ({
          id: Number(row.id),
          device: Number(row.device),
          tier: Number(row.tier),
          count: Number(row.count),
          newest: Number(row.newest),
          entries: row.entries as Uint8Array, // a bytea is given as bytes
        }),
      ),
      ({ device }) => device,
    );
    const removed: number[] = [];
    const joined: DedupeRow[] = [];
    for (const own of byDevice.values()) joinTiers(own, logMicros, removed, joined);
    if (removed.length > 0) await session.run('DELETE FROM dedupe WHERE id = ANY($1::bigint[])', [removed]);
    if (joined.length === 0) return;
    const entries = joinedBytes(joined.map((row) => row.entries));
    await session.run(
      `UPDATE dedupe d SET tier = u.tier, count = u.count, newest = u.newest,
         entries = substring($5::bytea FROM u.at FOR u.length)
       FROM unnest($1::bigint[], $2::smallint[], $3::integer[], $4::bigint[], $6::integer[], $7::integer[])
         AS u(id, tier, count, newest, at, length) WHERE d.id = u.id`,
      [
        joined.map(({ id }) => id),
        joined.map(({ tier }) => tier),
        joined.map(({ count }) => count),
        joined.map(({ newest }) => newest),
        entries.bytes,
        entries.at,
        entries.lengths,
      ],
    );
  }
}

/** Rows of one device, oldest first: those that are removed, and those that take others in. A joined row stands in place of its newest part. */
function joinTiers(rows: DedupeRow[], logMicros: number, removed: number[], joined: DedupeRow[]): void {
  let newer = 0;
  let kept: DedupeRow[] = [];
  for (const row of rows.toReversed()) {
    const isOld = row.newest < logMicros - LIMITS.dedupeMicros.value;
    const isOver = (newer >= LIMITS.dedupeIdsMin.value && isOld) || newer >= LIMITS.dedupeIdsMax.value;
    if (isOver) removed.push(row.id);
    else kept.unshift(row);
    newer += row.count;
  }
  const changed = new Map<number, DedupeRow>();
  for (let tier = 0; tier < TIERS_MAX; tier++) {
    const full = kept.filter((row) => row.tier === tier);
    const last = full.at(-1);
    if (full.length < TIER_ROWS || !last) break;
    const one: DedupeRow = {
      ...last,
      tier: tier + 1,
      count: full.reduce((sum, row) => sum + row.count, 0),
      newest: Math.max(...full.map((row) => row.newest)),
      entries: new Uint8Array(Buffer.concat(full.map((row) => row.entries))),
    };
    const gone = new Set(full);
    for (const row of full) {
      changed.delete(row.id);
      if (row.id !== last.id) removed.push(row.id);
    }
    changed.set(one.id, one);
    kept = kept.flatMap((row) => (row === last ? [one] : gone.has(row) ? [] : [row]));
  }
  joined.push(...changed.values());
}

function packEntries(all: readonly Entries[]): Uint8Array {
  writer.reset();
  for (const one of all) {
    writer.varint(one.count);
    writer.varint(one.newestMicros);
    writer.varint(one.bytes.byteLength);
    writer.append(one.bytes);
  }
  return writer.copy();
}

function unpackEntries(bytes: Uint8Array): Entries[] {
  const reader = new ByteReader(bytes);
  const all: Entries[] = [];
  while (reader.at < bytes.byteLength) {
    const count = reader.varint();
    const newestMicros = reader.varint();
    const length = reader.varint();
    const start = reader.take(length);
    all.push({ count, newestMicros, bytes: new Uint8Array(bytes.subarray(start, start + length)) });
  }
  return all;
}
