import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { encodePacket, type ProtocolLevel, REASON } from '@skerry/mqtt';
import { PACKET_SAMPLES } from '@skerry/mqtt/testing';
import { memoryFolder, ServerProcess } from '@skerry/testkit';
import { until } from './condition.ts';
import { accountsOf, assertAuditClean, assertServes } from './proof.ts';
import { WireClient } from './wire-client.ts';

const folder = memoryFolder('bad-wire');
const TOPIC = 'iot/acme/plant/wire/telemetry';
const LEVELS = [4, 5] as const;
let server: ServerProcess;

before(async () => {
  const env = { SKERRY_PIPELINE_SEAL_AFTER_SECS: '0.2' };
  server = await ServerProcess.start({ dataDir: join(folder.path, 'store'), env });
});

after(async () => {
  await server[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

const bytesOf = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex.replaceAll(' ', ''), 'hex'));

/** The connection ends; MQTT 5 is told this reason, 3.1.1 has no way to be told. */
async function assertEnded(client: WireClient, reason: number, what: string): Promise<void> {
  await client.closed();
  const told = client.all('disconnect').map((packet) => packet.reason);
  assert.deepEqual(told, client.level === 5 ? [reason] : [], what);
}

/** The bytes of a PUBLISH of QoS 1. */
function aPublish(level: ProtocolLevel, topic: string, payload: string): Uint8Array {
  const rest = { qos: 1, isDup: false, isRetain: false, packetId: 7 } as const;
  return encodePacket({ type: 'publish', topic, payload: new TextEncoder().encode(payload), ...rest }, level);
}

for (const level of LEVELS) {
  test(`topics with wildcards, NUL or invalid UTF-8 end the connection (level ${level})`, async () => {
    const properties = level === 5 ? '00' : '';
    const bad: readonly [what: string, topic: string, reason: number][] = [
      ['#', '0003 612f23', REASON.topicNameInvalid],
      ['+', '0003 612f2b', REASON.topicNameInvalid],
      ['U+0000', '0003 610062', REASON.malformedPacket],
      ['a half character', '0002 c328', REASON.malformedPacket],
      ['a surrogate', '0003 eda080', REASON.malformedPacket],
    ];
    for (const [what, topic, reason] of bad) {
      using client = await WireClient.join(server.mqttPort, 'topics', level);
      const body = bytesOf(`${topic} 0001 ${properties} 7b7d`);
      client.sendBytes(Uint8Array.of(0x32, body.length), body);
      await assertEnded(client, reason, what);
    }
    await assertServes(server);
  });

  test(`a topic of 65,535 levels is refused without harm to others (level ${level})`, async () => {
    using client = await WireClient.join(server.mqttPort, 'levels', level);
    client.publish('/'.repeat(65_534), '{"v":1}');
    if (level === 5) {
      const { reason } = await client.first('puback');
      assert.equal(reason, REASON.topicNameInvalid);
      assert.equal(await client.accepted(TOPIC, '{"v":1}'), 0, 'the connection goes on');
    } else await client.closed();
    using filter = await WireClient.join(server.mqttPort, 'filters', level);
    const options = { qos: 0, isNoLocal: false, isRetainAsPublished: false, retainHandling: 0 } as const;
    filter.send({ type: 'subscribe', packetId: 1, topics: [{ filter: '+/'.repeat(32_766), ...options }] });
    const { reasons } = await filter.first('suback');
    assert.deepEqual(reasons, [level === 5 ? REASON.topicFilterInvalid : 0x80]);
    await assertServes(server);
  });

  test(`a payload over the limit is refused at its header, one at the limit is taken (level ${level})`, async () => {
    using client = await WireClient.join(server.mqttPort, 'large', level);
    const head = aPublish(level, TOPIC, '').length + 2; // the remaining length takes two bytes more
    const fits = `"${'x'.repeat(1_048_576 - head - 2)}"`;
    client.sendBytes(aPublish(level, TOPIC, fits));
    assert.equal((await client.first('puback')).reason, 0);
    client.sendBytes(aPublish(level, TOPIC, `${fits} `).subarray(0, 10));
    await assertEnded(client, REASON.packetTooLarge, 'one byte more');
    await assertServes(server);
  });

  test(`a remaining length of 256 MiB is refused at once, one of five bytes is malformed (level ${level})`, async () => {
    using huge = await WireClient.join(server.mqttPort, 'huge', level);
    huge.sendBytes(bytesOf('30 ff ff ff 7f'));
    await assertEnded(huge, REASON.packetTooLarge, '256 MiB');
    using five = await WireClient.join(server.mqttPort, 'five', level);
    five.sendBytes(bytesOf('30 ff ff ff ff 01'));
    await assertEnded(five, REASON.malformedPacket, 'five bytes');
    using first = await WireClient.open(server.mqttPort, level);
    first.sendBytes(bytesOf('10 ff ff ff 7f'));
    await first.closed();
    await assertServes(server);
  });

  test(`a second CONNECT ends the connection and harms no one else (level ${level})`, async () => {
    using client = await WireClient.join(server.mqttPort, 'twice', level);
    client.send({ type: 'connect', level, isCleanStart: true, keepAliveSecs: 0, clientId: 'twice' });
    await assertEnded(client, REASON.protocolError, 'CONNECT again');
    await assertServes(server);
  });

  test(`every packet cut at every byte is waited for and then forgotten (level ${level})`, async () => {
    const samples = PACKET_SAMPLES.filter((sample) => sample.level === level);
    let cuts = 0;
    for (const { hex, packet } of samples) {
      const whole = bytesOf(hex);
      const clients = await Promise.all(
        Array.from({ length: whole.length - 1 }, async (_, i) => {
          const isFirst = packet.type === 'connect';
          const open = isFirst
            ? WireClient.open(server.mqttPort, level)
            : WireClient.join(server.mqttPort, '', level);
          const client = await open;
          client.sendBytes(whole.subarray(0, i + 1));
          client.endWriting();
          return client;
        }),
      );
      for (const client of clients) {
        await client.closed();
        assert.deepEqual(client.all('puback'), [], hex);
        client[Symbol.dispose]();
        cuts++;
      }
    }
    assert.ok(cuts > 100, `${cuts} cuts`);
    await assertServes(server);
  });

  test(`a PUBLISH spoilt at every byte is refused, or taken for what it then says (level ${level})`, async () => {
    const whole = aPublish(level, 'iot/acme/plant/spoilt/telemetry', '{"v":1}');
    const before = await accountsOf(server);
    let acks = 0;
    let ends = 0;
    for (let at = 0; at < whole.length; at++) {
      using client = await WireClient.join(server.mqttPort, '', level);
      const spoilt = whole.slice();
      spoilt[at] = 0xff - Number(whole[at]);
      client.sendBytes(spoilt);
      client.endWriting();
      await client.closed();
      if (client.all('puback').length > 0) acks++;
      else ends++;
    }
    assert.ok(ends > 30, `${ends} were refused`);
    await server.quiet();
    const after = await accountsOf(server);
    // an acknowledgement may miss a client that has stopped sending, but none is given for nothing
    assert.ok(after.received - before.received + 2 >= acks, `${acks} acknowledged`);
    await assertServes(server);
  });
}

test('unknown protocols are refused as the specification says, and bytes that are no MQTT at all end the connection', async () => {
  using old = await WireClient.open(server.mqttPort, 4);
  old.sendBytes(bytesOf('10 0e 0006 4d5149736470 03 02 0000 0000'));
  await old.closed();
  assert.deepEqual(
    old.all('connack').map(({ reason }) => reason),
    [1],
  );
  using six = await WireClient.open(server.mqttPort, 5);
  six.sendBytes(bytesOf('10 0c 0004 4d515454 06 02 0000 0000'));
  await six.closed();
  assert.deepEqual(
    six.all('connack').map(({ reason }) => reason),
    [REASON.unsupportedProtocolVersion],
  );
  for (const text of [
    'GET / HTTP/1.1\r\nHost: x\r\n\r\n',
    '\u0016\u0003\u0001\u0002\u0000\u0001\u0000',
    '\u0000'.repeat(64),
  ]) {
    using client = await WireClient.open(server.mqttPort, 4);
    client.sendBytes(new TextEncoder().encode(text));
    await client.closed();
    assert.deepEqual(client.packets, []);
  }
  await assertServes(server);
});

test('packets before CONNECT, and nothing at all, end the connection in time', async () => {
  using early = await WireClient.open(server.mqttPort, 4);
  early.sendBytes(aPublish(4, TOPIC, '{"v":1}'));
  await early.closed();
  assert.deepEqual(early.packets, []);
  using silent = await WireClient.open(server.mqttPort, 4);
  using dripping = await WireClient.open(server.mqttPort, 4);
  dripping.sendBytes(bytesOf('10 0c 00'));
  await silent.closed(15_000);
  await dripping.closed(15_000);
  await assertServes(server);
});

test('after all of it one connection is left for each that is open, the ledger balances and the audit is clean', async () => {
  using client = await WireClient.join(server.mqttPort, 'last');
  assert.equal(client.isClosed, false);
  await until('the others to be gone', async () => {
    const { connections } = (await server.get('/api/v1/overview')) as { connections: number };
    return connections === 1;
  });
  assert.equal((await server.quiet()).isBalanced, true);
  await assertAuditClean(server);
});
