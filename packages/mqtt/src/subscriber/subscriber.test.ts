import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hasCode } from '@skerry/kernel/testing';
import { LIMITS } from '../limits.ts';
import { encodePacket } from '../packets/packet.ts';
import { REASON } from '../reason-codes.ts';
import { aPublish } from '../testing/raw-client.ts';
import { ScriptedBroker, until } from '../testing/scripted-broker.ts';

test('openSubscriber goes on with its session, asks for each filter by itself, and leaves it with DISCONNECT', async () => {
  await using broker = new ScriptedBroker();
  const subscriber = await broker.open({
    filters: [{ filter: 'plant/+/a' }, { filter: '$share/g/line/#', qos: 2 }],
    credentials: () => ({ username: 'u', password: Uint8Array.of(1) }),
    sessionExpirySecs: 60,
    receiveMaximum: 9,
  });
  assert.deepEqual(subscriber.state(), {
    phase: 'connected',
    degraded: [],
    filters: [
      { filter: 'plant/+/a', wanted: 1, state: 'granted', granted: 1, why: '' },
      { filter: '$share/g/line/#', wanted: 2, state: 'granted', granted: 2, why: '' },
    ],
    taken: 0,
    unacked: 0,
    isHeld: false,
    kept: 0,
    brokerDropped: undefined,
  });
  await subscriber[Symbol.asyncDispose]();
  assert.deepEqual(broker.connect, {
    type: 'connect',
    level: 5,
    isCleanStart: false,
    keepAliveSecs: 0,
    clientId: 'gateway-0',
    username: 'u',
    password: Uint8Array.of(1),
    properties: {
      sessionExpirySecs: 60,
      receiveMaximum: 9,
      packetBytesMax: LIMITS.subscriberPacketBytesTold.value,
    },
  });
  assert.deepEqual(
    broker.peer.all('subscribe').map(({ topics }) => topics),
    [
      [{ filter: 'plant/+/a', qos: 1, isNoLocal: false, isRetainAsPublished: true, retainHandling: 1 }],
      [{ filter: '$share/g/line/#', qos: 2, isNoLocal: false, isRetainAsPublished: true, retainHandling: 1 }],
    ],
  );
  assert.deepEqual(broker.peer.packets.at(-1), { type: 'disconnect', reason: 0 });
  assert.equal(broker.clock.nextDueMs, undefined, 'a timer was left behind');
  assert.equal(subscriber.state().phase, 'ended');
  await assert.rejects(subscriber.subscribed(), hasCode('subscriber-ended'));
});

test('openSubscriber refuses an empty client identifier and filters that no broker can serve', async () => {
  await using broker = new ScriptedBroker();
  await assert.rejects(broker.open({ clientId: '' }), hasCode('client-id-invalid'));
  const filters = ['', 'a/#/b', 'a+', '$share/g', '$share/g/', '$share/+/a', '$share//a'];
  for (const filter of filters)
    await assert.rejects(broker.open({ filters: [{ filter }] }), hasCode('topic-filter-invalid'), filter);
  await assert.rejects(broker.open({ filters: [] }), hasCode('topic-filter-invalid'));
  await assert.rejects(
    broker.open({ filters: [{ filter: 'a' }, { filter: 'a', qos: 2 }] }),
    hasCode('topic-filter-invalid'),
  );
});

for (const level of [4, 5] as const) {
  test(`Subscriber at level ${level} says PUBACK in the order of receipt whatever the order of acknowledgement, one write a turn`, async () => {
    await using broker = new ScriptedBroker();
    await using subscriber = await broker.open({ level });
    for (const [text, packetId] of [
      ['a', 7],
      ['b', 3],
      ['c', 9],
      ['d', 1],
    ] as const)
      broker.peer.publish(text, packetId);
    await until(() => broker.consumer.texts.length === 4, 'four messages');
    assert.deepEqual(broker.peer.answers, [], 'nothing is durable yet');
    subscriber.settle(2);
    subscriber.settle(4);
    subscriber.settle(2);
    const writes = broker.peer.chunks.length;
    subscriber.acknowledge(1);
    await until(() => broker.peer.answers.length === 2, 'the first two');
    assert.deepEqual(broker.peer.answers, ['puback 7', 'puback 3']);
    subscriber.acknowledge(1);
    await subscriber.drained();
    await until(() => broker.peer.answers.length === 4, 'the others');
    assert.deepEqual(broker.peer.answers, ['puback 7', 'puback 3', 'puback 9', 'puback 1']);
    assert.deepEqual(broker.peer.chunks.slice(writes), [8, 8]);
    assert.throws(() => subscriber.acknowledge(1), RangeError);
    assert.throws(() => subscriber.settle(5), RangeError);
    assert.equal(broker.metric('iot_subscriber_acked_total'), 4);
    assert.equal(broker.metric('iot_subscriber_received_total'), 4);
  });
}

