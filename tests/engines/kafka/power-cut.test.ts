// What Kafka had acknowledged and lost in a power cut: the uplink sends it again, and readers neither skip nor double it.
import assert from 'node:assert/strict';
import { cpSync } from 'node:fs';
import { after, test } from 'node:test';
import { RECORD_KIND, readBatch } from '@skerry/journal';
import { type KafkaPartition, openKafkaPartition, openUplink, TopicLayout } from '@skerry/journal/kafka';
import type { SegmentJournal } from '@skerry/journal/segment';
import { hasCode } from '@skerry/kernel/testing';
import { cutPower, logLengths, recordsSince, startKafka } from '@skerry/testkit/engines';
import { until } from '../../e2e/condition.ts';
import { append, judgeOrigins, numbered, openJournal, readAll, TemporaryFolder } from './journal-scene.ts';
import { aClient, aTopic, PLAIN, tools } from './scene.ts';

const kafka = await startKafka();
after(() => kafka[Symbol.asyncDispose]());

/** Numbers of records that a topic holds; none while the broker finds its place again, which kafkajs does not wait for. */
async function held(topic: string): Promise<Set<number>> {
  const records = await readAll(kafka, [topic]).catch((error: { retriable?: boolean }) => {
    if (error.retriable !== true) throw error;
    return [];
  });
  return new Set(records.map(({ value }) => (JSON.parse(value) as { n: number }).n));
}

function* between(from: number, to: number) {
  let i = 0;
  for (const one of numbered(to, 20)) if (i++ >= from) yield one;
}

test('openUplink sends again what a single-replica Kafka has lost in a power cut: all there, in order for each key, told', async () => {
  const needs = tools();
  using folder = new TemporaryFolder();
  await using client = await aClient(kafka, needs, { requestMs: 3000 });
  await using journal = await openJournal(folder.path, needs);
  const topic = await aTopic(client, { partitions: 2 });
  const positionFile = { folder: `${folder.path}/uplink`, name: 'position' };
  const options = { layout: new TopicLayout({ topic }), topics: PLAIN, positionFile };
  const open = () => openUplink(options, { ...needs, journal, client });
  {
    await using uplink = await open();
    await append(journal, needs, numbered(1000, 20));
    await uplink.flush();
    const lengths = logLengths(kafka, [topic]);
    await append(journal, needs, between(1000, 1500));
    await uplink.flush();
    assert.equal(recordsSince(kafka, [topic], lengths), 500);
    assert.equal(recordsSince(kafka, [topic], new Map()), 1500);
    assert.ok((await cutPower(kafka, lengths)) > 0, 'nothing was taken');
    assert.equal(recordsSince(kafka, [topic], lengths), 0);
    await kafka.restart();
    // nothing more is published: it finds the loss by itself
    await until('the lost ones to be back', async () => (await held(topic)).size === 1500);
    const told = needs.log.filter(
      ({ level, message }) => level === 'error' && message.includes('sent again'),
    );
    assert.equal(told.length, 1);
    assert.match(
      String(told[0]?.fields.reason),
      new RegExp(`Kafka has records of ${topic}/\\d up to \\d+ only`),
    );
    // and once more, with records that come behind it
    const again = logLengths(kafka, [topic]);
    await append(journal, needs, between(1500, 2000));
    await uplink.flush();
    await cutPower(kafka, again);
    await kafka.restart();
    await append(journal, needs, between(2000, 2500));
    await until('all of them', async () => (await held(topic)).size === 2500);
  }
  const { faults, offsets } = judgeOrigins(await readAll(kafka, [topic]));
  assert.deepEqual([faults, offsets.size], [[], 2500]);
});

