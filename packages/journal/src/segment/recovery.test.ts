import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CodedError } from '@skerry/kernel';
import { failRandomly, hasCode, RunLog, SeededRandom } from '@skerry/kernel/testing';
import { JournalError } from '../errors.ts';
import { aBatch, payloadsFrom } from '../testing/records.ts';
import { SAMPLE_FOLDER, SimulatedJournal } from '../testing/simulated-journal.ts';
import type { SegmentJournal } from './segment-journal.ts';

const CONSUMER = { name: 'pipeline', isMandatory: true } as const;

/** Appends batches of the given numbers of records in one commit each; payloads are their offsets. */
async function write(journal: SegmentJournal, ...counts: readonly number[]): Promise<void> {
  for (const count of counts) {
    const from = journal.end;
    await journal.append(
      aBatch(...Array.from({ length: count }, (_, i) => ({ payload: `record ${from + i}` }))),
    );
  }
}

async function assertHolds(journal: SegmentJournal, from: number, end: number): Promise<void> {
  assert.equal(journal.end, end);
  const found = await payloadsFrom(journal, from);
  assert.deepEqual(
    found,
    Array.from({ length: end - from }, (_, i) => ({ offset: from + i, payload: `record ${from + i}` })),
  );
}

test('openSegmentJournal finds everything again after a close, across segments, totals included', async () => {
  const scene = new SimulatedJournal();
  const first = await scene.open();
  await write(first, 3, 40, 40, 40, 5);
  const received = first.received();
  const { id } = first;
  assert.ok(first.figures().segments > 2);
  await first[Symbol.asyncDispose]();
  const second = await scene.open();
  await assertHolds(second, 0, 128);
  assert.deepEqual([second.id, second.start, second.telemetryEnd], [id, 0, 128]);
  assert.deepEqual(second.received(), received);
  assert.equal(second.figures().tornBytes, 0);
  await write(second, 2);
  await assertHolds(second, 0, 130);
});

test('openSegmentJournal after a kill serves only what the next power cut keeps', async () => {
  for (let seed = 1; seed <= 40; seed++) {
    const scene = new SimulatedJournal(seed);
    const journal = await scene.open();
    await write(journal, 4, 4);
    // the write of the last batch is done and its sync is not
    scene.failpoint = (name) => {
      if (name === 'journal-after-write') throw new Error('killed');
    };
    await assert.rejects(write(journal, 4), hasCode('journal-failed'));
    scene.failpoint = () => undefined;
    scene.kill();
    const { end } = await scene.open();
    assert.equal(end, 12, 'a kill keeps the page cache');
    assert.ok(scene.disk.isDurable);
    scene.cutPower();
    await assertHolds(await scene.open(), 0, 12);
  }
});

test('openSegmentJournal after a power cut in a write keeps what was durable and goes on behind it', async () => {
  const ends = new Set<number>();
  for (let seed = 1; seed <= 60; seed++) {
    const scene = new SimulatedJournal(seed);
    const journal = await scene.open();
    await write(journal, 4, 4);
    scene.failpoint = (name) => {
      if (name === 'journal-after-write') throw new Error('killed');
    };
    const last = [20, 20, 20].map((count, i) =>
      aBatch(...Array.from({ length: count }, (_, k) => ({ payload: `record ${8 + 20 * i + k}` }))),
    );
    await Promise.allSettled(last.map((batch) => journal.append(batch)));
    scene.failpoint = () => undefined;
    scene.cutPower();
    const next = await scene.open();
    assert.ok(next.end >= 8, `end ${next.end}`);
    await assertHolds(next, 0, next.end);
    ends.add(next.end);
    await write(next, 3);
    await assertHolds(next, 0, next.end);
  }
  assert.ok(ends.has(8) && ends.size > 2, `torn ends at ${[...ends]}`);
});

test('openSegmentJournal writes over the newest segment where the disk has no room for a copy', async () => {
  for (let seed = 1; seed <= 20; seed++) {
    const scene = new SimulatedJournal(seed, { segmentBytes: 2 ** 20 });
    const journal = await scene.open();
    await write(journal, 40, 40);
    scene.disk.setFaults(failRandomly(new SeededRandom(seed), { sync: 1 }));
    await assert.rejects(write(journal, 40), hasCode('journal-failed'));
    scene.disk.setFaults(() => undefined);
    scene.disk.setCapacity(scene.disk.usedBytes + 600);
    scene.kill();
    const { end } = await scene.open();
    assert.equal(end, 120);
    assert.ok(scene.log.some(({ message }) => message.startsWith('No room for a copy')));
    scene.cutPower();
    await assertHolds(await scene.open(), 0, 120);
  }
});

