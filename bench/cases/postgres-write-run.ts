// One side of the case `postgres-write` in a process of its own: `postgres-write-run.ts SIDE SECS POINTS`. Starts a
// PostgreSQL of its own, prints its figures as JSON.
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type Clock, createMeter, noFailpoints, silentLogger } from '@skerry/kernel';
import { nodeClock } from '@skerry/kernel/node';
import { AccountColumns, createHead, type HeadView, type Seal, viewOf } from '@skerry/series';
import {
  openPostgresPool,
  openPostgresStore,
  pointColumns,
  pointRows,
  type RowOrder,
} from '@skerry/series/postgres';
import { startPostgres } from '@skerry/testkit/engines';
import pg from 'pg';
import copyStreams from 'pg-copy-streams';

const [side = 'skerry', secs = '5', pointsWord = '20000'] = process.argv.slice(2);
const POINTS = Number(pointsWord);
const DEVICES = POINTS <= 1000 ? POINTS / 2 : 1000;
const JOURNAL = '00112233445566778899aabbccddeeff';
const DAY = '20261124';
const START_MICROS = Date.UTC(2026, 10, 24, 1) * 1000;
const FRAME = 5;
const TICKS = 100;
const UPKEEP_MS = 1_000;
const ALL_DUE_MS = 86_400_000;

const series = Array.from({ length: DEVICES * 2 }, (_, id) => ({
  id,
  tenant: 't1',
  project: `p${(id % 4) >> 1}`,
  device: `device-${id >> 1}`,
  metric: id % 2 === 0 ? 'temperature' : 'humidity',
}));
const seriesIds = Int32Array.from(series, ({ id }) => id + 1);

/** What is written, made before the clock runs. */
interface Batch {
  readonly number: number;
  readonly points: HeadView;
  /** For the side that writes seals. */
  readonly seal: Seal;
}

type Write = (batch: Batch) => Promise<void>;

await using server = await startPostgres();
const clock = nodeClock();
/** Put forward at the end, so that all background work is due. */
let aheadMs = 0;
const pool = openPostgresPool({ url: server.url() }, { clock, logger: silentLogger });
const store = await openPostgresStore(
  { pool, source: { journalId: JOURNAL, label: 'bench/0' }, owner: 'bench', rollMs: 60_000 },
  {
    clock: { ...portOf(clock), monotonicMs: () => clock.monotonicMs() + aheadMs },
    logger: silentLogger,
    meter: createMeter(),
    failpoint: noFailpoints,
    breathe: () => new Promise<void>((resolve) => setImmediate(resolve)),
  },
);
await store.load();
await store.seal(aSeal(1, fill(1), true));
const client = new pg.Client({ connectionString: server.url(), options: '-c search_path=skerry' });
await client.connect();

const WRITES: Readonly<Record<string, Write>> = {
  skerry: ({ seal }) => store.seal(seal),
  bare: async ({ number, points }) => {
    const columns = pointColumns([points]).join(', ');
    await pool.transact('copy', (session) =>
      session.copyIn(
        `COPY points_${DAY}(${columns}) FROM STDIN (FORMAT binary)`,
        rowsOf(number, points, 'series'),
      ),
    );
  },
  'pg-copy-streams': (batch) => copiedByLibrary(batch, 'head'),
  'pg-copy-streams-in-order': (batch) => copiedByLibrary(batch, 'series'),
  text: ({ number, points }) => {
    const columns = pointColumns([points]).join(', ');
    return copied(`COPY points_${DAY}(${columns}) FROM STDIN`, Buffer.from(textOf(number, points)));
  },
};

const HEADER = Buffer.from('5047434f50590aff0d0a0000000000000000 00'.replaceAll(' ', ''), 'hex');
const END = Buffer.from('ffff', 'hex');

await measure();
await client.end();
await store[Symbol.asyncDispose]();
await pool[Symbol.asyncDispose]();

async function measure(): Promise<void> {
  const write = WRITES[side];
  if (!write) throw new TypeError(`There is no side ${side}.`);
  let number = 2;
  for (; number <= 6; number++) await write(aBatch(number));
  const ending = new AbortController();
  const upkeep = side === 'skerry' ? keepUp(ending.signal) : undefined;
  const before = { ms: performance.now(), cpu: process.cpuUsage(), server: serverTicks() };
  const walls: number[] = [];
  const first = number;
  while (performance.now() - before.ms < Number(secs) * 1000) {
    const batch = aBatch(number++);
    const began = performance.now();
    await write(batch);
    walls.push(performance.now() - began);
  }
  // what is left to background work belongs to the rows that caused it
  const began = performance.now();
  ending.abort();
  await upkeep;
  aheadMs = ALL_DUE_MS;
  if (upkeep) while (await store.work());
  walls.push(performance.now() - began);
  const wallSecs = (performance.now() - before.ms) / 1000;
  const cpu = process.cpuUsage(before.cpu);
  const rows = (number - first) * POINTS;
  const busySecs = walls.reduce((sum, one) => sum + one, 0) / 1000;
  walls.sort((a, b) => a - b);
  console.log(
    JSON.stringify({
      perSec: rows / busySecs,
      writeP50Ms: walls[Math.floor(walls.length / 2)],
      writeP99Ms: walls[Math.floor(walls.length * 0.99)],
      cpuSecsPerMillion: cpu.user / rows + cpu.system / rows,
      serverCpuSecsPerMillion: ((serverTicks() - before.server) / TICKS / rows) * 1e6,
      wallSecs,
    }),
  );
}

