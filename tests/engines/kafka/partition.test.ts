import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { RECORD_KIND, readBatch } from '@skerry/journal';
import {
  type KafkaPartition,
  type KafkaPartitionOptions,
  openKafkaJournal,
  openKafkaPartition,
  partitionJournalId,
  TopicLayout,
} from '@skerry/journal/kafka';
import { aBatch } from '@skerry/journal/testing';
import type { Clock } from '@skerry/kernel';
import { nodeClock } from '@skerry/kernel/node';
import { hasCode } from '@skerry/kernel/testing';
import { startKafka } from '@skerry/testkit/engines';
import { Kafka, logLevel } from 'kafkajs';
import { until } from '../../e2e/condition.ts';
import { aClient, aTopic, changeTopic, tools } from './scene.ts';

const kafka = await startKafka();
after(() => kafka[Symbol.asyncDispose]());

class Scene implements AsyncDisposable {
  readonly needs = tools();
  readonly stack = new AsyncDisposableStack();

  async open() {
    const client = this.stack.use(await aClient(kafka, this.needs, { requestMs: 2000 }));
    return { client, topic: await aTopic(client, { partitions: 1 }) };
  }

  async partition(
    { client, topic }: Awaited<ReturnType<Scene['open']>>,
    options: Partial<KafkaPartitionOptions> = {},
  ): Promise<KafkaPartition> {
    const all = { topic, partition: 0, layout: new TopicLayout({ topic }), ...options };
    return this.stack.use(await openKafkaPartition(all, { ...this.needs, client }));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stack.disposeAsync();
  }
}

/** Records of another's producer; a batch for each list, in a transaction where that is asked for. */
async function produce(
  topic: string,
  lists: readonly (readonly string[])[],
  end?: 'commit' | 'abort',
  timestamp?: string,
): Promise<void> {
  const client = new Kafka({ brokers: kafka.brokers, logLevel: logLevel.NOTHING, retry: { retries: 30 } });
  const id = end ? { transactionalId: `x-${performance.now()}` } : {};
  const producer = client.producer({ ...id, idempotent: true, maxInFlightRequests: 1 });
  await producer.connect();
  try {
    const into = end ? await producer.transaction() : producer;
    for (const list of lists)
      await into.send({
        topic,
        messages: list.map((value) => ({
          key: 'k',
          value,
          partition: 0,
          ...(timestamp ? { timestamp } : {}),
        })),
      });
    if ('commit' in into) await (end === 'abort' ? into.abort() : into.commit());
  } finally {
    await producer.disconnect();
  }
}

async function all(
  partition: KafkaPartition,
  from = partition.start,
): Promise<(readonly [offset: number, kind: number, value: string])[]> {
  const found: (readonly [number, number, string])[] = [];
  for (let at = from; at < partition.end; ) {
    for (const batch of await partition.read(at, 2 ** 20)) {
      const reader = readBatch(batch);
      // a batch begins before what was asked for where it holds more
      while (reader.next())
        if (reader.offset >= at)
          found.push([reader.offset, reader.kind, Buffer.from(reader.payload).toString()]);
      at = batch.firstOffset + batch.count;
    }
  }
  return found;
}

const { telemetry, void: nothing } = RECORD_KIND;

test('openKafkaPartition fills markers of transactions and records of aborted ones with void records', async () => {
  await using scene = new Scene();
  const parts = await scene.open();
  await produce(parts.topic, [['a', 'b']], 'commit');
  await produce(parts.topic, [['lost 1'], ['lost 2']], 'abort');
  const partition = await scene.partition(parts);
  const ends = (records: number) =>
    until('the end', async () => {
      await partition.refresh();
      return partition.unread === records;
    });
  // a broker writes the markers after it has answered
  await ends(6);
  await produce(parts.topic, [['c']]);
  await ends(7);
  assert.deepEqual(await all(partition), [
    [0, telemetry, 'a'],
    [1, telemetry, 'b'],
    [2, nothing, ''],
    [3, nothing, ''],
    [4, nothing, ''],
    [5, nothing, ''],
    [6, telemetry, 'c'],
  ]);
  assert.deepEqual([partition.telemetryEnd, partition.countedEnd, partition.unread], [3, 7, 0]);
});