test('Subscriber hands out QoS 0 and the flags as they came, and answers QoS 0 with nothing', async () => {
  await using broker = new ScriptedBroker();
  await using subscriber = await broker.open();
  broker.peer.publish('zero', 0, { qos: 0, isRetain: true });
  broker.peer.publish('one', 5, { isDup: true });
  broker.peer.publish('one', 5, { isDup: true });
  await until(() => broker.consumer.texts.length === 3, 'three messages: DUP and identifier say nothing');
  subscriber.acknowledge(3);
  await until(() => broker.peer.answers.length === 2, 'the answers');
  assert.deepEqual(broker.peer.answers, ['puback 5', 'puback 5']);
  assert.deepEqual(broker.consumer.messages, [
    { number: 1, qos: 0, isRetained: true, isDuplicate: false, oversizeBytes: 0 },
    { number: 2, qos: 1, isRetained: false, isDuplicate: true, oversizeBytes: 0 },
    { number: 3, qos: 1, isRetained: false, isDuplicate: true, oversizeBytes: 0 },
  ]);
});

test('Subscriber never says the acknowledgement of an earlier connection on a later one', async () => {
  await using broker = new ScriptedBroker();
  await using subscriber = await broker.open();
  broker.peer.publish('a', 1);
  broker.peer.publish('b', 2);
  await until(() => broker.consumer.texts.length === 2, 'two messages');
  broker.connack = { type: 'connack', isSessionPresent: true, reason: 0 };
  await broker.lose();
  await broker.comeBack();
  await subscriber.subscribed();
  broker.peer.publish('c', 1);
  await until(() => broker.consumer.texts.length === 3, 'the third');
  subscriber.acknowledge(2);
  broker.peer.publish('d', 4);
  await until(() => broker.consumer.texts.length === 4, 'the fourth');
  assert.deepEqual(broker.peer.answers, []);
  subscriber.acknowledge(2);
  await until(() => broker.peer.answers.length === 2, 'those of this connection');
  assert.deepEqual(broker.peer.answers, ['puback 1', 'puback 4']);
  assert.equal(broker.metric('iot_subscriber_reconnects_total'), 1);
  assert.deepEqual(broker.peer.all('subscribe'), [], 'the session has the filter');
});

test('Subscriber of 3.1.1 does not read beyond its window, keeps the connection alive meanwhile, and reads on', async () => {
  await using broker = new ScriptedBroker();
  await using subscriber = await broker.open({ level: 4, receiveMaximum: 4, keepAliveSecs: 10 });
  for (let n = 1; n <= 10; n++) {
    broker.peer.publish(String(n), n);
    await Promise.resolve();
  }
  await until(() => subscriber.state().isHeld, 'the hold');
  assert.equal(broker.consumer.texts.length, 4);
  assert.equal(broker.metric('iot_subscriber_held'), 1);
  for (let secs = 0; secs < 120; secs += 5) {
    const pings = broker.peer.all('pingreq').length;
    broker.clock.advance(5_000);
    await until(() => broker.peer.all('pingreq').length > pings, 'PINGREQ');
  }
  assert.equal(broker.peers.length, 1, 'the broker was judged by answers that nobody read');
  subscriber.acknowledge(1);
  assert.ok(subscriber.state().isHeld, 'half of the window has to be free');
  subscriber.acknowledge(1);
  await until(() => broker.consumer.texts.length === 6, 'two more');
  for (let left = 8; left > 0; left--) {
    await until(() => subscriber.state().unacked > 0, 'more');
    subscriber.acknowledge(1);
  }
  await until(() => broker.peer.answers.length === 10, 'all answers');
  assert.deepEqual(broker.consumer.texts, ['1', '2', '3', '4', '5', '6', '7', '8', '9', '10']);
  assert.equal(subscriber.state().isHeld, false);
});

