import type { DedupeEntries, DeviceGaps } from '../store.ts';
import type { DedupeRows } from './dedupe-rows.ts';
import { COUNT_NAMES, type DeviceBook } from './device-book.ts';
import type { NewestPoint } from './latest-book.ts';
import type { PostgresPool, PostgresSession } from './postgres-pool.ts';
import { storable, timestampOf } from './postgres-values.ts';
import type { FoldState, OpenSource } from './source-row.ts';

/** What seals changed since the last fold, taken out of memory at one moment. */
export interface FoldLoad {
  readonly places: readonly number[];
  readonly dedupe: readonly DedupeEntries[];
  readonly gaps: ReadonlyMap<number, readonly DeviceGaps[]>;
  readonly latest: readonly (NewestPoint & { readonly id: number })[];
}

/** What a fold is written with. */
export interface FoldParts {
  readonly source: OpenSource;
  readonly book: DeviceBook;
  readonly dedupe: DedupeRows;
  readonly before: FoldState;
  readonly after: FoldState;
}

/** Another writer has the source, or the fold is there already. */
export class FoldNotTaken extends Error {}

/**
 * Brings what seals changed into the tables of devices and newest values as one transaction. Returns what to do once it
 * is committed.
 */
export async function writeFold(pool: PostgresPool, load: FoldLoad, parts: FoldParts): Promise<() => void> {
  return await pool.transact('fold seals into the tables', async (session) => {
    const { source, before, after } = parts;
    const taken = await session.run(
      'UPDATE folds SET seal = $3, received = $4, retention = $5 WHERE source = $1 AND epoch = $2 AND seal = $6',
      [
        source.id,
        source.epoch,
        after.seal,
        timestampOf(after.receivedMicros),
        timestampOf(after.retentionMicros),
        before.seal,
      ],
    );
    if (taken !== 1) throw new FoldNotTaken();
    const dedupe = Map.groupBy(load.dedupe, (one) => parts.book.placeOf(one));
    const ids = await identify(session, [...load.places, ...load.gaps.keys(), ...dedupe.keys()], parts.book);
    await writeAccounts(session, source.id, load.places, parts.book, ids);
    await writeGaps(session, source.id, load.gaps, ids);
    await writeLatest(session, source.id, load.latest);
    const committed = await parts.dedupe.write(
      session,
      new Map(Array.from(dedupe, ([place, own]) => [ids.get(place) ?? 0, own])),
      after.receivedMicros,
    );
    return () => {
      for (const [place, id] of ids) parts.book.setId(place, id);
      committed();
    };
  });
}

/** Ids in the database of devices, by place. */
async function identify(
  session: PostgresSession,
  places: readonly number[],
  book: DeviceBook,
): Promise<ReadonlyMap<number, number>> {
  const ids = new Map<number, number>();
  const unknown: number[] = [];
  for (const place of new Set(places)) {
    const id = book.idOf(place);
    if (id === 0) unknown.push(place);
    else ids.set(place, id);
  }
  if (unknown.length === 0) return ids;
  const keys = unknown.map((place) => book.keys[place]);
  const names = (['tenant', 'project', 'device'] as const).map((name) =>
    keys.map((key) => storable(key?.[name] ?? '')),
  );
  await session.run(
    `INSERT INTO devices(tenant, project, device) SELECT DISTINCT * FROM unnest($1::text[], $2::text[], $3::text[])
     ORDER BY 1, 2, 3 ON CONFLICT DO NOTHING`,
    names,
  );
  const rows = await session.query(
    `SELECT u.place, d.id FROM unnest($1::text[], $2::text[], $3::text[], $4::integer[])
       AS u(tenant, project, device, place) JOIN devices d USING (tenant, project, device)`,
    [...names, unknown],
  );
  for (const { place, id } of rows) ids.set(Number(place), Number(id));
  return ids;
}

const COUNTS =
  'stored, deduplicated, filtered, dead_lettered, discarded, expired, time_corrected, seq_resets, last_seen';