test('KafkaPartition.waitBeyond: while records come they gather, and what came meanwhile is given together', async () => {
  await using scene = new Scene();
  const parts = await scene.open();
  const clock = nodeClock();
  const sleeps: (readonly [ms: number, wake: () => void])[] = [];
  const gathering: Clock = {
    nowMicros: () => clock.nowMicros(),
    monotonicMs: () => 1_030,
    startTimer: (ms, fire) => clock.startTimer(ms, fire),
    startTicker: (ms, fire) => clock.startTicker(ms, fire),
    sleep: (ms) => new Promise((resolve) => sleeps.push([ms, resolve])),
  };
  const partition = scene.stack.use(
    await openKafkaPartition(
      { topic: parts.topic, partition: 0, layout: new TopicLayout({ topic: parts.topic }), gatherMs: 100 },
      { ...scene.needs, clock: gathering, client: parts.client },
    ),
  );
  const { signal } = new AbortController();
  const first = partition.waitBeyond(0, signal);
  await produce(parts.topic, [['a']]);
  await first;
  assert.deepEqual(await all(partition), [[0, telemetry, 'a']]);
  const second = partition.waitBeyond(1, signal);
  await until('it waits for more', () => sleeps.length === 1);
  await produce(parts.topic, [['b'], ['c', 'd']]);
  assert.equal(partition.end, 1);
  const [gathered] = sleeps;
  assert.equal(gathered?.[0], 70);
  gathered?.[1]();
  await second;
  const values = (await all(partition, 1)).map(([, , value]) => value);
  assert.deepEqual(values, ['b', 'c', 'd']);
  for (const [, wake] of sleeps) wake();
});

test('openKafkaPartition does not show what an open transaction holds back', async () => {
  await using scene = new Scene();
  const parts = await scene.open();
  const client = new Kafka({ brokers: kafka.brokers, logLevel: logLevel.NOTHING });
  const producer = client.producer({ transactionalId: 'open', idempotent: true, maxInFlightRequests: 1 });
  await producer.connect();
  const transaction = await producer.transaction();
  await transaction.send({ topic: parts.topic, messages: [{ value: 'held', partition: 0 }] });
  await produce(parts.topic, [['behind']]);
  const partition = await scene.partition(parts);
  assert.equal(partition.end, 0);
  const waiting = partition.waitBeyond(0, new AbortController().signal);
  await transaction.commit();
  await producer.disconnect();
  await waiting;
  await until('all is there', () => partition.refresh().then(() => partition.end === 3));
  assert.deepEqual(
    (await all(partition)).map(([, , value]) => value),
    ['held', 'behind', ''],
  );
});

test('openKafkaPartition counts on from what the store knew, inside a batch too', async () => {
  await using scene = new Scene();
  const parts = await scene.open();
  const layout = new TopicLayout({ topic: parts.topic });
  const journal = await openKafkaJournal(
    { topic: parts.topic, partition: 0, layout },
    { ...scene.needs, client: parts.client },
  );
  await journal.append(aBatch({}, { kind: RECORD_KIND.message }, {}, { project: 'q', qos: 0 }));
  await journal.append(aBatch({}, { kind: RECORD_KIND.misrouted }));
  const whole = journal.received();
  await journal[Symbol.asyncDispose]();
  const base = {
    offset: 2,
    telemetry: 1,
    received: [{ tenant: 't', project: 'p', received: 1, receivedQos0: 0 }],
  };
  const partition = await scene.partition(parts, { base });
  assert.deepEqual([partition.telemetryEnd, partition.unread, partition.received()], [1, 4, base.received]);
  const batches = await partition.read(2, 2 ** 20);
  assert.deepEqual(
    batches.map(({ firstOffset, telemetryBefore }) => [firstOffset, telemetryBefore]),
    [
      [0, 0],
      [4, 3],
    ],
  );
  assert.deepEqual([partition.telemetryEnd, partition.received()], [5, whole]);
  assert.equal(partition.id, journal.id);
});

