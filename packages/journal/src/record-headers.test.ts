import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hasCode } from '@skerry/kernel/testing';
import { decodeHeaders, encodeHeaders } from './record-headers.ts';

test('encodeHeaders writes key, length and value, one header after the other', () => {
  const block = encodeHeaders([
    { key: 1, value: Uint8Array.of(7, 8) },
    { key: 255, value: new Uint8Array(0) },
  ]);
  assert.equal(Buffer.from(block).toString('hex'), '0102000708ff0000');
});

test('decodeHeaders gives back values of every length that a header can have', () => {
  for (const length of [0, 1, 255, 256, 257, 511, 512, 65_535]) {
    const headers = [
      { key: 9, value: new Uint8Array(length).fill(5) },
      { key: 2, value: Uint8Array.of(6) },
    ];
    const block = encodeHeaders(headers);
    assert.deepEqual(decodeHeaders(block), headers, `${length} bytes`);
    assert.throws(() => decodeHeaders(block.subarray(0, 3 + length + 3)), hasCode('batch-malformed'));
    if (length > 0)
      assert.throws(() => decodeHeaders(block.subarray(0, 2 + length)), hasCode('batch-malformed'));
  }
});
