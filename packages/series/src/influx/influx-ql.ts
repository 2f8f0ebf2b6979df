import type { DeviceKey, SeriesKey } from '@skerry/model';
import { joinSums, SCALE } from '../bounded-sum.ts';
import { BeyondDoubles, type InfluxApi, type InfluxTable } from './influx-api.ts';
import {
  type InfluxDialect,
  type InfluxPoint,
  type InfluxSum,
  type NanosRange,
  type Slices,
  storedValue,
} from './influx-dialect.ts';
import { measurementOf } from './line-writer.ts';

/** How points are named where they are asked for. */
export interface QlNaming {
  /** One measurement of all metrics; empty for one each. */
  readonly measurement: string;
  /** Retention policy; the database's own when absent or empty. */
  readonly policy?: string;
}

const NUMERIC = '"value","exact","digits","twin"';
const ANY = `"text","flag",${NUMERIC}`;
/** Statements of one request. */
const STATEMENTS = 500;

/** Questions in InfluxQL: InfluxDB 1.x, and 2.x where a database is mapped to the bucket. */
export function openInfluxQl(api: InfluxApi, naming: QlNaming): InfluxDialect {
  const from = (series: SeriesKey) => placeOf(series, naming);
  return {
    async points(series, range, { limit, newestFirst, isNumeric }, signal) {
      const order = newestFirst ? 'DESC' : 'ASC';
      const text = `SELECT ${isNumeric ? NUMERIC : ANY} ${from(series)} AND ${within(range)} ORDER BY time ${order} LIMIT ${limit}`;
      return pointsOf(await api.query(text, signal));
    },
    async sums(series, range, { stepMicros, limit }, signal) {
      const others = 'count("value"),min("value"),max("value"),first("value"),last("value")';
      const place = `${from(series)} AND ${within(range)}`;
      const grid = `GROUP BY time(${stepMicros}u) fill(none) LIMIT ${limit}`;
      try {
        const text = `SELECT ${others},sum("value") ${place} ${grid}`;
        return rowsOf(await api.query(text, signal)).map(sumOf);
      } catch (error) {
        if (!(error instanceof BeyondDoubles)) throw error;
      }
      const scaled = `SELECT sum("scaled") FROM (SELECT "value" * ${SCALE.toFixed(84)} AS "scaled" ${place}) WHERE ${within(range)} ${grid}`;
      const answers = await api.queryAll([`SELECT ${others} ${place} ${grid}`, scaled], signal);
      const [rows = [], sums = []] = answers.map(rowsOf);
      const byTime = new Map(sums.map(({ time, sum }) => [String(time), joinSums(0, Number(sum))]));
      return rows.map((row) => sumOf({ ...row, sum: byTime.get(String(row.time)) ?? 0 }));
    },
    async picks(series, range, slices, signal) {
      const place = from(series);
      const found: InfluxPoint[] = [];
      const statements = pickStatements(place, range, slices);
      for (let start = 0; start < statements.length; start += STATEMENTS) {
        const answers = await api.queryAll(statements.slice(start, start + STATEMENTS), signal);
        found.push(...answers.flatMap(pointsOf));
      }
      return found;
    },
    async newest(device, metrics, limit, signal) {
      if (metrics.length === 0) return new Map();
      const text = newestStatement(device, metrics, naming, limit);
      const tables = await api.query(text, signal);
      const found = new Map(
        tables.map((table) => [String(table.tags?.metric ?? table.name), pointsOf([table])] as const),
      );
      if (naming.measurement !== '') return found;
      return new Map(
        metrics.map((metric) => [metric, found.get(measurementOf(metric, naming)) ?? []] as const),
      );
    },
  };
}

/** Least and greatest of all slices by one statement each; first and last of a slice keep their times only alone. */
function pickStatements(place: string, range: NanosRange, { widthMicros, count }: Slices): string[] {
  const width = BigInt(widthMicros) * 1_000n;
  const shift = ((range.from % width) + width) % width;
  const grid = `GROUP BY time(${width}ns, ${shift}ns)`;
  const ends = Array.from({ length: count }, (_, i) => {
    const start = range.from + BigInt(i) * width;
    const end = start + width < range.to ? start + width : range.to;
    return ['ASC', 'DESC'].map(
      (order) =>
        `SELECT ${NUMERIC} ${place} AND ${within({ from: start, to: end })} ORDER BY time ${order} LIMIT 1`,
    );
  });
  return [
    `SELECT bottom("value",1) AS "value","exact","digits","twin" ${place} AND ${within(range)} ${grid}`,
    `SELECT top("value",1) AS "value","exact","digits","twin" ${place} AND ${within(range)} ${grid}`,
    ...ends.flat(),
  ];
}

function newestStatement(
  device: DeviceKey,
  metrics: readonly string[],
  naming: QlNaming,
  limit: number,
): string {
  const last = `ORDER BY time DESC LIMIT ${limit}`;
  const places = new Set(metrics.map((metric) => quotedMeasurement(metric, naming)));
  const by = naming.measurement === '' ? '' : 'GROUP BY "metric" ';
  return `SELECT ${ANY} FROM ${[...places].join(',')} WHERE ${tagsOf(device)} ${by}${last}`;
}

/** FROM and WHERE of a series. */
function placeOf(series: SeriesKey, naming: QlNaming): string {
  const place = `FROM ${quotedMeasurement(series.metric, naming)} WHERE ${tagsOf(series)}`;
  return naming.measurement === '' ? place : `${place} AND "metric" = ${quotedText(series.metric)}`;
}

/** A tag that is not there is equal to the empty text. */
function tagsOf({ tenant, project, device }: DeviceKey): string {
  return `"tenant" = ${quotedText(tenant)} AND "project" = ${quotedText(project)} AND "device" = ${quotedText(device)}`;
}

function within({ from, to }: NanosRange): string {
  return `time >= ${from} AND time < ${to}`;
}

function quotedMeasurement(metric: string, naming: QlNaming): string {
  const quoted = (text: string) => `"${escaped(text).replaceAll('"', '\\"')}"`;
  const name = quoted(measurementOf(metric, naming));
  return naming.policy ? `${quoted(naming.policy)}.${name}` : name;
}

function quotedText(text: string): string {
  return `'${escaped(text).replaceAll("'", "\\'")}'`;
}

function escaped(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
}

type Row = Readonly<Record<string, unknown>>;

function rowsOf(tables: readonly InfluxTable[]): Row[] {
  return tables.flatMap(({ columns, values = [] }) =>
    values.map((row) => Object.fromEntries(columns.map((title, i) => [title, row[i]]))),
  );
}

function pointsOf(tables: readonly InfluxTable[]): InfluxPoint[] {
  return rowsOf(tables).flatMap((row) => {
    const value = storedValue(row);
    return value === undefined
      ? []
      : [{ nanos: BigInt(row.time as number | bigint), twin: String(row.twin ?? ''), value }]; // nanoseconds were asked for
  });
}

function sumOf({ time, count, min, max, sum, first, last }: Row): InfluxSum {
  return {
    startMicros: Number(BigInt(time as number | bigint) / 1_000n), // nanoseconds were asked for
    count: Number(count),
    min: Number(min),
    max: Number(max),
    sum: Number(sum),
    first: Number(first),
    last: Number(last),
  };
}