async function writeAccounts(
  session: PostgresSession,
  source: number,
  places: readonly number[],
  book: DeviceBook,
  ids: ReadonlyMap<number, number>,
): Promise<void> {
  if (places.length === 0) return;
  const devices = places.map((place) => ids.get(place) ?? 0);
  const counts = COUNT_NAMES.map((_, at) => places.map((place) => book.countOf(place, at)));
  await session.run(
    `INSERT INTO accounts(source, device, ${COUNTS}) SELECT $1, u.* FROM unnest($2::integer[], $3::bigint[],
       $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[]) AS u
     ON CONFLICT (source, device) DO UPDATE SET (${COUNTS}) =
       (${COUNTS.split(', ')
         .map((name) => `excluded.${name}`)
         .join(', ')})`,
    [source, devices, ...counts],
  );
  const heard = places.filter((place) => book.seenOf(place) > 0);
  if (heard.length === 0) return;
  // locked by id first: other sources may hear the same devices
  await session.run(
    `WITH own AS (SELECT id FROM devices WHERE id = ANY($1::integer[]) ORDER BY id FOR NO KEY UPDATE)
     UPDATE devices d SET seen = greatest(d.seen, u.seen)
     FROM unnest($1::integer[], $2::timestamptz[]) AS u(id, seen), own WHERE d.id = u.id AND own.id = u.id`,
    [heard.map((place) => ids.get(place) ?? 0), heard.map((place) => timestampOf(book.seenOf(place)))],
  );
}

async function writeGaps(
  session: PostgresSession,
  source: number,
  gaps: FoldLoad['gaps'],
  ids: ReadonlyMap<number, number>,
): Promise<void> {
  if (gaps.size === 0) return;
  const bodies = Array.from(gaps.values(), (own) =>
    JSON.stringify(own.map((one) => ({ epoch: storable(one.epoch), highest: one.highest, gaps: one.gaps }))),
  );
  await session.run(
    `INSERT INTO gaps SELECT $1, u.* FROM unnest($2::integer[], $3::jsonb[]) AS u
     ON CONFLICT (source, device) DO UPDATE SET body = excluded.body`,
    [source, Array.from(gaps.keys(), (place) => ids.get(place) ?? 0), bodies],
  );
}

async function writeLatest(
  session: PostgresSession,
  source: number,
  latest: FoldLoad['latest'],
): Promise<void> {
  if (latest.length === 0) return;
  const of = <T>(pick: (one: NewestPoint) => T) => latest.map(pick);
  await session.run(
    `INSERT INTO latest(series, time, value, text, flag, exact, source, position, ordinal)
     SELECT DISTINCT ON (u.series) u.series, u.time, u.value, u.text, u.flag, u.exact, $1::smallint, u.position, u.ordinal
     FROM unnest($2::integer[], $3::timestamptz[], $4::double precision[], $5::text[], $6::boolean[], $7::numeric[],
       $8::bigint[], $9::smallint[]) AS u(series, time, value, text, flag, exact, position, ordinal)
     ORDER BY u.series, u.time DESC, u.position DESC, u.ordinal DESC
     ON CONFLICT (series) DO UPDATE SET time = excluded.time, value = excluded.value, text = excluded.text,
       flag = excluded.flag, exact = excluded.exact, source = excluded.source, position = excluded.position,
       ordinal = excluded.ordinal
     WHERE excluded.time > latest.time OR (excluded.time = latest.time
       AND (excluded.position, excluded.ordinal) > (latest.position, latest.ordinal))`,
    [
      source,
      latest.map(({ id }) => id),
      of(({ timeMicros }) => timestampOf(timeMicros)),
      of(({ value }) => (typeof value === 'number' || typeof value === 'bigint' ? Number(value) : null)),
      of(({ value }) => (typeof value === 'string' ? storable(value) : null)),
      of(({ value }) => (typeof value === 'boolean' ? value : null)),
      of(({ value }) => (typeof value === 'bigint' ? String(value) : null)),
      of(({ offset }) => offset),
      of(({ ordinal }) => ordinal),
    ],
  );
}
