import assert from 'node:assert/strict';
import { test } from 'node:test';
import { REASON } from '../reason-codes.ts';
import { aScene, type BrokerScene, connackOf } from '../testing/broker-scene.ts';
import type { RawClient } from '../testing/raw-client.ts';

/** Publishes at QoS 1 and waits for the PUBACK. */
async function publish(
  scene: BrokerScene,
  client: RawClient,
  ...args: Parameters<RawClient['publish']>
): Promise<void> {
  const before = client.all('puback').length;
  client.publish(...args);
  await scene.until(() => client.all('puback').length > before);
  await scene.settle();
}

/** Acknowledges every QoS 1 message that came since the last call. */
function acknowledge(client: RawClient, from = 0): void {
  for (const { qos, packetId } of client.all('publish').slice(from))
    if (qos === 1) client.send({ type: 'puback', packetId, reason: 0 });
}

for (const level of [4, 5] as const) {
  test(`Broker delivers to subscribers when the message is durable (level ${level})`, async () => {
    await using scene = await aScene();
    const reader = await scene.connect({ level, clientId: 'reader' });
    assert.deepEqual(await scene.subscribe(reader, 'iot/#'), [1]);
    const writer = await scene.connect({ level, clientId: 'writer' });
    scene.ingress.isWaiting = true;
    writer.publish('iot/a', 'hello');
    writer.publish('iot/a', 'telemetry of QoS 0', { qos: 0 });
    writer.publish('free/a', 'nobody asked');
    await scene.settle();
    assert.deepEqual(reader.payloads, []);
    scene.ingress.confirm();
    await scene.until(() => reader.payloads.length === 2);
    assert.deepEqual(
      reader.all('publish').map(({ topic, qos, isDup, isRetain }) => ({ topic, qos, isDup, isRetain })),
      [1, 0].map((qos) => ({ topic: 'iot/a', qos, isDup: false, isRetain: false })),
    );
  });

  test(`Broker delivers messaging of QoS 0 at once (level ${level})`, async () => {
    await using scene = await aScene();
    scene.ingress.isWaiting = true;
    const client = await scene.connect({ level });
    await scene.subscribe(client, 'free/+');
    client.publish('free/a', 'now', { qos: 0 });
    await scene.until(() => client.payloads.length === 1);
    assert.equal(scene.ingress.kept.length, 0);
  });

  test(`Broker delivers with the lesser QoS of message and subscription, QoS 2 as 1 (level ${level})`, async () => {
    await using scene = await aScene();
    const reader = await scene.connect({ level, clientId: 'reader' });
    assert.deepEqual(await scene.subscribe(reader, { filter: 'a', qos: 0 }, { filter: 'b', qos: 2 }), [0, 1]);
    const writer = await scene.connect({ level: 4, clientId: 'writer' });
    await publish(scene, writer, 'a', '1');
    await publish(scene, writer, 'b', '2');
    writer.publish('b', '3', { qos: 2, packetId: 9 });
    writer.publish('b', '4', { qos: 0 });
    await scene.until(() => reader.payloads.length === 4);
    const seen = reader.all('publish').map(({ qos }, at) => `${reader.payloads[at]} at ${qos}`);
    assert.deepEqual(seen.toSorted(), ['1 at 0', '2 at 1', '3 at 1', '4 at 0']);
  });

  test(`Broker refuses $share and wrong filters one by one and takes the others (level ${level})`, async () => {
    await using scene = await aScene();
    const client = await scene.connect({ level });
    const asked = ['$share/g/a', 'good', 'a#', 'x'.repeat(1025), '/'.repeat(64), '$SYS/#'];
    const bad = REASON.topicFilterInvalid;
    assert.deepEqual(
      await scene.subscribe(client, ...asked),
      level === 5
        ? [REASON.sharedSubscriptionsNotSupported, 1, bad, bad, bad, 1]
        : [0x80, 1, 0x80, 0x80, 0x80, 1],
    );
    assert.equal(scene.broker.figures().subscriptions, 2);
  });

  test(`Broker stops delivering after UNSUBSCRIBE (level ${level})`, async () => {
    await using scene = await aScene();
    const client = await scene.connect({ level });
    await scene.subscribe(client, 'a', 'b');
    client.send({ type: 'unsubscribe', packetId: 2, filters: ['a', 'never'] });
    await scene.until(() => client.all('unsuback').length === 1);
    assert.deepEqual(
      client.all('unsuback')[0]?.reasons,
      level === 5 ? [0, REASON.noSubscriptionExisted] : [],
    );
    await publish(scene, client, 'a', '1');
    await publish(scene, client, 'b', '2');
    await scene.until(() => client.payloads.length > 0);
    assert.deepEqual(client.payloads, ['2']);
  });

  test(`Broker keeps QoS 1 for an absent session and sends what was unacknowledged again, in order (level ${level})`, async () => {
    await using scene = await aScene({ limits: { inflightMax: 3 } });
    const session = level === 5 ? { properties: { sessionExpirySecs: 60 } } : {};
    const wish = { level, clientId: 'reader', isCleanStart: false, ...session };
    const reader = await scene.connect(wish);
    await scene.subscribe(reader, 'a');
    const writer = await scene.connect({ level, clientId: 'writer' });
    for (const payload of ['1', '2', '3', '4']) await publish(scene, writer, 'a', payload);
    assert.deepEqual(reader.payloads, ['1', '2', '3']);
    acknowledge(reader);
    await scene.until(() => reader.payloads.length === 4);
    reader.destroy();
    await scene.until(() => scene.broker.connections === 1);
    for (const payload of ['5', '6', '7']) await publish(scene, writer, 'a', payload);
    const back = await scene.connect(wish);
    assert.equal(connackOf(back)?.isSessionPresent, true);
    await scene.until(() => back.payloads.length === 3);
    assert.deepEqual(
      back.all('publish').map(({ isDup }, at) => [back.payloads[at], isDup]),
      [
        ['4', true],
        ['5', false],
        ['6', false],
      ],
    );
    assert.equal(back.all('publish')[0]?.packetId, reader.all('publish').at(-1)?.packetId);
    acknowledge(back);
    await scene.until(() => back.payloads.length === 4);
    assert.equal(back.payloads[3], '7');
  });

  test(`Broker delivers retained messages to a new subscription, and clears them (level ${level})`, async () => {
    await using scene = await aScene();
    const writer = await scene.connect({ level, clientId: 'writer' });
    for (const [topic, payload] of [
      ['s/1', 'old'],
      ['s/1', 'one'],
      ['s/2', 'two'],
      ['s/3', 'gone'],
      ['s/3', ''],
    ])
      await publish(scene, writer, String(topic), String(payload), { isRetain: true });
    const reader = await scene.connect({ level, clientId: 'reader' });
    await scene.subscribe(reader, 's/+');
    await scene.until(() => reader.payloads.length === 2);
    await publish(scene, writer, 's/1', 'live', { isRetain: true });
    await scene.until(() => reader.payloads.length === 3);
    assert.deepEqual(
      reader.all('publish').map(({ isRetain, qos }, at) => [reader.payloads[at], isRetain, qos]),
      [
        ['one', true, 1],
        ['two', true, 1],
        ['live', false, 1],
      ],
    );
    assert.equal(scene.broker.figures().retainedMessages, 2);
    assert.equal(scene.metric('iot_mqtt_retained_messages'), 2);
  });
}