function portOf(one: Clock): Clock {
  return {
    nowMicros: () => one.nowMicros(),
    monotonicMs: () => one.monotonicMs(),
    startTimer: (delayMs, callback) => one.startTimer(delayMs, callback),
    startTicker: (periodMs, callback) => one.startTicker(periodMs, callback),
    sleep: (delayMs, signal) => one.sleep(delayMs, signal),
  };
}

/** Folds and rollups beside the seals, as a writer does them. */
async function keepUp(signal: AbortSignal): Promise<void> {
  while (!signal.aborted) if (!(await store.work())) await clock.sleep(UPKEEP_MS, signal);
}

function aBatch(number: number): Batch {
  const points = fill(number);
  return { number, points, seal: aSeal(number, points, false) };
}

/** A head of points in order of records: each record has a temperature and a humidity. */
function fill(number: number): HeadView {
  const head = createHead(POINTS, 0);
  for (let row = 0; row < POINTS; row++) {
    const record = row >> 1;
    const time = START_MICROS + number * 100_000 + record;
    head.append(
      (record % DEVICES) * 2 + (row & 1),
      time,
      20 + ((number * 31 + row) % 1000) / 100,
      number * POINTS + record,
      row & 1,
    );
  }
  return viewOf(head, number);
}

function aSeal(number: number, points: HeadView, isFirst: boolean): Seal {
  const perDevice = POINTS / 2 / DEVICES;
  const logTimeMicros = START_MICROS + number * 100_000;
  const keys = Array.from({ length: DEVICES }, (_, id) => ({
    tenant: 't1',
    project: `p${id & 1}`,
    device: `device-${id}`,
  }));
  const nothing = {
    deduplicated: 0,
    filtered: 0,
    deadLettered: 0,
    discarded: 0,
    expired: 0,
    timeCorrected: 0,
    seqResets: 0,
  };
  return {
    number,
    journalId: JOURNAL,
    from: number * POINTS,
    position: (number + 1) * POINTS,
    telemetryPosition: number * POINTS,
    logTimeMicros,
    points,
    series: isFirst ? series : [],
    accounts: AccountColumns.of(
      keys.map((key) => ({ ...key, ...nothing, stored: number * perDevice, lastSeenMicros: logTimeMicros })),
    ),
    dedupe: keys.map((key) => ({
      ...key,
      count: perDevice,
      newestMicros: logTimeMicros,
      bytes: randomBytes(perDevice * 16),
    })),
    gaps: [],
    deadLetters: [],
    deadLetterChanges: [],
    verdicts: [{ verdict: 'stored', count: POINTS / 2 }],
  };
}

function rowsOf(number: number, points: HeadView, order: RowOrder) {
  const receivedMicros = START_MICROS + number * 100_000;
  return pointRows([{ view: points, source: 0, receivedMicros, seriesIds }], order);
}

function copiedByLibrary({ number, points }: Batch, order: RowOrder): Promise<void> {
  const columns = pointColumns([points]).join(', ');
  const rows = Array.from(rowsOf(number, points, order), (one) => one.subarray(FRAME));
  const bytes = Buffer.concat([HEADER, ...rows, END]);
  return copied(`COPY points_${DAY}(${columns}) FROM STDIN (FORMAT binary)`, bytes);
}

async function copied(text: string, bytes: Buffer): Promise<void> {
  await client.query('BEGIN');
  const stream = client.query(copyStreams.from(text));
  stream.end(bytes);
  await once(stream, 'finish');
  await client.query('COMMIT');
}

function textOf(number: number, { columns, rows }: HeadView): string {
  const stamp = (micros: number) =>
    `${new Date(Math.floor(micros / 1000)).toISOString().slice(0, -1)}${String(micros % 1000).padStart(3, '0')}+00`;
  const received = stamp(START_MICROS + number * 100_000);
  let text = '';
  for (let row = 0; row < rows; row++) {
    text += `${stamp(Number(columns.time[row]))}\t${seriesIds[Number(columns.series[row])]}\t${columns.value[row]}\t0\t${columns.offset[row]}\t${columns.ordinal[row]}\t${received}\n`;
  }
  return text;
}

/** Ticks of all processes of the server, those that ended included. */
function serverTicks(): number {
  return server.pids.reduce((sum, pid) => {
    try {
      const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
      return sum + Number(fields[11]) + Number(fields[12]);
    } catch {
      return sum;
    }
  }, 0);
}
