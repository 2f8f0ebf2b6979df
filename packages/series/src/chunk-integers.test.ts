import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hasCode } from '@skerry/kernel/testing';
import fc from 'fast-check';
import { ByteReader, ByteWriter } from './chunk-bytes.ts';
import { readIntegers, writeIntegers } from './chunk-integers.ts';

/** A column's bytes as hexadecimal digits. */
function written(values: readonly number[], canScale = false): string {
  const writer = new ByteWriter();
  writeIntegers(writer, values, canScale);
  return Buffer.from(writer.copy()).toString('hex');
}

test('writeIntegers writes the columns of docs/formats/series.md', () => {
  assert.equal(written([7]), '000e', 'one value: no width');
  assert.equal(written([5, 5, 5]), '000a', 'alike: no width');
  assert.equal(written([-3, -3]), '0005', 'zigzag');
  assert.equal(written([1, 2, 3]), '080202', 'regular: the first value and the delta');
  assert.equal(written([0, 1, 0]), '0100000100', 'values where deltas are as wide');
  assert.equal(written([300, 0, 300]), '02002c002c010001', 'two planes, low bytes first');
  assert.equal(written([0, 1000, 2001, 3000]), '0900ce0f010200', 'deltas above the least of them');
  assert.equal(written([0, 2 ** 32, 0]), `0500${'000000'.repeat(4)}000100`, 'five planes');
});

test('writeIntegers divides by 1,000 or 1,000,000 where all values allow it and it is asked to', () => {
  assert.equal(written([1000, 3000, 2000, 2000], true), '110200020101');
  assert.equal(written([1e6, 3e6, 2e6, 2e6], true), '210200020101');
  assert.equal(written([1000, 3000, 2001, 2000], true).slice(0, 2), '02');
  assert.equal(written([1000, 3000, 2000, 2000]).slice(0, 2), '02');
});

test('writeIntegers takes one more plane at each power of 256', () => {
  for (let width = 1; width <= 6; width++) {
    const most = 256 ** width;
    assert.equal(written([0, most - 1, 0]).slice(0, 2), `0${width}`);
    assert.equal(written([0, most, 0]).slice(0, 2), `0${width + 1}`);
  }
});

test('readIntegers reads what writeIntegers wrote, and not a byte further', () => {
  const wide = fc.integer({ min: -(2 ** 51), max: 2 ** 51 });
  const narrow = fc.integer({ min: -300, max: 70_000 });
  const column = fc.oneof(
    fc.array(wide, { minLength: 1, maxLength: 40 }),
    fc.array(narrow, { minLength: 1, maxLength: 40 }),
    fc.array(narrow, { minLength: 1, maxLength: 40 }).map((seconds) => seconds.map((one) => one * 1e6)),
    fc.tuple(wide, fc.array(narrow, { maxLength: 40 })).map(([first, steps]) => {
      let at = Math.floor(first / 2);
      return [at, ...steps.map((step) => (at += step))];
    }),
  );
  fc.assert(
    fc.property(column, fc.boolean(), (values, canScale) => {
      const writer = new ByteWriter();
      writeIntegers(writer, values, canScale);
      writer.byte(0xaa);
      const reader = new ByteReader(writer.copy());
      const into = new Float64Array(values.length);
      readIntegers(reader, values.length, into);
      assert.deepEqual([...into], values);
      assert.equal(reader.byte(), 0xaa);
    }),
    { numRuns: 300 },
  );
});

test('readIntegers reads a column that is longer than the memory of the last one', () => {
  for (const length of [10, 3000, 10_000]) {
    const values = Array.from({ length }, (_, i) => (i * 7919) % 65_537);
    const writer = new ByteWriter();
    writeIntegers(writer, values);
    const into = new Float64Array(length);
    readIntegers(new ByteReader(writer.copy()), length, into);
    assert.deepEqual([...into], values);
  }
});

test('readIntegers answers an unknown scale and a column that ends early with chunk-damaged', () => {
  const read = (hex: string, count: number) =>
    readIntegers(new ByteReader(Buffer.from(hex, 'hex')), count, new Float64Array(count));
  assert.throws(() => read('3000', 1), hasCode('chunk-damaged'));
  for (const end of [0, 2, 4, 14])
    assert.throws(() => read('02002c002c010001'.slice(0, end), 3), hasCode('chunk-damaged'));
});
