import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { crc32 } from 'node:zlib';
import { hasCode } from '@skerry/kernel/testing';
import { JournalError } from '../errors.ts';
import { type JournalHarness, journalCompliance } from '../testing/compliance.ts';
import { aBatch, payloadsFrom, type SampleRecord } from '../testing/records.ts';
import { SimulatedJournal } from '../testing/simulated-journal.ts';
import type { SegmentJournal } from './segment-journal.ts';

const BYTES_MAX = 40_000;

journalCompliance('SegmentJournal', async (): Promise<JournalHarness> => {
  const scene = new SimulatedJournal(1, { journalBytesMax: BYTES_MAX });
  const journal = await scene.open();
  const { disk } = scene;
  return {
    journal,
    fill: async () => disk.setCapacity(disk.usedBytes),
    makeRoom: async () => disk.setCapacity(2 ** 20),
    grow: async () => {
      while (journal.figures().bytes < BYTES_MAX * 0.86)
        await journal.append(aBatch({ payload: 'x'.repeat(180) }));
    },
    [Symbol.asyncDispose]: () => journal[Symbol.asyncDispose](),
  };
});

/** Appends batches of one record each until the journal has so many segments. */
async function growTo(journal: SegmentJournal, segments: number, sample: SampleRecord = {}): Promise<void> {
  while (journal.figures().segments < segments)
    await journal.append(aBatch({ payload: 'x'.repeat(400), ...sample }));
}

const CONSUMER = { name: 'pipeline', isMandatory: true } as const;

test('SegmentJournal append makes all batches of a moment durable by one write and one sync', async () => {
  const operations: string[] = [];
  const scene = new SimulatedJournal(1, { segmentBytes: 2 ** 20 });
  await using journal = await scene.open();
  scene.disk.setFaults(({ kind }) => {
    if (kind !== 'read') operations.push(kind);
    return undefined;
  });
  const passed: string[] = [];
  scene.failpoint = (name) => passed.push(name);
  await Promise.all([1, 2, 3, 4].map(() => journal.append(aBatch({}, {}))));
  assert.deepEqual(operations, ['write', 'sync']);
  assert.deepEqual(passed, ['journal-before-write', 'journal-after-write', 'journal-after-sync']);
});

test('SegmentJournal append begins another segment whose header and name are durable before anything is in it', async () => {
  const scene = new SimulatedJournal();
  await using journal = await scene.open();
  while (journal.figures().bytes < 3700) await journal.append(aBatch({ payload: 'x'.repeat(300) }));
  const operations: string[] = [];
  scene.disk.setFaults(({ kind }) => {
    operations.push(kind);
    return undefined;
  });
  scene.failpoint = (name) => operations.push(name);
  await journal.append(aBatch({ payload: 'x'.repeat(300) }));
  assert.deepEqual(operations, [
    'open',
    'write',
    'segment-roll-before-sync',
    'sync',
    'sync-folder',
    'segment-roll-after-sync',
    'journal-before-write',
    'write',
    'journal-after-write',
    'sync',
    'journal-after-sync',
  ]);
  assert.equal(journal.figures().segments, 2);
});

test('SegmentJournal append on a disk that takes a part of a commit keeps nothing of it, not even after a power cut', async () => {
  for (let seed = 1; seed <= 60; seed++) {
    const scene = new SimulatedJournal(seed, { segmentBytes: 2 ** 20 });
    const journal = await scene.open();
    await journal.append(aBatch({ payload: 'kept' }));
    const batches = [aBatch({ payload: 'y'.repeat(60) }), aBatch({ payload: 'z'.repeat(2000) })];
    let isShort = false;
    scene.disk.setFaults(({ kind }) => {
      if (kind !== 'write') return undefined;
      if (isShort) return { kind: 'fail', code: 'disk-full' };
      isShort = true;
      return { kind: 'short', bytes: 1500 };
    });
    const outcomes = await Promise.allSettled(batches.map((batch) => journal.append(batch)));
    assert.ok(outcomes.every((one) => one.status === 'rejected' && one.reason.code === 'journal-full'));
    scene.disk.setFaults(() => undefined);
    scene.cutPower();
    const next = await scene.open();
    assert.deepEqual(await payloadsFrom(next, 0), [{ offset: 0, payload: 'kept' }]);
  }
});

