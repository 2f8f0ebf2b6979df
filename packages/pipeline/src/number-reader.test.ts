import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { NUMBER, NumberReader } from './number-reader.ts';

const reader = new NumberReader();

/** Reads at the beginning of a text that goes on behind `limit`. */
function read(text: string, limit = text.length) {
  const kind = reader.read(Buffer.from(text), 0, limit);
  if (kind === NUMBER.invalid) return 'invalid';
  if (kind === NUMBER.refused) return reader.refusal;
  return [kind === NUMBER.integer ? reader.integer : reader.value, reader.end];
}

test('NumberReader ends where its bytes end, whatever stands behind', () => {
  assert.deepEqual(read('1234', 2), [12, 2]);
  assert.deepEqual(read('-1234', 2), [-1, 2]);
  assert.deepEqual(read('1.25', 3), [1.2, 3]);
  assert.deepEqual(read('1.2e5', 3), [1.2, 3]);
  assert.deepEqual(read('12e5', 2), [12, 2]);
  assert.deepEqual(read('1e12', 3), [10, 3]);
  for (const [text, limit] of [
    ['1', 0],
    ['-1', 1],
    ['1.5', 2],
    ['1e5', 2],
    ['1e-5', 3],
    ['1.5e5', 4],
  ] as const)
    assert.equal(read(text, limit), 'invalid', `${text} to ${limit}`);
});

test('NumberReader reads what JSON calls a number and nothing else', () => {
  for (const text of ['', '-', '01', '-01', '00', '.5', '1.', '1.e5', '1e', '1e+', '+1', 'x'])
    assert.equal(read(text), 'invalid', text);
  for (const text of ['0', '-0', '10', '0.5', '-0.5', '0e0', '1E+5', '1e-5', '1.5E5'])
    assert.deepEqual(read(text), [Number(text), text.length], text);
});

test('NumberReader reads doubles of any length as JavaScript does', () => {
  const long = fc.stringMatching(/^-?(0|[1-9][0-9]{0,20})\.[0-9]{1,20}$/);
  const short = fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value.toExponential());
  fc.assert(
    fc.property(fc.oneof(long, short), (text) => {
      assert.deepEqual(read(text), [Number(text), text.length]);
    }),
  );
  assert.deepEqual(read('123456789012345.5'), [123456789012345.5, 17]);
  assert.deepEqual(read('0.1234567890123456789'), [0.12345678901234568, 21]);
});

test('NumberReader keeps integers exact: up to 2^53 as numbers, then as integers of up to 78 digits', () => {
  assert.deepEqual(read('999999999999999'), [999_999_999_999_999, 15]);
  assert.deepEqual(read('9007199254740992'), [2 ** 53, 16]);
  assert.deepEqual(read('-9007199254740992'), [-(2 ** 53), 17]);
  assert.deepEqual(read('9007199254740993'), [2n ** 53n + 1n, 16]);
  assert.deepEqual(read('-9007199254740993'), [-(2n ** 53n) - 1n, 17]);
  assert.deepEqual(read('9'.repeat(78)), [10n ** 78n - 1n, 78]);
  assert.match(String(read('9'.repeat(79))), /has 79 digits; at most 78/);
  assert.match(String(read('1e309')), /too large for a double/);
});
