import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import type pg from 'pg';
import { type BenchCase, type Figures, type Run, SKERRY, timesPeer } from '../frame/case.ts';
import { cpuSecsOf, rssMbOf } from '../frame/process-figures.ts';
import { DEVICES, METRICS, openTopicFill, PROJECT, type TopicFill } from './roles-fill.ts';
import {
  committedRecords,
  connectReader,
  mustHold,
  PARTITIONS,
  partitionsWritten,
  type StoreEngines,
  startEngines,
  startRole,
  TOPIC,
  untilTrue,
  whyNoRoles,
} from './roles-way.ts';

const PEER = new URL('./roles-writer-peer.ts', import.meta.url);
const RECORDS_PER_SEC = 100_000;
const WARM_RECORDS = 100_000;
const SESSION_MS = 300_000;
const LOOK_MS = 50;
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
    `The writer takes ${WARM_RECORDS.toLocaleString('en-US')} records first, so that no cold code is measured. Then it is stopped (SIGSTOP) while ${RECORDS_PER_SEC.toLocaleString('en-US')} records for each second of the form are put into the topic, written as a gateway does, and goes on. perSec is those records by the time until the last of them is committed, rowsPerSec their points; CPU is of the writer's process until it is quiet again, rollups included.`,
    'CPU of PostgreSQL and Kafka, on the same cores, is not in cpuSecsPerMillion. Counts and sums in the tables are those that were sent, or the run fails.',
  ],
};

/** A process that writes, how far it is, and what its table must hold at the end. */
interface Writing {
  readonly pid: number;
  /** Records that are committed. */
  position(): Promise<number>;
  mustHold(count: number, sums: readonly number[]): Promise<void>;
}

async function skerry({ folder, secs }: Run): Promise<Figures> {
  await using engines = await startEngines();
  await using fill = await openTopicFill(engines.kafka.brokers);
  const { postgres } = engines;
  await using writer = await startRole('writer', folder, engines, { writer: { sessionMs: SESSION_MS } });
  await partitionsWritten(postgres);
  await using reader = await connectReader(postgres);
  const writing = {
    pid: writer.pid,
    position: () => committedRecords(reader),
    mustHold: (count: number, sums: readonly number[]) =>
      mustHold(postgres, { project: PROJECT.project, count, sums }),
  };
  const figures = await measure(writing, fill, secs * RECORDS_PER_SEC);
  if (process.env.SKERRY_BENCH_PROFILE !== undefined) await writer.stop();
  return figures;
}

async function peer({ secs }: Run): Promise<Figures> {
  await using engines = await startEngines();
  await using fill = await openTopicFill(engines.kafka.brokers);
  await using writer = startPeer(engines);
  await untilTrue('the peer has begun', async () => {
    const found = await engines.postgres.sql('SELECT count(*) FROM peer.offsets').catch(() => '0'); // not made yet
    return Number(found) > 0;
  });
  await using reader = await connectReader(engines.postgres, 'peer');
  const writing = {
    pid: writer.pid,
    position: async () => {
      const { rows } = await reader.query<{ sum: string }>('SELECT sum(position) AS sum FROM offsets');
      return Number(rows[0]?.sum);
    },
    mustHold: (count: number, sums: readonly number[]) => peerMustHold(reader, count, sums),
  };
  return await measure(writing, fill, secs * RECORDS_PER_SEC);
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

/** Warms up, fills the topic while the process stands still, and lets it write. */
async function measure(writing: Writing, fill: TopicFill, count: number): Promise<Figures> {
  const { pid } = writing;
  await fill.add(WARM_RECORDS);
  await reach(writing, WARM_RECORDS);
  await quietCpuSecs(pid);
  process.kill(pid, 'SIGSTOP');
  try {
    await fill.add(count);
  } finally {
    process.kill(pid, 'SIGCONT');
  }
  const [startedMs, cpuBefore] = [performance.now(), cpuSecsOf(pid)];
  await reach(writing, WARM_RECORDS + count);
  const secs = (performance.now() - startedMs) / 1_000;
  const cpuSecs = (await quietCpuSecs(pid)) - cpuBefore;
  await writing.mustHold(WARM_RECORDS + count, fill.sums);
  return {
    perSec: count / secs,
    rowsPerSec: (count * METRICS) / secs,
    cpuSecsPerMillion: (cpuSecs / count) * 1e6,
    peakRssMb: rssMbOf(pid).peak,
  };
}

/** Resolves when so many records are committed. */
async function reach(writing: Writing, count: number): Promise<void> {
  const deadline = performance.now() + GIVE_UP_MS;
  for (;;) {
    const position = await writing.position();
    if (position >= count) return;
    if (performance.now() > deadline)
      throw new TypeError(`${position} of ${count} records are committed after 300 s.`);
    await pause(LOOK_MS);
  }
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
