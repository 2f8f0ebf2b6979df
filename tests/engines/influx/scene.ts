import assert from 'node:assert/strict';
import { createMeter, type Logger, type Meter, silentLogger } from '@skerry/kernel';
import { nodeClock, nodeRandom } from '@skerry/kernel/node';
import type { PointValue } from '@skerry/model';
import { type Seal, SinkRun } from '@skerry/series';
import { type InfluxSinkOptions, openInfluxSink, readNanos } from '@skerry/series/influx';
import { openSinkBook, type PostgresPool } from '@skerry/series/postgres';
import { aSeal, type SamplePoint } from '@skerry/series/testing';
import type { Engine } from '@skerry/testkit/engines';
import { JOURNAL } from '../postgres/scene.ts';

const SERIES = 12;
const SECOND = 1_000_000;

/** Now, in whole seconds: InfluxDB removes what is older than its retention at once. */
export const BASE = Math.floor(Date.now() / 1_000) * SECOND - 600 * SECOND;

/** A value of each type in turn; each series has one type. */
export function sampleValue(series: number, n: number): PointValue {
  switch (series % 4) {
    case 0:
      return n / 7;
    case 1:
      return n % 3 === 0;
    case 2:
      return `line ${n}\n"quoted", = \\ 值`;
    default:
      return 9_007_199_254_740_993n + BigInt(n);
  }
}

/** `count` points of seal `number`: four messages of each second, whole seconds, milliseconds and microseconds in turn. */
export function somePoints(number: number, count: number): SamplePoint[] {
  return Array.from({ length: count }, (_, i) => {
    const n = (number - 1) * count + i;
    const offset = Math.floor(n / SERIES);
    const second = BASE + Math.floor(offset / 4) * SECOND;
    const within = [0, 0, 250_000, 500_001][offset % 4] ?? 0;
    const series = (n % SERIES) + 1;
    return { series, time: second + within, value: sampleValue(series, n), offset, ordinal: n % SERIES };
  });
}

/** A seal of `somePoints`. */
export function someSeal(number: number, count: number): Seal {
  const points = somePoints(number, count);
  return aSeal(number, points, { logTimeMicros: BASE + number * 1_000 });
}

/** Options of a sink into a database `iot` of a real server. */
export function sinkOptions(url: string, rest: Partial<InfluxSinkOptions> = {}): InfluxSinkOptions {
  return {
    name: 'influx',
    url,
    version: 1,
    database: 'iot',
    measurement: '',
    gzip: true,
    retentionHours: 72,
    ...rest,
  };
}

/** A sink as a process has it. */
export function aSink(
  options: InfluxSinkOptions,
  logger: Logger = silentLogger,
  meter: Meter = createMeter(),
) {
  return openInfluxSink(options, { clock: nodeClock(), random: nodeRandom(), logger, meter });
}

/** A run of a sink after the source of the tests. */
export async function aRun(
  pool: PostgresPool,
  options: InfluxSinkOptions,
  { logger = silentLogger, meter = createMeter() }: { logger?: Logger; meter?: Meter } = {},
) {
  await using stack = new AsyncDisposableStack();
  const sink = stack.use(aSink(options, logger, meter));
  const book = await openSinkBook({ pool, sink: sink.name, journalId: JOURNAL });
  const committed = await committedSeal(pool);
  const run = stack.use(new SinkRun({ sink, book, committed }, { clock: nodeClock(), logger, meter }));
  const owned = stack.move();
  return { run, sink, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** The last seal that the primary has of the source of the tests. */
export async function committedSeal(pool: PostgresPool): Promise<number> {
  const [row] = await pool.use('look', (session) =>
    session.query('SELECT seal FROM sources WHERE journal_id = $1', [JOURNAL]),
  );
  return Number(row?.seal);
}

/** A row of InfluxDB, its time as decimal nanoseconds and its fields as it writes them. */
export type InfluxRow = Readonly<Record<string, string>>;

/** Every row of a database, by CSV, which keeps integers of 64 bits whole. */
export async function allRows(engine: Engine, question = 'SELECT * FROM /.*/'): Promise<InfluxRow[]> {
  const response = await fetch(`${engine.url}/query?db=iot&epoch=ns&q=${encodeURIComponent(question)}`, {
    method: 'POST',
    headers: { accept: 'application/csv' },
    signal: AbortSignal.timeout(20_000),
  });
  const text = await response.text();
  assert.equal(response.status, 200, text);
  const rows: InfluxRow[] = [];
  let titles: readonly string[] = [];
  for (const cells of cellsOf(text)) {
    if (cells[0] === 'name') titles = cells;
    else rows.push(Object.fromEntries(titles.map((title, i) => [title, cells[i] ?? ''])));
  }
  return rows;
}

function cellsOf(text: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  for (const [, quoted, plain, end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\n]*))(,|\n|$)/g)) {
    row.push(quoted === undefined ? (plain ?? '') : quoted.replaceAll('""', '"'));
    if (end === ',') continue;
    if (row.length > 1) rows.push(row);
    row = [];
  }
  return rows;
}

/** A row as a text to compare: series, microseconds, type and value. */
export function told(row: InfluxRow): string {
  const { micros } = readNanos(BigInt(row.time ?? ''));
  const exact = row.exact || row.digits;
  const value = exact
    ? `integer ${exact}`
    : row.text
      ? `text ${row.text}`
      : row.flag
        ? `boolean ${row.flag}`
        : `number ${row.value}`;
  return `${row.name} ${micros} ${value}`;
}

/** The same of a point that was sent. */
export function sent({ series, time, value }: SamplePoint): string {
  const type = typeof value === 'bigint' ? 'integer' : typeof value === 'string' ? 'text' : typeof value;
  return `m${series} ${time} ${type} ${String(value)}`;
}
