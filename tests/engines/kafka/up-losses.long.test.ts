// `skerry up` on a Kafka that is away, or that has lost what it acknowledged.
import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { memoryFolder, ServerProcess } from '@skerry/testkit';
import { cutPower, logLengths, startKafka } from '@skerry/testkit/engines';
import { until } from '../../e2e/condition.ts';
import { assertAuditClean, assertServes } from '../../e2e/proof.ts';
import { WireClient } from '../../e2e/wire-client.ts';
import { aClient, tools } from './scene.ts';
import { aPlace, memoryOf, Numbers, retainedOn } from './up-scene.ts';

const kafka = await startKafka();
const folder = memoryFolder('up-on-kafka');
after(async () => {
  await kafka[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

function hasSnapshot(dataDir: string): boolean {
  return existsSync(join(dataDir, 'journal', 'retained'));
}

test('up on Kafka: it ends while Kafka is away, and waits for Kafka when it is started before it', async () => {
  const place = aPlace(kafka, folder.path);
  const numbers = new Numbers('early');
  {
    await using server = await ServerProcess.start(place);
    using client = await WireClient.join(server.mqttPort, 'sender');
    numbers.publish(client, 10);
    await client.answered();
    await kafka.kill();
    client.publish(numbers.topicOf('a'), '{"epoch":"one","seq":10,"v":10}');
    const { supervisor } = server.pids;
    await server[Symbol.asyncDispose]();
    assert.throws(() => process.kill(supervisor, 0), { code: 'ESRCH' });
    assert.equal(client.unanswered, 1, 'nobody is told that it is durable');
  }
  const waiting = Promise.withResolvers<void>();
  const onStderr = (text: string): void => {
    if (text.includes('Waits for Kafka')) waiting.resolve();
  };
  const starting = ServerProcess.start({ ...place, readyMs: 120_000, onStderr });
  await Promise.race([waiting.promise, starting]);
  await kafka.restart();
  await using server = await starting;
  assert.match(server.stderr, /Waits for Kafka/);
  using client = await WireClient.join(server.mqttPort, 'sender');
  numbers.publish(client, 10);
  await client.answered();
  await server.quiet();
  await numbers.assertStored(server);
  await assertAuditClean(server);
});

test('up on Kafka: what Kafka lost after it was stored stays stored and counted, and what comes goes behind it', async () => {
  const place = aPlace(kafka, folder.path);
  const numbers = new Numbers('cut');
  await using server = await ServerProcess.start(place);
  {
    using client = await WireClient.join(server.mqttPort, 'sender');
    numbers.publish(client, 200);
    await client.answered();
    const lengths = logLengths(kafka, [place.topic]);
    numbers.publish(client, 100);
    await client.answered();
    await server.quiet();
    assert.ok((await cutPower(kafka, lengths)) > 0, 'nothing was taken');
    await kafka.restart();
    numbers.publish(client, 1);
    await client.closed(60_000);
  }
  await server.ready(60_000);
  assert.match(server.stderr, /kafka-forgot/);
  using client = await WireClient.join(server.mqttPort, 'sender');
  numbers.publish(client, 51, 300);
  await client.answered();
  assert.equal((await server.quiet()).isBalanced, true);
  await numbers.assertStored(server);
  await assertServes(server);
  assert.ok(memoryOf(place.dataDir).shift > 0, 'new records have offsets behind those that were lost');
});

test('up on Kafka: what Kafka lost before it was stored is told, and the ledger does not balance at any later start', async () => {
  const place = aPlace(kafka, folder.path);
  const numbers = new Numbers('lost');
  // each server ends at its first seal, so nothing is stored
  const slow = { ...place, failpoint: { name: 'seal-before-commit', nth: 1 }, mayDie: true } as const;
  const first = await ServerProcess.start(slow);
  const lengths = logLengths(kafka, [place.topic]);
  {
    using client = await WireClient.join(first.mqttPort, 'sender');
    numbers.publish(client, 50);
    await client.answered();
  }
  await until(
    'the counts are kept',
    () => Number(memoryOf(place.dataDir).marks.at(-1)?.offset) >= 4 * 50,
    30_000,
  );
  await first.kill();
  assert.ok((await cutPower(kafka, lengths)) > 0, 'nothing was taken');
  await kafka.restart();
  const assertTold = async (server: ServerProcess): Promise<void> => {
    const ledger = (await server.get('/api/v1/ledger')) as { balanced: boolean; imbalances: string[] };
    assert.deepEqual(
      [ledger.balanced, ledger.imbalances],
      [
        false,
        [
          '200 telemetry records are pending by the journal, and it holds 0 records behind the position: 200 are lost.',
        ],
      ],
    );
  };
  const start = () => ServerProcess.start({ ...place, readyMs: 60_000, isUnready: true });
  {
    await using server = await start();
    assert.match(server.stderr, /Kafka has lost records of the journal that were acknowledged .*lost=200/);
    await assertTold(server);
  }
  await using server = await start();
  await assertTold(server);
  using client = await WireClient.join(server.mqttPort, 'sender');
  assert.equal(await client.accepted(numbers.topicOf('a'), '{"v":1}'), 0, 'what comes is taken all the same');
});

test('up on Kafka: what is retained comes back after a kill, and is in a snapshot soon though nothing comes behind it', async () => {
  const place = aPlace(kafka, folder.path);
  const numbers = new Numbers('door');
  let server = await ServerProcess.start(place);
  const publish = async (payload: string): Promise<void> => {
    using client = await WireClient.join(server.mqttPort, 'sender');
    numbers.publish(client, 10);
    await client.answered();
    await server.quiet();
    client.publish('site/door', payload, { isRetain: true });
    numbers.publish(client, 10);
    await client.answered();
    await server.quiet();
  };
  try {
    await publish('shut');
    await until('it is in a snapshot', () => hasSnapshot(place.dataDir), 30_000);
    await publish('open');
    await server.kill();
    server = await ServerProcess.start(place);
    assert.equal(await retainedOn(server, 'site/door'), 'open');
    // nothing comes any more, and no consumer moves on
    await until('it is in a snapshot', () => memoryOf(place.dataDir).retained.length === 0, 30_000);
  } finally {
    await server[Symbol.asyncDispose]();
  }
});

test('up on Kafka: what is retained stays when Kafka has given its record up, and the ledger goes on from the counts', async () => {
  const place = aPlace(kafka, folder.path);
  const numbers = new Numbers('old');
  const needs = tools();
  await using way = await aClient(kafka, needs);
  {
    await using server = await ServerProcess.start(place);
    using client = await WireClient.join(server.mqttPort, 'sender');
    client.publish('site/door', 'shut', { isRetain: true });
    numbers.publish(client, 100);
    await client.answered();
    await until(
      'the snapshot',
      () => memoryOf(place.dataDir).retained.length === 0 && hasSnapshot(place.dataDir),
    );
    await server.quiet();
  }
  const partitions = [{ partition: 0, offset: 200n }];
  await way.admin.deleteRecords({ topics: [{ name: place.topic, partitions }] });
  await using server = await ServerProcess.start(place);
  using client = await WireClient.join(server.mqttPort, 'reader');
  const options = { isNoLocal: false, isRetainAsPublished: false, retainHandling: 0 } as const;
  client.send({ type: 'subscribe', packetId: 1, topics: [{ filter: 'site/#', qos: 0, ...options }] });
  assert.equal(Buffer.from((await client.first('publish')).payload).toString(), 'shut');
  numbers.publish(client, 10);
  await client.answered();
  assert.equal((await server.quiet()).isBalanced, true);
  await numbers.assertStored(server);
  await assertAuditClean(server);
});

test('up on Kafka: a kill and a stop longer than retention take nothing from the ledger', async () => {
  const place = aPlace(kafka, folder.path);
  const numbers = new Numbers('long');
  const needs = tools();
  await using way = await aClient(kafka, needs);
  const path = join(place.dataDir, 'journal', 'kafka.json');
  const lastMark = (): number => Number(memoryOf(place.dataDir).marks.at(-1)?.telemetry);
  let early = '';
  {
    await using server = await ServerProcess.start(place);
    using client = await WireClient.join(server.mqttPort, 'sender');
    numbers.publish(client, 10);
    await client.answered();
    await server.quiet();
    await until('the counts are kept', () => lastMark() === 40, 30_000);
    early = readFileSync(path, 'utf8');
    numbers.publish(client, 10);
    await client.answered();
    await server.quiet();
    await until('the counts are kept though nothing comes', () => lastMark() === 80, 30_000);
    await server.kill();
  }
  // as a kill within seconds would have left it
  writeFileSync(path, early);
  const partitions = [{ partition: 0, offset: -1n }];
  await way.admin.deleteRecords({ topics: [{ name: place.topic, partitions }] });
  await using server = await ServerProcess.start(place);
  const { isBalanced, received } = await server.quiet();
  assert.deepEqual([isBalanced, received], [true, 80]);
  using client = await WireClient.join(server.mqttPort, 'sender');
  numbers.publish(client, 10);
  await client.answered();
  assert.equal((await server.quiet()).isBalanced, true);
  await numbers.assertStored(server);
  await assertAuditClean(server);
});

test('up on Kafka: what retention took unstored is told by the ledger up to the last counts though they lie inside the gap, at every later start', async () => {
  const place = aPlace(kafka, folder.path);
  const slow = { ...place, env: { ...place.env, SKERRY_PIPELINE_SEAL_AFTER_SECS: '20' } };
  const numbers = new Numbers('gap');
  const lastMark = (): number => Number(memoryOf(place.dataDir).marks.at(-1)?.telemetry);
  {
    await using server = await ServerProcess.start(slow);
    using client = await WireClient.join(server.mqttPort, 'sender');
    numbers.publish(client, 10);
    await client.answered();
    await server.quiet();
    await until('the counts are kept', () => lastMark() === 40, 30_000);
    await until('they are kept again', async () => {
      if (lastMark() > 40) return true;
      numbers.publish(client, 1);
      await client.answered();
      return false;
    });
    numbers.publish(client, 9);
    await client.answered();
    await server.kill();
  }
  const kept = lastMark() - 40;
  const acknowledged = 4 * numbers.sent - 40;
  assert.ok(kept > 0 && kept < acknowledged, `counts of ${kept} of ${acknowledged} are kept`);
  {
    await using way = await aClient(kafka, tools());
    const partitions = [{ partition: 0, offset: -1n }];
    await way.admin.deleteRecords({ topics: [{ name: place.topic, partitions }] });
  }
  const start = () => ServerProcess.start({ ...place, readyMs: 60_000, isUnready: true });
  let more = 0;
  for (let i = 0; i < 2; i++) {
    await using server = await start();
    using client = await WireClient.join(server.mqttPort, 'late');
    assert.equal(await client.accepted(`iot/acme/gap/late/telemetry`, `{"v":${++more}}`), 0);
    const told = `${kept} telemetry records are pending by the journal, and it holds 0 records behind the position: ${kept} are lost.`;
    await until('the ledger tells it', async () => {
      const { totals, imbalances } = (await server.get('/api/v1/ledger')) as {
        totals: { received: number };
        imbalances: string[];
      };
      return totals.received === 40 + kept + more && imbalances.join() === told;
    });
    assert.doesNotMatch(server.stderr, /count differently/);
  }
});
