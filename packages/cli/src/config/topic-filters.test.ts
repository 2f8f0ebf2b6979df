import assert from 'node:assert/strict';
import { test } from 'node:test';
import { filterMatches } from '@skerry/mqtt';
import fc from 'fast-check';
import { meetOf, relationOf } from './topic-filters.ts';

test('relationOf judges levels, + and #, and keeps wildcards away from topics that begin with $', () => {
  const cases = [
    ['a/b', 'a/b', 'same'],
    ['a/b', 'a/c', 'apart'],
    ['a/b', 'a/b/c', 'apart'],
    ['a/+', 'a/b', 'contains'],
    ['a/b', 'a/+', 'within'],
    ['a/+', 'a/b/c', 'apart'],
    ['a/#', 'a', 'contains'],
    ['a/#', 'a/b/c', 'contains'],
    ['a/#', 'a/+/c/#', 'contains'],
    ['a/+/#', 'a/#', 'within'],
    ['a/#', 'ab/#', 'apart'],
    ['#', '+/#', 'same'],
    ['#', '+/+/#', 'contains'],
    ['#', '+', 'contains'],
    ['#', '$SYS/#', 'apart'],
    ['+/a', '$SYS/a', 'apart'],
    ['$SYS/#', '$SYS/+/a', 'contains'],
    ['a/$x', 'a/+', 'within'],
    ['a/+/c', 'a/b/+', 'overlaps'],
    ['+/b/#', 'a/#', 'overlaps'],
    ['+/b/#', 'a/c/#', 'apart'],
    ['a//c', 'a/+/c', 'within'],
    ['/a', '+/a', 'within'],
    ['mtic/msg/client/realtime/#', 'mtic/msg/client/realtime/tenant123/#', 'contains'],
    ['mtic/msg/client/realtime/+/#', 'mtic/msg/client/realtime/tenant123/#', 'contains'],
  ] as const;
  for (const [a, b, wanted] of cases) assert.equal(relationOf(a, b), wanted, `${a} and ${b}`);
  assert.equal(meetOf('a/+/c', 'a/b/+'), 'a/b/c');
  assert.equal(meetOf('+/b/#', 'a/#'), 'a/b/#');
  assert.equal(meetOf('a/#', 'a/b/+'), 'a/b/+');
  assert.equal(meetOf('a/b', 'a/c'), undefined);
});

test('relationOf and meetOf say what matching says, over all topics of some levels', () => {
  const level = fc.constantFrom('a', 'b', '$s', '');
  const topics = ['a', 'b', '$s', ''].flatMap((x) => [
    x,
    ...['a', 'b', '$s', ''].flatMap((y) => [`${x}/${y}`, ...['a', 'b', ''].map((z) => `${x}/${y}/${z}`)]),
  ]);
  const filter = fc
    .tuple(
      fc.array(fc.oneof(level, fc.constant('+')), { minLength: 1, maxLength: 2 }),
      fc.boolean(),
      fc.boolean(),
    )
    .map(([levels, isOpen, isAll]) => (isAll ? '#' : (isOpen ? [...levels, '#'] : levels).join('/') || 'a'));
  fc.assert(
    fc.property(filter, filter, (a, b) => {
      const of = (one: string): string[] => topics.filter((topic) => filterMatches(one, topic));
      const both = of(a).filter((topic) => of(b).includes(topic));
      const relation = relationOf(a, b);
      assert.equal(relation !== 'apart', both.length > 0, `${a} and ${b} are ${relation}`);
      assert.equal(
        relation === 'contains' || relation === 'same',
        both.length === of(b).length && both.length > 0,
      );
      assert.equal(
        relation === 'within' || relation === 'same',
        both.length === of(a).length && both.length > 0,
      );
      const meet = meetOf(a, b);
      assert.deepEqual(meet === undefined ? [] : of(meet), both, `they meet in ${meet}`);
    }),
    { numRuns: 2_000 },
  );
});
