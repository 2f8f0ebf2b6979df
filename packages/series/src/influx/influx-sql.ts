import type { DeviceKey, SeriesKey } from '@skerry/model';
import type { InfluxApi } from './influx-api.ts';
import {
  type InfluxDialect,
  type InfluxPoint,
  type InfluxSum,
  type NanosRange,
  storedValue,
} from './influx-dialect.ts';
import { measurementOf } from './line-writer.ts';

type Row = Readonly<Record<string, unknown>>;
type Columns = ReadonlySet<string>;

/** Columns of a point and how they are asked for: 64-bit numbers as text, so that they come whole. */
const FIELDS: Readonly<Record<string, string>> = {
  value: '"value"',
  exact: 'CAST("exact" AS VARCHAR) AS "exact"',
  digits: '"digits"',
  text: '"text"',
  flag: '"flag"',
  twin: '"twin"',
};
const NUMERIC: readonly string[] = ['value', 'exact', 'digits'];
const VALUES: readonly string[] = [...NUMERIC, 'text', 'flag'];
const TIME = 'CAST(CAST(time AS BIGINT) AS VARCHAR) AS time';

/**
 * Questions in SQL: InfluxDB 3. A table has only the columns that were written, and a column that it does not have is an
 * error there, so each question asks for them first.
 */
export function openInfluxSql(
  api: InfluxApi,
  { measurement }: { readonly measurement: string },
): InfluxDialect {
  const tableOf = (metric: string) => measurementOf(metric, { measurement });
  const columnsOf = async (tables: readonly string[], signal: AbortSignal) => {
    const rows = await api.querySql(
      `SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'iox' AND table_name IN (${tables.map(quotedText).join(', ')})`,
      signal,
    );
    return Map.groupBy(rows, (row) => String(row.table_name));
  };
  const namesIn = (rows: readonly Row[] | undefined): Columns =>
    new Set(rows?.map((row) => String(row.column_name)));
  const columns = async (metric: string, signal: AbortSignal) =>
    namesIn((await columnsOf([tableOf(metric)], signal)).get(tableOf(metric)));
  const placeOf = (series: SeriesKey, known: Columns) =>
    `FROM ${quotedName(tableOf(series.metric))} WHERE ${tagsOf(series, known)}${measurement === '' ? '' : ` AND ${tag('metric', series.metric, known)}`}`;
  return {
    async points(series, range, { limit, newestFirst, isNumeric }, signal) {
      const known = await columns(series.metric, signal);
      const some = (isNumeric ? NUMERIC : VALUES).filter((name) => known.has(name));
      if (some.length === 0) return [];
      const any = some.map((name) => `"${name}" IS NOT NULL`).join(' OR ');
      const rows = await api.querySql(
        `SELECT ${selected([...some, 'twin'], known)} ${placeOf(series, known)} AND ${within(range)} AND (${any}) ORDER BY time ${newestFirst ? 'DESC' : 'ASC'} LIMIT ${limit}`,
        signal,
      );
      return pointsOf(rows);
    },
    async sums(series, range, { stepMicros, limit }, signal) {
      const known = await columns(series.metric, signal);
      if (!known.has('value')) return [];
      const rows = await api.querySql(
        sumsStatement(placeOf(series, known), range, stepMicros, limit),
        signal,
      );
      return rows.map(sumOf);
    },
    async picks(series, range, { widthMicros }, signal) {
      const known = await columns(series.metric, signal);
      if (!known.has('value')) return [];
      const text = picksStatement(placeOf(series, known), range, widthMicros, known);
      return pointsOf(await api.querySql(text, signal));
    },
    async newest(device, metrics, limit, signal) {
      if (metrics.length === 0) return new Map();
      const tables = await columnsOf([...new Set(metrics.map(tableOf))], signal);
      const parts = metrics.flatMap((metric) => {
        const known = namesIn(tables.get(tableOf(metric)));
        const text = newestStatement({ ...device, metric }, { known, limit, place: placeOf });
        return text === undefined ? [] : [text];
      });
      if (parts.length === 0) return new Map();
      const rows = await api.querySql(parts.join(' UNION ALL '), signal);
      const found = Map.groupBy(rows, (row) => String(row.metric));
      return new Map(Array.from(found, ([metric, own]) => [metric, pointsOf(own).sort(newestFirst)]));
    },
  };
}

