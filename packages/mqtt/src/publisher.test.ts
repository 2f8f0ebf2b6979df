import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Connection } from '@skerry/kernel';
import { FakeClock, hasCode, SeededRandom, SimulatedNet } from '@skerry/kernel/testing';
import { PacketStream } from './packet-stream.ts';
import type { Connack } from './packets/connack.ts';
import { encodePacket, type Packet } from './packets/packet.ts';
import type { ProtocolLevel } from './packets/packet-type.ts';
import { openPublisher, type PublisherOptions } from './publisher.ts';
import { REASON } from './reason-codes.ts';

const ADDRESS = { host: '127.0.0.1', port: 1883 };
const ACCEPTED: Connack = { type: 'connack', isSessionPresent: false, reason: 0 };

/** One connection as a broker sees it that does nothing by itself but answer CONNECT and PINGREQ. */
class Peer {
  readonly packets: Packet[] = [];
  readonly connection: Connection;
  isClosed = false;
  #level: ProtocolLevel = 4;

  constructor(connection: Connection, connack: Connack | undefined, isDeaf: () => boolean) {
    this.connection = connection;
    const stream = new PacketStream({ packetBytesMax: 1e6 });
    connection.start({
      onData: (bytes) => {
        stream.push(bytes);
        while (stream.next()) {
          const packet = structuredClone(stream.packet());
          this.#level = stream.level ?? 4;
          this.packets.push(packet);
          if (isDeaf()) continue;
          if (packet.type === 'connect' && connack) this.send(connack);
          if (packet.type === 'pingreq') this.send({ type: 'pingresp' });
        }
      },
      onDrain: () => undefined,
      onClose: () => {
        this.isClosed = true;
      },
    });
  }

  send(packet: Packet): void {
    this.connection.write(encodePacket(packet, this.#level));
  }

  ack(packetId: number, reason: number = REASON.success): void {
    this.send({ type: 'puback', packetId, reason });
  }

  get published(): { readonly text: string; readonly packetId: number; readonly isDup: boolean }[] {
    return this.packets.flatMap((packet) => {
      if (packet.type !== 'publish') return [];
      const { packetId, isDup, payload } = packet;
      return [{ text: new TextDecoder().decode(payload), packetId, isDup }];
    });
  }

  get texts(): string[] {
    return this.published.map(({ text }) => text);
  }
}

/** A broker's port, a clock and a network in which everything arrives at once. */
class Harbour implements AsyncDisposable {
  readonly clock = new FakeClock();
  readonly net = new SimulatedNet();
  readonly peers: Peer[] = [];
  connack: Connack | undefined = ACCEPTED;
  isDeaf = false;
  readonly #listener = this.net.listen(ADDRESS, (connection) => {
    this.peers.push(new Peer(connection, this.connack, () => this.isDeaf));
  });

  async open(options: Partial<PublisherOptions> = {}) {
    await this.#listener;
    const needs = { net: this.net, clock: this.clock, random: new SeededRandom(1) };
    return await openPublisher({ address: ADDRESS, clientId: 'p', keepAliveSecs: 0, ...options }, needs);
  }

  /** The connection made last. */
  get peer(): Peer {
    const peer = this.peers.at(-1);
    assert.ok(peer, 'nobody has connected');
    return peer;
  }

  /** Breaks the connection off; resolves when the publisher waits to come back. */
  async lose(): Promise<void> {
    for (const link of this.net.links) link.reset();
    await until(() => this.clock.nextDueMs !== undefined, 'a back-off');
  }

  /** Lets the back-off pass; resolves when the publisher has connected again. */
  async comeBack(): Promise<void> {
    const count = this.peers.length;
    assert.ok(this.clock.fireNext());
    await until(() => this.peers.length === count + 1, 'another connection');
  }

