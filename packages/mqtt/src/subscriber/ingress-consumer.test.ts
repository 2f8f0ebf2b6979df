import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Ingress } from '../ingress.ts';
import { MemoryIngress } from '../testing/memory-ingress.ts';
import { aPublish } from '../testing/raw-client.ts';
import { ScriptedBroker, until } from '../testing/scripted-broker.ts';
import { OVERSIZE_PROPERTY, subscribeInto } from './ingress-consumer.ts';
import { splitIngress } from './ingress-split.ts';
import type { Subscriber } from './subscriber.ts';

const ADDRESS = { host: '127.0.0.1', port: 1883 };

async function subscribed(
  broker: ScriptedBroker,
  ingress: Ingress,
  change: { readonly level?: 4 | 5; readonly packetBytesMax?: number; readonly clientId?: string } = {},
): Promise<Subscriber> {
  const { net, clock, meter } = broker;
  const subscriber = await subscribeInto(
    ingress,
    { name: 'up', clientId: 'g', filters: [{ filter: '#' }], keepAliveSecs: 0, ...change },
    { dial: (signal) => net.connect(ADDRESS, signal), clock, random: { float: () => 0.5 }, meter },
  );
  await subscriber.subscribed();
  return subscriber;
}

test('subscribeInto puts messages in as they came and acknowledges them when the ingress says so', async () => {
  await using broker = new ScriptedBroker();
  await (await broker.open())[Symbol.asyncDispose]();
  const ingress = new MemoryIngress();
  ingress.isWaiting = true;
  await using _ = await subscribed(broker, ingress);
  const properties = { contentType: 'application/json', user: [['a', 'b'] as const], messageExpirySecs: 9 };
  broker.peer.send(
    aPublish('iot/t/p/d/telemetry', 'one', { packetId: 3, properties }),
    aPublish('iot/t/p/d/telemetry', 'two', { packetId: 4, isRetain: true }),
    aPublish('people/own', 'three', { qos: 0, packetId: 0 }),
    aPublish('refused/x', 'four', { packetId: 5 }),
  );
  await until(() => ingress.kept.length === 4, 'four publications');
  assert.deepEqual(
    ingress.kept.map(({ route, topic, payload, qos, retain, client, properties: kept }) => [
      route.kind,
      topic,
      payload,
      qos,
      retain,
      client,
      kept,
    ]),
    [
      ['telemetry', 'iot/t/p/d/telemetry', 'one', 1, false, '', properties],
      ['telemetry', 'iot/t/p/d/telemetry', 'two', 1, true, '', undefined],
      ['messaging', 'people/own', 'three', 0, false, '', undefined],
      ['dead-letter', 'refused/x', 'four', 1, false, '', undefined],
    ],
  );
  assert.equal(ingress.routed, 3, 'a topic is routed once');
  assert.deepEqual(broker.peer.answers, []);
  ingress.confirm(2);
  ingress.confirm(2);
  await until(() => broker.peer.answers.length === 3, 'the answers');
  assert.deepEqual(broker.peer.answers, ['puback 3', 'puback 4', 'puback 5']);
});

test('subscribeInto dead-letters what is too large, with its size', async () => {
  await using broker = new ScriptedBroker();
  await (await broker.open())[Symbol.asyncDispose]();
  const ingress = new MemoryIngress();
  await using _ = await subscribed(broker, ingress, { level: 4, packetBytesMax: 500 });
  broker.peer.send(aPublish('iot/t/p/d/telemetry', 'L'.repeat(2_000), { packetId: 3 }));
  await until(() => broker.peer.answers.length === 1, 'PUBACK');
  const [kept] = ingress.kept;
  assert.deepEqual(
    [kept?.route.kind, kept?.route.tenant, kept?.payload.length, kept?.properties?.user],
    ['dead-letter', 't', 2_000, [[OVERSIZE_PROPERTY, '2026']]],
  );
});

test('subscribeInto reads nothing while the ingress refuses, and goes on when it says so', async () => {
  await using broker = new ScriptedBroker();
  await (await broker.open())[Symbol.asyncDispose]();
  const ingress = new MemoryIngress();
  await using _ = await subscribed(broker, ingress);
  ingress.refuse('disk-full');
  broker.peer.send(aPublish('iot/t/p/d/telemetry', 'one', { packetId: 3 }));
  for (let turns = 0; turns < 50; turns++) await Promise.resolve();
  assert.deepEqual(ingress.kept, []);
  ingress.resume();
  await until(() => broker.peer.answers.length === 1, 'PUBACK');
});

test('splitIngress confirms to each part what it has appended, and resumes all', () => {
  const ingress = new MemoryIngress();
  ingress.isWaiting = true;
  const split = splitIngress(ingress);
  const [a, b] = [split(), split()];
  const told: string[] = [];
  for (const [name, part] of [
    ['a', a],
    ['b', b],
  ] as const) {
    part.onDurable((count) => told.push(`${name} ${count}`));
    part.onResume(() => told.push(`${name} resumes`));
  }
  const append = (part: Ingress, count: number): void => {
    for (let n = 0; n < count; n++)
      part.append({
        route: part.route('iot/x'),
        topic: new Uint8Array(1),
        payload: new Uint8Array(1),
        qos: 1,
        retain: false,
        client: '',
        boundDevice: undefined,
        properties: undefined,
      });
  };
  append(a, 3);
  append(b, 2);
  append(a, 1);
  ingress.confirm(1);
  ingress.confirm(3);
  append(b, 4);
  ingress.confirm(6);
  assert.deepEqual(told, ['a 1', 'a 2', 'b 1', 'b 5', 'a 1']);
  assert.equal(a.refusal(), undefined);
  ingress.refuse('backlog');
  assert.equal(b.refusal(), 'backlog');
  ingress.resume();
  assert.deepEqual(told.slice(5), ['a resumes', 'b resumes']);
  append(a, 2);
  a[Symbol.dispose]();
  const c = split();
  c.onDurable((count) => told.push(`c ${count}`));
  append(c, 1);
  ingress.confirm(3);
  ingress.resume();
  assert.deepEqual(
    told.slice(7),
    ['c 1', 'b resumes'],
    "what the one that went had appended is nobody else's",
  );
});
