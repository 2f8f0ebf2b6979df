import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hasCode, SimulatedDisk } from '@skerry/kernel/testing';
import { aBatch } from '../testing/records.ts';
import { FileWindow } from './file-window.ts';
import { BATCH_HEADER_BYTES, encodeBatchHeader, encodeSegmentHeader } from './layout.ts';
import {
  batchAt,
  holdsBatch,
  placeBehind,
  proofBehind,
  readSegmentHeader,
  type ScanPlace,
} from './segment-scan.ts';

const ID = Uint8Array.from({ length: 16 }, (_, i) => i + 1);
const OTHER_ID = new Uint8Array(16);

interface Written {
  readonly firstOffset: number;
  readonly commitBefore?: number;
  readonly records?: number;
}

/** The bytes of one batch: header and body. */
function batchBytes({ firstOffset, commitBefore = 0, records = 1 }: Written, chain = 7): Uint8Array {
  const batch = aBatch(...Array.from({ length: records }, () => ({ payload: 'p' })));
  const header = new Uint8Array(BATCH_HEADER_BYTES);
  const place = { firstOffset, telemetryBefore: firstOffset, appendedMicros: 1, commitBefore, chain };
  encodeBatchHeader(header, batch, { ...place, id: ID });
  return Buffer.concat([header, batch.bytes]);
}

/** A window over these bytes through a buffer of so many. */
function aWindow(bytes: Uint8Array, bufferBytes = 4096): FileWindow {
  const disk = new SimulatedDisk({ folders: ['/d'] });
  const file = disk.open('/d/f', 'create');
  file.write(bytes, 0);
  return new FileWindow(file, new Uint8Array(bufferBytes));
}

function headerBytes(projects = 0): Uint8Array {
  const totals = Array.from({ length: projects }, (_, i) => ({
    tenant: `tenant ${i}`,
    project: 'p',
    received: i,
    receivedQos0: 0,
  }));
  return encodeSegmentHeader({
    id: ID,
    firstOffset: 5,
    telemetryBefore: 4,
    createdMicros: 3,
    chain: 2,
    totals,
  });
}

test('readSegmentHeader reads a header of one sector and of many, and its length, whatever follows', () => {
  for (const projects of [0, 200]) {
    const bytes = headerBytes(projects);
    const found = readSegmentHeader(aWindow(Buffer.concat([bytes, Buffer.alloc(30, 1)])));
    assert.deepEqual([found?.bytes, found?.header.firstOffset], [bytes.byteLength, 5]);
    assert.equal(found?.header.totals.length, projects);
    assert.deepEqual(found?.header.id, ID);
  }
});

test('readSegmentHeader finds none where a byte is missing, or any is changed', () => {
  for (const projects of [0, 200]) {
    const bytes = headerBytes(projects);
    assert.equal(readSegmentHeader(aWindow(bytes.subarray(0, -1))), undefined);
    assert.equal(readSegmentHeader(aWindow(bytes.subarray(0, 511))), undefined);
    for (const at of [0, 8, 20, 61, bytes.byteLength - 1]) {
      const changed = bytes.slice();
      changed[at] = Number(changed[at]) ^ 1;
      assert.equal(readSegmentHeader(aWindow(changed)), undefined, `byte ${at}`);
    }
  }
  assert.equal(readSegmentHeader(aWindow(new Uint8Array())), undefined);
});

test('batchAt finds a whole batch of this journal where it begins, and none where a byte is missing or changed', () => {
  const bytes = Buffer.concat([Buffer.alloc(9), batchBytes({ firstOffset: 3, records: 2 })]);
  const header = batchAt(aWindow(bytes), 9, ID);
  assert.deepEqual([header?.firstOffset, header?.count], [3, 2]);
  assert.equal(batchAt(aWindow(bytes), 8, ID), undefined);
  assert.equal(batchAt(aWindow(bytes), 9, OTHER_ID), undefined);
  assert.equal(batchAt(aWindow(bytes.subarray(0, -1)), 9, ID), undefined);
  for (const at of [9, 9 + 20, 9 + BATCH_HEADER_BYTES, bytes.byteLength - 1]) {
    const changed = Buffer.from(bytes);
    changed[at] = Number(changed[at]) ^ 1;
    assert.equal(batchAt(aWindow(changed), 9, ID), undefined, `byte ${at}`);
  }
});

test('placeBehind steps over a batch that continues, and names each number that does not', () => {
  const bytes = batchBytes({ firstOffset: 3, records: 2 });
  const header = batchAt(aWindow(bytes), 0, ID);
  assert.ok(header);
  const place: ScanPlace = { at: 100, offset: 3, telemetryBefore: 3, chain: 7 };
  assert.deepEqual(placeBehind('f', place, header), {
    at: 100 + bytes.byteLength,
    offset: 5,
    telemetryBefore: 5,
    chain: header.checksum,
  });
  for (const [wrong, said] of [
    [{ offset: 4 }, /begins at offset 3 and not at 4/],
    [{ telemetryBefore: 2 }, /counts 3 telemetry records before it and not 2/],
    [{ chain: 8 }, /chain of checksums is broken/],
  ] as const) {
    const step = (): unknown => placeBehind('f', { ...place, ...wrong }, header);
    assert.throws(step, hasCode('journal-damaged'));
    assert.throws(step, said);
  }
});

test('proofBehind names the first batch of a later write, and passes over those of the broken one', () => {
  const broken: ScanPlace = { at: 0, offset: 10, telemetryBefore: 10, chain: 7 };
  const torn = Buffer.alloc(40);
  const proof = (...behind: readonly Written[]): number | undefined =>
    proofBehind(aWindow(Buffer.concat([torn, ...behind.map((one) => batchBytes(one))])), broken, ID);
  const length = batchBytes({ firstOffset: 1 }).byteLength;
  // of the write that begins at the broken place
  assert.equal(proof({ firstOffset: 12, commitBefore: 2 }), undefined);
  assert.equal(proof({ firstOffset: 12, commitBefore: 3 }), undefined);
  assert.equal(proof({ firstOffset: 12, commitBefore: 1 }), 40);
  assert.equal(proof({ firstOffset: 12, commitBefore: 2 }, { firstOffset: 13 }), 40 + length);
  assert.equal(proof({ firstOffset: 10 }), undefined);
  assert.equal(proof(), undefined);
});

test('proofBehind and holdsBatch find a batch wherever the end of the buffer falls into it, past marks that begin none', () => {
  const batch = batchBytes({ firstOffset: 20 });
  const broken: ScanPlace = { at: 0, offset: 10, telemetryBefore: 10, chain: 7 };
  const falseMark = batch.subarray(0, 4);
  for (let before = 0; before < 300; before += 1) {
    const bytes = Buffer.concat([
      Buffer.alloc(before, 0xaa),
      falseMark,
      Buffer.alloc(3),
      batch,
      Buffer.alloc(2),
    ]);
    const at = before + 7;
    assert.equal(proofBehind(aWindow(bytes, 128), broken, ID), at, `${before} bytes before`);
    assert.equal(holdsBatch(aWindow(bytes, 128), ID), true, `${before} bytes before`);
    assert.equal(holdsBatch(aWindow(bytes, 128), OTHER_ID), false);
    assert.equal(holdsBatch(aWindow(bytes.subarray(0, at + 100), 128), ID), false);
  }
  assert.equal(holdsBatch(aWindow(batch), ID), true);
  for (const bytes of [new Uint8Array(), falseMark.subarray(0, 3), falseMark, Buffer.alloc(500)])
    assert.equal(holdsBatch(aWindow(bytes, 128), ID), false);
});