  async close(): Promise<void> {
    await (await this.#listener)[Symbol.asyncDispose]();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Resolves when the condition holds; every microtask has its turn between two looks. */
async function until(isMet: () => boolean, what: string): Promise<void> {
  for (let turns = 0; !isMet(); turns++) {
    assert.ok(turns < 1000, `never came about: ${what}`);
    await Promise.resolve();
  }
}

test('openPublisher says CONNECT with its options, and dispose says DISCONNECT', async () => {
  await using harbour = new Harbour();
  const publisher = await harbour.open({
    username: 'u',
    password: bytesOf('s'),
    keepAliveSecs: 30,
    level: 4,
  });
  await publisher[Symbol.asyncDispose]();
  assert.deepEqual(harbour.peer.packets, [
    {
      type: 'connect',
      level: 4,
      isCleanStart: true,
      keepAliveSecs: 30,
      clientId: 'p',
      username: 'u',
      password: bytesOf('s'),
    },
    { type: 'disconnect', reason: 0 },
  ]);
  assert.ok(harbour.peer.isClosed);
  assert.equal(harbour.clock.nextDueMs, undefined, 'a timer was left behind');
});

test('Publisher takes as many messages as the window holds, and more when some are acknowledged', async () => {
  await using harbour = new Harbour();
  const acked: number[] = [];
  await using publisher = await harbour.open({ window: 3, onAck: ({ number }) => acked.push(number) });
  const taken = ['a', 'b', 'c', 'd'].map((text) => publisher.publish('t', bytesOf(text)));
  assert.deepEqual(taken, [true, true, true, false]);
  await until(() => harbour.peer.published.length === 3, 'three publications');
  assert.deepEqual(harbour.peer.published, [
    { text: 'a', packetId: 1, isDup: false },
    { text: 'b', packetId: 2, isDup: false },
    { text: 'c', packetId: 3, isDup: false },
  ]);
  const room = publisher.room();
  harbour.peer.ack(2);
  await room;
  assert.ok(publisher.publish('t', bytesOf('d')));
  const drained = publisher.drained();
  for (const packetId of [1, 3, 4, 9]) harbour.peer.ack(packetId);
  await drained;
  await until(() => publisher.figures().strayAcks === 1, 'the stray acknowledgement');
  assert.deepEqual(acked, [2, 1, 3, 4]);
  const { sent, resent, unacked } = publisher.figures();
  assert.deepEqual(
    { sent, resent, unacked, acked: publisher.figures().acked },
    { sent: 4, resent: 0, unacked: 0, acked: 4 },
  );
});

for (const isSessionPresent of [false, true]) {
  test(`Publisher sends again in order after a loss, session present ${isSessionPresent}`, async () => {
    await using harbour = new Harbour();
    await using publisher = await harbour.open({ cleanStart: !isSessionPresent });
    for (const text of ['a', 'b', 'c', 'd']) publisher.publish('t', bytesOf(text));
    await until(() => harbour.peer.published.length === 4, 'four publications');
    harbour.peer.ack(2);
    await until(() => publisher.figures().acked === 1, 'the acknowledgement');
    harbour.connack = { ...ACCEPTED, isSessionPresent };
    await harbour.lose();
    assert.ok(publisher.publish('t', bytesOf('e')));
    await harbour.comeBack();
    await until(() => harbour.peer.published.length === 4, 'four publications again');
    assert.deepEqual(harbour.peer.published, [
      { text: 'a', packetId: 1, isDup: isSessionPresent },
      { text: 'c', packetId: 3, isDup: isSessionPresent },
      { text: 'd', packetId: 4, isDup: isSessionPresent },
      { text: 'e', packetId: 5, isDup: false },
    ]);
    for (const { packetId } of harbour.peer.published) harbour.peer.ack(packetId);
    await publisher.drained();
    const { sent, acked, resent, reconnects } = publisher.figures();
    assert.deepEqual({ sent, acked, resent, reconnects }, { sent: 5, acked: 5, resent: 3, reconnects: 1 });
  });
}

test('Publisher sends no more than Receive Maximum before an acknowledgement', async () => {
  await using harbour = new Harbour();
  harbour.connack = { ...ACCEPTED, properties: { receiveMaximum: 2 } };
  await using publisher = await harbour.open();
  for (const text of ['a', 'b', 'c']) publisher.publish('t', bytesOf(text));
  await until(() => harbour.peer.published.length === 2, 'two publications');
  harbour.peer.ack(3);
  await until(() => publisher.figures().strayAcks === 1, 'an acknowledgement of what was not sent');
  harbour.peer.ack(1);
  await until(() => harbour.peer.published.length === 3, 'the third');
  assert.deepEqual(harbour.peer.texts, ['a', 'b', 'c']);
});

test('Publisher counts what was refused by its reason and does not send it again', async () => {
  await using harbour = new Harbour();
  const refused: [number, number][] = [];
  await using publisher = await harbour.open({
    onRefused: ({ number }, reason) => refused.push([number, reason]),
  });
  publisher.publish('t', bytesOf('a'));
  publisher.publish('t', bytesOf('b'));
  await until(() => harbour.peer.published.length === 2, 'two publications');
  harbour.peer.ack(1, REASON.quotaExceeded);
  harbour.peer.ack(2, REASON.noMatchingSubscribers);
  await publisher.drained();
  assert.deepEqual(refused, [[1, REASON.quotaExceeded]]);
  assert.deepEqual(publisher.figures().refused, { [REASON.quotaExceeded]: 1 });
  assert.equal(publisher.figures().acked, 1);
});

test('Publisher refuses what the broker would not take', async () => {
  await using harbour = new Harbour();
  harbour.connack = { ...ACCEPTED, properties: { packetBytesMax: 100 } };
  await using publisher = await harbour.open();
  assert.throws(() => publisher.publish('t', new Uint8Array(100)), hasCode('packet-too-large'));
  assert.throws(() => publisher.publish('t/#', bytesOf('a')), hasCode('topic-invalid'));
  assert.throws(() => publisher.publish('\ud800', bytesOf('a')), hasCode('mqtt-string-invalid'));
  assert.equal(publisher.figures().unacked, 0);
});

test('Publisher sets a message aside that a later broker is too small for, and goes on', async () => {
  await using harbour = new Harbour();
  await using publisher = await harbour.open();
  publisher.publish('t', new Uint8Array(200));
  publisher.publish('t', bytesOf('small'));
  await until(() => harbour.peer.published.length === 2, 'two publications');
  harbour.connack = { ...ACCEPTED, properties: { packetBytesMax: 100 } };
  await harbour.lose();
  await harbour.comeBack();
  await until(() => harbour.peer.published.length === 1, 'the small one');
  assert.deepEqual(publisher.figures().refused, { [REASON.packetTooLarge]: 1 });
});

test('openPublisher fails when nobody listens, when it is refused, and when no CONNACK comes', async () => {
  await using harbour = new Harbour();
  await assert.rejects(harbour.open({ address: { host: '127.0.0.1', port: 9 } }), hasCode('connect-failed'));
  harbour.connack = { type: 'connack', isSessionPresent: false, reason: REASON.notAuthorized };
  await assert.rejects(harbour.open(), hasCode('connect-refused'));
  harbour.connack = undefined;
  const silent = assert.rejects(harbour.open(), hasCode('connection-lost'));
  await until(() => harbour.peers.length === 2 && harbour.peer.packets.length === 1, 'CONNECT');
  harbour.clock.advance(10_000);
  await silent;
  assert.equal(harbour.clock.nextDueMs, undefined, 'a timer was left behind');
});

test('openPublisher is given up by its signal', async () => {
  await using harbour = new Harbour();
  harbour.connack = undefined;
  const abort = new AbortController();
  const opening = assert.rejects(harbour.open({ signal: abort.signal }), /given up by the test/);
  await until(() => harbour.peers.length === 1 && harbour.peer.packets.length === 1, 'CONNECT');
  abort.abort(new Error('given up by the test'));
  await opening;
  await until(() => harbour.peer.isClosed, 'the end of the connection');
});

test('Publisher keeps the connection alive, and leaves a broker that has fallen silent', async () => {
  await using harbour = new Harbour();
  await using publisher = await harbour.open({ keepAliveSecs: 10 });
  for (let passed = 0; passed < 60; passed += 5) {
    harbour.clock.advance(5_000);
    await until(() => harbour.peer.packets.splice(1).length > 0, 'PINGREQ');
    await until(() => harbour.net.links.every(({ client }) => client.waitingBytes === 0), 'PINGRESP');
  }
  assert.equal(harbour.peers.length, 1);
  harbour.isDeaf = true;
  harbour.clock.advance(10_000);
  await until(() => harbour.peer.isClosed, 'the end of the connection');
  harbour.isDeaf = false;
  await harbour.comeBack();
  await until(() => publisher.figures().reconnects === 1, 'CONNACK');
});

test('Publisher comes back with growing, jittered delays while nobody listens', async () => {
  await using harbour = new Harbour();
  await using publisher = await harbour.open({ keepAliveSecs: 0 });
  await harbour.close();
  await harbour.lose();
  const delays: number[] = [];
  for (let attempt = 0; attempt < 10; attempt++) {
    const dueMs = Number(harbour.clock.nextDueMs);
    delays.push(dueMs - harbour.clock.monotonicMs());
    harbour.clock.fireNext();
    const connectDueMs = dueMs + 10_000;
    await until(() => harbour.clock.nextDueMs === connectDueMs, 'the attempt');
    await until(() => ![connectDueMs, undefined].includes(harbour.clock.nextDueMs), 'its failure');
  }
  for (const [index, delay] of delays.entries()) {
    const greatest = Math.min(30_000, 100 * 2 ** index);
    assert.ok(delay >= greatest / 2 && delay <= greatest, `${index}: ${delay}`);
  }
  assert.equal(publisher.failure, undefined);
});

test('Publisher ends when another client takes its identifier over, or the broker refuses for good', async () => {
  for (const how of ['taken over', 'refused'] as const) {
    await using harbour = new Harbour();
    await using publisher = await harbour.open();
    publisher.publish('t', bytesOf('a'));
    const drained = publisher.drained();
    const failed = assert.rejects(
      drained,
      hasCode(how === 'refused' ? 'connect-refused' : 'publisher-ended'),
    );
    await until(() => harbour.peer.published.length === 1, 'the publication');
    if (how === 'refused') {
      harbour.connack = { ...ACCEPTED, reason: REASON.badUserNameOrPassword };
      await harbour.lose();
      await harbour.comeBack();
    } else harbour.peer.send({ type: 'disconnect', reason: REASON.sessionTakenOver });
    await failed;
    assert.throws(() => publisher.publish('t', bytesOf('b')), hasCode(String(publisher.failure?.code)));
    await until(() => harbour.peer.isClosed, 'the end of the connection');
    assert.equal(harbour.clock.nextDueMs, undefined, 'it goes on trying');
  }
});

test('Publisher ends when the broker sends what no publisher gets, or no MQTT', async () => {
  const publication = {
    type: 'publish',
    topic: 't',
    payload: bytesOf('x'),
    qos: 0,
    isDup: false,
    isRetain: false,
    packetId: 0,
  } as const;
  for (const [bytes, code] of [
    [encodePacket(publication, 5), 'protocol-error'],
    [Uint8Array.of(0, 0), 'malformed-packet'],
  ] as const) {
    await using harbour = new Harbour();
    await using publisher = await harbour.open();
    publisher.publish('t', bytesOf('a'));
    const drained = assert.rejects(publisher.drained(), hasCode(code));
    harbour.peer.connection.write(bytes);
    await drained;
    assert.equal(publisher.failure?.code, code);
  }
});

test('openPublisher takes the identifier, the keep-alive and the QoS that the broker gives', async () => {
  await using harbour = new Harbour();
  harbour.connack = { ...ACCEPTED, properties: { assignedClientId: 'given', serverKeepAliveSecs: 4 } };
  await using publisher = await harbour.open({ clientId: '' });
  assert.equal(publisher.clientId, 'given');
  harbour.clock.advance(2_000);
  await until(() => harbour.peer.packets.at(-1)?.type === 'pingreq', 'PINGREQ');
  harbour.connack = { ...ACCEPTED, properties: { maximumQos: 0 } };
  await assert.rejects(harbour.open(), hasCode('qos-unsupported'));
});

test('Publisher tries again when the broker is only busy', async () => {
  await using harbour = new Harbour();
  await using publisher = await harbour.open({ keepAliveSecs: 0 });
  harbour.connack = { ...ACCEPTED, reason: REASON.serverBusy };
  await harbour.lose();
  for (let attempt = 0; attempt < 2; attempt++) {
    await harbour.comeBack();
    const dueMs = harbour.clock.nextDueMs;
    await until(() => ![dueMs, undefined].includes(harbour.clock.nextDueMs), 'the next back-off');
  }
  harbour.connack = ACCEPTED;
  await harbour.comeBack();
  await until(() => publisher.figures().reconnects === 1, 'CONNACK');
  assert.equal(publisher.failure, undefined);
});

test('Publisher: room and drained resolve when their signal is aborted, and fail after the end', async () => {
  await using harbour = new Harbour();
  const publisher = await harbour.open({ window: 1 });
  publisher.publish('t', bytesOf('a'));
  const abort = new AbortController();
  const waiting = Promise.all([publisher.room(abort.signal), publisher.drained(abort.signal)]);
  abort.abort();
  await waiting;
  const failing = assert.rejects(publisher.drained(), hasCode('publisher-ended'));
  await publisher[Symbol.asyncDispose]();
  await failing;
  assert.throws(() => publisher.publish('t', bytesOf('b')), hasCode('publisher-ended'));
});

test('Publisher waits for the network when it takes no more', async () => {
  await using harbour = new Harbour();
  await using publisher = await harbour.open({ window: 1000 });
  await until(() => harbour.peer.packets.length === 1, 'CONNECT');
  harbour.peer.connection.pause();
  const payload = new Uint8Array(10_000);
  for (let i = 0; i < 200; i++) assert.ok(publisher.publish('t', payload));
  await until(() => publisher.figures().sent > 0, 'the first ones');
  assert.ok(publisher.figures().sent < 100, `${publisher.figures().sent} were written`);
  harbour.peer.connection.resume();
  await until(() => harbour.peer.published.length === 200, 'all');
});
