import assert from 'node:assert/strict';
import { test } from 'node:test';
import { filterMatches, judgeTopicFilter, judgeTopicName } from './topic-filter.ts';

const BOUNDS = { topicBytesMax: 1024, topicLevelsMax: 64 };

/** Examples of section 4.7 of the specification, and some of our own. */
const MATCHES: readonly [filter: string, topic: string, isMatch: boolean][] = [
  ['sport/tennis/player1/#', 'sport/tennis/player1', true],
  ['sport/tennis/player1/#', 'sport/tennis/player1/ranking', true],
  ['sport/tennis/player1/#', 'sport/tennis/player1/score/wimbledon', true],
  ['sport/#', 'sport', true],
  ['#', 'a', true],
  ['#', 'a/b/c', true],
  ['sport/tennis/+', 'sport/tennis/player1', true],
  ['sport/tennis/+', 'sport/tennis/player1/ranking', false],
  ['sport/+', 'sport', false],
  ['sport/+', 'sport/', true],
  ['+', 'a', true],
  ['+/tennis/#', 'sport/tennis', true],
  ['+/+', '/finance', true],
  ['/+', '/finance', true],
  ['+', '/finance', false],
  ['#', '$SYS/monitor', false],
  ['+/monitor/Clients', '$SYS/monitor/Clients', false],
  ['$SYS/#', '$SYS/monitor', true],
  ['$SYS/monitor/+', '$SYS/monitor/Clients', true],
  ['ACCOUNTS', 'Accounts', false],
  ['a/b', 'a/b/c', false],
  ['a/b/c', 'a/b', false],
  ['a//b', 'a//b', true],
  ['a/+/b', 'a//b', true],
];

test('filterMatches follows the examples of the specification', () => {
  for (const [filter, topic, isMatch] of MATCHES)
    assert.equal(filterMatches(filter, topic), isMatch, `${filter} and ${topic}`);
});

test('judgeTopicFilter takes wildcards that stand alone and refuses the others', () => {
  for (const filter of ['a', '#', '+', 'a/#', '+/a/+', '/', '//', 'a b', '$SYS/#', '$shared/x'])
    assert.equal(judgeTopicFilter(filter, BOUNDS), 'valid', filter);
  for (const filter of ['', 'a#', 'a/#/b', '#/a', 'a+', 'a/+b', '++', '##', 'sport/tennis#'])
    assert.equal(judgeTopicFilter(filter, BOUNDS), 'invalid', filter);
  for (const filter of ['$share/group/topic', '$share', '$share/'])
    assert.equal(judgeTopicFilter(filter, BOUNDS), 'shared', filter);
});

test('judgeTopicFilter and judgeTopicName count bytes and levels', () => {
  assert.equal(judgeTopicFilter('x'.repeat(1024), BOUNDS), 'valid');
  assert.equal(judgeTopicFilter('x'.repeat(1025), BOUNDS), 'too-long');
  assert.equal(judgeTopicName('é'.repeat(512), BOUNDS), 'valid');
  assert.equal(judgeTopicName(`é${'é'.repeat(512)}`, BOUNDS), 'too-long');
  assert.equal(judgeTopicName('/'.repeat(63), BOUNDS), 'valid');
  assert.equal(judgeTopicName('/'.repeat(64), BOUNDS), 'too-deep');
  assert.equal(judgeTopicFilter('/'.repeat(64), BOUNDS), 'too-deep');
});

test('judgeTopicName refuses wildcards and nothing at all', () => {
  for (const topic of ['', 'a/+', '#', 'a#b']) assert.equal(judgeTopicName(topic, BOUNDS), 'invalid', topic);
  for (const topic of ['a', '/', '$SYS/x', 'ä/ö'])
    assert.equal(judgeTopicName(topic, BOUNDS), 'valid', topic);
});
