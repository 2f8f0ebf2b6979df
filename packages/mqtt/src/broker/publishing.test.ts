import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FailpointName } from '@skerry/kernel';
import { REASON } from '../reason-codes.ts';
import { aScene } from '../testing/broker-scene.ts';
import { aPublish, type RawClient } from '../testing/raw-client.ts';

/** PUBACKs that came, as [packet id, reason]. */
function answersOf(client: RawClient): [packetId: number, reason: number][] {
  return client.all('puback').map(({ packetId, reason }) => [packetId, reason]);
}

for (const level of [4, 5] as const) {
  test(`Broker acknowledges QoS 1 after onDurable and in receipt order (level ${level})`, async () => {
    await using scene = await aScene();
    const client = await scene.connect({ level });
    scene.ingress.isWaiting = true;
    for (const packetId of [3, 1, 2]) client.publish('iot/a', `m${packetId}`, { packetId });
    await scene.until(() => scene.ingress.pending === 3);
    await scene.settle();
    assert.deepEqual(answersOf(client), []);
    scene.ingress.confirm(1);
    await scene.settle();
    assert.deepEqual(answersOf(client), [[3, 0]]);
    scene.ingress.confirm();
    await scene.until(() => client.all('puback').length === 3);
    assert.deepEqual(answersOf(client), [
      [3, 0],
      [1, 0],
      [2, 0],
    ]);
    assert.deepEqual(
      scene.ingress.kept.map(({ payload, qos, client: from }) => [payload, qos, from]),
      [
        ['m3', 1, 'c'],
        ['m1', 1, 'c'],
        ['m2', 1, 'c'],
      ],
    );
  });

  test(`Broker answers PINGREQ while publications wait (level ${level})`, async () => {
    await using scene = await aScene();
    const client = await scene.connect({ level });
    scene.ingress.isWaiting = true;
    client.send(aPublish('iot/a', 'm'), { type: 'pingreq' });
    await scene.until(() => client.all('pingresp').length === 1);
    assert.deepEqual(answersOf(client), []);
  });

  test(`Broker hands telemetry of QoS 0 over and answers nothing (level ${level})`, async () => {
    await using scene = await aScene();
    const client = await scene.connect({ level });
    client.publish('iot/a', 'm', { qos: 0 });
    client.publish('free/a', 'm', { qos: 0 });
    client.publish('free/b', 'kept', { qos: 0, isRetain: true });
    client.publish('free/c', 'm', { qos: 1 });
    await scene.until(() => client.all('puback').length === 1);
    assert.deepEqual(
      scene.ingress.kept.map(({ topic, qos, retain }) => [topic, qos, retain]),
      [
        ['iot/a', 0, false],
        ['free/b', 0, true],
        ['free/c', 1, false],
      ],
    );
  });

  test(`Broker takes a topic up to its limits and refuses one beyond (level ${level})`, async () => {
    await using scene = await aScene();
    for (const topic of [`iot/${'x'.repeat(1020)}`, `iot${'/'.repeat(63)}`, 'iot/äöü/\u{1f600}']) {
      const client = await scene.connect({ level });
      client.publish(topic, 'm');
      await scene.until(() => client.all('puback').length === 1);
      assert.equal(scene.ingress.kept.at(-1)?.topic, topic);
    }
    for (const topic of [`iot/${'x'.repeat(1021)}`, `iot${'/'.repeat(64)}`, '/'.repeat(65_534)]) {
      const client = await scene.connect({ level });
      client.publish(topic, 'm');
      await scene.until(() => client.isClosed || client.all('puback').length === 1);
      assert.deepEqual(
        answersOf(client),
        level === 5 ? [[1, REASON.topicNameInvalid]] : [],
        topic.slice(0, 9),
      );
      assert.equal(client.isClosed, level === 4);
    }
    assert.equal(scene.ingress.kept.length, 3);
  });

  test(`Broker refuses topics that belong to nobody (level ${level})`, async () => {
    await using scene = await aScene();
    const client = await scene.connect({ level });
    client.publish('refused/a', 'm');
    await scene.until(() => client.isClosed || client.all('puback').length === 1);
    assert.deepEqual(answersOf(client), level === 5 ? [[1, REASON.notAuthorized]] : []);
    assert.equal(client.isClosed, level === 4);
    assert.equal(scene.ingress.kept.length, 0);
  });
}

