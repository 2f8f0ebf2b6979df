import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { createMeter, KernelError, silentLogger } from '@skerry/kernel';
import { FakeClock, hasCode } from '@skerry/kernel/testing';
import { JournalError } from './errors.ts';
import type { StoredBatch } from './journal.ts';
import { openJournalClient } from './journal-client.ts';
import { openJournalFollower } from './journal-follower.ts';
import { type ServeJournalNeeds, serveJournal } from './journal-thread.ts';
import type { Mailbox } from './mailbox.ts';
import { RecordAppender } from './record-appender.ts';
import { openSegmentReader } from './segment/segment-reader.ts';
import { mailboxPair, type Postman } from './testing/mailbox-pair.ts';
import { aBatch, aRecord, payloadsFrom } from './testing/records.ts';
import { SAMPLE_FOLDER, SimulatedJournal } from './testing/simulated-journal.ts';

const CONSUMER = { name: 'pipeline', isMandatory: true } as const;

/** A served journal with both who use it. */
async function aServed(
  scene = new SimulatedJournal(),
  needs: Partial<ServeJournalNeeds> = {},
  postmen: { readonly main?: Postman; readonly pipeline?: Postman } = {},
) {
  const journal = await scene.open();
  const [mainEnd, main] = mailboxPair(postmen.main);
  const [pipelineEnd, pipeline] = mailboxPair(postmen.pipeline);
  const served = serveJournal({ main, pipeline }, journal, {
    logger: silentLogger,
    meter: scene.meter,
    endOfTurn: (callback) => setImmediate(callback),
    ...needs,
  });
  const client = await openJournalClient(mainEnd);
  const reader = openSegmentReader(SAMPLE_FOLDER, { disk: scene.disk });
  const follower = await openJournalFollower(pipelineEnd, reader);
  return { scene, journal, client, follower, reader, closed: served.closed };
}

async function until(isTrue: () => boolean): Promise<void> {
  for (let i = 0; i < 10_000; i++) {
    if (isTrue()) return;
    await turn();
  }
  throw new Error('The condition did not become true.');
}

test('serveJournal makes appends durable in order, and both sides learn end, totals and trimming', async () => {
  const { client, follower, journal } = await aServed(new SimulatedJournal(1, { journalBytesMax: 20_000 }));
  assert.deepEqual([client.id, follower.id], [journal.id, journal.id]);
  const results = await Promise.all([client.append(aBatch({}, {})), client.append(aBatch({ qos: 0 }))]);
  assert.deepEqual(results, [
    { firstOffset: 0, end: 2 },
    { firstOffset: 2, end: 3 },
  ]);
  assert.equal(client.end, 3, 'told before the append resolves');
  await follower.waitBeyond(2, new AbortController().signal);
  for (const side of [client, follower]) {
    assert.deepEqual([side.start, side.end, side.telemetryEnd], [0, 3, 3]);
    assert.deepEqual(side.received(), [{ tenant: 't', project: 'p', received: 3, receivedQos0: 1 }]);
  }
  while (journal.figures().bytes < 17_000) await client.append(aBatch({ payload: 'x'.repeat(400) }));
  follower.commit({ ...CONSUMER, position: journal.end });
  await until(() => follower.start > 0 && client.start > 0);
  assert.deepEqual([client.start, follower.start], [journal.start, journal.start]);
  assert.equal(follower.receivedBefore()[0]?.received, journal.start);
  await assert.rejects(follower.read(0, 1), hasCode('offset-trimmed'));
  assert.equal((await payloadsFrom(follower, follower.start)).length, journal.end - journal.start);
});

test('serveJournal syncs once for all appends that wait in a message port', async () => {
  const scene = new SimulatedJournal(1, { segmentBytes: 2 ** 20 });
  const journal = await scene.open();
  const channel = new MessageChannel();
  serveJournal({ main: mailboxOf(channel.port1) }, journal, {
    logger: silentLogger,
    meter: createMeter(),
    endOfTurn: (callback) => setImmediate(callback),
  });
  const client = await openJournalClient(mailboxOf(channel.port2));
  let syncs = 0;
  scene.disk.setFaults(({ kind }) => {
    if (kind === 'sync') syncs++;
    return undefined;
  });
  const results = await Promise.all(Array.from({ length: 50 }, () => client.append(aBatch())));
  assert.equal(results.at(-1)?.end, 50);
  assert.equal(syncs, 1);
  await client[Symbol.asyncDispose]();
  channel.port1.close();
});

