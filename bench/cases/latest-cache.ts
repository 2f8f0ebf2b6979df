import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Generator, LatencyHistogram } from '@skerry/testkit';
import { findProgram, startRedis } from '@skerry/testkit/engines';
import { type Stack, startStack } from '@skerry/testkit/stack';
import { type BenchCase, type Figures, type Run, SKERRY } from '../frame/case.ts';
import { generatorOptions, type Load } from '../frame/load.ts';
import { cpuSecsOf, rssMbOf } from '../frame/process-figures.ts';
import { whyNoRoles } from './roles-way.ts';

const LOAD: Load = { connections: 50, window: 20, devices: 10_000, metrics: 4, rate: 2_000 };
const SIZES = [1_000, 10_000] as const;
const CLIENTS = 8;
const PAGE = 100;
const LIST_PAGES = 50;
const GIVE_UP_MS = 180_000;

/** Newest values of many devices over HTTP, with and without Redis, while they move. */
export const LATEST_CACHE: BenchCase = {
  name: 'latest-cache',
  title: 'Newest values of 1,000 and 10,000 devices over HTTP with a cache in Redis, and without',
  sides: [
    {
      name: SKERRY,
      promise: 'everything that was committed a second before it was asked for; out of Redis',
      whyMissing: () => (findProgram('redis-server') ? whyNoRoles() : 'redis-server is not installed'),
      run: (run) => asked(run, true),
    },
    {
      name: 'without-redis',
      promise: 'everything that is committed when it is asked for; out of PostgreSQL',
      whyMissing: whyNoRoles,
      run: (run) => asked(run, false),
    },
  ],
  targets: [],
  short: { rounds: 1, secs: 5 },
  full: { rounds: 3, secs: 20 },
  notes: [
    `10,000 devices with ${LOAD.metrics} metrics send ${LOAD.rate.toLocaleString('en-US')} messages a second over mosquitto, one gateway, Kafka and one writer on the same cores. ${CLIENTS} clients of one cloud ask for the newest values of each of 1,000, then of 10,000 devices, once to make them known (\`first\`) and once more. \`CpuMsPerAnswer\`: of the cloud, of all processes of PostgreSQL, and of Redis. \`list\`: pages of ${PAGE} devices, which come out of PostgreSQL either way. \`writerCpuSecsPerMillion\`: while all 10,000 devices are wanted. No bound is set: the figures say when the cache is worth it.`,
  ],
};

interface Place {
  readonly tenant: string;
  readonly project: string;
  readonly device: string;
}

async function asked({ folder, secs, say }: Run, isCached: boolean): Promise<Figures> {
  await using own = new AsyncDisposableStack();
  const redis = isCached ? own.use(await startRedis()) : undefined;
  const config = redis ? { redis: { url: `redis://127.0.0.1:${redis.port}` } } : {};
  const stack = own.use(await startStack({ folder, gateways: 1, writers: 1, partitions: 2, config }));
  const generator = own.use(new Generator(generatorOptions(stack.mosquitto.port, LOAD)));
  await generator.wait('up');
  await generator.set({ isPaused: false });
  const places = await known(stack);
  say(`${places.length} devices are known`);
  const cpu = () => ({
    cloud: cpuSecsOf(stack.cloud.pid),
    postgres: treeCpuSecs(stack.postgres.pids),
    redis: redis ? redis.pids.reduce((sum, pid) => sum + cpuSecsOf(pid), 0) : 0,
  });
  const figures: Record<string, number> = {};
  for (const size of SIZES) {
    const some = places.slice(0, size);
    const first = await pass(stack, some);
    const before = cpu();
    const again = await pass(stack, some);
    const after = cpu();
    figures[`first${size}PerSec`] = size / first.secs;
    figures[`again${size}PerSec`] = size / again.secs;
    figures[`again${size}P50Ms`] = again.latencies.percentile(0.5);
    figures[`again${size}P95Ms`] = again.latencies.percentile(0.95);
    for (const name of ['cloud', 'postgres', 'redis'] as const)
      figures[`${name}${size}CpuMsPerAnswer`] = ((after[name] - before[name]) * 1_000) / size;
  }
  const list = new LatencyHistogram();
  for (let n = 0; n < LIST_PAGES; n++)
    list.add(await timed(stack, `/api/v1/devices?limit=${PAGE}&skip=${(n * 997) % (places.length - PAGE)}`));
  return {
    ...figures,
    listP50Ms: list.percentile(0.5),
    ...(await writerFigures(stack, generator, secs)),
    cloudRssMb: rssMbOf(stack.cloud.pid).now,
    writerRssMb: rssMbOf(stack.writers[0]?.pid ?? 0).now,
  };
}