test('openSegmentJournal finds every flipped bit of a closed journal, at the start or when it is read', async () => {
  const scene = new SimulatedJournal();
  const journal = await scene.open({ segmentBytes: 1200 });
  journal.commit({ ...CONSUMER, position: 0 });
  await write(journal, 2, 3, 1, 4);
  await journal[Symbol.asyncDispose]();
  const names = scene.names();
  assert.ok(names.filter((name) => name.endsWith('.seg')).length > 1);
  for (const name of names) {
    const whole = scene.bytesOf(name);
    for (let at = 0; at < whole.byteLength; at++) {
      const flipped = whole.slice();
      flipped[at] = Number(flipped[at]) ^ (1 << (at % 8));
      scene.overwrite(name, flipped);
      const fault = await faultOf(scene);
      assert.match(
        String(fault?.code),
        /^journal-(damaged|foreign)$/,
        `${name}, byte ${at}: ${fault?.message}`,
      );
      assert.match(String(fault?.message), new RegExp(`${SAMPLE_FOLDER}/.*(at byte \\d+|belongs to)`));
      scene.overwrite(name, whole);
    }
  }
});

test('openSegmentJournal after a crash finds every flipped bit below the last commit, and never reads a wrong record', async () => {
  const scene = new SimulatedJournal();
  const journal = await scene.open();
  await write(journal, 2, 3, 1);
  const name = String(scene.names().findLast((one) => one.endsWith('.seg')));
  const whole = scene.bytesOf(name);
  const last = findLastBatch(whole);
  scene.kill();
  for (let at = 0; at < whole.byteLength; at++) {
    const flipped = whole.slice();
    flipped[at] = Number(flipped[at]) ^ (1 << (at % 8));
    scene.overwrite(name, flipped);
    if (at < last) {
      assert.match(String((await faultOf(scene))?.code), /^journal-(damaged|foreign)$/, `byte ${at}`);
    } else {
      const again = await scene.open();
      await assertHolds(again, 0, 5);
      scene.kill();
    }
    scene.overwrite(String(scene.names().findLast((one) => one.endsWith('.seg'))), whole);
  }
});

test('openSegmentJournal cuts a torn end off a segment that is longer than what it copies at a time', async () => {
  const scene = new SimulatedJournal(1, { segmentBytes: 4 * 2 ** 20 });
  const journal = await scene.open();
  for (let i = 0; i < 18; i++) await journal.append(aBatch({ payload: String(i).padEnd(60_000) }));
  const name = '00000000000000000000.seg';
  const whole = scene.bytesOf(name);
  assert.ok(whole.byteLength > 2 ** 20);
  scene.kill();
  scene.overwrite(name, Buffer.concat([whole, Buffer.alloc(9000, 0x5a)]));
  const next = await scene.open();
  assert.equal(next.figures().tornBytes, 9000);
  assert.deepEqual(Buffer.from(scene.bytesOf(name)), Buffer.from(whole));
});

test('openSegmentJournal fails as the disk does where the copy of the newest segment cannot take its name', async () => {
  const scene = new SimulatedJournal();
  await write(await scene.open(), 3, 3);
  scene.kill();
  scene.disk.setFaults(({ kind }) => (kind === 'rename' ? { kind: 'fail', code: 'disk-failed' } : undefined));
  await assert.rejects(scene.open(), hasCode('disk-failed'));
  assert.ok(!scene.log.some(({ message }) => message.startsWith('No room for a copy')));
  scene.disk.setFaults(() => undefined);
  scene.kill();
  await assertHolds(await scene.open(), 0, 6);
});

test('openSegmentJournal refuses a journal cut short below what consumers.json knows to have been durable', async () => {
  const scene = new SimulatedJournal();
  const journal = await scene.open();
  await write(journal, 3, 3);
  await journal[Symbol.asyncDispose]();
  const name = '00000000000000000000.seg';
  const whole = scene.bytesOf(name);
  scene.overwrite(name, whole.slice(0, findLastBatch(whole)));
  await assert.rejects(scene.open(), hasCode('journal-damaged'));
  await assert.rejects(scene.open({ readOnly: true }), /once ended at 6, now it ends at 3/);
});

test('openSegmentJournal refuses a journal that ends below the position its caller has', async () => {
  const scene = new SimulatedJournal();
  const journal = await scene.open();
  await write(journal, 3);
  scene.kill();
  await assert.rejects(scene.open({ durableEnd: 4 }), hasCode('journal-damaged'));
  scene.kill();
  assert.equal((await scene.open({ durableEnd: 3 })).end, 3);
});

