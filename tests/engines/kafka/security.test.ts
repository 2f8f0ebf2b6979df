import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, test } from 'node:test';
import { createSecureContext } from 'node:tls';
import { AclOperations, AclPermissionTypes, ResourcePatternTypes, ResourceTypes } from '@platformatic/kafka';
import { type KafkaClientOptions, openUplink, TopicLayout, type Uplink } from '@skerry/journal/kafka';
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
  const trust = createSecureContext({ ca: readFileSync(kafka.tls.authority) });
  const tls = () => trust;
  const sasl = { username: 'skerry', password: () => 'right' };
  for (const mechanism of ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'] as const)
    assert.equal(await reached(kafka.brokers, { tls, sasl: { ...sasl, mechanism } }), 'reached', mechanism);
  const wrong = { ...sasl, password: () => 'wrong' };
  for (const mechanism of ['PLAIN', 'SCRAM-SHA-512'] as const)
    assert.match(
      await reached(kafka.brokers, { tls, sasl: { ...wrong, mechanism } }),
      /^kafka-denied: Cannot reach Kafka: Kafka refused the credentials/,
    );
  assert.match(
    await reached(kafka.brokers, { tls: () => createSecureContext(), sasl: { ...sasl, mechanism: 'PLAIN' } }),
    /^kafka-denied: Cannot reach Kafka: the certificate or the TLS handshake was refused \([A-Z_]+\)/,
  );
  assert.match(
    await reached(kafka.brokers, { sasl: { ...sasl, mechanism: 'PLAIN' } }),
    /^kafka-(denied|unreachable): /,
  );
});

/** Where everybody but `skerry` may do only what is granted. */
const strict = await startKafka({
  sasl: { skerry: 'right', gateway: 'narrow' },
  properties: {
    'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
    'super.users': 'User:skerry;User:ANONYMOUS',
  },
});
after(() => strict[Symbol.asyncDispose]());

test('openUplink starts without Kafka and with wrong credentials: it waits, says why, and loses nothing', async () => {
  const kafka = strict;
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
    const sasl = { mechanism: 'PLAIN', username: 'skerry', password: () => password } as const;
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
    sasl: { mechanism: 'SCRAM-SHA-256', username: 'skerry', password: () => 'right' },
  });
  await using uplink = await openUplink(options, { ...needs, journal, client });
  assert.equal(await uplink.flush(), 100);
});

/** Lets the user `gateway` do something with topics whose names begin in a way. */
async function grant(prefix: string, ...operations: (keyof typeof AclOperations)[]): Promise<void> {
  const sasl = { mechanism: 'PLAIN', username: 'skerry', password: () => 'right' } as const;
  await using client = await aClient(strict, tools(), { sasl });
  const creations = operations.map((operation) => ({
    resourceType: ResourceTypes.TOPIC,
    resourceName: prefix,
    resourcePatternType: ResourcePatternTypes.PREFIXED,
    principal: 'User:gateway',
    host: '*',
    operation: AclOperations[operation],
    permissionType: AclPermissionTypes.ALLOW,
  }));
  await client.admin.createAcls({ creations });
}

test('openUplink works with the rights that the page of formats names, and says that one is missing', async () => {
  const needs = tools();
  using folder = new TemporaryFolder();
  await using journal = await openJournal(folder.path, needs);
  await append(journal, needs, numbered(100, 10));
  const sasl = { mechanism: 'PLAIN', username: 'gateway', password: () => 'narrow' } as const;
  await using client = await aClient(strict, needs, { sasl });
  await using uplink = await openUplink(
    { layout: new TopicLayout({ topic: 'iot.own' }), topics: PLAIN },
    { ...needs, journal, client },
  );
  const denied = () => uplink.condition.is === 'waiting' && uplink.condition.code === 'kafka-denied';
  await until('it is denied to see its topic', denied);
  await grant('iot.', 'WRITE', 'DESCRIBE');
  await until('it is denied to make its topic', () => denied() && /make .*iot\.own/.test(reasonOf(uplink)));
  await grant('iot.', 'CREATE');
  await until(
    'it is denied to read settings',
    () => denied() && /settings .*iot\.own/.test(reasonOf(uplink)),
  );
  assert.equal(uplink.position, 0);
  await grant('iot.', 'DESCRIBE_CONFIGS');
  assert.equal(await uplink.flush(), 100);
});

function reasonOf({ condition }: Uplink): string {
  return condition.is === 'waiting' ? condition.reason : '';
}