test('Broker refuses MQTT 5 publications with 0x97 in receipt order while the ingress takes nothing', async () => {
  await using scene = await aScene();
  const client = await scene.connect();
  scene.ingress.isWaiting = true;
  client.publish('iot/a', 'm1', { packetId: 1 });
  await scene.until(() => scene.ingress.pending === 1);
  scene.ingress.refuse('disk-full');
  client.publish('iot/a', 'm2', { packetId: 2 });
  client.publish('iot/a', 'm3', { packetId: 3 });
  await scene.settle();
  assert.deepEqual(answersOf(client), [], 'they wait for the answer before them [MQTT-4.6.0-2]');
  scene.ingress.confirm();
  await scene.until(() => client.all('puback').length === 3);
  assert.deepEqual(answersOf(client), [
    [1, 0],
    [2, 0x97],
    [3, 0x97],
  ]);
  client.publish('iot/a', 'm4', { packetId: 4 });
  await scene.until(() => client.all('puback').length === 4);
  assert.match(String(client.all('puback').at(-1)?.properties?.reasonText), /disk-full/);
  scene.ingress.isWaiting = false;
  scene.ingress.resume();
  client.publish('iot/a', 'm5', { packetId: 5 });
  await scene.until(() => client.all('puback').length === 5);
  assert.equal(answersOf(client)[4]?.[1], 0);
  assert.deepEqual(
    scene.ingress.kept.map(({ payload }) => payload),
    ['m1', 'm5'],
  );
  assert.equal(scene.metric('iot_mqtt_publishes_refused_total'), 3);
});

test('Broker stops reading 3.1.1 publishers while the ingress takes nothing, loses nothing and judges no keep-alive', async () => {
  await using scene = await aScene();
  const client = await scene.connect({ level: 4, keepAliveSecs: 5 });
  const quiet = await scene.connect({ level: 4, clientId: 'quiet' });
  scene.ingress.refuse('backlog');
  client.send(aPublish('iot/a', 'm1'), aPublish('iot/a', 'm2', { packetId: 2 }), { type: 'pingreq' });
  client.publish('iot/a', 'm3', { packetId: 3 });
  quiet.send({ type: 'pingreq' });
  await scene.until(() => quiet.all('pingresp').length === 1);
  assert.equal(scene.broker.figures().heldConnections, 1);
  await scene.pass(60_000);
  assert.deepEqual([client.isClosed, scene.ingress.kept.length], [false, 0]);
  assert.equal(scene.metric('iot_mqtt_held_connections'), 1);
  scene.ingress.resume();
  await scene.until(() => client.all('puback').length === 3);
  assert.deepEqual(
    scene.ingress.kept.map(({ payload }) => payload),
    ['m1', 'm2', 'm3'],
  );
  assert.deepEqual(answersOf(client), [
    [1, 0],
    [2, 0],
    [3, 0],
  ]);
  assert.deepEqual([client.all('pingresp').length, scene.broker.figures().heldConnections], [1, 0]);
});

test('Broker holds QoS 0 telemetry of MQTT 5 too, since it has no answer', async () => {
  await using scene = await aScene();
  const client = await scene.connect();
  scene.ingress.refuse('read-only');
  client.publish('iot/a', 'm', { qos: 0 });
  await scene.until(() => scene.broker.figures().heldConnections === 1);
  assert.equal(scene.ingress.kept.length, 0);
  scene.ingress.resume();
  await scene.until(() => scene.ingress.kept.length === 1);
});

