import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { createMeter } from '@skerry/kernel';
import { FakeClock, hasCode, SeededRandom } from '@skerry/kernel/testing';
import type { EncodedBatch } from './batch.ts';
import { JournalError } from './errors.ts';
import type { AppendResult } from './journal.ts';
import { MemoryJournal } from './memory/memory-journal.ts';
import { RecordAppender, type RecordAppenderOptions } from './record-appender.ts';
import { aRecord, payloadsFrom } from './testing/records.ts';

/** A journal whose appends are decided by hand, oldest first. */
class HeldJournal {
  readonly batches: EncodedBatch[] = [];
  readonly #held: PromiseWithResolvers<AppendResult>[] = [];
  end = 0;

  append = (batch: EncodedBatch): Promise<AppendResult> => {
    const held = Promise.withResolvers<AppendResult>();
    this.#held.push(held);
    this.batches.push(batch);
    return held.promise;
  };

  async take(): Promise<void> {
    const count = Number(this.batches.shift()?.count);
    this.end += count;
    this.#held.shift()?.resolve({ firstOffset: this.end - count, end: this.end });
    await setImmediate();
  }

  async refuse(error: unknown): Promise<void> {
    this.batches.shift();
    this.#held.shift()?.reject(error);
    await setImmediate();
  }
}

function full(what: 'disk' | 'journal' = 'journal'): JournalError {
  return new JournalError('journal-full', 'Cannot append: full.', { full: what });
}

function anAppender(
  append: (batch: EncodedBatch) => Promise<AppendResult>,
  options: RecordAppenderOptions = {},
) {
  const clock = new FakeClock();
  const meter = createMeter();
  const appender = new RecordAppender(append, { clock, meter }, options);
  const told: [count: number, end: number][] = [];
  let resumes = 0;
  appender.onDurable((count, end) => told.push([count, end]));
  appender.onResume(() => resumes++);
  let next = 0;
  const add = (count = 1): void => {
    for (let i = 0; i < count; i++) appender.add(aRecord(appender, { payload: String(next++) }));
  };
  return { clock, meter, appender, told, add, resumes: () => resumes };
}

test('RecordAppender puts the records of a turn into one batch and tells them in the order of add', async () => {
  const journal = new HeldJournal();
  const { add, told, appender } = anAppender(journal.append);
  add(5);
  assert.equal(journal.batches.length, 0);
  await setImmediate();
  assert.deepEqual(
    journal.batches.map((one) => one.count),
    [5],
  );
  assert.deepEqual(told, []);
  assert.equal(appender.waitingCount, 5);
  await journal.take();
  assert.deepEqual(told, [[5, 5]]);
  assert.equal(appender.waitingCount, 0);
});

test('RecordAppender closes a batch that is full and has at most so many under way', async () => {
  const journal = new HeldJournal();
  const { add, told } = anAppender(journal.append, { batchRecordsMax: 2, appendsInFlightMax: 3 });
  add(11);
  assert.deepEqual(
    journal.batches.map((one) => one.count),
    [2, 2, 2],
  );
  await journal.take();
  assert.equal(journal.batches.length, 3);
  while (journal.batches.length > 0) await journal.take();
  assert.deepEqual(
    told.map(([count]) => count),
    [2, 2, 2, 2, 2, 1],
  );
});

test('RecordAppender collects in the open batch while as many as may be are under way', async () => {
  const journal = new HeldJournal();
  const { add } = anAppender(journal.append, { appendsInFlightMax: 1 });
  for (let i = 0; i < 4; i++) {
    add();
    await setImmediate();
  }
  assert.deepEqual(
    journal.batches.map((one) => one.count),
    [1],
  );
  await journal.take();
  assert.deepEqual(
    journal.batches.map((one) => one.count),
    [3],
  );
});

test('RecordAppender keeps what was refused and offers it again in order after a while, saying so meanwhile', async () => {
  const journal = new HeldJournal();
  const { add, told, appender, clock, resumes } = anAppender(journal.append, {
    batchRecordsMax: 2,
    retryMs: 200,
  });
  add(6);
  const offered = [...journal.batches];
  await journal.refuse(full('disk'));
  assert.equal(appender.refusal(), 'disk-full');
  add(2);
  await journal.refuse(full());
  await journal.refuse(full());
  assert.equal(appender.refusal(), 'journal-full');
  assert.deepEqual(journal.batches, [], 'nothing is offered at once');
  clock.advance(199);
  assert.deepEqual(journal.batches, []);
  clock.advance(1);
  assert.deepEqual(journal.batches, offered.slice(0, 1), 'one to try');
  await journal.refuse(full());
  clock.advance(200);
  await journal.take();
  assert.equal(appender.refusal(), undefined);
  assert.equal(resumes(), 1);
  assert.deepEqual(journal.batches.slice(0, 2), offered.slice(1));
  while (journal.batches.length > 0) await journal.take();
  assert.deepEqual(told, [
    [2, 2],
    [2, 4],
    [2, 6],
    [2, 8],
  ]);
});

test('RecordAppender takes the bytes that came back with the refusal', async () => {
  const journal = new HeldJournal();
  const { add, clock } = anAppender(journal.append);
  add();
  await setImmediate();
  const [batch] = journal.batches;
  assert.ok(batch);
  const returned = { ...batch, bytes: batch.bytes.slice() };
  await journal.refuse(new JournalError('journal-full', 'Cannot append: full.', {}, undefined, returned));
  clock.advance(1000);
  assert.equal(journal.batches[0], returned);
});

