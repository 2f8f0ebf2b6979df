import { setTimeout as pause } from 'node:timers/promises';
import { Generator, LatencyHistogram } from '@skerry/testkit';
import mqtt from 'mqtt';
import { atMost, atRate, type BenchCase, type Figures, type Run, SKERRY } from '../frame/case.ts';
import { generatorOptions, type Load } from '../frame/load.ts';
import { cpuSecsOf } from '../frame/process-figures.ts';
import {
  committed,
  committedRecords,
  connectReader,
  mustHold,
  type RolesWay,
  startWay,
  whyNoRoles,
} from './roles-way.ts';

const LOAD: Load = { connections: 100, window: 100, devices: 1_000, metrics: 2, rate: 5_000 };
const PROBES_PER_SEC = 100;
const LOOK_MS = 20;
const WARM_SECS = 3;
const SEEN_MS = 20_000;
const TOPIC = 'mtic/msg/client/realtime/load/probes/probe';
const LOOK = `SELECT value FROM points
  WHERE series_id = (SELECT id FROM series WHERE project = 'probes' AND device = 'probe' AND metric = 'n')
    AND time > now() - interval '20 seconds' AND value > $1`;

/** Time from a publication until SQL shows its value, over all roles. */
export const ROLES_VISIBLE: BenchCase = {
  name: 'roles-visible',
  title: 'PUBLISH -> mosquitto -> gateway -> Kafka -> writer -> visible by SQL at 5,000 messages a second',
  sides: [
    {
      name: SKERRY,
      promise: 'PUBACK upstream after fsync; Kafka acks=all; a row is committed once with its position',
      whyMissing: whyNoRoles,
      run: skerry,
    },
  ],
  targets: [atMost('p99Ms', 250, 'ms'), atRate('storedPerSec', LOAD.rate + PROBES_PER_SEC)],
  short: { rounds: 1, secs: 10 },
  full: { rounds: 3, secs: 60 },
  notes: [
    'One gateway, one writer, a mosquitto with TCP_NODELAY, one Kafka broker and one PostgreSQL with fsync and synchronous_commit on, all on the same cores as the load. 100 numbered messages a second of one more device are published by mqtt.js and looked for by a query every 20 ms; the time counts from the call of publish to the answer that has the value, the wait for the next query included. storedPerSec is what got a verdict in the database meanwhile, probes included; loadPerSec is what mosquitto took.',
    'The run fails unless all probes are seen and counts and sums in the store are those that were sent.',
  ],
};

async function skerry({ folder, secs }: Run): Promise<Figures> {
  await using way = await startWay(folder);
  await using generator = new Generator(generatorOptions(way.mosquitto.port, LOAD));
  await generator.wait('up');
  await generator.set({ isPaused: false });
  await watch(way, WARM_SECS);
  const cpu = () => [cpuSecsOf(way.gateway.pid), cpuSecsOf(way.writer.pid)] as const;
  await using reader = await connectReader(way.postgres);
  const stored = async () => ({ count: await committedRecords(reader), ms: performance.now() });
  const [before, storedBefore, cpuBefore] = [await generator.result(), await stored(), cpu()];
  const latencies = await watch(way, secs);
  const [after, storedAfter, cpuAfter] = [await generator.result(), await stored(), cpu()];
  await generator.set({ isPaused: true });
  await generator.wait('answered');
  const { ackedInAll, sums } = await generator.result();
  const probes = (WARM_SECS + secs) * PROBES_PER_SEC;
  await committed(way.postgres, ackedInAll + probes);
  await mustHold(way.postgres, { project: 'run', count: ackedInAll, sums });
  const messages = after.ackedInAll - before.ackedInAll;
  return {
    storedPerSec: ((storedAfter.count - storedBefore.count) / (storedAfter.ms - storedBefore.ms)) * 1_000,
    loadPerSec: messages / (after.secs - before.secs),
    p50Ms: latencies.percentile(0.5),
    p99Ms: latencies.percentile(0.99),
    maxMs: latencies.maxMs,
    gatewayCpuSecsPerMillion: ((cpuAfter[0] - cpuBefore[0]) / messages) * 1e6,
    writerCpuSecsPerMillion: ((cpuAfter[1] - cpuBefore[1]) / messages) * 1e6,
  };
}

/** Publishes probes for some seconds and looks for them by SQL; fails with a plain error when one does not show. */
async function watch({ mosquitto, postgres }: RolesWay, secs: number): Promise<LatencyHistogram> {
  await using reader = await connectReader(postgres);
  const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${mosquitto.port}`);
  const latencies = new LatencyHistogram();
  const sentMs = new Map<number, number>();
  const first = Math.floor(performance.now() * 1_000);
  const count = secs * PROBES_PER_SEC;
  const publishing = (async () => {
    const began = performance.now();
    for (let i = 0; i < count; i++) {
      sentMs.set(first + i, performance.now());
      client.publish(TOPIC, `{"n":${first + i}}`, { qos: 1 });
      await pause(Math.max(0, began + ((i + 1) * 1_000) / PROBES_PER_SEC - performance.now()));
    }
  })();
  const deadline = performance.now() + secs * 1_000 + SEEN_MS;
  let seen = 0;
  for (let last = first - 1; seen < count; ) {
    const began = performance.now();
    const { rows } = await reader.query<{ value: number }>({ name: 'look', text: LOOK, values: [last] });
    const now = performance.now();
    for (const { value } of rows) {
      latencies.add(now - Number(sentMs.get(value)));
      last = Math.max(last, value);
      seen++;
    }
    if (now > deadline) throw new TypeError(`${count - seen} of ${count} probes were never seen.`);
    await pause(Math.max(0, began + LOOK_MS - performance.now()));
  }
  await publishing;
  await client.endAsync();
  return latencies;
}