test('Broker gives one copy with every Subscription Identifier of MQTT 5', async () => {
  await using scene = await aScene();
  const reader = await scene.connect({ clientId: 'reader' });
  await scene.subscribeWith(reader, { subscriptionIdentifiers: [7] }, 'a/#');
  await scene.subscribeWith(reader, { subscriptionIdentifiers: [268_435_455] }, 'a/+');
  await scene.subscribe(reader, 'a/b');
  const writer = await scene.connect({ clientId: 'writer' });
  await publish(scene, writer, 'a/b', 'm');
  await scene.until(() => reader.payloads.length === 1);
  const [seen] = reader.all('publish');
  assert.deepEqual(seen?.properties?.subscriptionIdentifiers?.toSorted(), [268_435_455, 7]);
});

test('Broker does not send their own to No Local subscribers, and keeps RETAIN as published where asked', async () => {
  await using scene = await aScene();
  const client = await scene.connect();
  const other = await scene.connect({ clientId: 'other' });
  await scene.subscribe(client, { filter: 'a', isNoLocal: true, isRetainAsPublished: true });
  await scene.subscribe(other, 'a');
  await publish(scene, client, 'a', 'own', { isRetain: true });
  await publish(scene, other, 'a', 'theirs', { isRetain: true });
  await scene.until(() => other.payloads.length === 2);
  assert.deepEqual(client.payloads, ['theirs']);
  assert.equal(client.all('publish')[0]?.isRetain, true);
  assert.deepEqual(
    other.all('publish').map(({ isRetain }) => isRetain),
    [false, false],
  );
});