test('openKafkaPartition tells how many records retention took, and fails or puts void records in their place', async () => {
  await using scene = new Scene();
  const parts = await scene.open();
  await produce(parts.topic, [['a', 'b', 'c', 'd', 'e']]);
  const running = await scene.partition(parts);
  await parts.client.admin.deleteRecords({
    topics: [{ name: parts.topic, partitions: [{ partition: 0, offset: 3n }] }],
  });
  await assert.rejects(running.read(0, 1000), (error) => {
    assert.ok(error instanceof Error && hasCode('offset-trimmed')(error));
    return /begins at 3, so 3 records are lost/.test(error.message);
  });
  const base = { offset: 1, telemetry: 1, received: [] };
  await assert.rejects(scene.partition(parts, { base }), hasCode('offset-trimmed'));
  const told = scene.needs.log.filter(
    ({ level, message }) => level === 'error' && message.includes('not read'),
  );
  assert.deepEqual(
    told.map(({ fields }) => fields.lost),
    [3, 2],
  );
  const skipping = await scene.partition(parts, { base, onLost: 'void' });
  assert.equal(skipping.start, 1);
  assert.deepEqual(await all(skipping, 1), [
    [1, nothing, ''],
    [2, nothing, ''],
    [3, telemetry, 'd'],
    [4, telemetry, 'e'],
  ]);
  const total = () =>
    scene.needs.meter.snapshot().find(({ name }) => name === 'iot_kafka_lost_records_total')?.samples[0]
      ?.value;
  assert.equal(total(), 3 + 2 + 2);
  assert.equal(await skipping.refresh(), 3);
  assert.equal((await all(skipping, 1)).length, 4);
  assert.equal(total(), 3 + 2 + 2, 'a loss that was told is counted again when it is read again');
});

test('openKafkaPartition is another journal when the topic was made anew, and a reader of the old one ends with it', async () => {
  await using scene = new Scene();
  const parts = await scene.open();
  await produce(parts.topic, [['a']]);
  const before = await scene.partition(parts);
  await all(before);
  const { id: cluster } = await parts.client.cluster();
  const { id: old } = await parts.client.topic(parts.topic);
  assert.equal(before.id, partitionJournalId(cluster, old, 0));
  const waiting = assert.rejects(
    before.waitBeyond(1, new AbortController().signal),
    hasCode('journal-foreign'),
  );
  await parts.client.admin.deleteTopics({ topics: [parts.topic] });
  await until('it has gone', () =>
    parts.client.topic(parts.topic).then(
      () => false,
      () => true,
    ),
  );
  await aTopic(parts.client, { name: parts.topic, partitions: 1 });
  await waiting;
  assert.notEqual((await scene.partition(parts)).id, before.id);
});

test('openKafkaPartition waits while the broker is away, says why, and goes on where it was', async () => {
  await using scene = new Scene();
  const parts = await scene.open();
  await produce(parts.topic, [['a']]);
  const partition = await scene.partition(parts);
  assert.equal((await all(partition)).length, 1);
  const waiting = partition.waitBeyond(1, new AbortController().signal);
  await kafka.kill();
  await until(
    'it waits',
    () => partition.condition.is === 'waiting' && partition.condition.code === 'kafka-unreachable',
  );
  await kafka.restart();
  await produce(parts.topic, [['b']]);
  await waiting;
  assert.deepEqual(await all(partition, 1), [[1, telemetry, 'b']]);
  assert.deepEqual(partition.condition, { is: 'connected' });
});