test('RecordAppender says backlog from its bound on until half of it is durable, then tells once to resume', async () => {
  const journal = new HeldJournal();
  const { add, appender, resumes, meter } = anAppender(journal.append, {
    batchRecordsMax: 1,
    appendsInFlightMax: 10,
    waitingBytesMax: 550,
  });
  add(8);
  assert.ok(appender.waitingBytes < 550);
  assert.equal(appender.refusal(), undefined);
  add(2);
  assert.ok(appender.waitingBytes >= 550);
  assert.equal(appender.refusal(), 'backlog');
  for (let i = 0; i < 4; i++) await journal.take();
  assert.equal(appender.refusal(), 'backlog');
  assert.equal(resumes(), 0);
  for (let i = 0; i < 2; i++) await journal.take();
  assert.equal(appender.refusal(), undefined);
  for (let i = 0; i < 4; i++) await journal.take();
  assert.equal(resumes(), 1);
  assert.equal(
    meter.snapshot().find(({ name }) => name === 'iot_journal_waiting_bytes')?.samples[0]?.value,
    0,
  );
});

test('RecordAppender says read-only and offers nothing again when the journal is', async () => {
  const journal = new HeldJournal();
  const { add, appender, clock } = anAppender(journal.append);
  add();
  await setImmediate();
  await journal.refuse(new JournalError('journal-read-only', 'Cannot write: reading only.'));
  add();
  clock.advance(10_000);
  await setImmediate();
  assert.equal(appender.refusal(), 'read-only');
  assert.deepEqual(journal.batches, []);
});

test('RecordAppender flush resolves when what was added before it is durable', async () => {
  const journal = new HeldJournal();
  const { add, appender } = anAppender(journal.append, { appendsInFlightMax: 1 });
  await appender.flush();
  add(2);
  const order: string[] = [];
  const first = appender.flush().then(() => order.push('first'));
  add(1);
  const second = appender.flush().then(() => order.push('second'));
  await journal.take();
  await first;
  assert.deepEqual(order, ['first']);
  await journal.take();
  await second;
  assert.deepEqual(order, ['first', 'second']);
});

test('RecordAppender tells once that the journal has failed, rejects flushes and offers nothing more', async () => {
  const journal = new HeldJournal();
  const { add, appender, told } = anAppender(journal.append, { batchRecordsMax: 1 });
  const failures: unknown[] = [];
  appender.onFailed((error) => failures.push(error));
  add(3);
  const flushing = assert.rejects(appender.flush(), hasCode('journal-failed'));
  const failed = new JournalError('journal-failed', 'Cannot go on.');
  for (let i = 0; i < 3; i++) await journal.refuse(failed);
  await flushing;
  assert.deepEqual(failures, [failed]);
  add();
  await setImmediate();
  assert.deepEqual([journal.batches, told], [[], []]);
  await assert.rejects(appender.flush(), hasCode('journal-failed'));
});

test('RecordAppender fails loudly when a batch was taken before one that was refused', async () => {
  const journal = new HeldJournal();
  const { add, appender, told } = anAppender(journal.append, { batchRecordsMax: 1 });
  const failures: unknown[] = [];
  appender.onFailed((error) => failures.push(error));
  add(2);
  await journal.refuse(full());
  await journal.take();
  assert.equal(failures.length, 1);
  assert.deepEqual(told, []);
});

test('RecordAppender over a journal that fills up again and again loses, doubles and reorders nothing', async () => {
  for (let seed = 1; seed <= 8; seed++) {
    const random = new SeededRandom(seed);
    const clock = new FakeClock();
    const journal = new MemoryJournal({ clock, random }, { journalBytesMax: 6000 });
    const appender = new RecordAppender(
      (batch) => journal.append(batch),
      { clock, meter: createMeter() },
      {
        batchRecordsMax: 5,
        ...(random.chance(0.5)
          ? { endOfTurn: (callback: () => void) => void setImmediate().then(callback) }
          : {}),
      },
    );
    let failure: unknown;
    appender.onFailed((error) => {
      failure = error;
    });
    const kept: string[] = [];
    let told = 0;
    let refusals = 0;
    appender.onDurable((count, end) => {
      told += count;
      assert.equal(told, end);
    });
    let added = 0;
    for (let step = 0; step < 300; step++) {
      for (let i = random.int(8); i > 0; i--) appender.add(aRecord(appender, { payload: String(added++) }));
      if (random.chance(0.5)) await undefined;
      if (random.chance(0.7)) await setImmediate();
      if (appender.refusal() === 'journal-full') refusals++;
      if (random.chance(0.1)) {
        kept.push(...(await payloadsFrom(journal, kept.length)).map(({ payload }) => payload));
        journal.commit({ name: 'test', isMandatory: true, position: kept.length });
        await journal.trim();
        clock.advance(random.int(300));
      }
    }
    while (appender.waitingCount > 0) {
      assert.ifError(failure);
      kept.push(...(await payloadsFrom(journal, kept.length)).map(({ payload }) => payload));
      journal.commit({ name: 'test', isMandatory: true, position: kept.length });
      await journal.trim();
      clock.advance(200);
      await setImmediate();
    }
    kept.push(...(await payloadsFrom(journal, kept.length)).map(({ payload }) => payload));
    assert.deepEqual(
      kept,
      Array.from({ length: added }, (_, i) => String(i)),
    );
    assert.equal(told, added);
    assert.ok(refusals > 0, `seed ${seed}`);
  }
});