test('openSegmentJournal refuses a segment of another journal, and a folder that has lost its id', async () => {
  const scene = new SimulatedJournal(1);
  const journal = await scene.open();
  await write(journal, 40, 40);
  await journal[Symbol.asyncDispose]();
  const other = new SimulatedJournal(2);
  const stranger = await other.open();
  await write(stranger, 3);
  scene.overwrite('00000000000000000000.seg', other.bytesOf('00000000000000000000.seg'));
  await assert.rejects(scene.open(), hasCode('journal-foreign'));
  scene.disk.remove(`${SAMPLE_FOLDER}/journal.id`);
  await assert.rejects(scene.open(), hasCode('journal-damaged'));
});

test('openSegmentJournal removes a segment that was being made, but none that holds a batch', async () => {
  const scene = new SimulatedJournal();
  const journal = await scene.open();
  await write(journal, 40, 40);
  const names = scene.names().filter((one) => one.endsWith('.seg'));
  const newest = String(names.at(-1));
  assert.equal(names.length, 2);
  const whole = scene.bytesOf(newest);
  scene.kill();
  const headless = whole.slice();
  headless.fill(0, 0, 512);
  scene.overwrite(newest, headless);
  await assert.rejects(scene.open(), hasCode('journal-damaged'));
  scene.overwrite(newest, headless.slice(0, 512));
  const again = await scene.open();
  await assertHolds(again, 0, 40);
  assert.ok(!scene.names().includes(newest));
});

test('openSegmentJournal takes copies of batches inside a torn payload for what they are', async () => {
  const scene = new SimulatedJournal(1, { segmentBytes: 2 ** 20 });
  const journal = await scene.open();
  await write(journal, 2, 2);
  const copied = Buffer.from(scene.bytesOf('00000000000000000000.seg')).toString('latin1');
  const name = '00000000000000000000.seg';
  const builder = aBatch({ payload: 'first' });
  await journal.append(builder);
  const { byteLength } = scene.bytesOf(name);
  const evil = Buffer.from(copied, 'latin1');
  await journal.append(withPayload(evil));
  const whole = scene.bytesOf(name);
  scene.kill();
  const torn = whole.slice();
  torn.fill(0, byteLength, byteLength + 8);
  scene.overwrite(name, torn);
  assert.equal((await scene.open()).end, 5);
});

test('openSegmentJournal for reading only leaves the last commit out unless it is known to be durable, and writes nothing', async () => {
  const log = new RunLog({ keepLines: true });
  const scene = new SimulatedJournal(1, {}, { log });
  const journal = await scene.open();
  await write(journal, 2, 3);
  await Promise.all([journal.append(aBatch()), journal.append(aBatch())]);
  scene.kill();
  const before = log.lines.length;
  const reading = await scene.open({ readOnly: true });
  await assertHolds(reading, 0, 5);
  assert.equal((await scene.open({ readOnly: true, durableEnd: 6 })).end, 6);
  assert.equal((await scene.open({ readOnly: true, durableEnd: 7 })).end, 7);
  await assert.rejects(reading.append(aBatch()), hasCode('journal-read-only'));
  await assert.rejects(reading.trim(), hasCode('journal-read-only'));
  reading.commit({ ...CONSUMER, position: 2 });
  await reading[Symbol.asyncDispose]();
  const done = log.lines
    .slice(before)
    .map((line) => line.replace(/^disk (open|list|read) .*?( (read|write|create))?\s*\d*\s*$/, '$1$2'));
  assert.deepEqual([...new Set(done)].toSorted(), ['list', 'open read', 'read']);
});

test('SegmentJournal loses nothing acknowledged over random appends, faults, kills and power cuts', async () => {
  const seen = { acked: 0, refused: 0, failed: 0, cuts: 0, trimmed: 0, torn: 0 };
  for (let seed = 1; seed <= 60; seed++) await live(seed, seen);
  for (const [what, count] of Object.entries(seen)) assert.ok(count > 12, `${what}: ${count}`);
});

interface Seen {
  acked: number;
  refused: number;
  failed: number;
  cuts: number;
  trimmed: number;
  torn: number;
}

/** What a life knows: payloads by offset as appended, of which those from `acked` on may be lost in a crash. */
interface Model {
  readonly payloads: string[];
  acked: number;
  position: number;
}