test('Broker copies what it holds: the chunk is not its own', async () => {
  await using scene = await aScene();
  const client = await scene.connect({ level: 4 });
  scene.ingress.refuse('backlog');
  const chunk = client.send(aPublish('iot/a', 'm1'), aPublish('iot/b', 'm2', { packetId: 2 }));
  await scene.until(() => scene.broker.figures().heldConnections === 1);
  chunk.fill(0xff);
  scene.ingress.resume();
  await scene.until(() => client.all('puback').length === 2);
  assert.deepEqual(
    scene.ingress.kept.map(({ topic, payload }) => `${topic} ${payload}`),
    ['iot/a m1', 'iot/b m2'],
  );
});

test('Broker copies what it delivers later: the chunk is not its own', async () => {
  await using scene = await aScene();
  const client = await scene.connect();
  await scene.subscribe(client, 'iot/#');
  scene.ingress.isWaiting = true;
  const properties = { user: [['a', 'b']] } as const;
  const chunk = client.send(aPublish('iot/a', 'payload', { properties }));
  await scene.until(() => scene.ingress.pending === 1);
  chunk.fill(0xff);
  scene.ingress.confirm();
  await scene.until(() => client.payloads.length === 1);
  const [seen] = client.all('publish');
  assert.deepEqual([seen?.topic, client.payloads[0], seen?.properties], ['iot/a', 'payload', properties]);
});

test('Broker forgets a held connection that is gone', async () => {
  await using scene = await aScene();
  const client = await scene.connect({ level: 4 });
  scene.ingress.refuse('backlog');
  client.publish('iot/a', 'm');
  await scene.until(() => scene.broker.figures().heldConnections === 1);
  scene.net.links.at(-1)?.reset();
  await scene.until(() => scene.broker.connections === 0);
  scene.ingress.resume();
  await scene.settle();
  assert.equal(scene.ingress.kept.length, 0);
});

test('Broker asks for a refusal once per chunk', async () => {
  await using scene = await aScene();
  const client = await scene.connect();
  const before = scene.ingress.asked;
  client.send(...[1, 2, 3, 4].map((packetId) => aPublish('iot/a', 'm', { packetId })));
  await scene.until(() => client.all('puback').length === 4);
  assert.equal(scene.ingress.asked - before, 1);
});

test('Broker routes a topic once and remembers it', async () => {
  await using scene = await aScene({ limits: { topicsCachedMax: 4 } });
  const client = await scene.connect();
  const publish = async (topic: string): Promise<void> => {
    const before = client.all('puback').length;
    client.publish(topic, 'm');
    await scene.until(() => client.all('puback').length > before);
  };
  for (let i = 0; i < 5; i++) await publish('iot/a');
  assert.equal(scene.ingress.routed, 1);
  for (let i = 0; i < 20; i++) await publish(`iot/${i}`);
  await publish('iot/a');
  assert.equal(scene.ingress.routed, 22, 'it was forgotten for others and is worked out again');
});

test('Broker ends an MQTT 5 connection that sends more than Receive Maximum', async () => {
  await using scene = await aScene({ limits: { receiveMaximum: 10 } });
  const client = await scene.connect();
  scene.ingress.isWaiting = true;
  client.send(...Array.from({ length: 10 }, (_, i) => aPublish('iot/a', 'm', { packetId: i + 1 })));
  await scene.until(() => scene.ingress.pending === 10);
  assert.equal(client.isClosed, false);
  client.publish('iot/a', 'one too many', { packetId: 11 });
  await scene.until(() => client.isClosed);
  assert.equal(client.all('disconnect')[0]?.reason, REASON.receiveMaximumExceeded);
  assert.equal(scene.ingress.pending, 10);
});