test('Broker keeps No Local for retained messages too', async () => {
  await using scene = await aScene();
  const client = await scene.connect();
  const other = await scene.connect({ clientId: 'other' });
  await publish(scene, client, 'a/1', 'own', { isRetain: true });
  await publish(scene, other, 'a/2', 'theirs', { isRetain: true });
  await scene.subscribe(client, { filter: 'a/+', isNoLocal: true });
  await scene.until(() => client.payloads.length > 0);
  await scene.settle();
  assert.deepEqual(client.payloads, ['theirs']);
});

test('Broker follows Retain Handling', async () => {
  await using scene = await aScene();
  const client = await scene.connect();
  await publish(scene, client, 'a', 'kept', { isRetain: true });
  const got = async (retainHandling: 0 | 1 | 2): Promise<number> => {
    const before = client.payloads.length;
    await scene.subscribe(client, { filter: 'a', retainHandling });
    await scene.settle();
    acknowledge(client, before);
    return client.payloads.length - before;
  };
  assert.deepEqual([await got(2), await got(1), await got(0), await got(0), await got(1)], [0, 0, 1, 1, 0]);
  client.send({ type: 'unsubscribe', packetId: 9, filters: ['a'] });
  await scene.settle();
  assert.equal(await got(1), 1);
});

test('Broker begins with the retained messages it is given, without what has expired', async () => {
  const now = 1_767_225_600_000_000;
  const aMessage = (topic: string, payload: string, messageExpirySecs?: number) => ({
    topic,
    payload: new TextEncoder().encode(payload),
    qos: 1 as const,
    properties: messageExpirySecs === undefined ? undefined : { messageExpirySecs, contentType: 'text' },
    receivedMicros: now - 10_000_000,
  });
  await using scene = await aScene({
    retained: [
      aMessage('a', 'old'),
      aMessage('a', 'new'),
      aMessage('b', 'past', 9),
      aMessage('c', 'x'),
      aMessage('c', ''),
      aMessage('d', 'soon', 60),
    ],
  });
  const reader = await scene.connect();
  await scene.pass(20_000);
  await scene.subscribe(reader, '#');
  await scene.until(() => reader.payloads.length === 2);
  assert.deepEqual(reader.payloads, ['new', 'soon']);
  assert.deepEqual(reader.all('publish')[1]?.properties, { contentType: 'text', messageExpirySecs: 30 });
});

