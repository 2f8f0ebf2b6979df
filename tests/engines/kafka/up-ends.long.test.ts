// `skerry up` on Kafka that is asked to end while Kafka is away, and that refuses to start.
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { findTopic } from '@skerry/journal/kafka';
import { memoryFolder, type ServerOptions, ServerProcess } from '@skerry/testkit';
import { startKafka } from '@skerry/testkit/engines';
import { until } from '../../e2e/condition.ts';
import { assertAuditClean } from '../../e2e/proof.ts';
import { skerry } from '../../e2e/skerry-line.ts';
import { WireClient } from '../../e2e/wire-client.ts';
import { aClient, tools } from './scene.ts';
import { aPlace, Numbers } from './up-scene.ts';

const kafka = await startKafka();
const folder = memoryFolder('up-on-kafka');
after(async () => {
  await kafka[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

/** How Kafka goes, and how it comes back. */
const AWAY = [
  ['is away', () => kafka.kill(), () => kafka.restart()],
  ['hangs', () => kafka.freeze(), () => kafka.thaw()],
] as const;

for (const [how, go, comeBack] of AWAY)
  test(`up on Kafka: asked to end while Kafka ${how} and messages of different times wait for it, it ends, and what was not acknowledged comes again`, async () => {
    const place = aPlace(kafka, folder.path);
    const numbers = new Numbers('ends');
    {
      await using server = await ServerProcess.start(place);
      using client = await WireClient.join(server.mqttPort, 'sender');
      numbers.publish(client, 10);
      await client.answered();
      await go();
      // each waits in the thread behind the one that is on its way
      for (let i = 0; i < 6; i++) {
        numbers.publish(client, 1);
        await server.ledger();
      }
      assert.equal(await server.end(), 0);
      assert.equal(client.unanswered, 4 * 6, 'nobody is told that it is durable');
    }
    await comeBack();
    await using server = await ServerProcess.start({ ...place, readyMs: 60_000 });
    using client = await WireClient.join(server.mqttPort, 'sender');
    numbers.publish(client, 6, 10);
    await client.answered();
    assert.equal((await server.quiet()).isBalanced, true);
    await numbers.assertStored(server);
    await assertAuditClean(server);
  });

test('up on Kafka: asked to end while it waits for Kafka at its start, it ends without a fault', async () => {
  const { env } = aPlace(kafka, folder.path);
  await kafka.kill();
  const said = await skerry('up', {
    dataDir: join(folder.path, 'waits'),
    env: { ...env, SKERRY_DEMO: 'false', SKERRY_HTTP_PORT: '0', SKERRY_MQTT_PORT: '0' },
    stopWhen: (_, err) => err.includes('Waits for Kafka'),
  });
  assert.equal(said.code, 0, said.err);
  assert.doesNotMatch(said.err, /thread-ended|skerry: /);
  await kafka.restart();
});

test('up on Kafka: a data folder of a journal in files, or of another topic, is refused before anything is told or left', async () => {
  const place = aPlace(kafka, folder.path);
  const { SKERRY_PIPELINE_SEAL_AFTER_SECS = '' } = place.env ?? {};
  const numbers = new Numbers('moved');
  const inFiles = { dataDir: place.dataDir, env: { SKERRY_PIPELINE_SEAL_AFTER_SECS } };
  const journalOf = (dataDir: string) => join(dataDir, 'journal');
  const refusal = async (options: ServerOptions) => String(await ServerProcess.start(options).catch(String));
  {
    await using server = await ServerProcess.start(inFiles);
    using client = await WireClient.join(server.mqttPort, 'sender');
    numbers.publish(client, 1);
    await client.answered();
    await server.quiet();
  }
  const onKafka = await refusal(place);
  assert.match(
    onKafka,
    /journal\.engine: found kafka, and .*journal is of a journal in files, wanted segment/,
  );
  assert.ok(!readdirSync(journalOf(place.dataDir)).includes('kafka.json'));
  {
    await using server = await ServerProcess.start(inFiles);
    await numbers.assertStored(server);
    await assertAuditClean(server);
  }
  rmSync(journalOf(place.dataDir), { recursive: true });
  const ofStore = await refusal(place);
  assert.match(ofStore, /belongs to the journal [0-9a-f]{32}, this one is [0-9a-f]{32}\. .*dataDir to a new/);
  for (const words of [onKafka, ofStore])
    assert.doesNotMatch(words, /has lost records|history of routes|ended 4 times/);
});

test('up on Kafka: for reading only it makes no topic, and ends where there is none', async () => {
  const { topic, dataDir, env } = aPlace(kafka, folder.path);
  const quiet = { SKERRY_DEMO: 'false', SKERRY_HTTP_PORT: '0', SKERRY_MQTT_PORT: '0' };
  const said = await skerry(['up', '--read-only'], { dataDir, env: { ...env, ...quiet } });
  assert.equal(said.code, 3, said.err);
  assert.match(
    said.err,
    new RegExp(`journal\\.topic: found no Kafka topic ${topic}, wanted the one that this`),
  );
  await using way = await aClient(kafka, tools());
  assert.equal(await findTopic(way, topic), undefined);
});

test('up on Kafka: counts that cannot be kept end it, though nothing comes that would tell', async () => {
  const place = aPlace(kafka, folder.path);
  const numbers = new Numbers('disk');
  await using server = await ServerProcess.start({ ...place, mayDie: true });
  using client = await WireClient.join(server.mqttPort, 'sender');
  numbers.publish(client, 1);
  await client.answered();
  await server.quiet();
  // where what is kept beside Kafka is written aside
  mkdirSync(join(place.dataDir, 'journal', 'kafka.json.unfinished'));
  numbers.publish(client, 1);
  await client.closed(60_000);
  await until('the end', () => server.stderr.includes('cannot go on'));
  assert.match(server.stderr, /The journal cannot go on\..*kafka\.json/);
});