function sumsStatement(place: string, range: NanosRange, stepMicros: number, limit: number): string {
  const start = `date_bin(INTERVAL '${stepMicros} microseconds', time, TIMESTAMP '1970-01-01T00:00:00Z')`;
  return `SELECT CAST(CAST(${start} AS BIGINT) AS VARCHAR) AS time, count("value") AS count, min("value") AS min, max("value") AS max, sum("value") AS sum, first_value("value" ORDER BY time) AS first, last_value("value" ORDER BY time) AS last ${place} AND ${within(range)} AND "value" IS NOT NULL GROUP BY ${start} ORDER BY ${start} LIMIT ${limit}`;
}

/** Rows that are the first, the last, the least or the greatest of their slice, the earliest of equals. */
function picksStatement(place: string, range: NanosRange, widthMicros: number, known: Columns): string {
  const slice = `date_bin(INTERVAL '${widthMicros} microseconds', time, ${timestamp(range.from)})`;
  const names = [...NUMERIC, 'twin'].filter((name) => known.has(name));
  const rank = (order: string) => `row_number() OVER (PARTITION BY ${slice} ORDER BY ${order})`;
  const inner = `SELECT time, ${names.map((name) => `"${name}"`).join(', ')}, ${rank('time')} AS a, ${rank('time DESC')} AS z, ${rank('"value", time')} AS low, ${rank('"value" DESC, time')} AS high ${place} AND ${within(range)} AND "value" IS NOT NULL`;
  return `SELECT ${selected(names, known)} FROM (${inner}) AS p WHERE a = 1 OR z = 1 OR low = 1 OR high = 1`;
}

function newestStatement(
  series: SeriesKey,
  {
    known,
    limit,
    place,
  }: {
    readonly known: Columns;
    readonly limit: number;
    readonly place: (series: SeriesKey, known: Columns) => string;
  },
): string | undefined {
  const some = VALUES.filter((name) => known.has(name));
  if (some.length === 0) return undefined;
  // every part has the same columns, of the same types
  const all = [...VALUES, 'twin'].map((name) =>
    known.has(name) ? FIELDS[name] : `CAST(NULL AS ${TYPES[name] ?? 'VARCHAR'}) AS "${name}"`,
  );
  return `(SELECT ${quotedText(series.metric)} AS metric, ${TIME}, ${all.join(', ')} ${place(series, known)} ORDER BY time DESC LIMIT ${limit})`;
}

const TYPES: Readonly<Record<string, string>> = { value: 'DOUBLE', flag: 'BOOLEAN' };

function selected(names: readonly string[], known: Columns): string {
  return [TIME, ...names.filter((name) => known.has(name)).map((name) => FIELDS[name])].join(', ');
}

function tagsOf({ tenant, project, device }: DeviceKey, known: Columns): string {
  return [tag('tenant', tenant, known), tag('project', project, known), tag('device', device, known)].join(
    ' AND ',
  );
}

/** A tag that was never written is no column, and one that a point does not have is null. */
function tag(name: string, value: string, known: Columns): string {
  if (!known.has(name)) return value === '' ? 'true' : 'false';
  return value === '' ? `"${name}" IS NULL` : `"${name}" = ${quotedText(value)}`;
}

function within({ from, to }: NanosRange): string {
  return `time >= ${timestamp(from)} AND time < ${timestamp(to)}`;
}

/** A time of nanoseconds as a literal. */
function timestamp(nanos: bigint): string {
  const rest = ((nanos % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n;
  const secs = (nanos - rest) / 1_000_000_000n;
  const whole = new Date(Number(secs) * 1_000).toISOString().slice(0, 19);
  return `TIMESTAMP '${whole}.${String(rest).padStart(9, '0')}Z'`;
}

function quotedName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

function quotedText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

function pointsOf(rows: readonly Row[]): InfluxPoint[] {
  return rows.flatMap((row) => {
    const value = storedValue(row);
    return value === undefined
      ? []
      : [{ nanos: BigInt(String(row.time)), twin: String(row.twin ?? ''), value }];
  });
}

function newestFirst(a: InfluxPoint, b: InfluxPoint): number {
  return a.nanos < b.nanos ? 1 : a.nanos > b.nanos ? -1 : 0;
}

function sumOf({ time, count, min, max, sum, first, last }: Row): InfluxSum {
  return {
    startMicros: Number(BigInt(String(time)) / 1_000n),
    count: Number(count),
    min: Number(min),
    max: Number(max),
    sum: Number(sum),
    first: Number(first),
    last: Number(last),
  };
}
