import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { pointNanos, readNanos, slotsOf, writeNanos } from './point-time.ts';

const SECOND = 1_000_000;

test('pointNanos: the order of the record stands below the precision of the time', () => {
  assert.equal(pointNanos(5 * SECOND, 12), '5000000762');
  assert.equal(pointNanos(5 * SECOND, 2_499_999), '5009999999');
  assert.equal(pointNanos(5 * SECOND, 2_500_000), '5000000750');
  assert.equal(pointNanos(5 * SECOND + 7_000, 251), '5007001501');
  assert.equal(pointNanos(5 * SECOND + 7_000, 249_999), '5007999749');
  assert.equal(pointNanos(5 * SECOND + 7_001, 1_012), '5007001012');
  assert.equal(pointNanos(0, 0), '750');
  assert.equal(pointNanos(-SECOND, 1), '-999999249');
  assert.equal(pointNanos(1.5, 0), undefined);
  assert.equal(pointNanos(2 ** 53, 0), undefined);
  assert.equal(pointNanos(Number.NaN, 0), undefined);
});

const TIMES = fc.oneof(
  fc.integer({ min: -1e9, max: 4e9 }).map((secs) => secs * SECOND),
  fc.integer({ min: -1e12, max: 4e12 }).map((ms) => ms * 1_000),
  fc.integer({ min: -1e15, max: 4e15 }),
);
const OFFSETS = fc.integer({ min: 0, max: 2 ** 50 });

test('readNanos: the time of the message and the order of its record are read out of what pointNanos tells', () => {
  fc.assert(
    fc.property(TIMES, OFFSETS, (micros, offset) => {
      const slot = offset % slotsOf(micros);
      assert.deepEqual(readNanos(BigInt(String(pointNanos(micros, offset)))), { micros, slot });
    }),
    { numRuns: 2_000 },
  );
});

test('readNanos: a time that another writer has made keeps its microseconds', () => {
  assert.deepEqual(readNanos(5_007_001_600n), { micros: 5_007_000, slot: 350 });
  assert.deepEqual(readNanos(5_500_000_999n), { micros: 5_500_000, slot: 999 });
  assert.deepEqual(readNanos(5_000_007_600n), { micros: 5_000_007, slot: 600 });
});

test('pointNanos: two records have one nanosecond at one time only a multiple of slotsOf apart, and their order within', () => {
  fc.assert(
    fc.property(TIMES, OFFSETS, fc.integer({ min: 1, max: 2_600_000 }), (micros, offset, apart) => {
      const reach = slotsOf(micros);
      const nanos = BigInt(String(pointNanos(micros, offset)));
      const other = BigInt(String(pointNanos(micros, offset + apart)));
      const room = reach === 500 ? 1_000n : reach === 250_000 ? 1_000_000n : 10_000_000n;
      const shift = nanos - BigInt(micros) * 1_000n;
      assert.ok(shift >= 0n && shift < room, `${shift}`);
      assert.equal(other === nanos, apart % reach === 0);
      if (apart < reach) assert.equal(other > nanos, (offset % reach) + apart < reach);
    }),
    { numRuns: 2_000 },
  );
});

test('writeNanos: it writes what pointNanos says', () => {
  const bytes = new Uint8Array(24);
  const times = fc.oneof(
    fc.integer({ min: -(2 ** 53), max: 2 ** 53 }),
    fc.integer({ min: -1e4, max: 4e9 }).map((secs) => secs * SECOND),
    fc.constantFrom(0, 1, 99_999_999, 100_000_000, 2 ** 53 - 1, 1.5, Number.NaN, Number.POSITIVE_INFINITY),
  );
  fc.assert(
    fc.property(times, fc.nat(), (micros, offset) => {
      const length = writeNanos(bytes, micros, offset);
      assert.equal(Buffer.from(bytes.subarray(0, length)).toString(), pointNanos(micros, offset) ?? '');
    }),
    { numRuns: 2_000 },
  );
});