test('openKafkaPartition tells its lag by what is committed, and when retention reaches it', async () => {
  await using scene = new Scene();
  const { client } = await scene.open();
  const topic = await aTopic(client, { partitions: 1, retentionMs: 3_600_000 });
  await produce(topic, [['a', 'b'], ['c']]);
  const partition = await scene.partition({ client, topic });
  await all(partition);
  const lag = partition.lag();
  assert.equal(lag.records, 3);
  assert.ok(lag.seconds >= 0 && lag.seconds < 600);
  assert.ok(Number(lag.retentionLeftSeconds) > 3000 && Number(lag.retentionLeftSeconds) <= 3600);
  partition.commit({ name: 'pipeline', isMandatory: true, position: 2 });
  assert.equal(partition.lag().records, 1);
  partition.commit({ name: 'pipeline', isMandatory: true, position: 3 });
  assert.deepEqual(partition.lag(), { records: 0, seconds: 0, retentionLeftSeconds: undefined });
  await partition[Symbol.asyncDispose]();
  const told = scene.needs.meter.snapshot().filter(({ name }) => name.startsWith('iot_kafka_'));
  assert.deepEqual(
    told.map(({ name, samples }) => [name, samples[0]?.value]),
    [
      ['iot_kafka_lost_records_total', 0],
      ['iot_kafka_times_bounded_total', 0],
      ['iot_kafka_lag_records', 0],
      ['iot_kafka_lag_seconds', 0],
      ['iot_kafka_retention_left_seconds', 3600],
    ],
  );
});

test('openKafkaPartition goes by the retention that its topic has now, and tells the hour when it is near', async () => {
  await using scene = new Scene();
  const { client } = await scene.open();
  const topic = await aTopic(client, { partitions: 1, retentionMs: 3_600_000 });
  const old = Date.now() - 1_800_000;
  await produce(topic, [['a']], undefined, String(old));
  let laterMs = 0;
  const clock = { ...scene.needs.clock, monotonicMs: () => scene.needs.clock.monotonicMs() + laterMs };
  const beat: (() => void)[] = [];
  const startTicker = (_ms: number, tick: () => void) => {
    beat.push(tick);
    return { [Symbol.dispose]: () => undefined };
  };
  const needs = { ...scene.needs, client, clock: { ...clock, startTicker } };
  const layout = new TopicLayout({ topic });
  await using partition = await openKafkaPartition({ topic, partition: 0, layout }, needs);
  await all(partition);
  assert.equal(partition.retentionDueMicros(), undefined, 'half of an hour is left');
  const alter = async (ms: number) => {
    await changeTopic(client, topic, { 'retention.ms': String(ms) });
    laterMs += 60_000;
    for (const tick of beat) tick();
  };
  await alter(1_900_000);
  const due = await until('the hour', () => partition.retentionDueMicros());
  assert.ok(Math.abs(due / 1_000 - (old + 1_900_000)) < 10_000, new Date(due / 1_000).toISOString());
  await alter(-1);
  await until('that nothing is due', () => partition.retentionDueMicros() === undefined);
  assert.equal(partition.lag().retentionLeftSeconds, undefined);
});

/** Codecs of the batches in the log of a topic's first partition, as the broker has written them; 0 is none. */
function codecsOf(topic: string): number[] {
  const [node] = kafka.nodes;
  const bytes = readFileSync(join(String(node?.logFolder), `${topic}-0`, '00000000000000000000.log'));
  const codecs: number[] = [];
  // its offset (8), the bytes behind its length (4 at 8), …, attributes whose lowest bits are the codec (2 at 21)
  for (let at = 0; at < bytes.byteLength; at += 12 + bytes.readInt32BE(at + 8))
    codecs.push(bytes.readInt16BE(at + 21) & 7);
  return codecs;
}

test('openKafkaPartition reads what the broker itself compressed, in every way that Kafka has', async () => {
  await using scene = new Scene();
  const { client } = await scene.open();
  const values = Array.from({ length: 300 }, (_, i) => `{"n":${i},"text":"${'a'.repeat(i % 40)}"}`);
  for (const [index, way] of ['gzip', 'snappy', 'lz4', 'zstd'].entries()) {
    const topic = await aTopic(client, { partitions: 1 });
    await changeTopic(client, topic, { 'compression.type': way });
    await produce(topic, [values.slice(0, 200), values.slice(200)]);
    assert.deepEqual(codecsOf(topic), [index + 1, index + 1], way);
    const partition = await scene.partition({ client, topic });
    assert.deepEqual(
      (await all(partition)).map(([, , value]) => value),
      values,
      way,
    );
  }
});