test('Broker forwards every property of MQTT 5 and counts Message Expiry down', async () => {
  await using scene = await aScene();
  const session = { properties: { sessionExpirySecs: 600 } };
  const reader = await scene.connect({ clientId: 'reader', ...session });
  await scene.subscribe(reader, 'a');
  reader.destroy();
  const old = await scene.connect({ clientId: 'old', level: 4 });
  await scene.subscribe(old, 'a');
  const writer = await scene.connect({ clientId: 'writer' });
  const properties = {
    contentType: 'application/json',
    payloadFormat: 1,
    responseTopic: 'r',
    correlation: Uint8Array.of(1, 2),
    user: [
      ['a', '1'],
      ['a', '2'],
    ],
  } as const;
  await publish(scene, writer, 'a', 'short', { properties: { messageExpirySecs: 5 } });
  await publish(scene, writer, 'a', 'long', {
    properties: { ...properties, messageExpirySecs: 60, topicAlias: 3 },
  });
  await scene.pass(10_000);
  const back = await scene.connect({ clientId: 'reader', isCleanStart: false, ...session });
  await scene.until(() => back.payloads.length === 1);
  assert.deepEqual(back.payloads, ['long']);
  assert.deepEqual(back.all('publish')[0]?.properties, { ...properties, messageExpirySecs: 50 });
  assert.equal(scene.metric('iot_mqtt_dropped_total', { reason: 'expired' }), 1);
  assert.deepEqual(old.payloads, ['short', 'long']);
});

test('Broker keeps to the Receive Maximum and Maximum Packet Size of its client', async () => {
  await using scene = await aScene();
  const reader = await scene.connect({
    clientId: 'reader',
    properties: { receiveMaximum: 2, packetBytesMax: 100 },
  });
  await scene.subscribe(reader, 'a');
  const writer = await scene.connect({ clientId: 'writer' });
  for (const payload of ['1', '2', 'x'.repeat(100), '3', '4']) await publish(scene, writer, 'a', payload);
  await scene.settle();
  assert.deepEqual(reader.payloads, ['1', '2']);
  acknowledge(reader);
  await scene.until(() => reader.payloads.length === 4);
  assert.deepEqual(reader.payloads, ['1', '2', '3', '4']);
  assert.equal(scene.metric('iot_mqtt_dropped_total', { reason: 'packet-too-large' }), 1);
});

test('Broker disconnects a subscriber whose queue is full, and drops for it what it counts', async () => {
  await using scene = await aScene({ limits: { queueCountMax: 5, inflightMax: 2 } });
  const reader = await scene.connect({ clientId: 'reader', properties: { sessionExpirySecs: 60 } });
  const other = await scene.connect({ clientId: 'other' });
  await scene.subscribe(reader, 'a');
  await scene.subscribe(other, 'a');
  for (let i = 0; i < 10; i++) {
    await publish(scene, other, 'a', `${i}`);
    acknowledge(other, other.all('publish').length - 1);
  }
  await scene.until(() => reader.isClosed);
  assert.equal(reader.all('disconnect')[0]?.reason, REASON.quotaExceeded);
  assert.equal(other.payloads.length, 10);
  assert.equal(scene.metric('iot_mqtt_dropped_total', { reason: 'queue-full' }), 3);
  const properties = { sessionExpirySecs: 60 };
  const back = await scene.connect({ clientId: 'reader', isCleanStart: false, properties });
  for (let before = -1; before !== back.payloads.length; ) {
    before = back.payloads.length;
    acknowledge(back);
    await scene.settle();
  }
  assert.deepEqual(back.payloads, ['0', '1', '2', '3', '4', '5', '6']);
});

test('Broker bounds the bytes that wait for one session and for all', async () => {
  await using scene = await aScene({ limits: { queueBytesMax: 1000, queuesBytesMax: 1500 } });
  const properties = { sessionExpirySecs: 60 };
  for (const clientId of ['x', 'y']) {
    const reader = await scene.connect({ clientId, properties });
    await scene.subscribe(reader, 'a');
    reader.destroy();
  }
  const writer = await scene.connect({ clientId: 'writer' });
  for (let i = 0; i < 20; i++) await publish(scene, writer, 'a', 'x'.repeat(99));
  const { queuedBytes } = scene.broker.figures();
  assert.equal(queuedBytes, 1500);
  assert.equal(scene.metric('iot_mqtt_dropped_total', { reason: 'queue-full' }), 25);
  await scene.pass(61_000);
  assert.equal(scene.broker.figures().queuedBytes, 0);
  assert.equal(scene.metric('iot_mqtt_dropped_total', { reason: 'session-ended' }), 15);
});

