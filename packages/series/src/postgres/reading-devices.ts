import {
  type DeviceKey,
  MODEL_CHARS_MAX,
  MODEL_METRICS,
  type SequenceGap,
  type ValueType,
} from '@skerry/model';
import type { PostgresSession, Row } from './postgres-pool.ts';
import { microsOf, original, pointValue, storable, timestampOf } from './postgres-values.ts';
import { Condition } from './reading-condition.ts';
import type {
  ReadingDevice,
  ReadingDeviceDetail,
  ReadingDeviceQuery,
  ReadingGapQuery,
  ReadingLatest,
  ReadingTenant,
} from './reading-shapes.ts';

const SEEN = `coalesce(date_part('epoch', d.seen), 0) AS seen`;

/** A cut of the devices that a query means, and how many there are in all. */
export async function listDevices(
  session: PostgresSession,
  query: ReadingDeviceQuery,
): Promise<{ readonly total: number; readonly entries: readonly ReadingDevice[] }> {
  const where = new Condition();
  // accounts without a device are of records whose device could not be told
  where.add(`d.device <> ''`);
  where.equal({ ...query }, ['tenant', 'project'], 'd.');
  where.within(query.scopes, 'd.');
  if (query.search !== undefined)
    where.add(
      `position(lower(${where.value(storable(query.search))}) IN lower(d.device COLLATE "default")) > 0`,
    );
  if (query.seenFromMicros !== undefined)
    where.add(`d.seen >= ${where.value(timestampOf(query.seenFromMicros))}::timestamptz`);
  if (query.seenBeforeMicros !== undefined)
    where.add(`coalesce(d.seen, 'epoch') < ${where.value(timestampOf(query.seenBeforeMicros))}::timestamptz`);
  const [count] = await session.query(
    `SELECT count(*) AS n FROM devices d WHERE ${where.text}`,
    where.values,
  );
  if (query.after) {
    const { tenant, project, device } = query.after;
    const [t, p, d] = [tenant, project, device].map((text) => where.value(storable(text)));
    where.add(`(d.tenant, d.project, d.device) > (${t}, ${p}, ${d})`);
  }
  const rows = await session.query(
    `SELECT d.tenant, d.project, d.device, d.metrics, ${SEEN} FROM devices d WHERE ${where.text}
     ORDER BY ${orderOf(query)} LIMIT ${where.value(query.limit)} OFFSET ${where.value(query.skip ?? 0)}`,
    where.values,
  );
  return { total: Number(count?.n), entries: rows.map(deviceOf) };
}

/** As `PostgresReadings.census`. */
export async function countDevices(
  session: PostgresSession,
  seenFromMicros: number,
): Promise<readonly ReadingTenant[]> {
  const rows = await session.query(
    `WITH models AS (SELECT DISTINCT ON (s.tenant, s.project, s.device) s.tenant, s.project, s.device, l.text AS model
       FROM series s JOIN latest l ON l.series = s.id
       WHERE s.metric = ANY ($2::text[]) AND char_length(l.text) <= $3
       ORDER BY s.tenant, s.project, s.device, array_position($2::text[], s.metric::text))
     SELECT d.tenant, coalesce(m.model, '') AS model, count(*) AS devices,
       count(*) FILTER (WHERE d.seen >= $1::timestamptz) AS fresh
     FROM devices d LEFT JOIN models m USING (tenant, project, device)
     WHERE d.device <> '' GROUP BY 1, 2 ORDER BY 1, 3 DESC, 2`,
    [timestampOf(seenFromMicros), MODEL_METRICS, MODEL_CHARS_MAX],
  );
  return rows.map(({ tenant, model, devices, fresh }) => ({
    tenant: original(String(tenant)),
    model: original(String(model)),
    devices: Number(devices),
    fresh: Number(fresh),
  }));
}

function orderOf({ order }: ReadingDeviceQuery): string {
  const keys = ['d.tenant', 'd.project', 'd.device'];
  const down = order?.isDescending ? ' DESC' : '';
  if (!order || order.by === 'device') return keys.map((key) => `${key}${down}`).join(', ');
  // ages to the second: those that are equal stay in the order of keys
  const weight = order.by === 'metrics' ? 'd.metrics' : `date_trunc('second', coalesce(d.seen, 'epoch'))`;
  return `${weight}${down}, ${keys.join(', ')}`;
}

function deviceOf(row: Row): ReadingDevice {
  return {
    tenant: original(String(row.tenant)),
    project: original(String(row.project)),
    device: original(String(row.device)),
    lastSeenMicros: microsOf(row.seen),
    metrics: Number(row.metrics),
  };
}

