import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodePacket } from '../packets/packet.ts';
import { REASON } from '../reason-codes.ts';
import { aConnect, aScene, type BrokerScene } from '../testing/broker-scene.ts';
import { PACKET_SAMPLES } from '../testing/packet-samples.ts';
import { aPublish, type RawClient } from '../testing/raw-client.ts';

const bytesOf = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex.replaceAll(' ', ''), 'hex'));

/** Bad packets after CONNECT, with the reason that MQTT 5 is told. */
const BAD: readonly [what: string, hex: string | Record<4 | 5, string>, reason: number][] = [
  ['packet type 0', '00 00', REASON.malformedPacket],
  ['a reserved flag of PINGREQ', 'c1 00', REASON.malformedPacket],
  ['a reserved flag of PUBACK', '41 02 0001', REASON.malformedPacket],
  [
    'wrong flags of SUBSCRIBE',
    { 4: '80 06 0001 0001 61 00', 5: '80 07 0001 00 0001 61 00' },
    REASON.malformedPacket,
  ],
  ['QoS 3', { 4: '36 05 0001 61 0001', 5: '36 06 0001 61 0001 00' }, REASON.malformedPacket],
  ['DUP at QoS 0', { 4: '38 03 0001 61', 5: '38 04 0001 61 00' }, REASON.protocolError],
  ['packet id 0 of PUBLISH', { 4: '32 05 0001 61 0000', 5: '32 06 0001 61 0000 00' }, REASON.malformedPacket],
  ['packet id 0 of PUBACK', '40 02 0000', REASON.malformedPacket],
  [
    'packet id 0 of SUBSCRIBE',
    { 4: '82 06 0000 0001 61 00', 5: '82 07 0000 00 0001 61 00' },
    REASON.malformedPacket,
  ],
  ['invalid UTF-8 in the topic', { 4: '30 04 0002 c328', 5: '30 05 0002 c328 00' }, REASON.malformedPacket],
  ['a surrogate in the topic', { 4: '30 05 0003 eda080', 5: '30 06 0003 eda080 00' }, REASON.malformedPacket],
  ['U+0000 in the topic', { 4: '30 03 0001 00', 5: '30 04 0001 00 00' }, REASON.malformedPacket],
  ['+ in the topic', { 4: '30 05 0003 612f2b', 5: '30 06 0003 612f2b 00' }, REASON.topicNameInvalid],
  ['# in the topic', { 4: '32 05 0001 23 0001', 5: '32 06 0001 23 0001 00' }, REASON.topicNameInvalid],
  ['a topic longer than the packet', '30 03 0010 61', REASON.malformedPacket],
  ['a remaining length of 256 MiB', '30 ff ff ff 7f', REASON.packetTooLarge],
  ['a remaining length of five bytes', '30 ff ff ff ff 01', REASON.malformedPacket],
  ['SUBSCRIBE without a filter', { 4: '82 02 0001', 5: '82 03 0001 00' }, REASON.protocolError],
  ['UNSUBSCRIBE without a filter', { 4: 'a2 02 0001', 5: 'a2 03 0001 00' }, REASON.protocolError],
  ['PINGREQ with a body', 'c0 01 00', REASON.malformedPacket],
  ['CONNACK', { 4: '20 02 0000', 5: '20 03 0000 00' }, REASON.protocolError],
  ['SUBACK', { 4: '90 03 0001 00', 5: '90 04 0001 00 00' }, REASON.protocolError],
  ['PINGRESP', 'd0 00', REASON.protocolError],
];

/** Somebody else's connection goes on. */
async function checkOther(scene: BrokerScene, other: RawClient): Promise<void> {
  const before = other.all('puback').length;
  other.publish('iot/other', 'm');
  await scene.until(() => other.all('puback').length > before);
  assert.equal(other.isClosed, false);
}

