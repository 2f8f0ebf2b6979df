import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { test } from 'node:test';
import { BatchBuilder, RECORD_KIND, readBatch } from '@skerry/journal';
import { openSegmentJournal, type SegmentJournal } from '@skerry/journal/segment';
import { createMeter, noFailpoints, silentLogger } from '@skerry/kernel';
import { nodeClock, nodeDisk, nodeRandom } from '@skerry/kernel/node';
import { hasCode } from '@skerry/kernel/testing';
import { HeldJournal, type StoreFacts } from './audit-journal.ts';
import { PinnedSegments } from './pinned-segments.ts';

const PARENT = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();
const BATCH_HEADER_BYTES = 80;
const EVERYTHING: StoreFacts = { position: 0, pointsFrom: 0 };
const breathe = async () => undefined;

/** A journal in small segments, in a folder of its own. */
class JournalFolder implements AsyncDisposable {
  readonly folder = mkdtempSync(`${PARENT}/skerry-held-`);
  readonly #builder = new BatchBuilder();
  #journal: SegmentJournal | undefined;

  get journal(): SegmentJournal {
    assert.ok(this.#journal, 'open first');
    return this.#journal;
  }

  get segments(): string[] {
    return readdirSync(this.folder).filter((name) => name.endsWith('.seg'));
  }

  async open(journalBytesMax = 2 ** 30): Promise<this> {
    this.#journal = await openSegmentJournal(
      { folder: this.folder, segmentBytes: 2_500, reserveBytes: 0, journalBytesMax },
      {
        clock: nodeClock(),
        disk: nodeDisk(),
        random: nodeRandom(),
        meter: createMeter(),
        logger: silentLogger,
        failpoint: noFailpoints,
      },
    );
    return this;
  }

  /** Appends batches of these many records of two projects, every third of them no telemetry. */
  async append(...counts: number[]): Promise<void> {
    for (const count of counts) {
      for (let i = 0; i < count; i++) {
        this.#builder.add({
          kind: i % 3 === 2 ? RECORD_KIND.message : RECORD_KIND.telemetry,
          qos: i % 2,
          retain: false,
          project: this.#builder.project('t', i % 2 === 0 ? 'p' : 'q'),
          receivedMicros: nodeClock().nowMicros(),
          topic: new Uint8Array(20),
          client: new Uint8Array(3),
          payload: new Uint8Array(80),
          headers: new Uint8Array(0),
        });
      }
      const batch = this.#builder.close();
      assert.ok(batch);
      await this.journal.append(batch);
    }
  }

  facts() {
    const { id, start, end, telemetryEnd } = this.journal;
    return { id, start, end, telemetryEnd, received: this.journal.received(), receivedBefore: [] };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#journal?.[Symbol.asyncDispose]();
    rmSync(this.folder, { recursive: true });
  }
}

/** Offsets that reading on from the start gives, as the audit reads. */
async function offsetsOf(journal: HeldJournal, bytesMax: number): Promise<number[]> {
  const offsets: number[] = [];
  for (let at = journal.start; at < journal.end; ) {
    const batches = await journal.read(at, bytesMax);
    if (batches.length === 0) break;
    for (const batch of batches) {
      const reader = readBatch(batch);
      while (reader.next()) if (reader.offset >= journal.start) offsets.push(reader.offset);
      at = batch.firstOffset + batch.count;
    }
  }
  return offsets;
}

/** Where each batch of a segment begins, with the offsets that it and the rest of the segment hold. */
function batchesOf(bytes: Buffer, next: number) {
  const places: { at: number; offset: number; next: number }[] = [];
  for (
    let at = bytes.readUInt32LE(8);
    at < bytes.length;
    at += BATCH_HEADER_BYTES + bytes.readUInt32LE(at + 4)
  )
    places.push({ at, offset: Number(bytes.readBigUInt64LE(at + 8)), next });
  return places;
}

test('HeldJournal reads all around a damaged place, whatever batch it is in and whether header or body', async () => {
  await using folder = await new JournalFolder().open();
  await folder.append(...Array.from({ length: 30 }, (_, i) => 1 + (i % 5)));
  const facts = folder.facts();
  const { segments } = folder;
  assert.ok(segments.length > 3);
  let damaged = 0;
  for (const [i, name] of segments.entries()) {
    const path = `${folder.folder}/${name}`;
    const whole = readFileSync(path);
    const next = Number(segments[i + 1]?.slice(0, 20) ?? facts.end);
    for (const place of batchesOf(whole, next)) {
      for (const inside of [10, BATCH_HEADER_BYTES + 30]) {
        const bytes = Buffer.from(whole);
        bytes.writeUInt8(bytes.readUInt8(place.at + inside) ^ 0xff, place.at + inside);
        writeFileSync(path, bytes);
        using pins = new PinnedSegments(folder.folder, nodeDisk());
        using held = await HeldJournal.open(pins, facts, EVERYTHING, breathe);
        const wanted = Array.from({ length: facts.end }, (_, offset) => offset).filter(
          (offset) => offset < place.offset || offset >= place.next,
        );
        assert.deepEqual(await offsetsOf(held, 10_000), wanted);
        const findings = held.findings();
        assert.deepEqual(
          findings.map(({ offset }) => offset),
          [place.offset],
        );
        assert.ok(findings[0]?.detail.includes(name));
        damaged++;
      }
    }
    writeFileSync(path, whole);
  }
  assert.equal(damaged, 60);
});

