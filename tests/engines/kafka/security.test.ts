import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { type KafkaClientOptions, openUplink, TopicLayout } from '@skerry/journal/kafka';
import { startKafka } from '@skerry/testkit/engines';
import { until } from '../../e2e/condition.ts';
import { append, numbered, openJournal, TemporaryFolder } from './journal-scene.ts';
import { aClient, PLAIN, tools } from './scene.ts';

/** What a client is told that tries to reach a cluster. */
async function reached(brokers: readonly string[], options: Partial<KafkaClientOptions>): Promise<string> {
  await using client = await aClient({ brokers: [...brokers] }, tools(), { requestMs: 3000, ...options });
  try {
    await client.cluster();
    return 'reached';
  } catch (error) {
    assert.ok(error instanceof Error);
    return `${Reflect.get(error, 'code')}: ${error.message}`;
  }
}

test('openKafkaClient signs in by PLAIN and SCRAM over TLS, and tells in words what is wrong', async () => {
  await using kafka = await startKafka({ sasl: { skerry: 'right' }, tls: true });
  assert.ok(kafka.tls);
  const tls = { authority: readFileSync(kafka.tls.authority, 'utf8') };
  const sasl = { username: 'skerry', password: 'right' };
  for (const mechanism of ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'] as const)
    assert.equal(await reached(kafka.brokers, { tls, sasl: { ...sasl, mechanism } }), 'reached', mechanism);
  const wrong = { ...sasl, password: 'wrong' };
  for (const mechanism of ['PLAIN', 'SCRAM-SHA-512'] as const)
    assert.match(
      await reached(kafka.brokers, { tls, sasl: { ...wrong, mechanism } }),
      /^kafka-denied: Cannot reach Kafka: Kafka refused the credentials/,
    );
  assert.match(
    await reached(kafka.brokers, { tls: {}, sasl: { ...sasl, mechanism: 'PLAIN' } }),
    /^kafka-denied: Cannot reach Kafka: the certificate or the TLS handshake was refused \([A-Z_]+\)/,
  );
  assert.match(
    await reached(kafka.brokers, { sasl: { ...sasl, mechanism: 'PLAIN' } }),
    /^kafka-(denied|unreachable): /,
  );
});

test('openUplink starts without Kafka and with wrong credentials: it waits, says why, and loses nothing', async () => {
  await using kafka = await startKafka({ sasl: { skerry: 'right' } });
  const needs = tools();
  using folder = new TemporaryFolder();
  await using journal = await openJournal(folder.path, needs);
  await append(journal, needs, numbered(100, 10));
  const options = {
    layout: new TopicLayout(),
    topics: PLAIN,
    positionFile: { folder: `${folder.path}/uplink`, name: 'uplink.json' },
  };
  const conditionOf = async (brokers: readonly string[], password: string): Promise<string> => {
    const sasl = { mechanism: 'PLAIN', username: 'skerry', password } as const;
    await using client = await aClient({ brokers: [...brokers] }, needs, { sasl, requestMs: 3000 });
    await using uplink = await openUplink(options, { ...needs, journal, client });
    if (password === 'right' && brokers === kafka.brokers) await uplink.flush();
    return await until('it says how it is', () => {
      const { condition } = uplink;
      if (condition.is === 'connected') return 'connected';
      return condition.reason.includes('not answered yet')
        ? undefined
        : `${condition.code}: ${condition.reason}`;
    });
  };
  assert.match(
    await conditionOf(['127.0.0.1:1'], 'right'),
    /^kafka-unreachable: .*no broker can be reached \(ECONNREFUSED\)/,
  );
  assert.match(await conditionOf(kafka.brokers, 'wrong'), /^kafka-denied: .*refused the credentials/);
  const { brokers } = kafka;
  await using client = await aClient({ brokers }, needs, {
    sasl: { mechanism: 'SCRAM-SHA-256', username: 'skerry', password: 'right' },
  });
  await using uplink = await openUplink(options, { ...needs, journal, client });
  assert.equal(await uplink.flush(), 100);
});
