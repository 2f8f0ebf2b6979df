import assert from 'node:assert/strict';
import { test } from 'node:test';
import { journalSafety, unfitAsJournal } from './kafka-log.ts';

const ROOM = { maxMessageBytes: 2 ** 25 };

function aTopic(replicas: number, minInSync: number, syncsEach: boolean) {
  return {
    ...ROOM,
    partitions: [{ leader: 1, leaderEpoch: 0, replicas, inSync: replicas }],
    minInSync,
    syncsEach,
  };
}

test('journalSafety goes by the topic as it is, whatever the configuration would make', () => {
  const syncing = "the journal's broker syncs each batch before it acknowledges";
  assert.equal(journalSafety(undefined, { syncsEach: true }), syncing);
  assert.equal(journalSafety(aTopic(1, 1, true), { syncsEach: false }), syncing);
  assert.equal(
    journalSafety(aTopic(3, 2, false), { syncsEach: true }),
    "the journal's topic has 3 replicas of which 2 have to be in sync",
  );
  assert.equal(journalSafety(undefined, {}), undefined);
});

test('journalSafety and unfitAsJournal agree about a topic that a power cut takes some of', () => {
  for (const replicas of [1, 2, 3])
    for (const minInSync of [1, 2])
      for (const syncsEach of [false, true]) {
        const topic = aTopic(replicas, minInSync, syncsEach);
        const isSafe = journalSafety(topic, { syncsEach: true }) !== undefined;
        assert.equal(isSafe, unfitAsJournal(topic) === undefined, JSON.stringify(topic));
      }
});
