import { ProduceAcks, Producer } from '@platformatic/kafka';
import { fieldHundredths, PayloadTemplate } from '@skerry/testkit';
import kafkajs from 'kafkajs';
import { journalOf, PARTITIONS, TOPIC } from './roles-way.ts';

/** Devices whose records fill the topic. */
export const DEVICES = 1_000;
/** Numbers in each of their payloads. */
export const METRICS = 2;
/** Tenant and project of them. */
export const PROJECT = { tenant: 'load', project: 'run' };

const BATCH = 2_000;
const AT_ONCE = 4;
const PAYLOAD_BYTES = 200;

/** Fills the topic, as a gateway writes it. Disposing closes its connections. */
export interface TopicFill extends AsyncDisposable {
  /** Puts so many more records in. */
  add(count: number): Promise<void>;
  /** Of each field over all records so far. */
  readonly sums: readonly number[];
}

/** Makes the topic, empty. */
export async function openTopicFill(brokers: readonly string[]): Promise<TopicFill> {
  const admin = new kafkajs.Kafka({ clientId: 'bench', brokers: [...brokers] }).admin();
  await admin.connect();
  await admin.createTopics({
    waitForLeaders: true,
    topics: [{ topic: TOPIC, numPartitions: PARTITIONS, replicationFactor: 1 }],
  });
  await admin.disconnect();
  const producer = new Producer({ clientId: 'fill', bootstrapBrokers: [...brokers], idempotent: true });
  const records = new RecordSource(PROJECT);
  return {
    async add(count) {
      for (let made = 0; made < count; ) {
        const sends: Promise<unknown>[] = [];
        for (; sends.length < AT_ONCE && made < count; made += BATCH) {
          const messages = Array.from({ length: Math.min(BATCH, count - made) }, () => records.next());
          sends.push(producer.send({ messages, acks: ProduceAcks.ALL }));
        }
        await Promise.all(sends);
      }
    },
    get sums() {
      return records.sums;
    },
    [Symbol.asyncDispose]: () => producer.close(),
  };
}

/** Records of 1,000 devices in turn, each device in one partition. */
class RecordSource {
  readonly #devices;
  readonly #headers;
  readonly #origin = journalOf('bench');
  readonly #numbers = new Array<number>(PARTITIONS).fill(0);
  readonly #hundredths = new Array<number>(METRICS).fill(0);
  #made = 0;

  constructor({ tenant, project }: { readonly tenant: string; readonly project: string }) {
    this.#devices = Array.from({ length: DEVICES }, (_, i) => {
      const device = `load-${String(i).padStart(4, '0')}`;
      const topic = `mtic/msg/client/realtime/${tenant}/${project}/${device}`;
      const shape = { kind: 'fields', metrics: METRICS, payloadBytes: PAYLOAD_BYTES } as const;
      const template = new PayloadTemplate({ tenant, project, device, topic }, 1, shape);
      return { key: Buffer.from(device), topic: Buffer.from(topic), template };
    });
    this.#headers = { tenant: Buffer.from(tenant), project: Buffer.from(project) };
  }

  /** Of each field over all records so far. */
  get sums(): readonly number[] {
    return this.#hundredths.map((sum) => sum / 100);
  }

  next() {
    const number = this.#made++;
    const device = this.#devices[number % DEVICES];
    if (!device) throw new TypeError('There are no devices.');
    const seq = Math.floor(number / DEVICES) + 1;
    const value = Buffer.from(device.template.bytes);
    device.template.fill(value, 0, seq);
    for (let i = 0; i < METRICS; i++)
      this.#hundredths[i] = Number(this.#hundredths[i]) + fieldHundredths(seq, i);
    const partition = (number % DEVICES) % PARTITIONS;
    const inPartition = Number(this.#numbers[partition]);
    this.#numbers[partition] = inPartition + 1;
    const received = Math.floor((performance.timeOrigin + performance.now()) * 1_000);
    const headers = new Map([
      [Buffer.from('topic'), device.topic],
      [Buffer.from('tenant'), this.#headers.tenant],
      [Buffer.from('project'), this.#headers.project],
      [Buffer.from('received'), Buffer.from(String(received))],
      [Buffer.from('origin'), Buffer.from(`${this.#origin}/${number}/${inPartition}`)],
    ]);
    return { topic: TOPIC, partition, key: device.key, value, headers };
  }
}
