import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hasCode, SeededRandom } from '@skerry/kernel/testing';
import { aBatch, payloadsFrom } from '../testing/records.ts';
import { SAMPLE_FOLDER, SimulatedJournal } from '../testing/simulated-journal.ts';
import { openSegmentReader, type SegmentReader } from './segment-reader.ts';

/** A journal of `count` batches of two records over several segments, and a reader of its folder. */
async function aJournal(count: number) {
  const scene = new SimulatedJournal();
  const journal = await scene.open();
  for (let i = 0; i < count; i++)
    await journal.append(aBatch({ payload: `${2 * i}` }, { payload: `${2 * i + 1}`.padEnd(200) }));
  return { scene, journal, reader: openSegmentReader(SAMPLE_FOLDER, { disk: scene.disk }) };
}

async function offsetsFrom(
  reader: SegmentReader,
  from: number,
  end: number,
  bytesMax: number,
): Promise<number[]> {
  const journal = { end, read: (at: number, most: number) => reader.read(at, most, end) };
  return (await payloadsFrom(journal, from, bytesMax)).map(({ offset, payload }) => {
    assert.equal(Number(payload), offset);
    return offset;
  });
}

test('SegmentReader reads from any offset to any told end, in any order of the asking', async () => {
  const { reader, journal } = await aJournal(60);
  assert.ok(journal.figures().segments > 3);
  const random = new SeededRandom(1);
  for (let i = 0; i < 80; i++) {
    const from = random.int(120);
    const end = 2 * random.between(Math.ceil((from + 1) / 2), 60);
    const found = await offsetsFrom(reader, from, end, random.between(1, 5000));
    assert.deepEqual(
      found,
      Array.from({ length: end - from }, (_, k) => from + k),
      `from ${from} to ${end}`,
    );
  }
  assert.deepEqual(await reader.read(120, 1000, 120), []);
});

test('SegmentReader sees what was written anew behind the end it had read to', async () => {
  const { scene, reader, journal } = await aJournal(2);
  let writes = 0;
  scene.disk.setFaults(({ kind }) => {
    if (kind !== 'write') return undefined;
    if (writes++ === 0) return { kind: 'short', bytes: 300 };
    assert.equal(reader.readNow(0, 10_000, 4).length, 2, 'reads while a part of the commit is in the file');
    return { kind: 'fail', code: 'disk-full' };
  });
  await assert.rejects(journal.append(aBatch({ payload: 'torn'.repeat(100) })), hasCode('journal-full'));
  scene.disk.setFaults(() => undefined);
  await new Promise((resolve) => setImmediate(resolve));
  await journal.append(aBatch({ payload: '4' }));
  assert.deepEqual(await offsetsFrom(reader, 0, 5, 10_000), [0, 1, 2, 3, 4]);
});

test('SegmentReader names file and byte of what is damaged in an older segment, and reads what is before it', async () => {
  const { scene, reader, journal } = await aJournal(60);
  const [, second] = scene.names().filter((name) => name.endsWith('.seg'));
  const name = String(second);
  const bytes = scene.bytesOf(name);
  const at = Buffer.from(bytes).indexOf('SKB1', 1000);
  for (const place of [at, at + 70, at + 100]) {
    const changed = bytes.slice();
    changed[place] = Number(changed[place]) ^ 4;
    scene.overwrite(name, changed);
    const from = Number(name.slice(0, 20));
    using fresh = openSegmentReader(SAMPLE_FOLDER, { disk: scene.disk });
    assert.equal((await fresh.read(from, 1, journal.end))[0]?.firstOffset, from);
    await assert.rejects(fresh.read(from, 10_000, journal.end), (error) => {
      hasCode('journal-damaged')(error);
      assert.match(String(error), new RegExp(`${name}: at byte (${at}|${at + 80}) `));
      return true;
    });
  }
  scene.overwrite(name, bytes.slice(0, at));
  reader.close();
  await assert.rejects(
    reader.read(Number(name.slice(0, 20)), 100_000, journal.end),
    hasCode('journal-damaged'),
  );
});