test('Broker does not read a 3.1.1 connection beyond its window, and nobody else is paused', async () => {
  await using scene = await aScene({ limits: { receiveMaximum: 10 } });
  const client = await scene.connect({ level: 4, keepAliveSecs: 1 });
  const other = await scene.connect({ level: 4, clientId: 'other' });
  scene.ingress.isWaiting = true;
  client.send(...Array.from({ length: 25 }, (_, i) => aPublish('iot/a', `m${i}`, { packetId: i + 1 })));
  await scene.settle();
  assert.equal(scene.ingress.pending, 10);
  other.publish('iot/b', 'free');
  await scene.until(() => scene.ingress.pending === 11);
  await scene.pass(60_000);
  assert.equal(client.isClosed, false);
  scene.ingress.confirm(4);
  await scene.settle();
  assert.equal(scene.ingress.pending, 7, 'six of its own are over half of the window');
  scene.ingress.confirm(1);
  await scene.settle();
  assert.equal(scene.ingress.pending, 11);
  scene.ingress.isWaiting = false;
  scene.ingress.confirm();
  await scene.until(() => client.all('puback').length === 25);
  const own = scene.ingress.kept.filter((kept) => kept.client === 'c').map(({ payload }) => payload);
  assert.deepEqual(
    own,
    Array.from({ length: 25 }, (_, i) => `m${i}`),
  );
});

test('Broker ends an MQTT 5 connection that publishes with QoS 2', async () => {
  await using scene = await aScene();
  const client = await scene.connect();
  client.publish('iot/a', 'm', { qos: 2 });
  await scene.until(() => client.isClosed);
  assert.equal(client.all('disconnect')[0]?.reason, REASON.qosNotSupported);
  assert.equal(scene.ingress.kept.length, 0);
});

test('Broker serves QoS 2 to 3.1.1: PUBREC after onDurable, a repeated packet id is not appended again', async () => {
  await using scene = await aScene();
  const client = await scene.connect({ level: 4, isCleanStart: false });
  scene.ingress.isWaiting = true;
  client.publish('iot/a', 'm', { qos: 2, packetId: 7 });
  client.publish('iot/a', 'm', { qos: 2, packetId: 7, isDup: true });
  await scene.settle();
  assert.deepEqual([scene.ingress.pending, client.all('pubrec').length], [1, 0]);
  scene.ingress.confirm();
  await scene.until(() => client.all('pubrec').length === 1);
  client.destroy();
  await scene.until(() => scene.broker.connections === 0);
  const back = await scene.connect({ level: 4, isCleanStart: false });
  back.publish('iot/a', 'm', { qos: 2, packetId: 7, isDup: true });
  await scene.until(() => back.all('pubrec').length === 1);
  back.send({ type: 'pubrel', packetId: 7, reason: 0 }, { type: 'pubrel', packetId: 7, reason: 0 });
  await scene.until(() => back.all('pubcomp').length === 2);
  assert.equal(scene.ingress.kept.length, 1);
  back.publish('iot/a', 'another', { qos: 2, packetId: 7 });
  await scene.settle();
  scene.ingress.confirm();
  await scene.until(() => back.all('pubrec').length === 2);
  assert.deepEqual(
    scene.ingress.kept.map(({ payload, qos }) => [payload, qos]),
    [
      ['m', 2],
      ['another', 2],
    ],
  );
});

test('Broker answers a QoS 2 publication that became durable while its client was away', async () => {
  await using scene = await aScene();
  const client = await scene.connect({ level: 4, isCleanStart: false });
  scene.ingress.isWaiting = true;
  client.publish('iot/a', 'm', { qos: 2, packetId: 7 });
  await scene.until(() => scene.ingress.pending === 1);
  client.destroy();
  const back = await scene.connect({ level: 4, isCleanStart: false });
  back.publish('iot/a', 'm', { qos: 2, packetId: 7, isDup: true });
  await scene.settle();
  assert.deepEqual([scene.ingress.pending, back.all('pubrec').length], [1, 0]);
  scene.ingress.confirm();
  await scene.until(() => back.all('pubrec').length === 1);
});