/** CPU seconds of a server and its processes, those that have ended included: they are in the account of the first. */
function treeCpuSecs([first = 0, ...others]: readonly number[]): number {
  const stat = readFileSync(`/proc/${first}/stat`, 'latin1');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ended = (Number(fields[13]) + Number(fields[14])) / 100; // USER_HZ
  return [first, ...others].reduce((sum, pid) => sum + cpuSecsOf(pid), ended);
}

async function writerFigures({ writers }: Stack, generator: Generator, secs: number): Promise<Figures> {
  const pid = writers[0]?.pid ?? 0;
  const [before, cpuBefore] = [await generator.result(), cpuSecsOf(pid)];
  await pause(secs * 1_000);
  const [after, cpuAfter] = [await generator.result(), cpuSecsOf(pid)];
  const messages = after.ackedInAll - before.ackedInAll;
  if (messages === 0) throw new TypeError('Nothing was acknowledged while the writer was watched.');
  return { writerCpuSecsPerMillion: ((cpuAfter - cpuBefore) / messages) * 1e6 };
}

/** The devices of the load, when all of them are known. Fails with a plain error when that does not come about. */
async function known({ postgres }: Stack): Promise<Place[]> {
  const deadline = performance.now() + GIVE_UP_MS;
  const sql = `SELECT tenant, project, device FROM skerry.devices WHERE device <> '' ORDER BY md5(device)`;
  for (;;) {
    const rows = (await postgres.sql(sql)).split('\n').map((row) => row.split('|'));
    if (rows.length >= LOAD.devices)
      return rows.map(([tenant = '', project = '', device = '']) => ({ tenant, project, device }));
    if (performance.now() > deadline) throw new TypeError(`Only ${rows.length} devices came to be known.`);
    await pause(250);
  }
}

/** Asks for each device once, several clients at a time; fails with a plain error when one is not answered. */
async function pass(
  stack: Stack,
  places: readonly Place[],
): Promise<{ readonly secs: number; readonly latencies: LatencyHistogram }> {
  const latencies = new LatencyHistogram();
  const startMs = performance.now();
  let next = 0;
  const client = async (): Promise<void> => {
    for (let place = places[next++]; place; place = places[next++]) {
      const { tenant, project, device } = place;
      latencies.add(await timed(stack, `/api/v1/devices/${tenant}/${project}/${device}/latest`));
    }
  };
  await Promise.all(Array.from({ length: CLIENTS }, client));
  return { secs: (performance.now() - startMs) / 1_000, latencies };
}

async function timed({ cloud }: Stack, path: string): Promise<number> {
  const token = readFileSync(join(cloud.dataDir, 'token'), 'utf8').trim();
  const startMs = performance.now();
  const response = await fetch(`${cloud.url}${path}`, { headers: { authorization: `Bearer ${token}` } });
  const { items } = (await response.json()) as { readonly items?: readonly unknown[] }; // as the API answers
  if (!items || items.length === 0) throw new TypeError(`${path} answered ${response.status} without items.`);
  return performance.now() - startMs;
}
