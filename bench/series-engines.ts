/**
 * Compares ways to keep points on one machine: rows in SQLite with an index, this store's chunks, and DuckDB's
 * appender. `node bench/series-engines.ts [millions] [folder of a node_modules with @duckdb/node-api]`.
 * Each engine runs in a process of its own; DuckDB only when its folder is given.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { DatabaseSync } from 'node:sqlite';
import { createMeter, noFailpoints, silentLogger } from '@skerry/kernel';
import { nodeClock, nodeDisk } from '@skerry/kernel/node';
import { createHead, type Head, type SeriesStore } from '@skerry/series';
import { openSqliteStore } from '@skerry/series/sqlite';
import { aSeal } from '@skerry/series/testing';

const BATCH = 250_000;
const START = Date.UTC(2026, 10, 24) * 1000;
const DAYS_3 = 259_200;

const [engine = 'all', millionsText = '1.5', duckFolder = ''] = process.argv[2]?.match(/^[a-z]/)
  ? process.argv.slice(2)
  : ['all', ...process.argv.slice(2)];
const millions = Number(millionsText);

interface Case {
  readonly engine: string;
  readonly series: number;
}

function runAll(): void {
  const cases: Case[] = [
    { engine: 'rows', series: 2000 },
    { engine: 'chunks', series: 2000 },
    { engine: 'chunks', series: 20_000 },
    { engine: 'hours', series: 150 },
    { engine: 'query', series: 1 },
    ...(duckFolder === '' ? [] : [{ engine: 'duckdb', series: 2000 }]),
  ];
  for (const one of cases) {
    const args = [process.argv[1] ?? '', one.engine, String(millions), duckFolder, String(one.series)];
    const child = spawnSync(process.execPath, args, { encoding: 'utf8' });
    process.stdout.write(child.stdout);
    process.stderr.write(child.stderr);
  }
}

async function runOne(one: Case): Promise<void> {
  const folder = mkdtempSync(`${tmpdir()}/series-engines-`);
  try {
    if (one.engine === 'rows') rows(folder, one.series);
    else if (one.engine === 'duckdb') await duckdb(folder, one.series);
    else if (one.engine === 'query') await extremes(folder);
    else await chunks(folder, one);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

let seed = 1;

/** Uniform over [0, 1), the same in every run. */
function random(): number {
  seed = (seed * 16_807) % 2_147_483_647;
  return seed / 2_147_483_647;
}

/** Batches of jittered 1 Hz points of random-walk doubles, devices of two metrics. */
function* batches(series: number, total: number): Generator<Head> {
  const head = createHead(BATCH, 16);
  const walks = Float64Array.from({ length: series }, () => 20 + random() * 10);
  let [tick, at, offset] = [0, 0, 0];
  for (let n = 0; n < total; ) {
    head.clear();
    for (; head.hasRoom(1, 0) && n < total; n++) {
      const walk = Number(walks[at]) + (random() - 0.5) / 10;
      walks[at] = walk;
      head.append(at + 1, START + tick * 1e6 + Math.floor(random() * 3000), walk, offset, at & 1);
      if (at & 1) offset++;
      at = (at + 1) % series;
      if (at === 0) tick++;
    }
    yield head;
  }
}

