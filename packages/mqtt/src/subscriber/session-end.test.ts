import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Packet } from '../packets/packet.ts';
import { ScriptedBroker, type ScriptedPeer, until } from '../testing/scripted-broker.ts';
import { MemorySessionStore } from './session-store.ts';

const PRESENT = { type: 'connack', isSessionPresent: true, reason: 0 } as const;

test('Subscriber gives its session up when nothing waits there any more', async () => {
  await using broker = new ScriptedBroker();
  const store = new MemorySessionStore();
  const subscriber = await broker.open({}, { store });
  broker.peer.publish('a', 1);
  await until(() => broker.consumer.texts.length === 1, 'a message');
  const ending = subscriber.endSession();
  await until(() => broker.peer.all('unsubscribe').length === 1, 'UNSUBSCRIBE');
  assert.deepEqual(broker.peer.all('pingreq'), [], 'something is on its way');
  const first = broker.peer;
  first.publish('b', 2);
  await until(() => broker.consumer.texts.length === 2, 'another one');
  subscriber.acknowledge(2);
  await ending;
  assert.deepEqual(first.answers, ['puback 1', 'puback 2']);
  assert.equal(first.packets.at(-1)?.type, 'disconnect');
  assert.notEqual(broker.peer, first);
  assert.equal(broker.connect?.isCleanStart, true);
  assert.equal(broker.connect?.properties?.sessionExpirySecs, undefined);
  assert.equal(broker.peer.packets.at(-1)?.type, 'disconnect');
  assert.equal(broker.clock.nextDueMs, undefined, 'a timer was left behind');
  assert.equal((await store.load()).hasBegun, false, 'no session is expected any more');
});

test('Subscriber asks again whether its session is empty when a message came before the answer', async () => {
  for (const isAcknowledged of [true, false]) {
    await using broker = new ScriptedBroker();
    const subscriber = await broker.open();
    broker.isDeaf = true;
    const { peer } = broker;
    const ending = subscriber.endSession();
    await until(() => peer.all('unsubscribe').length === 1, 'UNSUBSCRIBE');
    peer.send(unsuback(peer));
    await until(() => peer.all('pingreq').length === 1, 'PINGREQ');
    peer.publish('late', 1);
    await until(() => broker.consumer.texts.length === 1, 'the message');
    if (isAcknowledged) {
      subscriber.acknowledge(1);
      await until(() => peer.answers.length === 1, 'PUBACK');
    }
    peer.send({ type: 'pingresp' });
    for (let turns = 0; turns < 50; turns++) await Promise.resolve();
    assert.equal(broker.peers.length, 1, 'it has ended');
    assert.equal(peer.all('pingreq').length, isAcknowledged ? 2 : 1);
    broker.isDeaf = false;
    if (isAcknowledged) peer.send({ type: 'pingresp' });
    else subscriber.acknowledge(1);
    await ending;
    assert.deepEqual(peer.answers, ['puback 1']);
  }
});

test('Subscriber does not ask whether its session is empty before the broker has given up its filters', async () => {
  await using broker = new ScriptedBroker();
  const subscriber = await broker.open();
  broker.isDeaf = true;
  const { peer } = broker;
  const ending = subscriber.endSession();
  await until(() => peer.all('unsubscribe').length === 1, 'UNSUBSCRIBE');
  for (let turns = 0; turns < 50; turns++) await Promise.resolve();
  assert.deepEqual(peer.all('pingreq'), [], 'a message may come behind the answer to it');
  broker.isDeaf = false;
  peer.publish('between', 1);
  peer.send(unsuback(peer));
  await until(() => broker.consumer.texts.length === 1, 'the message');
  subscriber.acknowledge(1);
  await ending;
  assert.deepEqual(peer.answers, ['puback 1']);
});

test('Subscriber that gives its session up comes back for what waits there and asks for no filter', async () => {
  await using broker = new ScriptedBroker();
  const subscriber = await broker.open();
  broker.peer.publish('a', 1);
  await until(() => broker.consumer.texts.length === 1, 'a message');
  const ending = subscriber.endSession();
  broker.connack = PRESENT;
  await broker.lose();
  await broker.comeBack();
  await until(() => broker.peer.all('unsubscribe').length === 1, 'UNSUBSCRIBE again');
  const second = broker.peer;
  second.publish('a', 1, { isDup: true });
  await until(() => broker.consumer.texts.length === 2, 'the message again');
  subscriber.acknowledge(2);
  await ending;
  assert.deepEqual(second.all('subscribe'), []);
  assert.deepEqual(second.answers, ['puback 1']);
});

test('Subscriber leaves its session as it is when its signal is aborted before the end', async () => {
  await using broker = new ScriptedBroker();
  const subscriber = await broker.open();
  broker.peer.publish('a', 1);
  await until(() => broker.consumer.texts.length === 1, 'a message');
  const abort = new AbortController();
  const ending = subscriber.endSession(abort.signal);
  abort.abort();
  await ending;
  assert.equal(broker.peers.length, 1);
  assert.equal(broker.peer.packets.at(-1)?.type, 'disconnect');
});

test('Subscriber that gives its session up asks for no filter when the broker has forgotten the session meanwhile', async () => {
  await using broker = new ScriptedBroker();
  const subscriber = await broker.open({ isWatchingDrops: true });
  broker.peer.publish('a', 1);
  await until(() => broker.consumer.texts.length === 1, 'a message');
  const ending = subscriber.endSession();
  await broker.lose();
  await broker.comeBack();
  await until(() => broker.peer.all('unsubscribe').length === 2, 'UNSUBSCRIBE, of the drops too');
  const second = broker.peer;
  subscriber.acknowledge(1);
  await ending;
  assert.deepEqual(second.all('subscribe'), []);
});

/** The answer to the last UNSUBSCRIBE. */
function unsuback(peer: ScriptedPeer): Packet {
  const packetId = peer.all('unsubscribe').at(-1)?.packetId ?? 0;
  return { type: 'unsuback', packetId, reasons: [0] };
}
