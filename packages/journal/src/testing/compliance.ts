import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hasCode } from '@skerry/kernel/testing';
import { type EncodedBatch, RECORD_KIND } from '../batch.ts';
import { JournalError } from '../errors.ts';
import type { AppendResult, Journal, Offset } from '../journal.ts';
import { aBatch, payloadsFrom, type SampleRecord } from './records.ts';

/** A journal under test, on whatever it lies. */
export interface JournalHarness extends AsyncDisposable {
  readonly journal: Journal;
  /** Makes the next append find the journal full, by filling it or its disk. */
  fill(): Promise<void>;
  /** Makes room again, without giving up records of the journal. */
  makeRoom(): Promise<void>;
  /** Records that `fill` has left on their way, so that they come before what is refused: a journal over a network is full of what it has not heard of, and they are durable once there is room. 0 when absent. */
  readonly underWay?: number;
  /** Appends until `trim` would give up everything that consumers allow, some way of the journal's size behind it. */
  grow(): Promise<void>;
}

/** The promises of `Journal`, as tests; every adapter runs them. */
export function journalCompliance(name: string, open: () => Promise<JournalHarness>): void {
  testAppends(name, open);
  testReads(name, open);
  testConsumers(name, open);
  testFaults(name, open);
}

const CONSUMER = { name: 'pipeline', isMandatory: true } as const;

function payloads(count: number, from = 0): SampleRecord[] {
  return Array.from({ length: count }, (_, i) => ({ payload: String(from + i) }));
}

function testAppends(name: string, open: () => Promise<JournalHarness>): void {
  test(`${name} is empty at first, has an id and ends where it begins`, async () => {
    await using harness = await open();
    const { journal } = harness;
    assert.match(journal.id, /^[0-9a-f]{32}$/);
    assert.deepEqual([journal.start, journal.end, journal.telemetryEnd], [0, 0, 0]);
    assert.deepEqual(journal.received(), []);
    assert.deepEqual(await journal.read(0, 1000), []);
  });
  test(`${name} append gives dense offsets in the order of the calls, resolved in that order`, async () => {
    await using harness = await open();
    const { journal } = harness;
    const order: Offset[] = [];
    const sizes = [3, 1, 7, 2];
    const results = await Promise.all(
      sizes.map(async (count, i) => {
        const result = await journal.append(
          aBatch(
            ...payloads(
              count,
              sizes.slice(0, i).reduce((a, b) => a + b, 0),
            ),
          ),
        );
        order.push(result.firstOffset);
        return result;
      }),
    );
    assert.deepEqual(results, [
      { firstOffset: 0, end: 3 },
      { firstOffset: 3, end: 4 },
      { firstOffset: 4, end: 11 },
      { firstOffset: 11, end: 13 },
    ]);
    assert.deepEqual(order, [0, 3, 4, 11]);
    assert.equal(journal.end, 13);
    const found = await payloadsFrom(journal, 0);
    assert.deepEqual(
      found,
      Array.from({ length: 13 }, (_, i) => ({ offset: i, payload: String(i) })),
    );
  });
  test(`${name} shows nothing of an append before it is durable`, async () => {
    await using harness = await open();
    const { journal } = harness;
    const appending = journal.append(aBatch());
    assert.equal(journal.end, 0);
    assert.deepEqual(journal.received(), []);
    const early = await journal.read(0, 1000);
    assert.ok(early.every(({ firstOffset, count }) => firstOffset + count <= journal.end));
    const { end } = await appending;
    assert.ok(journal.end >= end);
  });
  test(`${name} received sums telemetry and misrouted records per project, QoS 0 apart`, async () => {
    await using harness = await open();
    const { journal } = harness;
    await journal.append(aBatch({}, { qos: 0 }, { project: 'q' }, { kind: RECORD_KIND.message }));
    await journal.append(
      aBatch(
        { kind: RECORD_KIND.misrouted },
        { tenant: 'u', qos: 0 },
        { kind: RECORD_KIND.session, project: null },
      ),
    );
    const rows = journal
      .received()
      .toSorted((a, b) => (`${a.tenant}/${a.project}` < `${b.tenant}/${b.project}` ? -1 : 1));
    assert.deepEqual(rows, [
      { tenant: 't', project: 'p', received: 3, receivedQos0: 1 },
      { tenant: 't', project: 'q', received: 1, receivedQos0: 0 },
      { tenant: 'u', project: 'p', received: 1, receivedQos0: 1 },
    ]);
    assert.equal(journal.telemetryEnd, 5);
  });
}