test('Subscriber stops amid a chunk at its window and goes on in it', async () => {
  await using broker = new ScriptedBroker();
  await using subscriber = await broker.open({ level: 4, receiveMaximum: 2 });
  broker.peer.send(...[1, 2, 3, 4, 5].map((n) => aPublish('plant/a', String(n), { packetId: n })));
  for (let n = 1; n <= 5; n++) {
    await until(() => subscriber.state().unacked > 0, `message ${n}`);
    assert.ok(subscriber.state().unacked <= 2);
    subscriber.acknowledge(1);
  }
  assert.deepEqual(broker.consumer.texts, ['1', '2', '3', '4', '5']);
});

test('Subscriber takes what a broker of MQTT 5 sends beyond Receive Maximum, says so once, and reads on when there is room', async () => {
  await using broker = new ScriptedBroker();
  await using subscriber = await broker.open({ receiveMaximum: 2 });
  for (const n of [1, 2]) broker.peer.publish(String(n), n);
  await until(() => broker.consumer.texts.length === 2, 'two messages');
  subscriber.acknowledge(1);
  broker.peer.publish('3', 3);
  await until(() => broker.consumer.texts.length === 3, 'the third');
  assert.equal(broker.told('window-exceeded').length, 0);
  for (const n of [4, 5]) broker.peer.publish(String(n), n);
  await until(() => subscriber.state().isHeld, 'twice as many');
  for (const n of [6, 7]) broker.peer.publish(String(n), n);
  assert.deepEqual(broker.told('window-exceeded').length, 1);
  assert.match(String(broker.told('window-exceeded')[0]?.why), /Receive Maximum, 2,/);
  for (let known = 1; known < 7; known = broker.consumer.texts.length) {
    subscriber.acknowledge(subscriber.state().unacked);
    await until(() => broker.consumer.texts.length > known || known === 7, 'more');
  }
  assert.deepEqual(broker.consumer.texts, ['1', '2', '3', '4', '5', '6', '7']);
  assert.equal(broker.told('disconnected').length, 0);
});

test('Subscriber takes nothing while its consumer refuses, also over a reconnect', async () => {
  await using broker = new ScriptedBroker();
  await using subscriber = await broker.open();
  broker.consumer.why = 'disk-full';
  broker.peer.publish('a', 1);
  await until(() => subscriber.state().isHeld, 'the hold');
  broker.connack = { type: 'connack', isSessionPresent: true, reason: 0 };
  await broker.lose();
  await broker.comeBack();
  await until(() => broker.told('connected').length === 2, 'the connection');
  broker.peer.publish('a', 1);
  await until(() => subscriber.state().isHeld, 'the hold');
  assert.deepEqual(broker.consumer.texts, []);
  broker.consumer.why = undefined;
  subscriber.goOn();
  await until(() => broker.consumer.texts.length === 1, 'the message');
  subscriber.acknowledge(1);
  await until(() => broker.peer.answers.length === 1, 'PUBACK');
});

test('Subscriber ends the connection over garbage with a reason, and comes back', async () => {
  const garbage: readonly [Uint8Array, string][] = [
    [Uint8Array.of(0, 0), 'malformed-packet'],
    [Uint8Array.of(0x36, 2, 0, 0), 'malformed-packet'],
    [Uint8Array.of(0xd0, 1, 0), 'malformed-packet'],
    [encodePacket({ type: 'pingreq' }, 5), 'protocol-error'],
    [encodePacket({ type: 'puback', packetId: 1, reason: 0 }, 5), 'protocol-error'],
    [encodePacket(aPublish('', 'x', { properties: { topicAlias: 3 } }), 5), 'topic-alias-invalid'],
    [encodePacket({ type: 'connack', isSessionPresent: false, reason: 0 }, 5), 'protocol-error'],
    [encodePacket({ type: 'suback', packetId: 1, reasons: [1, 1] }, 5), 'protocol-error'],
    [Uint8Array.of(0x90, 0xff, 0xff, 0xff, 0x7f), 'packet-too-large'],
  ];
  for (const [bytes, code] of garbage) {
    await using broker = new ScriptedBroker();
    await using subscriber = await broker.open();
    broker.connack = { type: 'connack', isSessionPresent: true, reason: 0 };
    broker.peer.connection.write(bytes);
    await until(() => broker.told('disconnected').length === 1, `the end after ${bytes}`);
    assert.equal(broker.told('disconnected')[0]?.fault.code, code);
    assert.equal(subscriber.state().phase, 'waiting');
    await broker.comeBack();
    await subscriber.subscribed();
  }
});

