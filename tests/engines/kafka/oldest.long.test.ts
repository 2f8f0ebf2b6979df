// The oldest Kafka that is supported: topics are made, records go in, and come out again.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DEAD_LETTER_TOPIC, openUplink, TopicLayout, topicSettings } from '@skerry/journal/kafka';
import { startKafka } from '@skerry/testkit/engines';
import { append, judgeOrigins, numbered, openJournal, readAll, TemporaryFolder } from './journal-scene.ts';
import { aClient, PLAIN, tools } from './scene.ts';

test('openUplink: Kafka 3.5, which does not know every setting of ours, has its topics made and takes records', async () => {
  await using kafka = await startKafka({ version: '3.5.2' });
  const needs = tools();
  using folder = new TemporaryFolder();
  await using client = await aClient(kafka, needs);
  await using journal = await openJournal(folder.path, needs);
  await append(journal, needs, numbered(1_000, 10));
  const layout = new TopicLayout({ topic: 'old' });
  await using uplink = await openUplink({ layout, topics: PLAIN }, { ...needs, journal, client });
  await uplink.flush();
  const { faults, repeated, offsets } = judgeOrigins(await readAll(kafka, ['old']));
  assert.deepEqual([faults, repeated, offsets.size], [[], 0, 1_000]);
  assert.deepEqual(uplink.weaknesses, []);
  const settings = await topicSettings(client, 'old');
  assert.equal(settings.has('message.timestamp.after.max.ms'), false, 'this version knows the setting');
  assert.equal(settings.get('retention.ms'), String(PLAIN.retentionMs));
  assert.equal(
    (await topicSettings(client, DEAD_LETTER_TOPIC)).get('max.message.bytes'),
    String(64 * 2 ** 20),
  );
});
