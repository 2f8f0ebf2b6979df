import { setTimeout as pause } from 'node:timers/promises';
import { Generator } from '@skerry/testkit';
import { findProgram, type Kafka, startKafka, startMosquitto } from '@skerry/testkit/engines';
import { GatewayProcess } from '../../tests/engines/gateway/gateway-process.ts';
import {
  atMost,
  atRate,
  type BenchCase,
  type Figures,
  type Run,
  SKERRY,
  shown,
  type Target,
} from '../frame/case.ts';
import { medianOf } from '../frame/contest.ts';
import { generatorOptions, type Load } from '../frame/load.ts';
import { cpuSecsOf, rssMbOf } from '../frame/process-figures.ts';
import { BatchSource } from '../peers/batch-source.ts';
import { PeerProcess } from '../peers/peer-process.ts';

const PARTITIONS = 4;
const TOPIC = 'iot.telemetry';
const LOAD: Load = { connections: 10, window: 100, devices: 1_000, metrics: 2, rate: 0 };
const STEADY: Load = { ...LOAD, rate: 10_000 };
const MQTT_LINES = ['autosave_on_changes false', 'autosave_interval 0'];
const PROMISE =
  'PUBACK after write and fdatasync of its own journal; Kafka by acks=all, idempotent, with an origin';
const PEER_PROMISE = 'PUBACK after Kafka has acknowledged (acks=all, idempotent), batches of up to 1,000';

/** A process between MQTT and Kafka. */
interface Taker extends AsyncDisposable {
  readonly pid: number;
  /** Messages that Kafka has, or that it is done with. */
  stored(): Promise<number>;
}

const whyMissing = (): string | undefined =>
  ['java', 'mosquitto'].find((name) => findProgram(name) === undefined);

/** CPU of the gateway behind a source that writes in batches, a real mosquitto, and its memory. */
export const GATEWAY_CASES: readonly BenchCase[] = [
  {
    name: 'gateway-batches',
    title: 'Gateway MQTT -> Kafka, CPU, a source that writes in batches',
    sides: [
      { name: SKERRY, promise: PROMISE, whyMissing, run: (run) => behindBatches(run, skerry) },
      { name: 'mqtt.js-kafkajs', promise: PEER_PROMISE, whyMissing, run: (run) => behindBatches(run, peer) },
    ],
    targets: [
      atMost('cpuSecsPerMillion', 3.2, 'CPU-s/M'),
      share('cpuSecsPerMillion', 1 / 3, 'mqtt.js-kafkajs'),
    ],
    short: { rounds: 1, secs: 8 },
    full: { rounds: 5, secs: 20 },
    notes: [
      'QoS 1, 200 bytes, MQTT 3.1.1, 100 devices, at most 1,000 unacknowledged, 100 messages to a write of the source. CPU of the process, all threads, from the first message until Kafka has the last.',
    ],
  },
  {
    name: 'gateway-mosquitto',
    title: 'Gateway MQTT -> Kafka behind a real mosquitto',
    sides: [
      { name: SKERRY, promise: PROMISE, whyMissing, run: (run) => behindMosquitto(run, LOAD, skerry) },
      {
        name: 'mqtt.js-kafkajs',
        promise: PEER_PROMISE,
        whyMissing,
        run: (run) => behindMosquitto(run, LOAD, peer),
      },
      {
        name: 'discarding',
        promise: 'PUBACK at once, nothing kept',
        whyMissing,
        run: (run) => behindMosquitto(run, LOAD, discarding),
      },
    ],
    targets: [share('cpuSecsPerMillion', 1 / 2, 'mqtt.js-kafkajs'), rate(0.9, 'discarding')],
    short: { rounds: 1, secs: 8 },
    full: { rounds: 5, secs: 20 },
    notes: [
      'mosquitto writes one packet at a time. Publishers, mosquitto, Kafka and the process share the two cores, and publish as fast as they are acknowledged: the more a subscriber takes of the cores, the less publishers crowd mosquitto out, so the discarding client is no ceiling: in four runs it had 38,000 to 85,000 messages a second, and the gateway 60,000 to 68,000.',
    ],
  },
  {
    name: 'gateway-rss',
    title: 'Resident memory of the gateway at 10,000 messages a second, behind mosquitto',
    sides: [
      { name: SKERRY, promise: PROMISE, whyMissing, run: (run) => behindMosquitto(run, STEADY, skerry) },
    ],
    targets: [atMost('rssMb', 130, 'MB'), atRate('perSec', STEADY.rate)],
    short: { rounds: 1, secs: 15 },
    full: { rounds: 3, secs: 60 },
    notes: [
      'The median of the resident set every 250 ms, supervisor left out, 1 MB is 10^6 bytes. perSec is what the gateway brought into Kafka.',
    ],
  },
];