/** A device with what is known about it, but for how it is connected. */
export async function readDevice(
  session: PostgresSession,
  key: DeviceKey,
): Promise<Omit<ReadingDeviceDetail, 'connected'> | undefined> {
  const [row] = await session.query(
    `SELECT d.tenant, d.project, d.device, d.metrics, ${SEEN}, a.*, coalesce(g.gaps, 0) AS gaps FROM devices d,
       LATERAL (SELECT coalesce(sum(stored), 0) AS stored, coalesce(sum(deduplicated), 0) AS deduplicated,
         coalesce(sum(filtered), 0) AS filtered, coalesce(sum(dead_lettered), 0) AS "deadLettered",
         coalesce(sum(discarded), 0) AS discarded, coalesce(sum(expired), 0) AS expired,
         coalesce(sum(time_corrected), 0) AS corrected, coalesce(sum(seq_resets), 0) AS resets
         FROM accounts WHERE device = d.id) a,
       LATERAL (SELECT sum(jsonb_array_length(e->'gaps')) AS gaps FROM gaps, jsonb_array_elements(body) e
         WHERE device = d.id) g
     WHERE d.tenant = $1 AND d.project = $2 AND d.device = $3 AND d.device <> ''`,
    namesOf(key),
  );
  if (!row) return undefined;
  const series = await newestOf(session, key);
  const { stored, deduplicated, filtered, deadLettered, discarded, expired } = row;
  return {
    ...deviceOf(row),
    metricList: series.map((one) => ({
      metric: original(String(one.metric)),
      type: typeOf(one),
      series: Number(one.id),
    })),
    accounts: {
      stored: Number(stored),
      deduplicated: Number(deduplicated),
      filtered: Number(filtered),
      deadLettered: Number(deadLettered),
      discarded: Number(discarded),
      expired: Number(expired),
    },
    timeCorrected: Number(row.corrected),
    seqResets: Number(row.resets),
    gaps: Number(row.gaps),
  };
}

/** Newest value of each metric; undefined when the device was never seen. */
export async function readLatest(
  session: PostgresSession,
  key: DeviceKey,
): Promise<ReadingLatest[] | undefined> {
  const [known] = await session.query(
    `SELECT id FROM devices WHERE tenant = $1 AND project = $2 AND device = $3 AND device <> ''`,
    namesOf(key),
  );
  if (!known) return undefined;
  return (await newestOf(session, key)).flatMap((row) =>
    row.time === null
      ? []
      : [{ metric: original(String(row.metric)), timeMicros: microsOf(row.time), value: pointValue(row) }],
  );
}

/**
 * The series of a device with their newest points: that of the table, or one that came since; the index of points finds
 * it in each partition.
 */
export async function newestOf(session: PostgresSession, key: DeviceKey): Promise<Row[]> {
  const fields = 'time, value, text, flag, exact, position, ordinal';
  return await session.query(
    `SELECT s.id, s.metric, date_part('epoch', n.time) AS time, n.value, n.text, n.flag, n.exact,
       n.position, n.ordinal FROM series s
     LEFT JOIN latest l ON l.series = s.id
     LEFT JOIN LATERAL (
       SELECT * FROM (
         (SELECT ${fields} FROM points WHERE series_id = s.id AND time >= coalesce(l.time, '-infinity')
          ORDER BY time DESC, position DESC, ordinal DESC LIMIT 1)
         UNION ALL SELECT l.time, l.value, l.text, l.flag, l.exact, l.position, l.ordinal WHERE l.time IS NOT NULL) q
       ORDER BY time DESC, position DESC, ordinal DESC LIMIT 1) n ON true
     WHERE s.tenant = $1 AND s.project = $2 AND s.device = $3 ORDER BY s.id`,
    namesOf(key),
  );
}

function typeOf({ exact, value, text, time }: Row): ValueType {
  if (time === null || (value !== null && exact === null)) return 'number';
  if (exact !== null) return 'integer';
  return text === null ? 'boolean' : 'text';
}

/** Open gaps by key, epoch and number. */
export async function listGaps(session: PostgresSession, query: ReadingGapQuery): Promise<SequenceGap[]> {
  const where = new Condition();
  where.equal({ ...query }, ['tenant', 'project', 'device'], 'd.');
  where.within(query.scopes, 'd.');
  const fields = `d.tenant, d.project, d.device, e->>'epoch' COLLATE "C"`;
  const [low, high] = [`(g->>'from')::bigint`, `(g->>'to')::bigint`];
  if (query.after) {
    const { tenant, project, device, epoch, from } = query.after;
    const texts = [tenant, project, device, epoch].map((text) => where.value(storable(text)));
    where.add(`(${fields}, ${low}) > (${texts.join(', ')}, ${where.value(from)}::bigint)`);
  }
  const rows = await session.query(
    `SELECT d.tenant, d.project, d.device, e->>'epoch' AS epoch, ${low} AS low, ${high} AS high
     FROM gaps t JOIN devices d ON d.id = t.device, jsonb_array_elements(t.body) e, jsonb_array_elements(e->'gaps') g
     WHERE ${where.text} ORDER BY ${fields}, ${low} LIMIT ${where.value(query.limit)}`,
    where.values,
  );
  return rows.map((row) => ({
    tenant: original(String(row.tenant)),
    project: original(String(row.project)),
    device: original(String(row.device)),
    epoch: original(String(row.epoch)),
    from: Number(row.low),
    to: Number(row.high),
  }));
}

/** The names of a device as parameters. */
export function namesOf({ tenant, project, device }: DeviceKey): string[] {
  return [storable(tenant), storable(project), storable(device)];
}
