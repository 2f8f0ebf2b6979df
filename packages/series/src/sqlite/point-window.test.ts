import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { ChunkPoints } from '../chunk-points.ts';
import { TYPE_CODE } from '../head.ts';
import { PointWindow } from './point-window.ts';

/** A chunk of points at these offsets; time and value tell chunk and place. */
function aChunk(series: number, offsets: readonly number[]): ChunkPoints {
  return {
    type: TYPE_CODE.number,
    times: Float64Array.from(offsets, (_, i) => series * 1e6 + i),
    offsets: Float64Array.from(offsets),
    ordinals: Uint16Array.from(offsets, (_, i) => i),
    numbers: Float64Array.from(offsets, (_, i) => series * 1e6 + i + 0.5),
    texts: [],
  };
}

test('PointWindow gives every point once to who walks along the offsets, however few it holds', () => {
  const chunks = fc.array(fc.array(fc.nat(3000), { minLength: 1, maxLength: 30 }), { maxLength: 30 });
  fc.assert(
    fc.property(
      chunks,
      fc.integer({ min: 40, max: 200 }),
      fc.integer({ min: 1, max: 900 }),
      (all, room, step) => {
        const parts = all.map((offsets, series) => aChunk(series, [...new Set(offsets)]));
        const window = new PointWindow(room);
        const found: string[] = [];
        for (let at = 0; at <= 3000; ) {
          if (!window.covers(at)) {
            window.begin(at);
            for (const [series, part] of parts.entries()) assert.ok(window.add(series, part));
            window.finish();
          }
          const end = Math.min(window.to, (Math.floor(at / step) + 1) * step);
          for (const { series, times, values, offsets, ordinals } of window.slice(at, end)) {
            for (const [i, value] of values.entries()) {
              assert.ok(Number(offsets[i]) >= at && Number(offsets[i]) < end);
              found.push(`${series} ${offsets[i]} ${ordinals[i]} ${times[i]} ${value}`);
            }
          }
          at = end;
        }
        const wanted = parts.flatMap(({ offsets, ordinals, times, numbers }, series) =>
          Array.from(offsets, (offset, i) => `${series} ${offset} ${ordinals[i]} ${times[i]} ${numbers[i]}`),
        );
        assert.deepEqual(found.sort(), wanted.sort());
      },
    ),
    { numRuns: 200 },
  );
});

test('PointWindow says when one offset alone has more points than fit', () => {
  const window = new PointWindow(10);
  window.begin(5);
  assert.equal(window.add(1, aChunk(1, [6, 7, 8, 5, 5, 5, 5, 5])), true);
  assert.equal(window.add(2, aChunk(2, [5, 5, 5, 5, 5])), true);
  assert.equal(window.to, 6);
  assert.equal(window.add(3, aChunk(3, [5])), false);
});

test('PointWindow keeps every value as it is', () => {
  const window = new PointWindow(10);
  window.begin(0);
  const numbers = Float64Array.of(-0, 1 / 3);
  window.add(1, { ...aChunk(1, [0, 1]), numbers });
  window.add(2, { ...aChunk(2, [0, 1]), type: TYPE_CODE.text, texts: ['', 'a\u0000b'] });
  window.add(3, { ...aChunk(3, [1]), type: TYPE_CODE.integer, texts: ['-9223372036854775808'] });
  window.add(4, { ...aChunk(4, [1]), type: TYPE_CODE.boolean, numbers: Float64Array.of(1) });
  window.finish();
  const values = window.slice(0, 2).map((part) => part.values);
  assert.deepEqual(values, [[-0, 1 / 3], ['', 'a\u0000b'], [-(2n ** 63n)], [true]]);
  assert.ok(Object.is(values[0]?.[0], -0));
});