async function skerry(url: string, kafka: Kafka, { folder }: Run): Promise<Taker> {
  const gateway = await GatewayProcess.ready({
    dataDir: `${folder}/data`,
    config: {
      sources: [{ name: 'bench', url, protocol: '3.1.1' }],
      gateway: { ordinal: 0 },
      kafka: { brokers: kafka.brokers, partitions: PARTITIONS, topic: TOPIC },
    },
  });
  return {
    pid: Number(gateway.pid),
    stored: async () => Number(await gateway.metric('iot_kafka_uplink_records_total')),
    [Symbol.asyncDispose]: () => gateway[Symbol.asyncDispose](),
  };
}

async function peer(url: string, kafka: Kafka, { folder }: Run): Promise<Taker> {
  return await PeerProcess.start('./mqtt-js-kafkajs.ts', folder, [
    url,
    kafka.brokers.join(','),
    TOPIC,
    String(PARTITIONS),
  ]);
}

async function discarding(url: string, _kafka: Kafka, { folder }: Run): Promise<Taker> {
  return await PeerProcess.start('./discarding-client.ts', folder, [url]);
}

type Start = (url: string, kafka: Kafka, run: Run) => Promise<Taker>;

async function behindBatches(run: Run, start: Start): Promise<Figures> {
  await using kafka = await startKafka();
  await using source = await BatchSource.open();
  await using taker = await start(`mqtt://127.0.0.1:${source.port}`, kafka, run);
  source.begin();
  await pause(1_000); // warm
  const [cpuBefore, ackedBefore, beganMs] = [cpuSecsOf(taker.pid), source.acked, performance.now()];
  await pause(run.secs * 1_000);
  await source.end();
  const secs = (performance.now() - beganMs) / 1_000;
  while ((await taker.stored()) < source.acked) await pause(20);
  const count = source.acked - ackedBefore;
  return {
    perSec: count / secs,
    cpuSecsPerMillion: ((cpuSecsOf(taker.pid) - cpuBefore) / count) * 1e6,
    rssMb: rssMbOf(taker.pid).now,
  };
}

async function behindMosquitto(run: Run, load: Load, start: Start): Promise<Figures> {
  await using kafka = await startKafka();
  await using mosquitto = await startMosquitto({ lines: MQTT_LINES });
  await using taker = await start(`mqtt://127.0.0.1:${mosquitto.port}`, kafka, run);
  await using generator = new Generator(generatorOptions(mosquitto.port, load));
  await generator.wait('up');
  await generator.set({ isPaused: false });
  await pause(1_000); // warm
  const [cpuBefore, storedBefore, beganMs] = [cpuSecsOf(taker.pid), await taker.stored(), performance.now()];
  const samples: number[] = [];
  for (let passed = 0; passed < run.secs * 1_000; passed += 250) {
    await pause(250);
    samples.push(rssMbOf(taker.pid).now);
  }
  const count = (await taker.stored()) - storedBefore;
  const secs = (performance.now() - beganMs) / 1_000;
  const cpuSecs = cpuSecsOf(taker.pid) - cpuBefore;
  await generator.result();
  return { perSec: count / secs, cpuSecsPerMillion: (cpuSecs / count) * 1e6, rssMb: medianOf(samples) };
}

function share(figure: string, most: number, its: string): Target {
  return versus(figure, `<= ${shown(most)}`, its, (ratio) => ratio <= most);
}

function rate(least: number, its: string): Target {
  return versus('perSec', `>= ${least}`, its, (ratio) => ratio >= least);
}

function versus(figure: string, words: string, its: string, holds: (ratio: number) => boolean): Target {
  return {
    wanted: `${figure} ${words} times ${its}`,
    judge: (_, ratios) => {
      const ratio = ratios[its]?.[figure];
      return ratio === undefined ? undefined : { found: `${shown(ratio)} times`, isMet: holds(ratio) };
    },
  };
}
