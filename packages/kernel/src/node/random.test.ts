import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Random } from '../random.ts';
import { SeededRandom } from '../testing/seeded-random.ts';
import { nodeRandom } from './random.ts';

const ADAPTERS: readonly (readonly [string, () => Random])[] = [
  ['nodeRandom', nodeRandom],
  ['SeededRandom', () => new SeededRandom('a seed')],
];

for (const [name, open] of ADAPTERS) {
  test(`${name} spreads numbers over their whole range`, () => {
    const random = open();
    const tenths = new Set<number>();
    const bits = { and: 0xffffffff, or: 0 };
    for (let i = 0; i < 2_000; i++) {
      const number = random.float();
      assert.ok(number >= 0 && number < 1);
      tenths.add(Math.floor(number * 10));
      const word = random.uint32();
      assert.ok(Number.isInteger(word) && word >= 0 && word <= 0xffffffff);
      bits.and &= word;
      bits.or |= word;
    }
    assert.deepEqual([tenths.size, bits.and, bits.or >>> 0], [10, 0, 0xffffffff]);
  });
  test(`${name} gives fresh bytes of the length asked for`, () => {
    const random = open();
    assert.equal(random.bytes(0).byteLength, 0);
    assert.notDeepEqual(random.bytes(16), random.bytes(16));
  });
}