test('SegmentReader says what is wrong with a batch: cut off, above the end it was told, none at all', async () => {
  const { scene, reader, journal } = await aJournal(3);
  const name = '00000000000000000000.seg';
  const saidOf = (end: number): unknown => {
    reader.close();
    try {
      return reader.readNow(0, 100_000, end).length;
    } catch (error) {
      hasCode('journal-damaged')(error);
      return String(error);
    }
  };
  assert.equal(saidOf(4), 2);
  assert.match(String(saidOf(3)), /a batch reaches above the end 3/);
  const whole = scene.bytesOf(name);
  const last = Buffer.from(whole).lastIndexOf('SKB1');
  scene.overwrite(name, whole.slice(0, -1));
  assert.match(String(saidOf(journal.end)), new RegExp(`at byte ${last + 80} .*the batch ends early`));
  scene.overwrite(name, whole.slice(0, last + 10));
  assert.match(String(saidOf(journal.end)), new RegExp(`at byte ${last} .*there is no valid batch`));
  scene.overwrite(name, whole);
  assert.equal(saidOf(journal.end), 3);
});

test('SegmentReader.readRetained stops at the end it was told, though the journal goes on', async () => {
  const { reader, journal } = await aJournal(20);
  await journal.append(aBatch({ payload: 'kept', retain: true }));
  const found = async (from: number, end: number): Promise<number[]> => {
    const offsets: number[] = [];
    for await (const batch of reader.readRetained(from, end)) offsets.push(batch.firstOffset);
    return offsets;
  };
  for (const end of [2, 4, 38, 40]) assert.deepEqual(await found(0, end), [], `to ${end}`);
  assert.deepEqual(await found(0, 41), [40]);
  assert.deepEqual(await found(40, 41), [40]);
});

test('SegmentReader finds a segment that is gone from the middle', async () => {
  const { scene, reader, journal } = await aJournal(60);
  const names = scene.names().filter((name) => name.endsWith('.seg'));
  scene.disk.remove(`${SAMPLE_FOLDER}/${names[1]}`);
  await assert.rejects(reader.read(0, 100_000, journal.end), hasCode('journal-damaged'));
  await assert.rejects(
    reader.read(Number(names[1]?.slice(0, 20)) + 1, 100_000, journal.end),
    hasCode('journal-damaged'),
  );
});

test('SegmentReader finds a segment of the same journal and place that another life has written', async () => {
  const [one, other] = [new SimulatedJournal(1), new SimulatedJournal(1)];
  const [first, second] = [await one.open(), await other.open()];
  for (let i = 0; i < 40; i++) {
    await first.append(aBatch({ payload: 'a'.repeat(200) }));
    await second.append(aBatch({ payload: 'b'.repeat(200) }));
  }
  assert.equal(first.id, second.id);
  const name = String(one.names().filter((found) => found.endsWith('.seg'))[1]);
  one.overwrite(name, other.bytesOf(name));
  const reader = openSegmentReader(SAMPLE_FOLDER, { disk: one.disk });
  await assert.rejects(reader.read(0, 100_000, first.end), /chain of checksums/);
});

test('SegmentReader tells offset-trimmed for what was given up while it read', async () => {
  const scene = new SimulatedJournal(1, { journalBytesMax: 20_000 });
  const journal = await scene.open();
  const reader = openSegmentReader(SAMPLE_FOLDER, { disk: scene.disk });
  while (journal.figures().bytes < 17_000) await journal.append(aBatch({ payload: 'x'.repeat(400) }));
  assert.equal(reader.readNow(0, 1, journal.end).length, 1);
  journal.commit({ name: 'pipeline', isMandatory: true, position: journal.end });
  await journal.trim();
  reader.close();
  await assert.rejects(reader.read(0, 1, journal.end), (error) => {
    hasCode('offset-trimmed')(error);
    assert.match(String(error), new RegExp(`from 0: the journal begins at ${journal.start}\\.`));
    return true;
  });
  assert.equal((await reader.read(journal.start, 1, journal.end))[0]?.firstOffset, journal.start);
});

test('SegmentReader tells offset-trimmed where there is no segment at all', async () => {
  const { scene, reader } = await aJournal(1);
  scene.disk.remove(`${SAMPLE_FOLDER}/00000000000000000000.seg`);
  await assert.rejects(reader.read(0, 1, 2), (error) => {
    hasCode('offset-trimmed')(error);
    assert.match(String(error), /begins at nowhere/);
    return true;
  });
});
