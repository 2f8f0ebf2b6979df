import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ChunkSpans } from './chunk-spans.ts';

const span = fc.tuple(fc.nat(5000), fc.oneof(fc.nat(8), fc.nat(4000)));

test('ChunkSpans finds exactly the chunks whose offsets touch a range', () => {
  const ranges = fc.array(fc.tuple(fc.nat(9000), fc.nat(600)), { minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(fc.array(span, { maxLength: 400 }), ranges, (chunks, asked) => {
      const spans = new ChunkSpans();
      for (const [id, [low, width]] of chunks.entries())
        spans.add(id % 3, id, Float64Array.of(low + width, low, low + (width >> 1)));
      spans.finish();
      for (const [from, length] of asked) {
        const to = from + length;
        const wanted = chunks.flatMap(([low, width], id) =>
          low < to && low + width >= from ? [`${id % 3} ${id}`] : [],
        );
        const found = [...spans.touching(from, to)].map(({ day, id }) => `${day} ${id}`);
        assert.deepEqual(found.sort(), wanted.sort());
      }
      spans.close();
    }),
    { numRuns: 60 },
  );
});
