import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { pointNanos } from './point-time.ts';

const SECOND = 1_000_000;

test('pointNanos: the order of the record stands below the precision of the time', () => {
  assert.equal(pointNanos(5 * SECOND, 12, 0), '5000001200');
  assert.equal(pointNanos(5 * SECOND, 1_000_012, 3), '5000001203');
  assert.equal(pointNanos(5 * SECOND + 7_000, 12, 3), '5007001203');
  assert.equal(pointNanos(5 * SECOND + 7_001, 1_012, 0), '5007001012');
  assert.equal(pointNanos(0, 0, 0), '0');
  assert.equal(pointNanos(-SECOND, 1, 0), '-999999900');
  assert.equal(pointNanos(1.5, 0, 0), undefined);
  assert.equal(pointNanos(2 ** 53, 0, 0), undefined);
  assert.equal(pointNanos(Number.NaN, 0, 0), undefined);
});

test('pointNanos: it goes on by less than the time tells, and messages that follow each other keep their order', () => {
  const times = fc.oneof(
    fc.integer({ min: -1e9, max: 4e9 }).map((secs) => secs * SECOND),
    fc.integer({ min: -1e12, max: 4e12 }).map((ms) => ms * 1_000),
    fc.integer({ min: -1e15, max: 4e15 }),
  );
  fc.assert(
    fc.property(times, fc.integer({ min: 0, max: 2 ** 50 }), (micros, offset) => {
      const nanos = BigInt(String(pointNanos(micros, offset, 0)));
      const room = micros % SECOND === 0 ? 100_000_000n : micros % 1_000 === 0 ? 1_000_000n : 1_000n;
      const shift = nanos - BigInt(micros) * 1_000n;
      assert.ok(shift >= 0n && shift < room, `${shift}`);
      const reach = micros % SECOND === 0 ? 1_000_000 : micros % 1_000 === 0 ? 10_000 : 1_000;
      const next = BigInt(String(pointNanos(micros, offset + 1, 0)));
      assert.equal(next > nanos, (offset + 1) % reach !== 0);
      assert.equal(pointNanos(micros, offset, 0), pointNanos(micros, offset + reach, 0));
    }),
  );
});