test('Broker stops writing to a subscriber that never reads, who suffers alone', async () => {
  await using scene = await aScene({ netBytes: 2_000, limits: { outboxBytes: 500 } });
  const slow = await scene.connect({ clientId: 'slow' });
  const quick = await scene.connect({ clientId: 'quick' });
  await scene.subscribe(slow, { filter: 'a', qos: 0 }, { filter: 'b', qos: 1 });
  await scene.subscribe(quick, { filter: 'a', qos: 0 });
  slow.pause();
  for (let i = 0; i < 100; i++) {
    quick.publish('a', 'x'.repeat(100), { qos: 0 });
    await scene.settle();
  }
  await scene.until(() => quick.payloads.length === 100);
  const dropped = scene.metric('iot_mqtt_dropped_total', { reason: 'slow-reader' });
  assert.ok(dropped > 50, `${dropped} dropped`);
  await publish(scene, quick, 'b', 'kept in the queue');
  slow.resume();
  await scene.until(() => slow.payloads.includes('kept in the queue'));
  assert.equal(slow.payloads.length, 101 - dropped);
});

test('Broker feeds many retained messages to a subscriber as it acknowledges them', async () => {
  await using scene = await aScene({ limits: { inflightMax: 4, queueCountMax: 2 } });
  const writer = await scene.connect({ clientId: 'writer' });
  for (let i = 0; i < 50; i++) await publish(scene, writer, `r/${i}`, `${i}`, { isRetain: true });
  const reader = await scene.connect({ clientId: 'reader' });
  await scene.subscribe(reader, '#');
  let answered = 0;
  await scene.until(() => {
    acknowledge(reader, answered);
    answered = reader.payloads.length;
    return answered === 50;
  });
  assert.deepEqual(
    reader.payloads,
    Array.from({ length: 50 }, (_, i) => `${i}`),
  );
});

test('Broker sends no more retained messages of a filter that was given up', async () => {
  await using scene = await aScene({ limits: { inflightMax: 2 } });
  const client = await scene.connect();
  for (let i = 0; i < 10; i++) await publish(scene, client, `r/${i}`, `${i}`, { isRetain: true });
  await scene.subscribe(client, '#');
  await scene.until(() => client.payloads.length === 2);
  client.send({ type: 'unsubscribe', packetId: 2, filters: ['#'] });
  acknowledge(client);
  await scene.until(() => client.all('unsuback').length === 1);
  await scene.settle();
  assert.deepEqual(client.payloads, ['0', '1']);
});

test('Broker refuses subscriptions over its limits', async () => {
  await using scene = await aScene({
    limits: { subscriptionsMax: 2, subscriptionsTotalMax: 3, subscriptionLevelsMax: 20 },
  });
  const one = await scene.connect({ clientId: '1' });
  const two = await scene.connect({ clientId: '2', level: 4 });
  assert.deepEqual(await scene.subscribe(one, 'a', 'b', 'c', 'a'), [1, 1, REASON.quotaExceeded, 1]);
  assert.deepEqual(await scene.subscribe(two, '/'.repeat(30), 'a', 'b'), [0x80, 1, 0x80]);
});

test('Broker keeps no more retained messages than it may, and delivers the others all the same', async () => {
  await using scene = await aScene({ limits: { retainedCountMax: 2 } });
  const client = await scene.connect();
  await scene.subscribe(client, '#');
  for (const topic of ['a', 'b', 'c', 'a']) await publish(scene, client, topic, topic, { isRetain: true });
  await scene.until(() => client.payloads.length === 4);
  assert.equal(scene.broker.figures().retainedMessages, 2);
  assert.equal(scene.metric('iot_mqtt_dropped_total', { reason: 'retained-full' }), 1);
});