test('Broker closes on PUBREL before PUBREC, and on too many QoS 2 packet ids', async () => {
  await using scene = await aScene({ limits: { qos2IdsMax: 3 } });
  const early = await scene.connect({ level: 4 });
  scene.ingress.isWaiting = true;
  early.publish('iot/a', 'm', { qos: 2, packetId: 7 });
  early.send({ type: 'pubrel', packetId: 7, reason: 0 });
  await scene.until(() => early.isClosed);
  const many = await scene.connect({ level: 4 });
  for (let packetId = 1; packetId <= 4; packetId++) many.publish('iot/a', 'm', { qos: 2, packetId });
  await scene.until(() => many.isClosed);
  assert.equal(scene.ingress.kept.length, 4);
});

test('Broker resolves topic aliases of each connection for itself', async () => {
  await using scene = await aScene();
  const client = await scene.connect();
  const alias = (topic: string, topicAlias: number, packetId: number): void =>
    client.publish(topic, 'm', { packetId, properties: { topicAlias } });
  alias('iot/a', 1, 1);
  alias('', 1, 2);
  alias('iot/b', 1, 3);
  alias('', 1, 4);
  alias('iot/c', 64, 5);
  await scene.until(() => client.all('puback').length === 5);
  assert.deepEqual(
    scene.ingress.kept.map(({ topic, properties }) => [topic, properties]),
    ['iot/a', 'iot/a', 'iot/b', 'iot/b', 'iot/c'].map((topic) => [topic, undefined]),
  );
  const other = await scene.connect({ clientId: 'other' });
  other.publish('', 'm', { properties: { topicAlias: 1 } });
  alias('iot/d', 65, 6);
  await scene.until(() => client.isClosed && other.isClosed);
  for (const one of [client, other]) assert.equal(one.all('disconnect')[0]?.reason, REASON.topicAliasInvalid);
});

test('Broker gives the properties of a publication to the ingress and refuses a subscription identifier', async () => {
  await using scene = await aScene();
  const client = await scene.connect();
  const properties = {
    contentType: 'application/json',
    payloadFormat: 1,
    messageExpirySecs: 5,
    responseTopic: 'r',
    correlation: Uint8Array.of(1, 2),
    user: [
      ['a', '1'],
      ['a', '2'],
    ],
  } as const;
  client.publish('iot/a', 'm', { properties: { ...properties, topicAlias: 1 } });
  await scene.until(() => client.all('puback').length === 1);
  assert.deepEqual(scene.ingress.kept[0]?.properties, properties);
  client.publish('iot/a', 'm', { properties: { subscriptionIdentifiers: [1] } });
  await scene.until(() => client.isClosed);
  assert.equal(client.all('disconnect')[0]?.reason, REASON.protocolError);
});

test('Broker passes its failpoints where they belong', async () => {
  const passed: FailpointName[] = [];
  await using scene = await aScene({ failpoint: (name) => passed.push(name) });
  const client = await scene.connect();
  scene.ingress.isWaiting = true;
  client.publish('iot/a', 'm');
  await scene.until(() => scene.ingress.pending === 1);
  assert.deepEqual(passed, ['publish-read']);
  scene.ingress.confirm();
  assert.deepEqual(passed, ['publish-read', 'puback-before-send', 'puback-after-send']);
  await scene.until(() => client.all('puback').length === 1);
});

test('Broker writes the PUBACKs of a durable notice at once, for each connection', async () => {
  await using scene = await aScene();
  const client = await scene.connect();
  scene.ingress.isWaiting = true;
  for (let packetId = 1; packetId <= 500; packetId++) client.publish('iot/a', 'm', { packetId });
  await scene.until(() => scene.ingress.pending === 500);
  const written: number[] = [];
  const server = scene.net.links[0]?.server;
  assert.ok(server);
  const write = server.write.bind(server);
  server.write = (bytes) => {
    written.push(bytes.byteLength);
    return write(bytes);
  };
  scene.ingress.confirm();
  assert.deepEqual(written, [2000]);
});
