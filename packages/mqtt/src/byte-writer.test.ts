import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hasCode } from '@skerry/kernel/testing';
import fc from 'fast-check';
import { ByteReader } from './byte-reader.ts';
import { ByteWriter, lengthBytes, REMAINING_LENGTH_MAX, writeLength } from './byte-writer.ts';
import { bytesOf } from './testing/packet-samples.ts';

/** Table 2.4 of MQTT 3.1.1 (table 1-1 of MQTT 5) and the example above it. */
const LENGTHS: readonly [value: number, hex: string][] = [
  [0, '00'],
  [64, '40'],
  [127, '7f'],
  [128, '8001'],
  [321, 'c102'],
  [16_383, 'ff7f'],
  [16_384, '808001'],
  [2_097_151, 'ffff7f'],
  [2_097_152, '80808001'],
  [268_435_455, 'ffffff7f'],
];

for (const [value, hex] of LENGTHS) {
  test(`ByteWriter.varint, writeLength and ByteReader.varint: ${value} is ${hex}`, () => {
    assert.equal(new ByteWriter().varint(value).body().toHex(), hex);
    const bytes = new Uint8Array(lengthBytes(value));
    assert.equal(writeLength(bytes, 0, value), bytes.byteLength);
    assert.equal(bytes.toHex(), hex);
    assert.equal(new ByteReader(bytesOf(hex)).varint(), value);
  });
}

test('ByteReader.varint refuses forms that are cut short, too long or padded [MQTT-1.5.5-1]', () => {
  for (const hex of ['', '80', 'ffffff', 'ffffffff', '8080808001', '8000', '808000', 'ff00'])
    assert.throws(() => new ByteReader(bytesOf(hex)).varint(), hasCode('malformed-packet'), hex);
});

test('lengthBytes and ByteWriter.packet refuse more than fits into four bytes', () => {
  assert.equal(lengthBytes(REMAINING_LENGTH_MAX), 4);
  assert.throws(() => lengthBytes(REMAINING_LENGTH_MAX + 1), hasCode('packet-too-large'));
});

test('ByteWriter.packet puts the first byte and the length in front of what was written, and nothing else', () => {
  for (const [value, hex] of LENGTHS.filter(([length]) => length <= 2_097_152)) {
    const body = new Uint8Array(value).fill(0xab);
    const packet = new ByteWriter().raw(body).packet(0x32);
    const head = 1 + hex.length / 2;
    assert.equal(packet.subarray(0, head).toHex(), `32${hex}`, `${value} bytes`);
    assert.ok(Buffer.from(packet.subarray(head)).equals(body), `${value} bytes`);
  }
});

test('ByteReader gives back what ByteWriter was given', () => {
  const long = fc.integer({ min: 0, max: 0xffff_ffff });
  const varint = fc.integer({ min: 0, max: REMAINING_LENGTH_MAX });
  fc.assert(
    fc.property(long, varint, fc.uint8Array({ maxLength: 2_000 }), (number, length, bytes) => {
      const writer = new ByteWriter()
        .long(number)
        .varint(length)
        .binary(bytes)
        .word(number & 0xffff)
        .byte(number & 255);
      const reader = new ByteReader(writer.body());
      assert.equal(reader.long(), number);
      assert.equal(reader.varint(), length);
      assert.deepEqual(reader.binary(), bytes);
      assert.equal(reader.word(), number & 0xffff);
      assert.equal(reader.byte(), number & 255);
      reader.finish();
      assert.throws(() => reader.byte(), hasCode('malformed-packet'));
    }),
  );
});

test('ByteReader.part reads no further than its part', () => {
  const reader = new ByteReader(bytesOf('0102 0304'));
  const part = reader.part(2);
  assert.equal(part.word(), 0x0102);
  assert.throws(() => part.byte(), hasCode('malformed-packet'));
  assert.throws(() => reader.part(3), hasCode('malformed-packet'));
  assert.equal(reader.word(), 0x0304);
});