for (const level of [4, 5] as const) {
  test(`Broker ends the one connection that sends a bad packet (level ${level})`, async () => {
    await using scene = await aScene();
    const other = await scene.connect({ level, clientId: 'other' });
    for (const [what, hex, reason] of BAD) {
      const client = await scene.connect({ level });
      client.sendBytes(bytesOf(typeof hex === 'string' ? hex : hex[level]));
      await scene.until(() => client.isClosed);
      const told = client.all('disconnect').map((packet) => packet.reason);
      assert.deepEqual(told, level === 5 ? [reason] : [], what);
      assert.deepEqual(client.all('puback'), [], what);
      await checkOther(scene, other);
    }
    assert.ok(scene.ingress.kept.every(({ client }) => client === 'other'));
    assert.equal(scene.broker.connections, 1);
  });

  test(`Broker refuses a packet over its limit at the header and takes one at the limit (level ${level})`, async () => {
    await using scene = await aScene({ limits: { packetBytesMax: 1000 } });
    const client = await scene.connect({ level });
    const head = encodePacket(aPublish('iot/a', ''), level).byteLength + 1; // the length takes a byte more
    client.publish('iot/a', 'x'.repeat(1000 - head));
    await scene.until(() => client.all('puback').length === 1);
    const whole = encodePacket(aPublish('iot/a', 'x'.repeat(1001 - head)), level);
    client.sendBytes(whole.subarray(0, 3));
    await scene.until(() => client.isClosed);
    assert.deepEqual(
      client.all('disconnect').map(({ reason }) => reason),
      level === 5 ? [REASON.packetTooLarge] : [],
    );
    assert.equal(scene.ingress.kept.length, 1);
  });

  test(`Broker counts a PUBACK of an unknown id and goes on (level ${level})`, async () => {
    await using scene = await aScene();
    const client = await scene.connect({ level });
    client.send({ type: 'puback', packetId: 99, reason: 0 }, { type: 'pubcomp', packetId: 98, reason: 0 });
    client.send({ type: 'pubrec', packetId: 97, reason: 0 }, { type: 'pubrel', packetId: 96, reason: 0 });
    await scene.until(() => client.all('pubcomp').length === 1);
    const missing = level === 5 ? REASON.packetIdentifierNotFound : 0;
    assert.deepEqual(
      client.all('pubrel').map(({ reason }) => reason),
      [missing],
    );
    assert.deepEqual(
      client.all('pubcomp').map(({ reason }) => reason),
      [missing],
    );
    assert.equal(scene.metric('iot_mqtt_faults_total', { fault: 'puback-unknown' }), 1);
    await checkOther(scene, client);
  });

  test(`Broker waits for the rest of every truncated packet, then says the connection is lost (level ${level})`, async () => {
    await using scene = await aScene();
    const other = await scene.connect({ level, clientId: 'other' });
    const samples = PACKET_SAMPLES.filter((sample) => sample.level === level);
    assert.ok(samples.length > 10);
    for (const { hex, packet } of samples) {
      const whole = bytesOf(hex);
      for (let cut = 1; cut < whole.byteLength; cut++) {
        const client = packet.type === 'connect' ? await scene.dial(level) : await scene.connect({ level });
        client.sendBytes(whole.subarray(0, cut));
        client.destroy();
      }
    }
    await scene.until(() => scene.broker.connections === 1);
    await checkOther(scene, other);
    assert.equal(scene.ingress.kept.filter(({ client }) => client !== 'other').length, 0);
  });

  test(`Broker ends a connection whose packet says it is shorter than it is, at every length (level ${level})`, async () => {
    await using scene = await aScene();
    const other = await scene.connect({ level, clientId: 'other' });
    const whole = encodePacket(
      { type: 'subscribe', packetId: 1, topics: [{ filter: 'a/b', qos: 1, ...PLAIN }] },
      level,
    );
    for (let length = 0; length < whole.byteLength - 2; length++) {
      const client = await scene.connect({ level });
      client.sendBytes(Uint8Array.of(0x82, length), whole.subarray(2, 2 + length));
      await scene.until(() => client.isClosed);
      assert.deepEqual(client.all('suback'), [], `${length}`);
    }
    await checkOther(scene, other);
  });
}

const PLAIN = { isNoLocal: false, isRetainAsPublished: false, retainHandling: 0 } as const;

test('Broker closes on a CONNECT over its own limit, at its header', async () => {
  await using scene = await aScene();
  for (const hex of ['10 ff ff ff 7f', '10 81 80 04']) {
    const client = await scene.dial();
    client.sendBytes(bytesOf(hex));
    await scene.until(() => client.isClosed);
    assert.deepEqual(client.packets, []);
  }
  assert.equal(scene.metric('iot_mqtt_faults_total', { fault: 'packet-too-large' }), 2);
});

test('Broker closes on a CONNECT that is malformed at any one byte, or takes it', async () => {
  await using scene = await aScene();
  const will = { topic: 'w', payload: Uint8Array.of(1), qos: 1, isRetain: false } as const;
  const whole = encodePacket(aConnect({ will, username: 'u', password: Uint8Array.of(2) }), 5);
  for (let at = 0; at < whole.byteLength; at++) {
    for (const value of [0x00, 0x7f, 0x80, 0xff]) {
      const bytes = whole.slice();
      bytes[at] = value;
      const connection = await scene.net.connect(scene.broker.address);
      connection.start({ onData: () => undefined, onDrain: () => undefined, onClose: () => undefined });
      connection.write(bytes);
      await scene.settle();
      connection.destroy();
    }
  }
  await scene.until(() => scene.broker.connections === 0);
  await checkOther(scene, await scene.connect({ clientId: 'other' }));
});

test('Broker closes a connection that sends without reading the answers, and that one alone', async () => {
  await using scene = await aScene({ netBytes: 1000, limits: { outputBytesMax: 10_000 } });
  const other = await scene.connect({ clientId: 'other' });
  const client = await scene.connect();
  client.pause();
  for (let i = 0; i < 60 && !scene.ingress.changes.some(({ kind }) => kind === 'disconnected'); i++) {
    client.send(...Array.from({ length: 100 }, () => ({ type: 'pingreq' }) as const));
    await scene.settle();
  }
  assert.deepEqual(
    scene.ingress.changes.filter(({ kind }) => kind === 'disconnected').map(({ reason }) => reason),
    ['output-full'],
  );
  await checkOther(scene, other);
});