test('SegmentJournal throws its reserve off on a full disk, refuses while the disk owes it, and takes it on again', async () => {
  const scene = new SimulatedJournal(1, { segmentBytes: 2 ** 20, reserveBytes: 4096 });
  await using journal = await scene.open();
  assert.equal(journal.figures().hasReserve, true);
  assert.equal(scene.bytesOf('reserve').byteLength, 4096);
  await journal.append(aBatch());
  let isFull = true;
  scene.disk.setFaults(({ kind }) => {
    if (!isFull || kind !== 'write') return undefined;
    isFull = false;
    return { kind: 'fail', code: 'disk-full' };
  });
  scene.disk.setCapacity(scene.disk.usedBytes + 3000);
  await journal.append(aBatch({ payload: 'by the reserve' }));
  assert.equal(journal.figures().hasReserve, false);
  assert.equal(scene.names().includes('reserve'), false);
  scene.disk.setCapacity(scene.disk.usedBytes + 4096);
  await assert.rejects(journal.append(aBatch()), hasCode('journal-full'));
  scene.disk.setCapacity(2 ** 20);
  await setImmediate();
  await journal.append(aBatch());
  assert.equal(journal.figures().hasReserve, true);
  assert.equal(journal.end, 3);
});

test('SegmentJournal that finds no room for the header of a new segment leaves no file of it, and rolls when there is', async () => {
  const scene = new SimulatedJournal(1, { segmentBytes: 2_000 });
  await using journal = await scene.open();
  while (journal.figures().bytes < 1_700) await journal.append(aBatch({ payload: 'x'.repeat(100) }));
  const before = scene.names();
  let isFull = true;
  scene.disk.setFaults(({ kind, path }) =>
    isFull &&
    kind === 'write' &&
    path.endsWith('.seg') &&
    !before.includes(path.slice(path.lastIndexOf('/') + 1))
      ? { kind: 'fail', code: 'disk-full' }
      : undefined,
  );
  await assert.rejects(journal.append(aBatch({ payload: 'y'.repeat(400) })), hasCode('journal-full'));
  assert.deepEqual(scene.names(), before);
  isFull = false;
  const { end } = journal;
  await setImmediate();
  await journal.append(aBatch({ payload: 'y'.repeat(400) }));
  assert.equal(journal.end, end + 1);
  assert.equal(scene.names().length, before.length + 1);
});

test('SegmentJournal writes groups that are larger than its buffer whole, however they fall', async () => {
  const scene = new SimulatedJournal(1, { segmentBytes: 2 ** 24 });
  const journal = await scene.open();
  const sizes = [700_000, 700_001, 2_500_000, 2 ** 20 - 200, 3];
  const payloads = sizes.map((size, i) => String(i).repeat(size));
  await Promise.all(payloads.map((payload) => journal.append(aBatch({ payload }))));
  await journal[Symbol.asyncDispose]();
  await using again = await scene.open();
  const found = await payloadsFrom(again, 0);
  assert.deepEqual(
    found.map(({ payload }) => payload === payloads[found.findIndex((one) => one.payload === payload)]),
    sizes.map(() => true),
  );
  assert.deepEqual(
    found.map(({ payload }) => payload.length),
    sizes,
  );
});

test('SegmentJournal append tells whether the disk or the size limit is in the way', async () => {
  const scene = new SimulatedJournal(1, { journalBytesMax: 20_000 });
  await using journal = await scene.open();
  const reasonOf = async (): Promise<unknown> => {
    for (;;) {
      try {
        await journal.append(aBatch({ payload: 'x'.repeat(400) }));
      } catch (error) {
        assert.ok(error instanceof JournalError);
        return error.facts.full;
      }
    }
  };
  assert.equal(await reasonOf(), 'journal');
  assert.ok(journal.figures().bytes <= 18_000);
  await setImmediate();
  scene.disk.setCapacity(scene.disk.usedBytes);
  assert.equal(await reasonOf(), 'disk');
});