test('Subscriber leaves a broker that has fallen silent', async () => {
  await using broker = new ScriptedBroker();
  await using subscriber = await broker.open({ keepAliveSecs: 10 });
  broker.isDeaf = true;
  broker.clock.advance(15_000);
  await until(() => broker.told('disconnected').length === 1, 'the end');
  assert.match(String(broker.told('disconnected')[0]?.why), /silent/);
  broker.isDeaf = false;
  await broker.comeBack();
  await subscriber.subscribed();
});

test('Subscriber comes back for ever, with delays of full jitter that grow to their bound', async () => {
  await using broker = new ScriptedBroker();
  await using subscriber = await broker.open();
  await broker[Symbol.asyncDispose]();
  await broker.lose();
  for (let attempt = 1; attempt <= 40; attempt++) {
    assert.equal(broker.told('disconnected').length, attempt);
    broker.clock.fireNext();
    await until(() => broker.told('disconnected').length === attempt + 1, 'the next failure');
  }
  const delays = broker.told('disconnected').map(({ retryMs }) => retryMs);
  const { subscriberBackoffMsMin: least, subscriberBackoffMsMax: most } = LIMITS;
  for (const [index, delay] of delays.entries())
    assert.ok(delay >= 0 && delay <= Math.min(most.value, least.value * 2 ** index), `${index}: ${delay}`);
  assert.ok(Math.min(...delays.slice(10)) < most.value / 4, 'there is no full jitter');
  assert.ok(Math.max(...delays) > most.value / 2, 'it does not grow');
  assert.equal(subscriber.state().phase, 'waiting');
  assert.match(String(subscriber.state().degraded), /connect-failed|Cannot connect/);
});

test('Subscriber begins its delays anew only after a connection that has lasted', async () => {
  await using broker = new ScriptedBroker();
  await using subscriber = await broker.open();
  broker.connack = { type: 'connack', isSessionPresent: true, reason: 0 };
  const delayAfter = async (lastedMs: number): Promise<number> => {
    broker.clock.advance(lastedMs);
    await broker.lose();
    await broker.comeBack();
    await subscriber.subscribed();
    return Number(broker.told('disconnected').at(-1)?.retryMs);
  };
  const short: number[] = [];
  for (let n = 0; n < 12; n++) short.push(await delayAfter(10));
  assert.ok(Math.max(...short) > LIMITS.subscriberBackoffMsMin.value * 4, `it does not grow: ${short}`);
  assert.equal(broker.told('taken-over').length, 10, 'after three in a row somebody may have the identifier');
  const lasting: number[] = [];
  for (let n = 0; n < 12; n++) lasting.push(await delayAfter(LIMITS.subscriberLastedMs.value));
  assert.equal(broker.told('taken-over').length, 10);
  assert.ok(Math.max(...lasting) <= LIMITS.subscriberBackoffMsMin.value, `it is not reset: ${lasting}`);
});

test('Subscriber does not take a CONNECT without an answer for a connection that has lasted', async () => {
  await using broker = new ScriptedBroker();
  broker.connack = undefined;
  await using _ = await broker.open({}, {}, false);
  for (let attempt = 1; attempt <= 12; attempt++) {
    await until(() => broker.peers.length === attempt && broker.peer.packets.length === 1, 'CONNECT');
    broker.clock.fireNext();
    await until(() => broker.told('disconnected').length === attempt, 'the time-out');
    await until(() => broker.clock.nextDueMs !== undefined, 'the back-off');
    broker.clock.fireNext();
  }
  const delays = broker.told('disconnected').map(({ retryMs }) => retryMs);
  assert.ok(Math.max(...delays) > LIMITS.subscriberBackoffMsMin.value * 4, `it does not grow: ${delays}`);
});

