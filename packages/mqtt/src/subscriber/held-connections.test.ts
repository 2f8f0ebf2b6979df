import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Connection } from '@skerry/kernel';
import { encodePacket } from '../packets/packet.ts';
import { aPublish } from '../testing/raw-client.ts';
import { ScriptedBroker, until } from '../testing/scripted-broker.ts';
import { MemorySessionStore } from './session-store.ts';

const PRESENT = { type: 'connack', isSessionPresent: true, reason: 0 } as const;

/** Publishes `count` texts in one write. */
function burst(broker: ScriptedBroker, count: number): void {
  broker.peer.send(
    ...Array.from({ length: count }, (_, index) =>
      aPublish('plant/a', String(index), { packetId: index + 1 }),
    ),
  );
}

/** A connection that keeps its word: what it gave out is its own again after the call. */
function forgetful(connection: Connection): Connection {
  const { start } = connection;
  connection.start = (events) =>
    start.call(connection, {
      ...events,
      onData: (bytes) => {
        const own = bytes.slice();
        events.onData(own);
        own.fill(0);
      },
      onDrain: () => events.onDrain(),
      onClose: (error) => events.onClose(error),
    });
  return connection;
}

test('Subscriber keeps what it holds of a chunk, which is not its own after the call', async () => {
  await using broker = new ScriptedBroker();
  const address = { host: '127.0.0.1', port: 1883 };
  const dial = async (signal: AbortSignal) => forgetful(await broker.net.connect(address, signal));
  await using subscriber = await broker.open({ level: 4, receiveMaximum: 2 }, { dial });
  burst(broker, 9);
  for (let n = 1; n <= 9; n++) {
    await until(() => subscriber.state().unacked > 0, `message ${n}`);
    subscriber.acknowledge(1);
  }
  assert.deepEqual(broker.consumer.texts, ['0', '1', '2', '3', '4', '5', '6', '7', '8']);
});

test('Subscriber that is held lets the bytes wait at the broker', async () => {
  await using broker = new ScriptedBroker();
  await using subscriber = await broker.open({ level: 4, receiveMaximum: 2 });
  burst(broker, 2);
  await until(() => subscriber.state().isHeld, 'the hold');
  broker.peer.publish('L'.repeat(500_000), 3);
  for (let turns = 0; turns < 50; turns++) await Promise.resolve();
  assert.ok(broker.peer.connection.bufferedBytes > 400_000, 'they were read');
});

test('Subscriber reads on only when it has room and its consumer takes messages', async () => {
  await using broker = new ScriptedBroker();
  await using subscriber = await broker.open({ level: 4, receiveMaximum: 2 });
  broker.peer.publish('a', 1);
  await until(() => broker.consumer.texts.length === 1, 'the first');
  broker.consumer.why = 'backlog';
  burst(broker, 4);
  await until(() => subscriber.state().isHeld, 'the hold');
  subscriber.acknowledge(1);
  assert.deepEqual(broker.consumer.texts, ['a'], 'refused');
  subscriber.goOn();
  assert.deepEqual(broker.consumer.texts, ['a'], 'still refused, whoever says the opposite');
  broker.consumer.why = undefined;
  subscriber.goOn();
  assert.deepEqual(broker.consumer.texts, ['a', '0', '1'], 'as many as there is room for');
  subscriber.goOn();
  broker.consumer.why = 'backlog';
  subscriber.acknowledge(1);
  assert.equal(broker.consumer.texts.length, 3, 'refused when there was room again');
  assert.ok(subscriber.state().isHeld);
  broker.consumer.why = undefined;
  subscriber.acknowledge(1);
  assert.equal(broker.consumer.texts.length, 3, 'nobody has said that it takes more');
  subscriber.goOn();
  assert.equal(broker.consumer.texts.length, 5);
});