test('openUplink finds the loss at its start too, when the same power cut took the gateway', async () => {
  const needs = tools();
  using folder = new TemporaryFolder();
  await using client = await aClient(kafka, needs, { requestMs: 3000 });
  await using journal = await openJournal(folder.path, needs);
  const topic = await aTopic(client, { partitions: 2 });
  const place = `${folder.path}/uplink`;
  const options = {
    layout: new TopicLayout({ topic }),
    topics: PLAIN,
    positionFile: { folder: place, name: 'position' },
  };
  const open = () => openUplink(options, { ...needs, journal, client });
  {
    await using uplink = await open();
    await append(journal, needs, numbered(400, 20));
    await uplink.flush();
  }
  const lengths = logLengths(kafka, [topic]);
  {
    await using uplink = await open();
    await append(journal, needs, between(400, 600));
    await uplink.flush();
    // what is on disk when the power goes; an orderly end would write it once more
    cpSync(place, `${folder.path}/kept`, { recursive: true });
  }
  cpSync(`${folder.path}/kept`, place, { recursive: true });
  await cutPower(kafka, lengths);
  await kafka.restart();
  await using uplink = await open();
  await append(journal, needs, between(600, 700));
  await until('all of them', async () => (await held(topic)).size === 700);
  await uplink.flush();
  const { faults, offsets } = judgeOrigins(await readAll(kafka, [topic]));
  assert.deepEqual([faults, offsets.size], [[], 700]);
});

interface Read {
  /** Offsets in the order in which they were handed out. */
  readonly offsets: number[];
  readonly values: string[];
}

async function readUpTo(partition: KafkaPartition, from: number, count: number): Promise<Read> {
  const read: Read = { offsets: [], values: [] };
  for (let at = from; read.values.length < count; ) {
    await partition.waitBeyond(at, AbortSignal.timeout(30_000));
    for (const batch of await partition.read(at, 2 ** 20)) {
      const record = readBatch(batch);
      while (record.next()) {
        if (record.offset < at || record.kind !== RECORD_KIND.telemetry) continue;
        read.offsets.push(record.offset);
        read.values.push(Buffer.from(record.payload).toString());
      }
      at = batch.firstOffset + batch.count;
    }
  }
  return read;
}

test('openKafkaPartition: a reader whose records Kafka has lost ends, and goes on behind them under offsets that nobody had', async () => {
  const needs = tools();
  using folder = new TemporaryFolder();
  await using client = await aClient(kafka, needs, { requestMs: 3000 });
  await using journal: SegmentJournal = await openJournal(folder.path, needs);
  const topic = await aTopic(client, { partitions: 1 });
  const layout = new TopicLayout({ topic });
  const positionFile = { folder: `${folder.path}/uplink`, name: 'position' };
  await using uplink = await openUplink(
    { layout, topics: PLAIN, positionFile },
    { ...needs, journal, client },
  );
  await append(journal, needs, numbered(300, 20));
  await uplink.flush();
  const lengths = logLengths(kafka, [topic]);
  await append(journal, needs, between(300, 500));
  await uplink.flush();
  const place = { topic, partition: 0, layout };
  await using before = await openKafkaPartition(place, { ...needs, client });
  const first = await readUpTo(before, 0, 500);
  assert.equal(first.offsets.at(-1), 499);
  const kept = before.placeAt(500);
  assert.equal(kept.shift, 0);
  const ends = assert.rejects(before.waitBeyond(500, new AbortController().signal), hasCode('kafka-forgot'));
  await cutPower(kafka, lengths);
  await kafka.restart();
  await ends;
  // by now Kafka has more records than were read: only the epochs of its leaders tell that they are others
  await append(journal, needs, between(500, 900));
  await until('all of them', async () => (await held(topic)).size === 900);
  const base = { offset: 500, telemetry: 500, received: [] };
  await using reopened = await openKafkaPartition({ ...place, base, place: kept }, { ...needs, client });
  const second = await readUpTo(reopened, 500, 400);
  assert.deepEqual(second.offsets.slice(0, 2), [500, 501]);
  const values = new Set([...first.values, ...second.values]);
  await until('every record', async () => {
    const from = Number(second.offsets.at(-1)) + 1;
    if (values.size < 900) for (const value of (await readUpTo(reopened, from, 1)).values) values.add(value);
    return values.size === 900;
  });
  const later = reopened.placeAt(Number(second.offsets.at(-1)) + 1);
  assert.ok(later.epoch > kept.epoch && later.shift > 0);
  const counted = needs.meter.snapshot().find(({ name }) => name === 'iot_kafka_forgotten_records_total');
  assert.equal(counted?.samples[0]?.value, later.shift);
});
