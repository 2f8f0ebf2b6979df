import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crc32 } from 'node:zlib';
import { aBatch } from '../testing/records.ts';
import {
  BATCH_HEADER_BYTES,
  decodeBatchHeader,
  decodeSegmentHeader,
  encodeBatchHeader,
  encodeSegmentHeader,
  SEGMENT_NAME,
  segmentHeaderBytes,
  segmentName,
} from './layout.ts';

const ID = Uint8Array.from({ length: 16 }, (_, i) => i + 1);
const ID_HEX = '0102030405060708090a0b0c0d0e0f10';
const HIGH = 2 ** 32;

function uint32Hex(value: number): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes.toString('hex');
}

test('encodeBatchHeader writes the bytes of docs/formats/segment.md', () => {
  const batch = aBatch({ retain: true }, {});
  const header = new Uint8Array(BATCH_HEADER_BYTES);
  const checksum = encodeBatchHeader(header, batch, {
    id: ID,
    firstOffset: HIGH + 5,
    telemetryBefore: 2 * HIGH + 6,
    appendedMicros: 1_767_225_600_000_000,
    commitBefore: 0x0102,
    chain: 0xfffefdfc,
  });
  const checked = [
    '534b4231', // SKB1
    uint32Hex(batch.bytes.byteLength),
    '0500000001000000',
    '02000000',
    '02000000',
    '0600000002000000',
    '0040204648470600',
    ID_HEX,
    uint32Hex(batch.tableStart),
    '0100', // retained
    '0201',
    'fcfdfeff',
    uint32Hex(crc32(batch.bytes)),
  ].join('');
  assert.equal(checked.length, 144);
  assert.equal(
    Buffer.from(header).toString('hex'),
    `${checked}${uint32Hex(crc32(Buffer.from(checked, 'hex')))}00000000`,
  );
  assert.deepEqual(decodeBatchHeader(header, ID), {
    bodyBytes: batch.bytes.byteLength,
    firstOffset: HIGH + 5,
    count: 2,
    telemetryCount: 2,
    telemetryBefore: 2 * HIGH + 6,
    appendedMicros: 1_767_225_600_000_000,
    tableStart: batch.tableStart,
    hasRetained: true,
    commitBefore: 0x0102,
    chain: 0xfffefdfc,
    bodyChecksum: crc32(batch.bytes),
    checksum,
  });
});

test('decodeBatchHeader takes no header with any bit changed, nor one of another journal', () => {
  const header = new Uint8Array(BATCH_HEADER_BYTES);
  const place = { firstOffset: 1, telemetryBefore: 1, appendedMicros: 1, commitBefore: 0, chain: 1 };
  encodeBatchHeader(header, aBatch(), { id: ID, ...place });
  assert.ok(decodeBatchHeader(header, ID));
  assert.equal(
    decodeBatchHeader(
      header,
      ID.map((byte) => byte ^ 1),
    ),
    undefined,
  );
  for (let bit = 0; bit < BATCH_HEADER_BYTES * 8; bit++) {
    const changed = header.slice();
    changed[bit >> 3] = Number(changed[bit >> 3]) ^ (1 << (bit & 7));
    assert.equal(decodeBatchHeader(changed, ID), undefined, `bit ${bit}`);
  }
});

test('encodeSegmentHeader writes the bytes of docs/formats/segment.md', () => {
  const totals = [{ tenant: 't', project: 'Ω', received: 9, receivedQos0: 2 }];
  const bytes = encodeSegmentHeader({
    id: ID,
    firstOffset: HIGH + 5,
    telemetryBefore: 7,
    createdMicros: 1_767_225_600_000_000,
    chain: 0x01020304,
    totals,
  });
  const text = Buffer.from('[["t","Ω",9,2]]');
  const head = [
    '534b534547303031', // SKSEG001
    '00020000',
    uint32Hex(text.byteLength),
    ID_HEX,
    '0500000001000000',
    '0700000000000000',
    '0040204648470600',
    '04030201',
  ].join('');
  const unchecked = Buffer.alloc(512);
  unchecked.write(head, 'hex');
  text.copy(unchecked, 64);
  const expected = Buffer.from(unchecked);
  expected.writeUInt32LE(crc32(unchecked), 60);
  assert.equal(Buffer.from(bytes).toString('hex'), expected.toString('hex'));
  assert.equal(segmentHeaderBytes(bytes), 512);
  assert.deepEqual(decodeSegmentHeader(bytes)?.totals, totals);
});

test('encodeSegmentHeader takes as many sectors as the totals need, and each of their bytes is checked', () => {
  const totals = Array.from({ length: 40 }, (_, i) => ({
    tenant: `t${i}`,
    project: 'p',
    received: i,
    receivedQos0: 0,
  }));
  const header = { id: ID, firstOffset: 0, telemetryBefore: 0, createdMicros: 0, chain: 0, totals };
  const bytes = encodeSegmentHeader(header);
  assert.equal(bytes.byteLength, 1024);
  assert.deepEqual(decodeSegmentHeader(bytes), header);
  assert.equal(decodeSegmentHeader(bytes.subarray(0, 512)), undefined);
  for (let at = 0; at < bytes.byteLength; at++) {
    const changed = bytes.slice();
    changed[at] = Number(changed[at]) ^ (1 << (at & 7));
    assert.equal(decodeSegmentHeader(changed), undefined, `byte ${at}`);
  }
});

test('segmentName is the offset in 20 digits, so that names sort as offsets', () => {
  assert.equal(segmentName(0), '00000000000000000000.seg');
  assert.equal(segmentName(Number.MAX_SAFE_INTEGER), '00009007199254740991.seg');
  assert.match(segmentName(123), SEGMENT_NAME);
});
