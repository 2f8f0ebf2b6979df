import type { DeviceKey, PointValue } from '@skerry/model';
import { LIMITS } from '../limits.ts';
import type { PostgresPool } from './postgres-pool.ts';
import { microsOf, original, pointValue } from './postgres-values.ts';
import { namesOf, newestOf } from './reading-devices.ts';

/** The newest value of a metric with what orders it among equals in time. */
export interface PlacedLatest {
  readonly metric: string;
  readonly timeMicros: number;
  readonly offset: number;
  readonly ordinal: number;
  readonly value: PointValue;
}

/** The newest values of a device as of one moment. */
export interface NewestOfDevice {
  /** Undefined when the device was never seen. */
  readonly points: readonly PlacedLatest[] | undefined;
  /** Whether they were read where they are committed. */
  readonly isPrimary: boolean;
}

/** How far each source is committed. */
export interface SealMarks {
  /** Name of these tables among others; undefined while nothing was ever written. */
  readonly site: string | undefined;
  /** Number of the last seal by source; without those that have none. */
  readonly seals: ReadonlyMap<number, number>;
}

/** Reads the newest values of a device for those who keep them elsewhere. */
export async function readNewest(pool: Pick<PostgresPool, 'read'>, key: DeviceKey): Promise<NewestOfDevice> {
  return await pool.read('read newest values', LIMITS.readMs.value, async (session) => {
    const [found] = await session.query(
      `SELECT NOT pg_is_in_recovery() AS "isPrimary", EXISTS(SELECT FROM devices
         WHERE tenant = $1 AND project = $2 AND device = $3 AND device <> '') AS known`,
      namesOf(key),
    );
    const isPrimary = found?.isPrimary === true;
    if (found?.known !== true) return { points: undefined, isPrimary };
    const rows = await newestOf(session, key);
    const points = rows.flatMap((row) =>
      row.time === null
        ? []
        : [
            {
              metric: original(String(row.metric)),
              timeMicros: microsOf(row.time),
              offset: Number(row.position),
              ordinal: Number(row.ordinal),
              value: pointValue(row),
            },
          ],
    );
    return { points, isPrimary };
  });
}

/** Reads how far each source is committed: one small query. */
export async function readSealMarks(pool: Pick<PostgresPool, 'read'>): Promise<SealMarks> {
  return await pool.read('read how far sources are', LIMITS.readMs.value, async (session) => {
    const rows = await session.query(
      `SELECT id, seal, CASE WHEN id = (SELECT min(id) FROM sources) THEN concat_ws('.', journal_id, current_database(),
         (SELECT oid FROM pg_database WHERE datname = current_database()), current_schema()::regnamespace::oid) END AS site
       FROM sources`,
    );
    const site = rows.find((row) => row.site !== null)?.site;
    return {
      site: site === undefined ? undefined : String(site),
      seals: new Map(rows.flatMap(({ id, seal }) => (Number(seal) > 0 ? [[Number(id), Number(seal)]] : []))),
    };
  });
}

/** The id of a source in the database; undefined when it was never opened. */
export async function sourceIdOf(
  pool: Pick<PostgresPool, 'read'>,
  journalId: string,
): Promise<number | undefined> {
  return await pool.read('look for a source', LIMITS.readMs.value, async (session) => {
    const [row] = await session.query('SELECT id FROM sources WHERE journal_id = $1', [journalId]);
    return row && Number(row.id);
  });
}
