import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import {
  type JournalMemory,
  type KafkaClient,
  type KafkaJournal,
  openKafkaJournal,
  openKafkaPartition,
  TopicLayout,
} from '@skerry/journal/kafka';
import { aBatch, type JournalHarness, journalCompliance } from '@skerry/journal/testing';
import { type Clock, KernelError, type KernelFault } from '@skerry/kernel';
import { hasCode } from '@skerry/kernel/testing';
import { cutPower, logLengths, startKafka } from '@skerry/testkit/engines';
import { until } from '../../e2e/condition.ts';
import { aClient, aTopic, type Tools, tools } from './scene.ts';

const RECORDS_MAX = 100;
/** As much as may wait for Kafka; one append of it is full. */
const WAITING_BYTES = 60_000;
const kafka = await startKafka();
after(() => kafka[Symbol.asyncDispose]());

journalCompliance('KafkaJournal', async (): Promise<JournalHarness> => {
  const needs = tools();
  const client = await aClient(kafka, needs);
  const topic = await aTopic(client, { partitions: 1 });
  const options = { topic, partition: 0, layout: new TopicLayout({ topic }) };
  const limits = { recordsMax: RECORDS_MAX, unresolvedBytesMax: WAITING_BYTES, markRecords: 5 };
  const journal = await openKafkaJournal({ ...options, ...limits }, { ...needs, client });
  return new Harness(journal, async () => {
    await journal[Symbol.asyncDispose]();
    await client[Symbol.asyncDispose]();
  });
});

/** Full is a journal on Kafka while the broker does not answer. */
class Harness implements JournalHarness {
  readonly underWay = 1;
  readonly journal: JournalHarness['journal'];
  readonly #journal: KafkaJournal;
  readonly #end: () => Promise<void>;
  #filler: Promise<unknown> | undefined;

  constructor(journal: KafkaJournal, end: () => Promise<void>) {
    this.journal = this.#journal = journal;
    this.#end = end;
  }

  async fill(): Promise<void> {
    await kafka.freeze();
    this.#filler = this.#journal.append(aBatch({ payload: 'x'.repeat(WAITING_BYTES) }));
  }

  async makeRoom(): Promise<void> {
    kafka.thaw();
    await this.#filler;
  }

  async grow(): Promise<void> {
    for (let i = 0; i < 10; i++)
      await this.#journal.append(aBatch(...Array.from({ length: RECORDS_MAX / 10 }, () => ({}))));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.makeRoom();
    await this.#end();
  }
}

interface JournalScene extends AsyncDisposable {
  readonly client: KafkaClient;
  readonly topic: string;
  readonly needs: Tools & { readonly client: KafkaClient };
}

/** A topic of one partition. */
async function aScene(): Promise<JournalScene> {
  const needs = tools();
  const client = await aClient(kafka, needs, { requestMs: 2000 });
  const topic = await aTopic(client, { partitions: 1 });
  return {
    client,
    topic,
    needs: { ...needs, client },
    [Symbol.asyncDispose]: () => client[Symbol.asyncDispose](),
  };
}

/** A memory of a journal that is kept here; writing it fails while there is a fault. */
function aMemory() {
  const memory = {
    kept: undefined as JournalMemory | undefined, // nothing at first
    fault: undefined as KernelFault | undefined, // none at first
    refused: 0,
    read: () => memory.kept,
    write: (one: JournalMemory): void => {
      if (memory.fault) {
        memory.refused++;
        throw new KernelError(memory.fault, `Cannot write: ${memory.fault}.`);
      }
      memory.kept = structuredClone(one);
    },
  };
  return memory;
}

