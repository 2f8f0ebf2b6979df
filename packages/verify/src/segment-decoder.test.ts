import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crc32 } from 'node:zlib';
import { Damage } from './damage.ts';
import { decodeSegment } from './segment-decoder.ts';
import { segmentBytes } from './testing/scene.ts';

const COUNT = 6;

/** Six records, two in a batch. */
function aSegment(): { readonly bytes: Buffer; readonly batches: readonly number[] } {
  const bytes = segmentBytes(
    Array.from({ length: COUNT }, (_, i) => ({ topic: `t/${i}`, payload: Buffer.from(`${i}`) })),
  );
  const batches: number[] = [];
  for (let at = bytes.indexOf('SKB1'); at >= 0; at = bytes.indexOf('SKB1', at + 1)) batches.push(at);
  return { bytes, batches };
}

/** Says of the last batch that it was written together with so many records before it. */
function joinCommit(bytes: Buffer, at: number, before: number): void {
  bytes.writeUInt16LE(before, at + 62);
  bytes.writeUInt32LE(crc32(bytes.subarray(at, at + 72)), at + 72);
}

function decoded(bytes: Buffer) {
  const offsets: number[] = [];
  const { end, tornBytes } = decodeSegment(bytes, ({ offset, topic, payload }) => {
    assert.equal(topic, `t/${offset}`);
    assert.equal(payload.toString(), `${offset}`);
    offsets.push(offset);
  });
  return { offsets, end, tornBytes };
}

test('decodeSegment gives every record of every batch, and where it ends', () => {
  assert.deepEqual(decoded(aSegment().bytes), { offsets: [0, 1, 2, 3, 4, 5], end: 6, tornBytes: 0 });
});

test('decodeSegment takes a broken batch for a torn end while what is whole behind it was written with it', () => {
  const { bytes, batches } = aSegment();
  const [, second = 0, third = 0] = batches;
  joinCommit(bytes, third, 2);
  bytes[second + 90] = Number(bytes[second + 90]) ^ 1;
  assert.deepEqual(decoded(bytes), { offsets: [0, 1], end: 2, tornBytes: bytes.byteLength - second });
  joinCommit(bytes, third, 1);
  assert.throws(() => decoded(bytes), Damage, 'a later write proves that this one was durable');
  joinCommit(bytes, third, 0);
  assert.throws(() => decoded(bytes), Damage);
});

test('decodeSegment passes over marks in a torn end that begin no batch', () => {
  const { bytes } = aSegment();
  const torn = Buffer.concat([bytes, Buffer.from('SKB1 and SKB1'), Buffer.alloc(200)]);
  assert.deepEqual(decoded(torn), { offsets: [0, 1, 2, 3, 4, 5], end: 6, tornBytes: 213 });
});

test('decodeSegment reads offsets beyond 32 bits', () => {
  const bytes = segmentBytes([]);
  bytes.writeUInt32LE(7, 32);
  bytes.writeUInt32LE(3, 36);
  bytes.writeUInt32LE(5, 40);
  bytes.writeUInt32LE(2, 44);
  bytes.writeUInt32LE(0, 60);
  bytes.writeUInt32LE(crc32(bytes), 60);
  const { firstOffset, end, telemetryEnd } = decodeSegment(bytes, () => assert.fail('no record is in it'));
  assert.deepEqual([firstOffset, end, telemetryEnd], [3 * 2 ** 32 + 7, 3 * 2 ** 32 + 7, 2 * 2 ** 32 + 5]);
});