class Cpu {
  #spent = 0;
  #start = process.cpuUsage();
  begin(): void {
    this.#start = process.cpuUsage();
  }
  end(): void {
    const { user, system } = process.cpuUsage(this.#start);
    this.#spent += (user + system) / 1e6;
  }
  get seconds(): number {
    return this.#spent;
  }
  perMillion(points: number): string {
    return ((this.#spent / points) * 1e6).toFixed(2);
  }
}

function report(name: string, facts: Record<string, unknown>): void {
  const rss = `${Math.round(process.memoryUsage().rss / 1e6)} MB`;
  console.log(JSON.stringify({ name, ...facts, rss }));
}

function bytesIn(folder: string): number {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(`${entry.parentPath}/${entry.name}`).size, 0);
}

function rows(folder: string, series: number): void {
  const database = new DatabaseSync(`${folder}/rows.db`);
  database.exec(
    'PRAGMA page_size=8192; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE points(series INTEGER, time INTEGER, offset INTEGER, ordinal INTEGER, value REAL); CREATE INDEX points_series ON points(series, time);',
  );
  const insert = database.prepare('INSERT INTO points VALUES (?, ?, ?, ?, ?)');
  const cpu = new Cpu();
  let n = 0;
  for (const { columns, rows: count } of batches(series, millions * 1e6)) {
    cpu.begin();
    for (let start = 0; start < count; start += 10_000) {
      database.exec('BEGIN');
      for (let i = start; i < Math.min(count, start + 10_000); i++) {
        insert.run(
          Number(columns.series[i]),
          Number(columns.time[i]),
          Number(columns.offset[i]),
          Number(columns.ordinal[i]),
          Number(columns.value[i]),
        );
      }
      database.exec('COMMIT');
    }
    cpu.end();
    n += count;
  }
  database.close();
  report('rows in SQLite, index (series, time)', {
    series,
    cpuPerMillion: cpu.perMillion(n),
    bytesPerPoint: (bytesIn(folder) / n).toFixed(1),
  });
}

function openStore(folder: string): Promise<SeriesStore> {
  return openSqliteStore(
    { folder, retentionClass: 'default' },
    {
      clock: nodeClock(),
      disk: nodeDisk(),
      logger: silentLogger,
      meter: createMeter(),
      failpoint: noFailpoints,
      breathe: () => new Promise((resolve) => setImmediate(resolve)),
    },
  );
}

async function chunks(folder: string, one: Case): Promise<void> {
  const store = await openStore(folder);
  await store.load();
  const [seals, works] = [new Cpu(), new Cpu()];
  let [n, number] = [0, 0];
  const total = millions * 1e6 * (one.engine === 'hours' ? 2 : 1);
  for (const head of batches(one.series, total)) {
    number++;
    n += head.rows;
    const logTimeMicros = Number(head.columns.time[head.rows - 1]);
    const points = { sealNumber: number, rows: head.rows, columns: head.columns };
    seals.begin();
    await store.seal(aSeal(number, [], { logTimeMicros, points }));
    seals.end();
    works.begin();
    while (await store.work());
    works.end();
  }
  await store[Symbol.asyncDispose]();
  const rollups = readdirSync(`${folder}/default`).filter((name) => name.startsWith('rollup'));
  const rollupBytes = rollups.reduce((sum, name) => sum + statSync(`${folder}/default/${name}`).size, 0);
  report(one.engine === 'hours' ? 'chunks, whole hours merged' : 'chunks, as sealed', {
    series: one.series,
    sealCpuPerMillion: seals.perMillion(n),
    rollupAndMergeCpuPerMillion: works.perMillion(n),
    bytesPerPoint: ((bytesIn(folder) - rollupBytes) / n).toFixed(1),
    rollupBytesPerPoint: (rollupBytes / n).toFixed(1),
  });
}

async function extremes(folder: string): Promise<void> {
  const store = await openStore(folder);
  await store.load();
  let number = 0;
  for (const head of batches(1, DAYS_3)) {
    const logTimeMicros = START + 4 * 86_400_000_000;
    const points = { sealNumber: ++number, rows: head.rows, columns: head.columns };
    await store.seal(aSeal(number, [], { logTimeMicros, points }));
    while (await store.work());
  }
  const shape = { kind: 'extremes', points: 1000 } as const;
  const range = { series: 1, fromMicros: START, toMicros: START + DAYS_3 * 1e6, deadlineMs: 10_000 };
  const times: number[] = [];
  const cpu = new Cpu();
  cpu.begin();
  // 200 queries: CPU seconds x 5 are milliseconds per query
  for (let i = 0; i < 200; i++) {
    const before = performance.now();
    await store.query({ ...range, shape }, []);
    times.push(performance.now() - before);
  }
  cpu.end();
  times.sort((a, b) => a - b);
  const at = (part: number) => `${times[Math.floor(times.length * part)]?.toFixed(1)} ms`;
  report('3 days at 1 Hz to 1,000 extremes', {
    p50: at(0.5),
    p99: at(0.99),
    cpuMsPerQuery: (cpu.seconds * 5).toFixed(1),
  });
  await store[Symbol.asyncDispose]();
}

async function duckdb(folder: string, series: number): Promise<void> {
  const load = createRequire(`${duckFolder}/package.json`);
  const { DuckDBInstance } = load('@duckdb/node-api'); // not a dependency, so without types
  const instance = await DuckDBInstance.create(`${folder}/points.duckdb`);
  const connection = await instance.connect();
  await connection.run(
    'CREATE TABLE points(series INTEGER, time BIGINT, "offset" BIGINT, ordinal INTEGER, value DOUBLE)',
  );
  const cpu = new Cpu();
  let n = 0;
  for (const { columns, rows: count } of batches(series, millions * 1e6)) {
    cpu.begin();
    const appender = await connection.createAppender('points');
    for (let i = 0; i < count; i++) {
      appender.appendInteger(columns.series[i]);
      appender.appendBigInt(BigInt(Number(columns.time[i])));
      appender.appendBigInt(BigInt(Number(columns.offset[i])));
      appender.appendInteger(columns.ordinal[i]);
      appender.appendDouble(columns.value[i]);
      appender.endRow();
    }
    appender.closeSync();
    cpu.end();
    n += count;
  }
  cpu.begin();
  await connection.run('CHECKPOINT');
  cpu.end();
  connection.closeSync();
  instance.closeSync();
  report("DuckDB's appender", {
    series,
    cpuPerMillion: cpu.perMillion(n),
    bytesPerPoint: (bytesIn(folder) / n).toFixed(1),
    version: load('@duckdb/node-api/package.json').version,
  });
}

if (engine === 'all') runAll();
else await runOne({ engine, series: Number(process.argv[5] ?? 2000) });
