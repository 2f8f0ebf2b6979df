import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytesOfHex, hexOf, makeOpaque, newId, readOpaque } from './opaque-id.ts';
import { SeededRandom } from './testing/seeded-random.ts';

test('hexOf and bytesOfHex are each other back', () => {
  const bytes = Uint8Array.of(0, 1, 0xab, 0xff);
  assert.equal(hexOf(bytes), '0001abff');
  assert.deepEqual(bytesOfHex('0001ABff'), bytes);
});

test('bytesOfHex refuses odd lengths and other digits', () => {
  for (const text of ['0', 'zz', '0x00', ' 00']) assert.equal(bytesOfHex(text), undefined, text);
});

test('newId is 32 hex digits', () => {
  const random = new SeededRandom(1);
  assert.match(newId(random), /^[0-9a-f]{32}$/);
  assert.notEqual(newId(random), newId(random));
});

test('readOpaque gives back what makeOpaque took, of its own version only', () => {
  const text = makeOpaque(1, ['journal', 9_007_199_254_740_991, 'ünï']);
  assert.match(text, /^v1\.[A-Za-z0-9_-]+$/);
  assert.deepEqual(readOpaque(1, text), ['journal', 9_007_199_254_740_991, 'ünï']);
  assert.equal(readOpaque(2, text), undefined);
});

test('readOpaque refuses what makeOpaque did not make', () => {
  for (const text of ['', 'v1', 'v1.', 'v1.***', 'v1.e30', `v1.${'A'.repeat(9)}`, 'v1.W3t9XQ']) {
    assert.equal(readOpaque(1, text), undefined, text);
  }
});