test('KafkaJournal finds batches with retained messages below its start, and those behind the last counts, until they are in a snapshot', async () => {
  await using scene = await aScene();
  const { topic } = scene;
  const memory = aMemory();
  const options = { topic, partition: 0, layout: new TopicLayout({ topic }), memory };
  const { needs } = scene;
  const found = async (journal: KafkaJournal, from = 0) => {
    const offsets: number[] = [];
    for await (const { firstOffset } of journal.readRetained(from)) offsets.push(firstOffset);
    return offsets;
  };
  {
    await using journal = await openKafkaJournal({ ...options, markRecords: 1 }, needs);
    await journal.append(aBatch({}, {}));
    await journal.append(aBatch({ retain: true }));
    await journal.append(aBatch({}));
  }
  assert.deepEqual([memory.kept?.marks.at(-1)?.offset, memory.kept?.retained], [4, [2]]);
  const seen = { offset: 4, telemetry: 4, received: [] };
  const before = structuredClone(memory.kept);
  {
    await using journal = await openKafkaJournal({ ...options, seen }, needs);
    assert.equal(journal.start, 4);
    assert.deepEqual(await found(journal), [2]);
    await journal.append(aBatch({ retain: true }, {}));
    assert.deepEqual(await found(journal), [2, 4]);
    assert.deepEqual(await found(journal, 3), [4]);
  }
  memory.kept = before;
  {
    // a kill: nothing was kept of what came behind
    await using journal = await openKafkaJournal({ ...options, seen: { ...seen, offset: 6 } }, needs);
    assert.deepEqual(await found(journal), [2, 4]);
    const snapshots: number[][] = [];
    journal.onBeforeTrim(async (upTo) => {
      snapshots.push([...(await found(journal)), upTo]);
    });
    await journal[Symbol.asyncDispose]();
    assert.deepEqual(snapshots, [[2, 4, 6]], 'at the end what is retained is in a snapshot');
  }
  assert.deepEqual(memory.kept?.retained, []);
});

test('KafkaJournal keeps received what retention took unstored though the last counts lie inside the gap, at every later opening', async () => {
  await using scene = await aScene();
  const { client, topic } = scene;
  const memory = aMemory();
  const options = { topic, partition: 0, layout: new TopicLayout({ topic }), memory };
  const { needs } = scene;
  const row = (received: number) => ({ tenant: 't', project: 'p', received, receivedQos0: 0 });
  const some = (count: number) => aBatch(...Array.from({ length: count }, () => ({})));
  const stored = { offset: 40, telemetry: 40, received: [row(40)] };
  {
    await using journal = await openKafkaJournal({ ...options, markRecords: 1 }, needs);
    await journal.append(some(40));
    await journal.append(aBatch({ retain: true }, {}, {}, {}));
    const early = memory.kept;
    await journal.append(some(36));
    await journal[Symbol.asyncDispose]();
    // a kill: the last counts are those before what came last
    memory.kept = early;
  }
  await client.admin.deleteRecords({
    topics: [{ name: topic, partitions: [{ partition: 0, offset: -1n }] }],
  });
  const opened = async (seen: typeof stored): Promise<void> => {
    await using journal = await openKafkaJournal({ ...options, seen }, needs);
    const news = seen.telemetry - stored.telemetry;
    assert.deepEqual(await Array.fromAsync(journal.readRetained(0)), []);
    assert.deepEqual([journal.telemetryEnd, journal.received()], [44 + news, [row(44 + news)]]);
    await journal.append(some(2));
    const before: number[] = [];
    for (let at = seen.offset; at < journal.end; )
      for (const { firstOffset, count, telemetryBefore } of await journal.read(at, 2 ** 20)) {
        before.push(telemetryBefore);
        at = firstOffset + count;
      }
    assert.deepEqual(
      before,
      before.map(() => seen.telemetry),
      'it agrees with what the store has counted',
    );
    assert.equal(journal.telemetryEnd - seen.telemetry - 2, 4, 'four are pending that nobody holds');
  };
  await opened(stored);
  const gone = scene.needs.log.find(({ message }) => message.includes('in no snapshot'));
  assert.deepEqual(gone?.fields, { batches: 1, first: 40, last: 40 });
  await opened({ offset: 82, telemetry: 42, received: [row(42)] });
  await opened({ offset: 84, telemetry: 44, received: [row(44)] });
});

test('KafkaJournal sends nothing while a full disk has not noted who writes, and notes it once', async () => {
  await using scene = await aScene();
  const { topic } = scene;
  const memory = aMemory();
  const place = { topic, partition: 0, layout: new TopicLayout({ topic }) };
  await using journal = await openKafkaJournal({ ...place, memory }, scene.needs);
  memory.fault = 'disk-full';
  const appending = journal.append(aBatch({}));
  await until('some tries', () => memory.refused > 2);
  assert.equal(journal.waitsFor?.code, 'journal-full');
  await using reader = await openKafkaPartition(place, scene.needs);
  assert.equal(reader.end, 0);
  memory.fault = undefined;
  assert.equal((await appending).end, 1);
  assert.equal(journal.waitsFor, undefined);
  await reader.refresh();
  assert.deepEqual(memory.kept?.producers, [...(await reader.writers(0, 1))]);
});