test('HeldJournal reads on behind a segment that is missing', async () => {
  await using folder = await new JournalFolder().open();
  await folder.append(...Array.from({ length: 30 }, () => 3));
  const facts = folder.facts();
  const [, gone, next] = folder.segments.map((name) => Number(name.slice(0, 20)));
  rmSync(`${folder.folder}/${folder.segments[1]}`);
  using pins = new PinnedSegments(folder.folder, nodeDisk());
  using held = await HeldJournal.open(pins, facts, EVERYTHING, breathe);
  const offsets = await offsetsOf(held, 1);
  assert.equal(offsets.length, 90 - (Number(next) - Number(gone)));
  assert.ok(!offsets.includes(Number(gone)) && offsets.includes(Number(next)));
  assert.deepEqual(
    held.findings().map(({ offset }) => offset),
    [gone],
  );
});

test('HeldJournal begins where the points are kept, with the totals of what lies before', async () => {
  await using folder = await new JournalFolder().open();
  await folder.append(...Array.from({ length: 30 }, () => 6));
  const facts = folder.facts();
  using pins = new PinnedSegments(folder.folder, nodeDisk());
  for (const pointsFrom of [0, 6, 8, 100, facts.end, facts.end + 10]) {
    using held = await HeldJournal.open(pins, facts, { position: 0, pointsFrom }, breathe);
    const start = Math.min(pointsFrom, facts.end);
    assert.equal(held.start, start);
    const counted = { p: 0, q: 0, qos0: 0 };
    for (let offset = 0; offset < start; offset++) {
      const i = offset % 6;
      if (i % 3 === 2) continue;
      counted[i % 2 === 0 ? 'p' : 'q']++;
      if (i % 2 === 0) counted.qos0++;
    }
    const rows = held.receivedBefore();
    assert.equal(rows.find(({ project }) => project === 'p')?.received ?? 0, counted.p);
    assert.equal(rows.find(({ project }) => project === 'q')?.received ?? 0, counted.q);
    assert.equal(
      rows.reduce((sum, row) => sum + row.receivedQos0, 0),
      counted.qos0,
    );
    assert.equal((await offsetsOf(held, 1_000)).length, facts.end - start);
    assert.deepEqual(held.findings(), []);
  }
});

test('HeldJournal tells a journal whose beginning is gone, and a store that is ahead', async () => {
  await using folder = await new JournalFolder().open();
  await folder.append(...Array.from({ length: 30 }, () => 3));
  const facts = folder.facts();
  rmSync(`${folder.folder}/${folder.segments[0]}`);
  const start = Number(folder.segments[0]?.slice(0, 20));
  using pins = new PinnedSegments(folder.folder, nodeDisk());
  using held = await HeldJournal.open(pins, facts, { position: 91, pointsFrom: 0 }, breathe);
  assert.deepEqual(
    held.findings().map(({ detail }) => detail),
    [
      `The journal says that it begins at 0; its files begin at ${start}.`,
      'The store has seen records up to 91; the journal ends at 90.',
    ],
  );
});

test('PinnedSegments keeps what trimming removes, and holds no hole', async () => {
  await using folder = await new JournalFolder().open(60_000);
  const trimTo = async (offset: number) => {
    while (folder.journal.start <= offset) {
      await folder.append(3, 3, 3);
      folder.journal.commit({ name: 'pipeline', isMandatory: true, position: folder.journal.end });
      await folder.journal.trim();
    }
  };
  await folder.append(...Array.from({ length: 40 }, () => 3));
  using pins = new PinnedSegments(folder.folder, nodeDisk());
  assert.equal(pins.start, 0);
  await trimTo(0);
  pins.refresh();
  using held = await HeldJournal.open(pins, folder.facts(), EVERYTHING, breathe);
  assert.equal(pins.start, 0);
  assert.equal((await offsetsOf(held, 1_000)).length, folder.journal.end);
  assert.deepEqual(held.findings(), []);
  await trimTo(folder.journal.end);
  pins.refresh();
  assert.equal(pins.start, folder.journal.start);
  const sealed = { position: pins.start, pointsFrom: 0 };
  using later = await HeldJournal.open(pins, folder.facts(), sealed, breathe);
  assert.equal((await offsetsOf(later, 1_000)).length, folder.journal.end - folder.journal.start);
  assert.deepEqual(later.findings(), []);
});

test('HeldJournal refuses a snapshot whose position was trimmed away before the segments were held', async () => {
  await using folder = await new JournalFolder().open(60_000);
  await folder.append(3);
  using pins = new PinnedSegments(folder.folder, nodeDisk());
  while (folder.journal.start <= 3) {
    await folder.append(3, 3, 3);
    folder.journal.commit({ name: 'pipeline', isMandatory: true, position: folder.journal.end });
    await folder.journal.trim();
  }
  pins.refresh();
  const before = { position: pins.start - 1, pointsFrom: 0 };
  await assert.rejects(HeldJournal.open(pins, folder.facts(), before, breathe), hasCode('offset-trimmed'));
});

test('PinnedSegments fails with the code of the disk on a folder that is not there', () => {
  assert.throws(() => new PinnedSegments(`${PARENT}/skerry-nothing`, nodeDisk()), hasCode('not-found'));
});