test('Subscriber that is full and refused reads on after both are over, whichever ends first', async () => {
  for (const first of ['room', 'consent'] as const) {
    await using broker = new ScriptedBroker();
    await using subscriber = await broker.open({ receiveMaximum: 3 });
    for (let n = 1; n <= 3; n++) broker.peer.publish(String(n), n);
    await until(() => broker.consumer.texts.length === 3, 'three');
    broker.connack = PRESENT;
    await broker.lose();
    await broker.comeBack();
    await subscriber.subscribed();
    for (let n = 1; n <= 3; n++) broker.peer.publish(String(n), n);
    await until(() => subscriber.state().isHeld, 'twice the window: three of before, three of now');
    broker.consumer.why = 'backlog';
    await broker.lose();
    await broker.comeBack();
    await until(() => broker.told('connected').length === 3, 'the connection');
    broker.peer.publish('later', 4);
    for (let turns = 0; turns < 50; turns++) await Promise.resolve();
    assert.equal(broker.consumer.texts.length, 6, 'a new connection is held as the one before');
    broker.consumer.why = undefined;
    if (first === 'room') subscriber.acknowledge(6);
    else subscriber.goOn();
    for (let turns = 0; turns < 50; turns++) await Promise.resolve();
    assert.equal(broker.consumer.texts.length, 6, `${first} alone`);
    if (first === 'room') subscriber.goOn();
    else subscriber.acknowledge(6);
    await until(() => broker.consumer.texts.length === 7, 'the later one');
  }
});

test('Subscriber takes nothing that comes together with CONNACK while its consumer refuses', async () => {
  await using broker = new ScriptedBroker();
  broker.consumer.why = 'read-only';
  broker.connack = undefined;
  await using subscriber = await broker.open({}, { store: new MemorySessionStore() }, false);
  await until(() => broker.peers.length === 1 && broker.peer.packets.length === 1, 'CONNECT');
  broker.peer.connection.write(
    Buffer.concat([encodePacket(PRESENT, 5), encodePacket(aPublish('plant/a', 'a', { packetId: 1 }), 5)]),
  );
  await until(() => subscriber.state().phase === 'connected', 'CONNACK');
  assert.deepEqual(broker.consumer.texts, []);
  broker.consumer.why = undefined;
  subscriber.goOn();
  await until(() => broker.consumer.texts.length === 1, 'the message');
});

test('Subscriber counts Receive Maximum as the specification does: QoS 2 until PUBCOMP, anew for each connection', async () => {
  for (const level of [4, 5] as const) {
    await using broker = new ScriptedBroker();
    await using subscriber = await broker.open({
      level,
      filters: [{ filter: 'plant/#', qos: 2 }],
      receiveMaximum: 2,
    });
    broker.connack = PRESENT;
    for (let n = 1; n <= 6; n++) {
      broker.peer.publish(String(n), n, { qos: 2 });
      await until(() => broker.consumer.texts.length === n, `message ${n}`);
      subscriber.acknowledge(1);
      await until(() => broker.peer.all('pubrec').length === n, 'PUBREC');
      broker.peer.send({ type: 'pubrel', packetId: n, reason: 0 });
      await until(() => broker.peer.all('pubcomp').length === n, 'PUBCOMP');
    }
    for (let n = 7; n <= 8; n++) broker.peer.publish(String(n), n, { qos: 2 });
    await until(() => broker.consumer.texts.length === 8, 'two more');
    subscriber.acknowledge(2);
    await until(() => broker.peer.all('pubrec').length === 8, 'their PUBREC');
    await broker.lose();
    await broker.comeBack();
    await subscriber.subscribed();
    for (let n = 9; n <= 10; n++) broker.peer.publish(String(n), n, { qos: 2 });
    await until(() => broker.consumer.texts.length === 10, 'two of the new connection');
    subscriber.acknowledge(2);
    await until(() => broker.peer.all('pubrec').length === 2, 'their PUBREC');
    assert.equal(broker.told('window-exceeded').length, 0);
    broker.peer.publish('11', 11, { qos: 2 });
    await until(() => broker.consumer.texts.length === 11, 'the third without a PUBCOMP');
    assert.equal(broker.told('window-exceeded').length, level === 5 ? 1 : 0);
  }
});