test('serveJournal refuses what was sent before a refusal was known, though there is room again, and all comes in order', async () => {
  const delivered: (() => void)[] = [];
  let isHeld = false;
  const scene = new SimulatedJournal(1, { segmentBytes: 2 ** 20 });
  const { client, journal } = await aServed(
    scene,
    {},
    {
      main: (deliver) => {
        if (isHeld) delivered.push(deliver);
        else queueMicrotask(deliver);
      },
    },
  );
  const clock = new FakeClock();
  const appender = new RecordAppender(
    (batch) => client.append(batch),
    { clock, meter: createMeter() },
    { batchRecordsMax: 1 },
  );
  isHeld = true;
  for (let i = 0; i < 3; i++) appender.add(aRecord(appender, { payload: String(i) }));
  assert.equal(delivered.length, 3);
  scene.disk.setCapacity(scene.disk.usedBytes);
  delivered.shift()?.();
  await until(() => delivered.length === 3);
  scene.disk.setCapacity(2 ** 20);
  delivered.shift()?.();
  delivered.shift()?.();
  await until(() => delivered.length === 2);
  assert.equal(journal.end, 0, 'nothing overtakes the first');
  isHeld = false;
  for (const deliver of delivered.splice(0)) deliver();
  await until(() => appender.refusal() === 'disk-full');
  const flushing = appender.flush();
  clock.advance(200);
  await flushing;
  const found = await payloadsFrom(journal, 0);
  assert.deepEqual(
    found.map(({ payload }) => payload),
    ['0', '1', '2'],
  );
});

test('serveJournal gives up what a consumer was done with before as the journal grows, and refuses nothing for it', async () => {
  const scene = new SimulatedJournal(1, { journalBytesMax: 20_000 });
  const { client, follower, journal } = await aServed(scene, { trimEveryBytes: 1_000 });
  const grow = () => client.append(aBatch({ payload: 'x'.repeat(400) }));
  while (journal.figures().bytes < 13_000) await grow();
  follower.commit({ ...CONSUMER, position: journal.end });
  await turn();
  assert.equal(journal.start, 0, 'there was no need to give anything up yet');
  for (let i = 0; i < 20; i++) await grow();
  assert.ok(journal.start > 0);
});

test('serveJournal passes durable batches on while there is credit, else tells the end only', async () => {
  const { client, follower, journal } = await aServed(undefined, { pipelineCreditBytes: 1000 });
  const offered: StoredBatch[] = [];
  follower.onBatch((batch) => {
    assert.ok(batch.firstOffset + batch.count <= follower.end, 'durable, and known to be');
    offered.push(batch);
    return true;
  });
  await client.append(aBatch({ payload: 'x'.repeat(400) }));
  await until(() => offered.length === 1);
  const [stored] = await journal.read(0, 1);
  assert.deepEqual({ ...offered[0] }, { ...stored });
  await Promise.all(['a', 'b', 'c'].map((letter) => client.append(aBatch({ payload: letter.repeat(400) }))));
  await until(() => follower.end === 4);
  assert.deepEqual(
    offered.map((one) => one.firstOffset),
    [0, 1, 2],
  );
  assert.equal((await payloadsFrom(follower, 3))[0]?.payload, 'c'.repeat(400));
  await until(() => follower.end === 4);
  await client.append(aBatch({ payload: 'd' }));
  await until(() => offered.at(-1)?.firstOffset === 4);
});

test('serveJournal gives credit back when a batch is refused', async () => {
  const { client, follower } = await aServed(undefined, { pipelineCreditBytes: 600 });
  let offers = 0;
  follower.onBatch(() => {
    offers++;
    return false;
  });
  for (let i = 1; i <= 5; i++) {
    await client.append(aBatch({ payload: 'x'.repeat(400) }));
    await until(() => offers === i);
  }
  assert.equal(follower.end, 5);
});

test('JournalFollower reads nothing above the end it was told, however much more there is', async () => {
  const held: (() => void)[] = [];
  let isHeld = false;
  const { client, follower, journal } = await aServed(
    undefined,
    {},
    {
      pipeline: (deliver) => {
        if (isHeld) held.push(deliver);
        else queueMicrotask(deliver);
      },
    },
  );
  await client.append(aBatch());
  await until(() => follower.end === 1);
  isHeld = true;
  await client.append(aBatch());
  assert.equal(journal.end, 2);
  assert.deepEqual([follower.end, follower.telemetryEnd, follower.received()[0]?.received], [1, 1, 1]);
  assert.deepEqual(await follower.read(1, 1000), []);
  for (const deliver of held.splice(0)) deliver();
  assert.equal((await follower.read(1, 1000)).length, 1);
});

test('JournalClient onBeforeTrim makes the journal wait, and keep everything when it rejects', async () => {
  const { client, journal } = await aServed(new SimulatedJournal(1, { journalBytesMax: 20_000 }));
  let isReady = false;
  const asked: number[] = [];
  client.onBeforeTrim(async (upTo) => {
    asked.push(upTo);
    if (!isReady) throw new Error('no snapshot yet');
  });
  await client.append(aBatch({ retain: true }));
  while (journal.figures().bytes < 17_000) await client.append(aBatch({ payload: 'x'.repeat(400) }));
  client.commit({ ...CONSUMER, position: journal.end });
  await assert.rejects(client.trim(), /no snapshot yet/);
  assert.equal(client.start, 0);
  isReady = true;
  assert.equal(await client.trim(), journal.start);
  assert.equal(client.start, journal.start);
  assert.ok(journal.start > 0 && asked.length >= 2);
});

