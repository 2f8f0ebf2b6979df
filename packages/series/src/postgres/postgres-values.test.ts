import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { microsOf, original, pointValue, storable, timestampOf } from './postgres-values.ts';

test('timestampOf writes microseconds, before 1970 too, and bounds what no year has', () => {
  assert.equal(timestampOf(1_764_000_000_123_456), '2025-11-24T16:00:00.123456+00');
  assert.equal(timestampOf(-1), '1969-12-31T23:59:59.999999+00');
  assert.equal(timestampOf(Infinity), '9999-12-31T23:59:59.000000+00');
  assert.equal(timestampOf(-Infinity), '0001-01-01T00:00:00.000000+00');
});

test('microsOf gives back the microseconds of a double of seconds, until 2106', () => {
  const micros = fc.integer({ min: 0, max: 2 ** 32 * 1_000_000 - 1 });
  fc.assert(
    fc.property(micros, (one) => microsOf(one / 1_000_000) === one),
    { numRuns: 2000 },
  );
});

test('storable has no U+0000, and original gives every text back', () => {
  const text = fc.string({ unit: fc.constantFrom('a', '\u0000', '\uf8f0', '0', '1', 'é'), maxLength: 12 });
  fc.assert(fc.property(text, (one) => !storable(one).includes('\u0000') && original(storable(one)) === one));
});

test('pointValue tells types by the column that is not null', () => {
  const row = { value: null, text: null, flag: null, exact: null };
  assert.equal(pointValue({ ...row, value: 1.5 }), 1.5);
  assert.equal(pointValue({ ...row, value: 2 ** 53, exact: '9007199254740993' }), 9007199254740993n);
  assert.equal(pointValue({ ...row, text: '' }), '');
  assert.equal(pointValue({ ...row, flag: false }), false);
});