test('KafkaJournal ends appends with the fault of a disk that fails to note who writes, and forgets no earlier producer', async () => {
  await using scene = await aScene();
  const { topic } = scene;
  const memory = aMemory();
  const place = { topic, partition: 0, layout: new TopicLayout({ topic }) };
  {
    await using journal = await openKafkaJournal({ ...place, memory }, scene.needs);
    await journal.append(aBatch({}));
  }
  const known = memory.kept?.producers;
  assert.equal(known?.length, 1);
  await using journal = await openKafkaJournal({ ...place, memory }, scene.needs);
  memory.fault = 'sync-failed';
  let ending: unknown;
  void journal.append(aBatch({})).catch((error: unknown) => {
    ending = error;
  });
  assert.ok(
    hasCode('sync-failed')(await until('its end, or that it waits', () => ending ?? journal.waitsFor)),
  );
  memory.fault = undefined;
  await journal[Symbol.asyncDispose]();
  assert.deepEqual(memory.kept?.producers, known);
});

/** A clock whose timers fire by `look`, one at a time. */
function byHand(inner: Clock): { readonly clock: Clock; readonly look: () => Promise<void> } {
  const timers: (() => void)[] = [];
  const startTimer = (_: number, fire: () => void) => {
    timers.push(fire);
    return { [Symbol.dispose]: () => undefined };
  };
  const look = async (): Promise<void> => (await until('a timer', () => timers.shift()))();
  return { clock: { ...inner, startTimer }, look };
}

test('KafkaJournal keeps counts that a full disk refused as soon as it has room, though nothing comes', async () => {
  await using scene = await aScene();
  const { topic } = scene;
  const memory = aMemory();
  const { clock, look } = byHand(scene.needs.clock);
  const options = { topic, partition: 0, layout: new TopicLayout({ topic }), memory };
  await using journal = await openKafkaJournal(options, { ...scene.needs, clock });
  await journal.append(aBatch({}, {}));
  assert.equal(memory.kept?.marks.at(-1)?.offset, 0);
  memory.fault = 'disk-full';
  await look();
  await until('it is told', () => scene.needs.log.some(({ message }) => message.endsWith('are kept later')));
  memory.fault = undefined;
  await look();
  await until('they are kept', () => memory.kept?.marks.at(-1)?.offset === 2);
});

test('KafkaJournal tells what ends it though nobody waits for an answer, and takes nothing more', async () => {
  await using scene = await aScene();
  const { topic } = scene;
  const memory = aMemory();
  const { clock, look } = byHand(scene.needs.clock);
  const options = { topic, partition: 0, layout: new TopicLayout({ topic }), memory };
  const journal = await openKafkaJournal(options, { ...scene.needs, clock });
  const faults: unknown[] = [];
  journal.onFailed((fault) => faults.push(fault));
  await journal.append(aBatch({}));
  memory.fault = 'sync-failed';
  await look();
  await until('it is told', () => faults.length > 0);
  assert.ok(hasCode('sync-failed')(faults[0]));
  assert.ok(scene.needs.log.some(({ level, message }) => level === 'error' && /cannot go on/.test(message)));
  await assert.rejects(journal.append(aBatch({})), hasCode('sync-failed'));
  await assert.rejects(Promise.resolve(journal[Symbol.asyncDispose]()), hasCode('sync-failed'));
  assert.equal(faults.length, 1);
});

test('KafkaJournal that finds a loss while nothing comes keeps the counts before it ends', async () => {
  await using scene = await aScene();
  const { topic } = scene;
  const memory = aMemory();
  const { clock, look } = byHand(scene.needs.clock);
  const options = { topic, partition: 0, layout: new TopicLayout({ topic }), memory };
  {
    await using journal = await openKafkaJournal(options, { ...scene.needs, clock });
    const faults: unknown[] = [];
    journal.onFailed((fault) => faults.push(fault));
    const lengths = logLengths(kafka, [topic]);
    await journal.append(aBatch({}, {}));
    assert.equal(memory.kept?.marks.at(-1)?.offset, 0);
    assert.ok((await cutPower(kafka, lengths)) > 0, 'nothing was taken');
    await look();
    await kafka.restart();
    await until('it is told', () => faults.length > 0);
    assert.ok(hasCode('kafka-forgot')(faults[0]));
    assert.equal(memory.kept?.marks.at(-1)?.offset, 2);
  }
  await using journal = await openKafkaJournal(options, scene.needs);
  assert.deepEqual([journal.end, journal.telemetryEnd], [0, 2]);
});