function testReads(name: string, open: () => Promise<JournalHarness>): void {
  test(`${name} read gives whole batches from the one that holds the offset, with the telemetry before each`, async () => {
    await using harness = await open();
    const { journal } = harness;
    await journal.append(aBatch(...payloads(3), { kind: RECORD_KIND.message, payload: 'm' }));
    await journal.append(aBatch(...payloads(2, 4)));
    for (const [from, first] of [
      [0, 0],
      [3, 0],
      [4, 4],
      [5, 4],
    ] as const) {
      const [batch] = await journal.read(from, 1);
      assert.equal(batch?.firstOffset, first, `read from ${from}`);
    }
    const both = await journal.read(0, 2 ** 20);
    assert.deepEqual(
      both.map(({ firstOffset, count, telemetryBefore, telemetryCount }) => [
        firstOffset,
        count,
        telemetryBefore,
        telemetryCount,
      ]),
      [
        [0, 4, 0, 3],
        [4, 2, 3, 2],
      ],
    );
    assert.deepEqual(await journal.read(6, 1000), []);
  });
  test(`${name} read gives at least one batch, and no more than the bytes asked for beyond it`, async () => {
    await using harness = await open();
    const { journal } = harness;
    for (let i = 0; i < 5; i++) await journal.append(aBatch({ payload: 'x'.repeat(1000) }));
    assert.equal((await journal.read(0, 1)).length, 1);
    const some = await journal.read(0, 2500);
    assert.ok(some.length === 2, `${some.length} batches`);
  });
  test(`${name} read hands over bytes that are the reader's own`, async () => {
    await using harness = await open();
    const { journal } = harness;
    await journal.append(aBatch({ payload: 'kept' }));
    const [first] = await journal.read(0, 1000);
    first?.body.fill(0);
    assert.deepEqual(await payloadsFrom(journal, 0), [{ offset: 0, payload: 'kept' }]);
  });
  test(`${name} waitBeyond resolves when the end moves beyond the offset, or when aborted, not before`, async () => {
    await using harness = await open();
    const { journal } = harness;
    const seen: string[] = [];
    const stop = new AbortController();
    const waits = [
      journal.waitBeyond(0, new AbortController().signal).then(() => seen.push(`above 0 at ${journal.end}`)),
      journal.waitBeyond(1, new AbortController().signal).then(() => seen.push(`above 1 at ${journal.end}`)),
      journal.waitBeyond(9, stop.signal).then(() => seen.push('aborted')),
    ];
    await journal.append(aBatch());
    await waits[0];
    assert.deepEqual(seen, ['above 0 at 1']);
    await journal.append(aBatch());
    await waits[1];
    stop.abort();
    await waits[2];
    assert.deepEqual(seen, ['above 0 at 1', 'above 1 at 2', 'aborted']);
    await journal.waitBeyond(1, new AbortController().signal);
    await journal.waitBeyond(99, AbortSignal.abort());
  });
}

