import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JournalError } from './errors.ts';
import { RecordReader, readBatch } from './record-reader.ts';
import { aBatch, type SampleRecord } from './testing/records.ts';

/** The body of one record's batch, changed. */
function forged(sample: SampleRecord, change: (view: DataView) => void): Uint8Array {
  const { bytes } = aBatch(sample);
  change(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  return bytes;
}

function isMalformed(words: RegExp): (error: JournalError) => boolean {
  return ({ code, message }) => code === 'batch-malformed' && words.test(message);
}

test('RecordReader refuses, before anything is read, a record that is shorter than its own head', () => {
  const body = forged({}, (view) => view.setUint32(0, 19, true));
  assert.throws(() => readBatch({ body, firstOffset: 0, count: 1 }), isMalformed(/claims 19 bytes/));
  const least = { topic: '', client: '', payload: '' };
  const reader = new RecordReader({ body: aBatch(least, least).bytes, firstOffset: 7, count: 2 });
  assert.deepEqual([reader.next(), reader.next(), reader.next(), reader.offset], [true, true, false, 8]);
  assert.throws(
    () => readBatch({ body: aBatch().bytes, firstOffset: 0, count: 9 }),
    isMalformed(/^The record at byte /),
  );
});

test('RecordReader refuses a record for each thing that cannot be, by its name', () => {
  const changes: readonly [string, RegExp, (view: DataView) => void][] = [
    ['kind', /has the kind 99/, (view) => view.setUint8(4, 99)],
    ['QoS', /has the flags 3/, (view) => view.setUint8(5, 3)],
    ['flags', /has the flags 8/, (view) => view.setUint8(5, 8)],
    ['project', /names project 1/, (view) => view.setUint16(6, 1, true)],
    ['time', /impossible receive time/, (view) => view.setUint32(12, 2 ** 21, true)],
    ['topic', /fields that do not end inside it/, (view) => view.setUint16(16, 60_000, true)],
    ['headers', /fields that do not end inside it/, (view) => view.setUint32(20, 1000, true)],
  ];
  for (const [what, words, change] of changes) {
    const reader = readBatch({ body: forged({}, change), firstOffset: 0, count: 1 });
    assert.throws(() => reader.next(), isMalformed(words), what);
  }
});

test('RecordReader takes the last time, the fields and the project that there can be', () => {
  const body = forged({ retain: true, qos: 2, payload: '' }, (view) => {
    view.setUint32(8, 2 ** 32 - 1, true);
    view.setUint32(12, 2 ** 21 - 1, true);
  });
  const reader = readBatch({ body, firstOffset: 0, count: 1 });
  assert.equal(reader.next(), true);
  assert.deepEqual([reader.receivedMicros, reader.qos, reader.retain], [2 ** 53 - 1, 2, true]);
  assert.deepEqual([reader.tenant, reader.project, reader.payload.byteLength], ['t', 'p', 0]);
  const none = readBatch({ body: aBatch({ project: null }).bytes, firstOffset: 0, count: 1 });
  assert.equal(none.next(), true);
  assert.deepEqual([none.projectIndex, none.tenant, none.project], [-1, '', '']);
});
