import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import type pg from 'pg';
import { type BenchCase, type Figures, type Run, SKERRY, timesPeer } from '../frame/case.ts';
import { cpuSecsOf, rssMbOf } from '../frame/process-figures.ts';
import { DEVICES, fillTopic, METRICS, PROJECT } from './roles-fill.ts';
import {
  committedRecords,
  connectReader,
  mustHold,
  PARTITIONS,
  type StoreEngines,
  startEngines,
  startRole,
  TOPIC,
  untilTrue,
  whyNoRoles,
} from './roles-way.ts';

const PEER = new URL('./roles-writer-peer.ts', import.meta.url);
const RECORDS_PER_SEC = 100_000;
const WARM_SHARE = 0.2;
const LOOK_MS = 100;
const QUIET_MS = 1_500;
const QUIET_CPU_SECS = 0.1;
const GIVE_UP_MS = 300_000;

/** One writer over a topic that is full. */
export const ROLES_WRITER: BenchCase = {
  name: 'roles-writer',
  title: `One writer from a full Kafka topic into PostgreSQL: JSON of 200 B, ${DEVICES.toLocaleString('en-US')} devices of ${METRICS} metrics, ${PARTITIONS} partitions`,
  sides: [
    {
      name: SKERRY,
      promise:
        'a row is committed once with its position, behind a fence; accounts, dedupe, gaps, latest values and rollups included',
      whyMissing: whyNoRoles,
      run: skerry,
    },
    {
      name: 'kafkajs',
      promise:
        'a row is committed once with its offset; the points alone, in a table with the same columns and indexes; kafkajs eachBatch over partitions at once, pg-copy-streams',
      whyMissing: whyNoRoles,
      run: peer,
    },
  ],
  targets: [timesPeer('perSec', 1, 'kafkajs')],
  short: { rounds: 1, secs: 5 },
  full: { rounds: 3, secs: 20 },
  notes: [
    `The topic holds ${RECORDS_PER_SEC.toLocaleString('en-US')} records for each second of the form before the writer starts, written as a gateway does. Figures are of the writer's process from the first fifth of the records to the last look before all were committed; \`afterCpuSecs\` is what it used from then until it was quiet (the last seals, rollups). perSec counts records, rowsPerSec points.`,
    'CPU of PostgreSQL and Kafka, on the same cores, is not in cpuSecsPerMillion. Counts and sums in the tables are those that were sent, or the run fails.',
  ],
};

/** A process that writes, and how far it is. */
interface Writing {
  readonly pid: number;
  /** Records that are committed. */
  position(): Promise<number>;
}

async function skerry({ folder, secs }: Run): Promise<Figures> {
  await using engines = await startEngines();
  const count = secs * RECORDS_PER_SEC;
  const sums = await fillTopic(engines.kafka.brokers, count);
  await using writer = await startRole('writer', folder, engines);
  const written = 'SELECT count(*) FROM skerry.sources';
  await untilTrue('the writer has begun', async () => {
    const found = await engines.postgres.sql(written).catch(() => '0'); // the table is not made yet
    return Number(found) > 0;
  });
  await using reader = await connectReader(engines.postgres);
  const figures = await follow({ pid: writer.pid, position: () => committedRecords(reader) }, count);
  await mustHold(engines.postgres, { project: PROJECT.project, count, sums });
  if (process.env.SKERRY_BENCH_PROFILE !== undefined) await writer.stop();
  return figures;
}

async function peer({ secs }: Run): Promise<Figures> {
  await using engines = await startEngines();
  const count = secs * RECORDS_PER_SEC;
  const sums = await fillTopic(engines.kafka.brokers, count);
  await using writer = startPeer(engines);
  await untilTrue('the peer has begun', async () => {
    const found = await engines.postgres.sql('SELECT count(*) FROM peer.offsets').catch(() => '0'); // not made yet
    return Number(found) > 0;
  });
  await using reader = await connectReader(engines.postgres, 'peer');
  const position = async () => {
    const { rows } = await reader.query<{ sum: string }>('SELECT sum(position) AS sum FROM offsets');
    return Number(rows[0]?.sum);
  };
  const figures = await follow({ pid: writer.pid, position }, count);
  await peerMustHold(reader, count, sums);
  return figures;
}

function startPeer({ kafka, postgres }: StoreEngines): { readonly pid: number } & AsyncDisposable {
  const words = [PEER.pathname, kafka.brokers.join(','), TOPIC, String(PARTITIONS), postgres.url()];
  const child = spawn(process.execPath, words, { stdio: ['ignore', 'inherit', 'inherit'] });
  const hook = () => child.kill('SIGKILL');
  process.once('exit', hook);
  const ended = once(child, 'exit');
  return {
    pid: Number(child.pid),
    [Symbol.asyncDispose]: async () => {
      process.off('exit', hook);
      child.kill('SIGKILL');
      await ended;
    },
  };
}

async function peerMustHold(reader: pg.Client, count: number, sums: readonly number[]): Promise<void> {
  const { rows } = await reader.query<{ metric: string; count: string; hundredths: string }>(
    `SELECT s.metric, count(*) AS count, round(sum(p.value)::numeric * 100) AS hundredths
       FROM points p JOIN series s ON s.id = p.series_id GROUP BY 1 ORDER BY 1`,
  );
  const found = rows.map((row) => `${row.metric}: ${row.count}, ${row.hundredths}`).join('; ');
  const wanted = sums.map((sum, i) => `metric_${i}: ${count}, ${Math.round(sum * 100)}`).join('; ');
  if (found !== wanted) throw new TypeError(`The peer's table holds ${found}; sent were ${wanted}.`);
}

/** Looks until all is committed and the process is quiet. */
async function follow(writing: Writing, count: number): Promise<Figures> {
  const { pid } = writing;
  const look = async () => {
    const position = await writing.position();
    return { position, ms: performance.now(), cpuSecs: cpuSecsOf(pid) };
  };
  const deadline = performance.now() + GIVE_UP_MS;
  const looks = [await look()];
  while (Number(looks.at(-1)?.position) < count) {
    if (performance.now() > deadline)
      throw new TypeError(`${looks.at(-1)?.position} of ${count} records are committed after 300 s.`);
    await pause(LOOK_MS);
    looks.push(await look());
  }
  const first = looks.find(({ position }) => position >= count * WARM_SHARE);
  const last = looks.findLast(({ position }) => position < count);
  if (!first || !last || last.position <= first.position)
    throw new TypeError('The records were committed faster than they could be looked at; more are needed.');
  const records = last.position - first.position;
  const perSec = (records / (last.ms - first.ms)) * 1_000;
  const rssMb = rssMbOf(pid).now;
  const end = await quietCpuSecs(pid);
  return {
    perSec,
    rowsPerSec: perSec * METRICS,
    cpuSecsPerMillion: ((last.cpuSecs - first.cpuSecs) / records) * 1e6,
    afterCpuSecs: end - last.cpuSecs,
    rssMb,
    peakRssMb: rssMbOf(pid).peak,
  };
}

/** Resolves with the CPU seconds of a process when it uses next to none any more. */
async function quietCpuSecs(pid: number): Promise<number> {
  for (let before = cpuSecsOf(pid); ; ) {
    await pause(QUIET_MS);
    const now = cpuSecsOf(pid);
    if (now - before <= QUIET_CPU_SECS) return now;
    before = now;
  }
}