async function live(seed: number, seen: Seen): Promise<void> {
  const random = new SeededRandom(`life ${seed}`);
  const scene = new SimulatedJournal(seed, {
    segmentBytes: 3000,
    reserveBytes: 2048,
    journalBytesMax: 20_000,
  });
  const model: Model = { payloads: [], acked: 0, position: 0 };
  let journal = await scene.open();
  for (let step = 0; step < 60; step++) {
    const isCrash = random.chance(0.15) || (await hasFailed(() => act(scene, journal, random, model, seen)));
    if (isCrash) {
      journal = await crash(scene, random, seen);
      assert.ok(
        journal.end >= model.acked,
        `seed ${seed}: ends at ${journal.end}, acknowledged to ${model.acked}`,
      );
      model.acked = journal.end;
      model.payloads.length = journal.end;
    }
    assert.ok(journal.start <= model.position, 'nothing is given up above the consumer');
  }
  calm(scene);
  const found = await payloadsFrom(journal, journal.start);
  const expected = model.payloads.slice(journal.start, model.acked);
  assert.deepEqual(
    found.map(({ payload }) => payload),
    expected,
    `seed ${seed}`,
  );
  assert.equal(journal.received()[0]?.received ?? 0, model.acked, `seed ${seed}`);

  async function hasFailed(step: () => Promise<void>): Promise<boolean> {
    try {
      await step();
      return false;
    } catch (error) {
      if (!(error instanceof CodedError) || error.code !== 'journal-failed') throw error;
      seen.failed++;
      return true;
    }
  }
}

async function act(
  scene: SimulatedJournal,
  journal: SegmentJournal,
  random: SeededRandom,
  model: Model,
  seen: Seen,
): Promise<void> {
  const dice = random.int(17);
  if (dice < 3)
    scene.disk.setCapacity(random.chance(0.5) ? scene.disk.usedBytes + random.int(3000) : 2 ** 20);
  const rates = { write: 0.3, sync: 0.05, 'sync-folder': 0.05, truncate: 0.1, remove: 0.1, rename: 0.1 };
  if (random.chance(0.2)) scene.disk.setFaults(failRandomly(random, rates));
  else scene.disk.setFaults(() => undefined);
  const share = random.chance(0.4) ? 0.2 : 0;
  scene.failpoint = (name) => {
    if (random.chance(share)) throw new Error(`killed at ${name}`);
  };
  if (dice < 13) return appendSome(journal, random, model, seen);
  model.position = random.between(model.position, model.acked);
  const { start } = journal;
  journal.commit({ ...CONSUMER, position: model.position });
  seen.trimmed += (await journal.trim()) - start;
}

async function appendSome(
  journal: SegmentJournal,
  random: SeededRandom,
  model: Model,
  seen: Seen,
): Promise<void> {
  const batches = Array.from({ length: random.between(1, 3) }, () => {
    const texts = Array.from({ length: random.between(1, 6) }, () =>
      `${random.uint32()}`.repeat(random.between(1, 20)),
    );
    model.payloads.push(...texts);
    return aBatch(...texts.map((payload) => ({ payload })));
  });
  const outcomes = await Promise.allSettled(batches.map((batch) => journal.append(batch)));
  for (const outcome of outcomes) {
    if (outcome.status === 'fulfilled') {
      assert.equal(outcome.value.firstOffset, model.acked);
      model.acked = outcome.value.end;
      seen.acked++;
    } else {
      if (!(outcome.reason instanceof JournalError) || outcome.reason.code !== 'journal-full')
        throw outcome.reason;
      seen.refused++;
    }
  }
  model.payloads.length = model.acked;
  await new Promise((resolve) => setImmediate(resolve));
}

function calm(scene: SimulatedJournal): void {
  scene.disk.setFaults(() => undefined);
  scene.disk.setCapacity(2 ** 20);
  scene.failpoint = () => undefined;
}

/** Ends the process, or the power, and opens again; what is served is served again after another cut. */
async function crash(scene: SimulatedJournal, random: SeededRandom, seen: Seen): Promise<SegmentJournal> {
  calm(scene);
  if (random.chance(0.5)) scene.kill();
  else scene.cutPower();
  let journal = await scene.open();
  if (journal.figures().tornBytes > 0) seen.torn++;
  if (random.chance(0.5)) {
    seen.cuts++;
    const { end, start } = journal;
    scene.cutPower();
    journal = await scene.open();
    assert.deepEqual([journal.start, journal.end], [start, end], 'what was served is still there');
  }
  return journal;
}

async function faultOf(scene: SimulatedJournal): Promise<JournalError | undefined> {
  let journal: SegmentJournal | undefined;
  try {
    journal = await scene.open();
    await payloadsFrom(journal, journal.start);
  } catch (error) {
    if (error instanceof JournalError) return error;
    throw error;
  } finally {
    scene.kill();
  }
  return undefined;
}

function findLastBatch(bytes: Uint8Array): number {
  return Buffer.from(bytes).lastIndexOf('SKB1');
}

function withPayload(payload: Uint8Array): ReturnType<typeof aBatch> {
  const batch = aBatch({ payload: 'x'.repeat(payload.byteLength) });
  const at = Buffer.from(batch.bytes).indexOf('xxxxxxxx');
  batch.bytes.set(payload, at);
  return batch;
}