test('serveJournal keeps old records while the snapshot finds no room, and fails nothing for it', async () => {
  const entries: string[] = [];
  const { client, journal, follower } = await aServed(new SimulatedJournal(1, { journalBytesMax: 20_000 }), {
    logger: { log: (level, message) => entries.push(`${level} ${message}`) },
  });
  const failures: Error[] = [];
  client.onFailed((error) => failures.push(error));
  let isFull = true;
  journal.onBeforeTrim(async () => {
    if (isFull) throw new KernelError('disk-full', 'Cannot write the snapshot: disk-full.');
  });
  await client.append(aBatch({ retain: true }));
  while (journal.figures().bytes < 17_000) await client.append(aBatch({ payload: 'x'.repeat(400) }));
  follower.commit({ ...CONSUMER, position: journal.end });
  await until(() => entries.length > 0);
  assert.deepEqual(entries, ['warn Old records of the journal are kept for now.']);
  assert.equal(journal.start, 0);
  isFull = false;
  follower.commit({ ...CONSUMER, position: journal.end });
  await until(() => client.start > 0);
  assert.deepEqual(failures, []);
});

test('serveJournal takes no harm from a position that comes after the close', async () => {
  const { client, follower } = await aServed();
  const failures: Error[] = [];
  client.onFailed((error) => failures.push(error));
  await client.append(aBatch());
  await client[Symbol.asyncDispose]();
  follower.commit({ ...CONSUMER, position: 1 });
  for (let i = 0; i < 10; i++) await turn();
  assert.deepEqual(failures, []);
});

test('JournalClient gets journal-failed for appends, and onFailed for what no append asked', async () => {
  const { client, scene, follower } = await aServed();
  const failures: Error[] = [];
  client.onFailed((error) => failures.push(error));
  await client.append(aBatch());
  scene.disk.setFaults(({ kind }) => (kind === 'sync' ? { kind: 'fail', code: 'sync-failed' } : undefined));
  follower.commit({ ...CONSUMER, position: 1 });
  await until(() => failures.length > 0);
  assert.ok(failures[0] instanceof JournalError && failures[0].code === 'journal-failed');
  await assert.rejects(client.append(aBatch()), hasCode('journal-failed'));
  assert.equal(client.end, 1);
});

test('JournalFollower without a reader asks the thread of the journal: batches, faults, and none once it has ended', async () => {
  const scene = new SimulatedJournal();
  const journal = await scene.open();
  const [mainEnd, main] = mailboxPair();
  const [pipelineEnd, pipeline] = mailboxPair();
  const needs = { logger: silentLogger, meter: scene.meter, endOfTurn: setImmediate };
  serveJournal({ main, pipeline }, journal, needs);
  const client = await openJournalClient(mainEnd);
  const follower = await openJournalFollower(pipelineEnd);
  await client.append(aBatch({ payload: 'a' }, { payload: 'b' }));
  await client.append(aBatch({ payload: 'c' }));
  await follower.waitBeyond(2, new AbortController().signal);
  assert.deepEqual(await payloadsFrom(follower, 1), await payloadsFrom(journal, 1));
  assert.deepEqual(
    (await follower.read(0, 2 ** 20)).map(({ firstOffset, telemetryBefore }) => [
      firstOffset,
      telemetryBefore,
    ]),
    [
      [0, 0],
      [2, 2],
    ],
  );
  await client[Symbol.asyncDispose]();
  await assert.rejects(follower.read(0, 1), /Cannot use the journal: it has been closed/);
  const asked = follower.read(0, 1);
  follower[Symbol.dispose]();
  await assert.rejects(asked, hasCode('journal-closed'));
  await assert.rejects(follower.read(0, 1), hasCode('journal-closed'));
});

test('JournalClient figures and metrics are those of the journal', async () => {
  const { client, journal } = await aServed();
  await client.append(aBatch());
  assert.deepEqual(await client.figures(), journal.figures());
  const records = (await client.metrics()).find(({ name }) => name === 'iot_journal_records_total');
  assert.equal(records?.samples[0]?.value, 1);
});

test('JournalClient disposed of has everything decided that was appended, and ends the journal', async () => {
  const { client, journal, closed } = await aServed();
  const appending = client.append(aBatch());
  await client[Symbol.asyncDispose]();
  assert.deepEqual(await appending, { firstOffset: 0, end: 1 });
  await closed;
  await assert.rejects(journal.append(aBatch()), hasCode('journal-closed'));
});

function mailboxOf(port: MessagePort): Mailbox {
  return {
    post: (message, transfer = []) => port.postMessage(message, [...transfer]),
    onMessage: (listener) => port.on('message', listener),
  };
}
