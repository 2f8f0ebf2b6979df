import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Subscription, SubscriptionTree } from './subscription-tree.ts';
import { filterMatches, judgeTopicFilter } from './topic-filter.ts';

function aSubscription(filter: string, change: Partial<Subscription> = {}): Subscription {
  return { filter, qos: 1, isNoLocal: false, isRetainAsPublished: false, identifier: undefined, ...change };
}

const BOUNDS = { topicBytesMax: 1024, topicLevelsMax: 64 };
const level = fc.constantFrom('a', 'b', '', '$x', '+', '#');
const filters = fc
  .array(level, { minLength: 1, maxLength: 4 })
  .map((levels) => levels.join('/'))
  .filter((filter) => judgeTopicFilter(filter, BOUNDS) === 'valid');
const topics = fc
  .array(fc.constantFrom('a', 'b', '', '$x'), { minLength: 1, maxLength: 4 })
  .map((levels) => levels.join('/'))
  .filter((topic) => topic !== '');

test('SubscriptionTree finds exactly what filterMatches finds, after any sets and deletes', () => {
  const step = fc.record({ isSet: fc.boolean(), who: fc.constantFrom('x', 'y', 'z'), filter: filters });
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 30 }),
      fc.array(topics, { minLength: 1, maxLength: 5 }),
      (steps, asked) => {
        const tree = new SubscriptionTree<string>();
        const model = new Map<string, Set<string>>();
        for (const { isSet, who, filter } of steps) {
          const held = model.get(who) ?? new Set();
          model.set(who, held);
          if (isSet) {
            assert.equal(tree.set(who, aSubscription(filter)), !held.has(filter));
            held.add(filter);
          } else assert.equal(tree.delete(who, filter), held.delete(filter));
        }
        assert.equal(
          tree.count,
          [...model.values()].reduce((sum, held) => sum + held.size, 0),
        );
        for (const topic of asked) {
          const wanted = [...model].filter(([, held]) =>
            [...held].some((filter) => filterMatches(filter, topic)),
          );
          const found = tree.match(topic).map(({ subscriber }) => subscriber);
          assert.deepEqual(found.toSorted(), wanted.map(([who]) => who).toSorted(), topic);
        }
      },
    ),
    { numRuns: 300 },
  );
});

test('SubscriptionTree.match gives one copy with the greatest QoS and every identifier', () => {
  const tree = new SubscriptionTree<string>();
  tree.set('x', aSubscription('a/#', { qos: 0, identifier: 7 }));
  tree.set('x', aSubscription('a/+', { qos: 1, identifier: 9, isRetainAsPublished: true }));
  const [match, ...rest] = tree.match('a/b');
  assert.deepEqual(rest, []);
  assert.equal(match?.qos, 1);
  assert.equal(match?.isRetainAsPublished, true);
  assert.deepEqual(match?.identifiers.toSorted(), [7, 9]);
});

test('SubscriptionTree.match leaves No Local out of what a subscriber gets of its own', () => {
  const tree = new SubscriptionTree<string>();
  tree.set('x', aSubscription('a/#', { isNoLocal: true, identifier: 1 }));
  assert.equal(tree.match('a/b')[0]?.own, undefined);
  tree.set('x', aSubscription('a/b', { qos: 0, identifier: 2 }));
  const own = tree.match('a/b')[0]?.own;
  assert.deepEqual([own?.qos, own?.identifiers], [0, [2]]);
});

test('SubscriptionTree.levels counts the levels of every filter, and forgets those that go', () => {
  const tree = new SubscriptionTree<string>();
  tree.set('x', aSubscription('a/b/#'));
  tree.set('y', aSubscription('a/b/#'));
  tree.set('x', aSubscription('+'));
  tree.set('x', aSubscription('+'));
  assert.equal(tree.levels, 5);
  tree.delete('x', 'a/b/#');
  tree.delete('x', 'a/b/#');
  assert.equal(tree.levels, 3);
});

test('SubscriptionTree.version changes with every change and only then', () => {
  const tree = new SubscriptionTree<string>();
  const before = tree.version;
  tree.match('a');
  tree.delete('x', 'a');
  assert.equal(tree.version, before);
  tree.set('x', aSubscription('a'));
  const after = tree.version;
  assert.notEqual(after, before);
  tree.delete('x', 'a');
  assert.notEqual(tree.version, after);
});
