import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hasCode } from '@skerry/kernel/testing';
import { ByteReader, ByteWriter } from './chunk-bytes.ts';
import { readNumbers, writeNumbers } from './chunk-numbers.ts';

const NAN = 0x7ff8_0000_0000_0000n;

/** A column's bytes as hexadecimal digits. */
function written(values: Float64Array): string {
  const writer = new ByteWriter();
  writeNumbers(writer, values);
  return Buffer.from(writer.copy()).toString('hex');
}

/** What is read of a column, as the bits of its doubles. */
function readBack(hex: string, count: number): bigint[] {
  const values = new Float64Array(count);
  readNumbers(new ByteReader(Buffer.from(hex, 'hex')), values);
  return [...new BigUint64Array(values.buffer)];
}

function bitsOf(values: Float64Array): bigint[] {
  return [...new BigUint64Array(values.buffer)];
}

function ofBits(...words: readonly bigint[]): Float64Array<ArrayBuffer> {
  return new Float64Array(BigUint64Array.from(words).buffer);
}

test('writeNumbers writes the columns of docs/formats/series.md', () => {
  assert.equal(written(Float64Array.of(21.5, 21.5, 21.5)), '000000000000803540', 'alike');
  assert.equal(written(Float64Array.of(1 / 3, 1 / 3, 1 / 3)), '00555555555555d53f', 'alike, not decimal');
  assert.equal(written(Float64Array.of(21.5, 21.6)), '020108ae0302', 'tenths, 215 and 1 more');
  assert.equal(written(Float64Array.of(1 / 3, 2 / 3)), '01ff550055005500550055005500d5303f00', 'planes');
  assert.equal(written(ofBits(NAN, NAN | (1n << 40n))), '01e00001f8007f00', 'planes that differ');
});

test('writeNumbers keeps the bits of doubles that are no decimal numbers, whichever word they differ in', () => {
  const columns = [
    ofBits(NAN | 1n, NAN),
    ofBits(NAN | 1n, NAN, NAN),
    ofBits(NAN, NAN | 1n),
    ofBits(NAN | 1n, NAN | 1n, NAN | 1n),
    ofBits(NAN | (1n << 32n), NAN),
    ofBits(NAN, NAN | (1n << 32n), NAN),
    Float64Array.of(-0),
    Float64Array.of(-0, 1),
    Float64Array.of(0, -0),
    Float64Array.of(1.5, -0, 2.5),
    Float64Array.of(Infinity, 1, -Infinity),
    Float64Array.of(5e-324, 1),
    Float64Array.of(2 ** 43, 0.125),
  ];
  for (const values of columns)
    assert.deepEqual(readBack(written(values), values.length), bitsOf(values), values.join(' '));
});

test('writeNumbers takes up to nine decimal digits and integers below 2^46 as such', () => {
  const modeOf = (...values: readonly number[]) => written(Float64Array.from(values)).slice(0, 2);
  assert.equal(modeOf(0, 1e-9), '02');
  assert.equal(modeOf(0, 1e-10), '01');
  assert.equal(modeOf(0, 2 ** 46 - 1), '02');
  assert.equal(modeOf(0, 2 ** 46), '01');
  assert.equal(modeOf(0, 1 - 2 ** 46), '02');
  assert.equal(modeOf(0, -(2 ** 46)), '01');
  assert.equal(modeOf(2 ** 43, 0.125), '01', 'too large once the thousandths of another are counted');
});

test('writeNumbers and readNumbers go on with columns longer than their memory', () => {
  const values = Float64Array.from({ length: 5000 }, (_, i) => i / 8);
  assert.deepEqual(readBack(written(values), values.length), bitsOf(values));
});

test('readNumbers answers an unknown kind, too many digits and an early end with chunk-damaged', () => {
  for (const hex of ['03', '020a0000', '', '00000000000080', '020108', '01ff5500'])
    assert.throws(() => readBack(hex, 2), hasCode('chunk-damaged'), hex);
});
