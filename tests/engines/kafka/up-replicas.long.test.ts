// `skerry up` on a cluster of Kafka whose replicas come and go.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { memoryFolder, ServerProcess } from '@skerry/testkit';
import { recordsSince, startKafka } from '@skerry/testkit/engines';
import { until } from '../../e2e/condition.ts';
import { assertAuditClean } from '../../e2e/proof.ts';
import { WireClient } from '../../e2e/wire-client.ts';
import { aClient, tools } from './scene.ts';
import { aPlace, memoryOf, Numbers } from './up-scene.ts';

const kafka = await startKafka({ nodes: 3 });
const folder = memoryFolder('up-on-replicas');
after(async () => {
  await kafka[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

test('up on Kafka: what a process had sent that was killed, and replicas have later, is taken in by the next one', async () => {
  const place = aPlace(kafka, folder.path);
  const env = { ...place.env, SKERRY_KAFKA_REPLICATION: '3', SKERRY_KAFKA_MIN_IN_SYNC: '2' };
  const numbers = new Numbers('late');
  const needs = tools();
  await using way = await aClient(kafka, needs);
  await using server = await ServerProcess.start({ ...place, env, readyMs: 60_000 });
  {
    using client = await WireClient.join(server.mqttPort, 'sender');
    numbers.publish(client, 10);
    await client.answered();
    await server.quiet();
    const before = recordsSince(kafka, [place.topic], new Map());
    const { leader } = (await way.topic(place.topic)).partitions[0] ?? {};
    const followers = kafka.nodes.filter(({ id }) => id !== leader);
    await Promise.all(followers.map((node) => node.freeze()));
    try {
      numbers.publish(client, 5);
      await until('the leader has some', () => recordsSince(kafka, [place.topic], new Map()) > before);
      assert.equal(client.unanswered, 4 * 5);
      await server.killServer();
      await server.ready(60_000);
    } finally {
      for (const node of followers) node.thaw();
    }
  }
  using client = await WireClient.join(server.mqttPort, 'sender');
  numbers.publish(client, 10, 10);
  await client.answered(60_000);
  assert.equal((await server.quiet()).isBalanced, true);
  await numbers.assertStored(server);
  await assertAuditClean(server);
  assert.match(server.stderr, /Kafka has taken records late that an earlier process had sent .*records=\d+/);
  assert.equal(memoryOf(place.dataDir).producers?.length, 2);
});