for (const kind of ['sync', 'write', 'truncate', 'sync-folder'] as const) {
  test(`SegmentJournal ends for good when the disk fails a ${kind}, and what was acknowledged is there after a restart`, async () => {
    const scene = new SimulatedJournal(7, kind === 'truncate' ? { segmentBytes: 2 ** 20 } : {});
    const journal = await scene.open();
    while (journal.figures().bytes < 3700) await journal.append(aBatch({ payload: 'x'.repeat(300) }));
    const { end } = journal;
    let syncs = 0;
    scene.disk.setFaults((operation) => {
      if (operation.kind === 'sync') syncs++;
      if (kind === 'truncate' && operation.kind === 'write') return { kind: 'fail', code: 'disk-full' };
      if (operation.kind !== kind) return undefined;
      return { kind: 'fail', code: kind.startsWith('sync') ? 'sync-failed' : 'disk-failed' };
    });
    const small = kind === 'truncate' ? 'x' : 'x'.repeat(300);
    await assert.rejects(journal.append(aBatch({ payload: small })), hasCode('journal-failed'));
    scene.disk.setFaults((operation) => {
      assert.notEqual(operation.kind, 'sync', 'nothing is tried again');
      return undefined;
    });
    assert.ok(syncs <= 1);
    await assert.rejects(journal.append(aBatch()), hasCode('journal-failed'));
    await assert.rejects(journal.trim(), hasCode('journal-failed'));
    assert.equal(journal.end, end);
    await journal[Symbol.asyncDispose]();
    scene.disk.setFaults(() => undefined);
    scene.kill();
    scene.cutPower();
    const next = await scene.open();
    assert.ok(next.end >= end);
    assert.equal((await payloadsFrom(next, 0)).length, next.end);
  });
}

test('SegmentJournal trim makes the positions durable first and each removal before the next', async () => {
  const scene = new SimulatedJournal(1, { journalBytesMax: 20_000, segmentBytes: 1500 });
  await using journal = await scene.open();
  journal.commit({ ...CONSUMER, position: 0 });
  while (journal.figures().bytes < 17_000) await journal.append(aBatch({ payload: 'x'.repeat(400) }));
  journal.commit({ ...CONSUMER, position: journal.end });
  scene.disk.setCapacity(scene.disk.usedBytes + 1000);
  const operations: string[] = [];
  scene.disk.setFaults(({ kind, path }) => {
    if (kind !== 'read' && kind !== 'open')
      operations.push(`${kind} ${path.split('/').at(-1)?.replace(/^\d+/, '')}`);
    return undefined;
  });
  scene.failpoint = (name) => operations.push(name);
  const { segments } = journal.figures();
  await journal.trim();
  const removed = segments - journal.figures().segments;
  assert.ok(removed >= 2);
  assert.deepEqual(operations.slice(0, 4), [
    'write consumers.json.unfinished',
    'sync consumers.json.unfinished',
    'rename consumers.json.unfinished',
    'sync-folder journal',
  ]);
  const each = ['trim-before-remove', 'remove .seg', 'sync-folder journal'];
  assert.deepEqual(operations.slice(4), Array.from({ length: removed }, () => each).flat());
});

test('SegmentJournal trim keeps everything while the positions cannot be made durable', async () => {
  const scene = new SimulatedJournal(1, { journalBytesMax: 20_000 });
  await using journal = await scene.open();
  journal.commit({ ...CONSUMER, position: 0 });
  while (journal.figures().bytes < 17_000) await journal.append(aBatch({ payload: 'x'.repeat(400) }));
  journal.commit({ ...CONSUMER, position: journal.end });
  scene.disk.setFaults(({ kind, path }) =>
    kind === 'write' && path.includes('consumers') ? { kind: 'fail', code: 'disk-full' } : undefined,
  );
  assert.equal(await journal.trim(), 0);
  scene.disk.setFaults(() => undefined);
  assert.ok((await journal.trim()) > 0);
});

