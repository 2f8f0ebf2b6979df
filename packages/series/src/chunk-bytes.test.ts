import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ByteReader, ByteWriter } from './chunk-bytes.ts';

test('ByteWriter keeps every byte and number when its memory grows, whichever of them makes it grow', () => {
  for (const first of [4094, 4095, 4096, 20_000]) {
    const writer = new ByteWriter();
    writer.append(new Uint8Array(first).fill(7));
    writer.byte(200);
    writer.varint(300);
    writer.zigzag(-5);
    writer.append(Uint8Array.of(1, 2, 3));
    const reader = new ByteReader(writer.copy(), first);
    assert.deepEqual([reader.byte(), reader.varint(), reader.zigzag()], [200, 300, -5]);
    assert.deepEqual([...reader.bytes.subarray(reader.at)], [1, 2, 3]);
    assert.deepEqual(new Set(reader.bytes.subarray(0, first)), new Set([7]));
  }
});