test('Subscriber tells who takes its identifier over, a refusal in words, and a session that is kept for less', async () => {
  await using broker = new ScriptedBroker();
  broker.connack = { type: 'connack', isSessionPresent: false, reason: REASON.notAuthorized };
  await using subscriber = await broker.open({}, {}, false);
  await until(() => broker.told('disconnected').length === 1, 'the refusal');
  assert.equal(broker.told('disconnected')[0]?.fault.code, 'connect-refused');
  assert.match(String(subscriber.state().degraded), /not authorized/);
  broker.connack = {
    type: 'connack',
    isSessionPresent: false,
    reason: 0,
    properties: { sessionExpirySecs: 30 },
  };
  await broker.comeBack();
  await subscriber.subscribed();
  assert.match(String(subscriber.state().degraded), /keeps the session for 30 s; 604800 s/);
  assert.equal(broker.told('session-shortened').length, 1);
  broker.peer.send({ type: 'disconnect', reason: REASON.sessionTakenOver });
  await until(() => broker.told('taken-over').length === 1, 'the event');
  assert.match(String(broker.told('taken-over')[0]?.why), /"gateway-0"/);
  assert.equal(broker.metric('iot_subscriber_connected'), 0);
});

for (const level of [4, 5] as const) {
  test(`Subscriber at level ${level} hands out the beginning of a message that is too large, and what comes behind it`, async () => {
    await using broker = new ScriptedBroker();
    await using subscriber = await broker.open({ level, packetBytesMax: 1_000 });
    const large = encodePacket(aPublish('plant/a', 'L'.repeat(300_000), { packetId: 2 }), level);
    const around = (text: string, packetId: number) =>
      encodePacket(aPublish('plant/a', text, { packetId }), level);
    const whole = Buffer.concat([around('before', 1), large, around('behind', 3)]);
    for (let at = 0; at < whole.byteLength; at += 70_001)
      broker.peer.connection.write(whole.subarray(at, at + 70_001));
    await until(() => broker.consumer.texts.length === 3, 'three messages');
    const [before, cut, behind] = broker.consumer.texts;
    assert.deepEqual([before, behind], ['before', 'behind']);
    assert.match(String(cut), /^L+$/);
    assert.ok(String(cut).length > 100_000 && String(cut).length < LIMITS.oversizeHeadBytes.value);
    assert.deepEqual(
      broker.consumer.messages.map(({ oversizeBytes }) => oversizeBytes),
      [0, large.byteLength, 0],
    );
    assert.equal(broker.told('oversize')[0]?.bytes, large.byteLength);
    assert.match(
      String(broker.told('oversize')[0]?.why),
      /Its first 131072 bytes are handed on, the rest is lost/,
    );
    assert.equal(broker.metric('iot_subscriber_oversize_total'), 1);
    subscriber.acknowledge(3);
    await until(() => broker.peer.answers.length === 3, 'the answers');
    assert.deepEqual(broker.peer.answers, ['puback 1', 'puback 2', 'puback 3']);
  });
}

test('Subscriber finds the header of a message that is too large when it comes byte by byte', async () => {
  await using broker = new ScriptedBroker();
  await using _ = await broker.open({ packetBytesMax: 1_000 });
  const user = [
    ['k', 'v'.repeat(60_000)] as const,
    ['l', 'w'.repeat(60_000)] as const,
    ['m', 'x'.repeat(60_000)] as const,
  ];
  const large = encodePacket(aPublish('plant/a', 'payload', { packetId: 2, properties: { user } }), 5);
  for (const byte of large.subarray(0, 12)) {
    broker.peer.connection.write(Uint8Array.of(byte));
    await Promise.resolve();
    await Promise.resolve();
  }
  broker.peer.connection.write(large.slice(12));
  broker.peer.publish('behind', 3);
  await until(() => broker.consumer.texts.length === 2, 'both');
  assert.deepEqual(broker.consumer.texts, ['', 'behind'], 'properties that alone are larger are left out');
});

test('Subscriber tells how many messages the broker drops, and hands nothing of it out', async () => {
  await using broker = new ScriptedBroker();
  await using subscriber = await broker.open({ isWatchingDrops: true });
  const topic = '$SYS/broker/publish/messages/dropped';
  assert.ok(broker.peer.all('subscribe').some(({ topics }) => topics[0]?.filter === topic));
  for (const count of ['5', '5', '12', 'x', '3'])
    broker.peer.send(aPublish(topic, count, { qos: 0, packetId: 0 }));
  await until(() => broker.told('broker-dropped').length === 2, 'two words');
  assert.deepEqual(
    broker.told('broker-dropped').map(({ count }) => count),
    [7, 3],
  );
  assert.equal(broker.metric('iot_subscriber_broker_dropped_total'), 10);
  assert.deepEqual(broker.consumer.texts, []);
  assert.equal(subscriber.state().unacked, 0);
});