function testConsumers(name: string, open: () => Promise<JournalHarness>): void {
  test(`${name} trim gives up nothing while no mandatory consumer is known, or above the slowest one`, async () => {
    await using harness = await open();
    const { journal } = harness;
    await harness.grow();
    assert.equal(await journal.trim(), 0);
    journal.commit({ name: 'feed', isMandatory: false, position: journal.end });
    assert.equal(await journal.trim(), 0);
    journal.commit({ ...CONSUMER, position: journal.end });
    journal.commit({ name: 'uplink', isMandatory: true, position: 2 });
    assert.ok((await journal.trim()) <= 2);
    assert.ok(journal.start <= 2);
  });
  test(`${name} trim gives up old records below every mandatory consumer, whatever a capped one has, and keeps the totals`, async () => {
    await using harness = await open();
    const { journal } = harness;
    await harness.grow();
    const { end, telemetryEnd } = journal;
    const received = journal.received();
    journal.commit({ name: 'feed', isMandatory: false, position: 1 });
    journal.commit({ ...CONSUMER, position: end });
    const start = await journal.trim();
    assert.equal(journal.start, start);
    assert.ok(start > 0 && start < end, `start ${start} of ${end}`);
    await assert.rejects(journal.read(start - 1, 1), hasCode('offset-trimmed'));
    assert.equal((await journal.read(start, 1))[0]?.firstOffset, start);
    assert.deepEqual([journal.end, journal.telemetryEnd, journal.received()], [end, telemetryEnd, received]);
    const left = await payloadsFrom(journal, start);
    assert.equal(left.length, end - start);
  });
  test(`${name} commit of a position above the end counts as the end, so that later records are kept`, async () => {
    await using harness = await open();
    const { journal } = harness;
    journal.commit({ ...CONSUMER, position: 1_000_000 });
    await harness.grow();
    assert.equal(await journal.trim(), 0);
  });
  test(`${name} commit as a capped consumer lets go of what a mandatory one held`, async () => {
    await using harness = await open();
    const { journal } = harness;
    journal.commit({ name: 'uplink', isMandatory: true, position: 0 });
    await harness.grow();
    journal.commit({ ...CONSUMER, position: journal.end });
    assert.equal(await journal.trim(), 0);
    journal.commit({ name: 'uplink', isMandatory: false, position: 0 });
    assert.ok((await journal.trim()) > 0);
  });
  test(`${name} commit never goes back`, async () => {
    await using harness = await open();
    const { journal } = harness;
    await harness.grow();
    journal.commit({ ...CONSUMER, position: journal.end });
    journal.commit({ ...CONSUMER, position: 0 });
    assert.ok((await journal.trim()) > 0);
  });
}

function testFaults(name: string, open: () => Promise<JournalHarness>): void {
  test(`${name} append fails with journal-full, keeps nothing of it, and goes on where it was when there is room`, async () => {
    await using harness = await open();
    const { journal } = harness;
    await journal.append(aBatch({ payload: 'before' }));
    await harness.fill();
    const { end } = journal;
    const received = journal.received();
    const refused = aBatch({ payload: 'refused' });
    await assert.rejects(journal.append(refused), (error) => {
      assert.ok(error instanceof JournalError && error.code === 'journal-full', String(error));
      assert.equal(error.refused?.count, 1);
      return true;
    });
    assert.deepEqual([journal.end, journal.received()], [end, received]);
    await harness.makeRoom();
    const place = end + (harness.underWay ?? 0);
    assert.deepEqual(await appendWhenTaken(journal, refused), { firstOffset: place, end: place + 1 });
    const found = await payloadsFrom(journal, end - 1);
    assert.deepEqual(found.at(-1), { offset: place, payload: 'refused' });
  });
  test(`${name} append refused: none that was called with it is taken`, async () => {
    await using harness = await open();
    const { journal } = harness;
    await harness.fill();
    const { end } = journal;
    const outcomes = await Promise.allSettled([1, 2, 3].map(() => journal.append(aBatch())));
    assert.deepEqual(
      outcomes.map(({ status }) => status),
      ['rejected', 'rejected', 'rejected'],
    );
    assert.equal(journal.end, end);
  });
  test(`${name} disposed of makes durable what was appended, then refuses everything`, async () => {
    await using harness = await open();
    const { journal } = harness;
    const appending = journal.append(aBatch());
    const waiting = journal.waitBeyond(5, new AbortController().signal);
    const outcome = assert.rejects(waiting, hasCode('journal-closed'));
    await journal[Symbol.asyncDispose]();
    assert.deepEqual(await appending, { firstOffset: 0, end: 1 });
    await outcome;
    await journal[Symbol.asyncDispose]();
    await assert.rejects(journal.append(aBatch()), hasCode('journal-closed'));
    await assert.rejects(journal.read(0, 1), hasCode('journal-closed'));
    await assert.rejects(journal.trim(), hasCode('journal-closed'));
    await assert.rejects(journal.waitBeyond(5, new AbortController().signal), hasCode('journal-closed'));
  });
}

/** Offers a batch again and again, as the advice of `journal-full` says. */
async function appendWhenTaken(journal: Journal, batch: EncodedBatch): Promise<AppendResult> {
  for (let i = 0; ; i++) {
    try {
      return await journal.append(batch);
    } catch (error) {
      if (i === 100 || !(error instanceof JournalError) || error.code !== 'journal-full') throw error;
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}