test('SegmentJournal keeps its totals, consumers and the totals before its start over trimming and restarts', async () => {
  const scene = new SimulatedJournal(1, { journalBytesMax: 20_000 });
  const journal = await scene.open();
  while (journal.figures().bytes < 17_000)
    await journal.append(aBatch({ payload: 'x'.repeat(400) }, { project: 'q' }));
  journal.commit({ ...CONSUMER, position: journal.end });
  await journal.trim();
  const received = journal.received();
  const before = journal.receivedBefore();
  assert.equal(
    before.reduce((sum, one) => sum + one.received, 0),
    journal.start,
  );
  const { start, end } = journal;
  scene.kill();
  const next = await scene.open();
  assert.deepEqual([next.start, next.end, next.telemetryEnd], [start, end, end]);
  assert.deepEqual(next.received(), received);
  assert.deepEqual(next.receivedBefore(), before);
  while (next.figures().bytes < 17_000) await next.append(aBatch({ payload: 'x'.repeat(400) }));
  assert.ok((await next.trim()) > start, 'the position is still known');
  assert.ok(next.start <= end);
});

test('SegmentJournal trim waits for the snapshot of retained messages, and keeps them when it fails', async () => {
  const scene = new SimulatedJournal(1, { journalBytesMax: 20_000 });
  await using journal = await scene.open();
  const asked: number[] = [];
  await journal.append(aBatch({ retain: true }));
  while (journal.figures().bytes < 17_000) await journal.append(aBatch({ payload: 'x'.repeat(400) }));
  journal.commit({ ...CONSUMER, position: journal.end });
  journal.onBeforeTrim(async () => {
    throw new Error('no room for the snapshot');
  });
  await assert.rejects(journal.trim(), /no room for the snapshot/);
  assert.equal(journal.start, 0);
  journal.onBeforeTrim(async (upTo) => {
    asked.push(upTo);
    assert.equal(journal.start, 0);
  });
  const start = await journal.trim();
  assert.deepEqual(asked, [start]);
  while (journal.figures().bytes < 17_000) await journal.append(aBatch({ payload: 'x'.repeat(400) }));
  journal.commit({ ...CONSUMER, position: journal.end });
  assert.ok((await journal.trim()) > start);
  assert.deepEqual(asked, [start], 'segments known to hold none ask for nothing');
});

test('SegmentJournal readRetained finds the batches with retained messages over segments, from an offset on', async () => {
  const scene = new SimulatedJournal();
  await using journal = await scene.open();
  const marked: number[] = [];
  for (let i = 0; i < 30; i++) {
    const hasRetained = i % 7 === 3;
    if (hasRetained) marked.push(journal.end);
    await journal.append(aBatch({}, { payload: 'x'.repeat(300), retain: hasRetained }));
  }
  assert.ok(journal.figures().segments > 3);
  const found = async (from: number): Promise<number[]> => {
    const offsets: number[] = [];
    for await (const { firstOffset, count } of journal.readRetained(from)) {
      assert.equal(count, 2);
      offsets.push(firstOffset);
    }
    return offsets;
  };
  assert.deepEqual(await found(0), marked);
  assert.deepEqual(await found(Number(marked[1]) + 1), marked.slice(1));
  assert.deepEqual(await found(Number(marked[1]) + 2), marked.slice(2));
});

test('SegmentJournal gives up consumed segments by age, by its own time, and not once the clock has jumped', async () => {
  const hour = 3_600_000;
  const scene = new SimulatedJournal(1, { hoursMax: 10 });
  await using journal = await scene.open();
  const appendEvery = async (hours: number): Promise<void> => {
    for (let i = 0; i < hours; i++) {
      await journal.append(aBatch());
      scene.clock.advance(hour + 1);
    }
  };
  await appendEvery(8);
  journal.commit({ ...CONSUMER, position: journal.end });
  assert.equal(await journal.trim(), 0, 'nothing is ten hours old');
  await appendEvery(8);
  const start = await journal.trim();
  assert.ok(start > 2 && start < 8, `start ${start}`);
  assert.ok(journal.figures().segments > 4, 'segments are closed for their age');
  scene.clock.jumpWall(400 * 24 * hour * 1000);
  await journal.append(aBatch());
  journal.commit({ ...CONSUMER, position: journal.end });
  assert.equal(await journal.trim(), start, 'the clock has jumped');
});

