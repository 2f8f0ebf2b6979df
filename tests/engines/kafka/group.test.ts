import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, test } from 'node:test';
import { clusterTopics, joinWriterGroup, partitionText, type WriterGroup } from '@skerry/journal/kafka';
import { startKafka } from '@skerry/testkit/engines';
import { until } from '../../e2e/condition.ts';
import { aClient, aTopic, tools } from './scene.ts';

const kafka = await startKafka({ properties: { 'group.min.session.timeout.ms': '1000' } });
after(() => kafka[Symbol.asyncDispose]());

/** Who works on what, with every moment at which two did. */
class Board {
  readonly holders = new Map<string, string>();
  readonly clashes: string[] = [];
  readonly steps: string[] = [];

  take(member: string, partition: string): void {
    const other = this.holders.get(partition);
    if (other !== undefined) this.clashes.push(`${partition} taken by ${member} from ${other}`);
    this.holders.set(partition, member);
    this.steps.push(`${member} + ${partition}`);
  }

  drop(member: string, partition: string): void {
    if (this.holders.get(partition) === member) this.holders.delete(partition);
    this.steps.push(`${member} - ${partition}`);
  }

  shares(): Record<string, number> {
    return Object.fromEntries(
      [...Map.groupBy(this.holders.values(), (one) => one)].map(([member, list]) => [member, list.length]),
    );
  }
}

/** Longer than a member of a slow machine may stall: one that is put out holds what it has. */
const sessions = { sessionMs: 6_000, rebalanceMs: 60_000, topicsEveryMs: 500 };

async function aScene(partitions: number) {
  const needs = tools();
  const client = await aClient(kafka, needs);
  const topic = await aTopic(client, { partitions });
  const board = new Board();
  const group = `g-${randomUUID()}`;
  const counts = async () =>
    new Map((await clusterTopics(client, [topic])).map(({ name, partitions: all }) => [name, all.length]));
  const join = async (
    name: string,
    closing: () => Promise<void> = async () => undefined,
  ): Promise<WriterGroup> =>
    joinWriterGroup(
      { client, group, topics: () => counts(), ...sessions },
      {
        assigned: async (list) => {
          for (const one of list) board.take(name, partitionText(one));
        },
        revoked: async (list) => {
          await closing();
          for (const one of list) board.drop(name, partitionText(one));
        },
      },
    );
  return { needs, client, topic, board, join };
}

test('joinWriterGroup shares partitions out, hands over without two on one, and gives everything to who is left', async () => {
  const { client, board, join } = await aScene(7);
  await using _client = client;
  await using one = await join('one');
  await until('one member has all', () => board.holders.size === 7);
  const release = Promise.withResolvers<void>();
  // the pipelines of what has to move take their time to close
  await using slow = await join('two', () => release.promise);
  await until('two has its share', () => (board.shares().two ?? 0) === 3);
  assert.deepEqual(board.shares(), { one: 4, two: 3 });
  await using three = await join('three');
  await until('one has given up', () => board.steps.some((step) => step.startsWith('one - ')));
  assert.equal(board.shares().two, 3, 'two still works while it closes');
  release.resolve();
  await until(
    'all have their share',
    () => JSON.stringify(Object.values(board.shares()).toSorted()) === '[2,2,3]',
  );
  await slow[Symbol.asyncDispose]();
  await until('the share of two is taken', () => board.holders.size === 7 && (board.shares().two ?? 0) === 0);
  await one[Symbol.asyncDispose]();
  await until('three has all', () => board.shares().three === 7);
  await three[Symbol.asyncDispose]();
  assert.deepEqual(board.clashes, []);
});

test('joinWriterGroup keeps what it has while the broker restarts, and takes part again', async () => {
  const { client, board, join } = await aScene(4);
  await using _client = client;
  await using one = await join('one');
  await until('one member has all', () => board.holders.size === 4);
  await kafka.kill();
  await until('the member knows why', () => one.trouble?.code === 'kafka-unreachable');
  await kafka.restart();
  await until('the member is back', () => one.trouble === undefined);
  await using two = await join('two');
  await until('two has its share', () => (board.shares().two ?? 0) === 2);
  assert.deepEqual([one.owned.length, two.owned.length], [2, 2]);
  assert.deepEqual(board.clashes, []);
});

test('joinWriterGroup gives partitions that are new to somebody', async () => {
  const { client, topic, board, join } = await aScene(2);
  await using _client = client;
  await using one = await join('one');
  await until('one member has all', () => board.holders.size === 2);
  await client.admin.createPartitions({
    topics: [{ name: topic, count: 5, assignments: [1, 2, 3].map(() => ({ brokerIds: [1] })) }],
  });
  await until('the new ones are shared out', () => one.owned.length === 5);
  assert.deepEqual(board.shares(), { one: 5 });
});

test('joinWriterGroup gives a topic to somebody that came between the join and the sharing out', async () => {
  const { client, topic } = await aScene(2);
  await using _client = client;
  const late = await aTopic(client, { partitions: 2 });
  let member: WriterGroup | undefined;
  // known from the moment on at which Kafka has answered the join
  const isJoined = () => (member?.generation ?? -1) >= 0;
  const topics = async () => new Map((isJoined() ? [topic, late] : [topic]).map((name) => [name, 2]));
  const assigned = async () => undefined;
  await using one = await joinWriterGroup(
    { client, group: `g-${randomUUID()}`, topics, ...sessions },
    { assigned, revoked: assigned },
  );
  member = one;
  await until('it has both topics', () => one.owned.length === 4);
  assert.deepEqual(one.owned.map((owned) => owned.topic).sort(), [topic, topic, late, late].sort());
});

test('joinWriterGroup commits positions that other tools see', async () => {
  const { client, topic, board, join } = await aScene(1);
  await using _client = client;
  await using one = await join('one');
  await until('one member has all', () => board.holders.size === 1);
  await one.commit([{ topic, partition: 0, offset: 42 }]);
  const groups = await client.admin.listGroups();
  const mine = [...groups.keys()].filter((id) => id.startsWith('g-'));
  const offsets = await client.admin.listConsumerGroupOffsets({ groups: mine });
  const found = offsets.flatMap((group) =>
    group.topics.flatMap(({ name, partitions }) =>
      partitions.map((p) => [name, p.partitionIndex, Number(p.committedOffset)]),
    ),
  );
  assert.ok(found.some(([name, partition, offset]) => name === topic && partition === 0 && offset === 42));
});
