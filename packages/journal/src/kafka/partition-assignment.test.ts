import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  assignPartitions,
  type GroupMember,
  partitionText,
  type TopicPartition,
} from './partition-assignment.ts';

function round(
  ids: readonly string[],
  owned: ReadonlyMap<string, readonly TopicPartition[]>,
  counts: ReadonlyMap<string, number>,
  generation: number,
): Map<string, TopicPartition[]> {
  const topics = [...counts.keys()];
  const members: GroupMember[] = ids.map((id) => ({ id, topics, owned: owned.get(id) ?? [], generation }));
  return assignPartitions(members, counts);
}

function holders(shares: ReadonlyMap<string, readonly TopicPartition[]>): Map<string, string> {
  const found = new Map<string, string>();
  for (const [id, partitions] of shares)
    for (const one of partitions) {
      assert.equal(found.get(partitionText(one)), undefined, `${partitionText(one)} has two`);
      found.set(partitionText(one), id);
    }
  return found;
}

test('assignPartitions never gives away what its owner has not given up, and is balanced after two rounds', () => {
  const names = ['a', 'b', 'c', 'd', 'e'];
  fc.assert(
    fc.property(
      fc.array(fc.subarray(names, { minLength: 1 }), { minLength: 1, maxLength: 6 }),
      fc.integer({ min: 0, max: 9 }),
      fc.integer({ min: 0, max: 9 }),
      (changes, first, second) => {
        const counts = new Map([
          ['t', first],
          ['u', second],
        ]);
        let owned = new Map<string, readonly TopicPartition[]>();
        let generation = 0;
        for (const ids of changes) {
          // members that have gone give up nothing any more
          owned = new Map([...owned].filter(([id]) => ids.includes(id)));
          for (let i = 0; i < 2; i++) {
            const before = holders(owned);
            const shares = round(ids, owned, counts, generation++);
            for (const [text, id] of holders(shares)) assert.ok([undefined, id].includes(before.get(text)));
            owned = shares;
          }
          const sizes = [...owned.values()].map(({ length }) => length);
          assert.equal(
            sizes.reduce((a, b) => a + b, 0),
            first + second,
          );
          assert.ok(Math.max(...sizes) - Math.min(...sizes) <= 1, sizes.join());
          // nothing moves any more
          assert.deepEqual(round(ids, owned, counts, generation), owned);
        }
      },
    ),
  );
});

test('assignPartitions believes the newer of two that claim a partition', () => {
  const one = { topic: 't', partition: 0 };
  const members = [
    { id: 'a', topics: ['t'], owned: [one], generation: 3 },
    { id: 'b', topics: ['t'], owned: [one], generation: 4 },
  ];
  const shares = assignPartitions(members, new Map([['t', 1]]));
  assert.deepEqual(
    [...shares],
    [
      ['a', []],
      ['b', [one]],
    ],
  );
});