test('SegmentJournal on a machine that sleeps at night gives up by age, once it is awake for a while', async () => {
  const hour = 3_600_000;
  const scene = new SimulatedJournal(1, { hoursMax: 10 });
  await using journal = await scene.open();
  for (let i = 0; i < 8; i++) {
    await journal.append(aBatch());
    scene.clock.advance(hour + 1);
  }
  scene.clock.jumpWall(30 * hour * 1000);
  await journal.append(aBatch());
  journal.commit({ ...CONSUMER, position: journal.end });
  assert.equal(await journal.trim(), 0, 'the clock may have jumped');
  scene.clock.advance(600_000);
  await journal.append(aBatch());
  journal.commit({ ...CONSUMER, position: journal.end });
  assert.ok((await journal.trim()) > 0, 'the records are older than ten hours');
});

test('SegmentJournal started with a clock that is far ahead gives up little for its age', async () => {
  const scene = new SimulatedJournal(1, { hoursMax: 10 });
  const journal = await scene.open();
  journal.commit({ ...CONSUMER, position: 0 });
  await growTo(journal, 5);
  await journal[Symbol.asyncDispose]();
  scene.clock.jumpWall(12 * 365 * 24 * 3_600_000_000);
  await using next = await scene.open();
  await next.append(aBatch());
  next.commit({ ...CONSUMER, position: next.end });
  assert.equal(await next.trim(), 0);
});

test('SegmentJournal appends by its own time: small steps of the clock backwards are held up, large ones followed', async () => {
  const scene = new SimulatedJournal();
  await using journal = await scene.open();
  const times = async (): Promise<number[]> =>
    (await journal.read(0, 2 ** 20)).map((one) => one.appendedMicros);
  await journal.append(aBatch());
  scene.clock.jumpWall(-1_000_000);
  await journal.append(aBatch());
  scene.clock.jumpWall(-2 * 3_600_000_000);
  await journal.append(aBatch());
  const [first = 0, second = 0, third = 0] = await times();
  assert.equal(second, first);
  assert.equal(third, first - 1_000_000 - 2 * 3_600_000_000);
});

test('SegmentJournal onDurable hands over each commit before its appends resolve', async () => {
  const scene = new SimulatedJournal();
  await using journal = await scene.open();
  const order: string[] = [];
  journal.onDurable(({ batches, received }) => {
    order.push(
      `durable ${batches.map((one) => one.firstOffset)} of ${received.at(-1)?.received} at ${journal.end}`,
    );
  });
  const appending = [aBatch({}, {}), aBatch()].map(async (batch) => {
    const { end } = await journal.append(batch);
    order.push(`appended ${end}`);
  });
  await Promise.all(appending);
  assert.deepEqual(order, ['durable 0,2 of 3 at 3', 'appended 2', 'appended 3']);
});

test('SegmentJournal metrics tell size, segments, records, syncs and whether it is full', async () => {
  const scene = new SimulatedJournal();
  await using journal = await scene.open();
  await growTo(journal, 3);
  scene.disk.setCapacity(scene.disk.usedBytes);
  await assert.rejects(journal.append(aBatch()), hasCode('journal-full'));
  const value = (name: string): number | undefined =>
    scene.meter.snapshot().find((family) => family.name === name)?.samples[0]?.value;
  const { bytes, segments, end } = journal.figures();
  assert.equal(value('iot_journal_size_bytes'), bytes);
  assert.equal(value('iot_journal_segments'), segments);
  assert.equal(value('iot_journal_records_total'), end);
  assert.equal(value('iot_journal_sync_seconds'), end);
  assert.equal(value('iot_journal_full'), 1);
});

test('SegmentJournal writes consumers.json as docs/formats/segment.md says, when a consumer is new and when it closes', async () => {
  const scene = new SimulatedJournal();
  const journal = await scene.open();
  await journal.append(aBatch({}, {}));
  const textOf = (): string => Buffer.from(scene.bytesOf('consumers.json')).toString();
  const expected = (end: number, position: number): string => {
    const state = { end, consumers: [{ name: 'pipeline', isMandatory: true, position }] };
    return JSON.stringify({ version: 1, checksum: crc32(JSON.stringify(state)), state });
  };
  journal.commit({ ...CONSUMER, position: 1 });
  assert.equal(textOf(), expected(2, 1));
  await journal.append(aBatch());
  journal.commit({ ...CONSUMER, position: 2 });
  assert.equal(textOf(), expected(2, 1));
  await journal[Symbol.asyncDispose]();
  assert.equal(textOf(), expected(3, 2));
});
