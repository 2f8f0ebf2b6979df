import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { memoryFolder, ServerProcess } from '@skerry/testkit';
import { connectAsync, type IClientOptions, type IPublishPacket, type MqttClient } from 'mqtt';
import { until } from '../e2e/condition.ts';
import { assertAuditClean, pointsOf } from '../e2e/proof.ts';
import { WireClient } from '../e2e/wire-client.ts';

const folder = memoryFolder('mqtt-js');
let server: ServerProcess;

before(async () => {
  const env = { SKERRY_PIPELINE_SEAL_AFTER_SECS: '0.2' };
  server = await ServerProcess.start({ dataDir: join(folder.path, 'store'), env });
});

after(async () => {
  await server[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

/** A client with what it received; disposing says goodbye. */
class Friend implements AsyncDisposable {
  readonly client: MqttClient;
  readonly received: { readonly topic: string; readonly text: string; readonly packet: IPublishPacket }[] =
    [];
  isClosed = false;
  /** Reason of the DISCONNECT that the server sent. */
  reason: number | undefined;

  constructor(client: MqttClient) {
    this.client = client;
    client.on('message', (topic, payload, packet) => {
      this.received.push({ topic, text: payload.toString(), packet });
    });
    client.on('disconnect', (packet) => {
      this.reason = packet.reasonCode;
    });
    client.on('close', () => {
      this.isClosed = true;
    });
  }

  /** Connects; it does not connect again by itself. */
  static async meet(options: IClientOptions): Promise<Friend> {
    const url = `mqtt://127.0.0.1:${server.mqttPort}`;
    return new Friend(await connectAsync(url, { reconnectPeriod: 0, ...options }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.client.endAsync(true);
  }
}

for (const protocolVersion of [4, 5] as const) {
  const key = { tenant: 'mqttjs', project: `v${protocolVersion}` };
  const at = (device: string): string => `iot/${key.tenant}/${key.project}/${device}/telemetry`;

  test(`mqtt.js of version ${protocolVersion}: 2,000 messages of mixed QoS are read back over the API`, async () => {
    await using friend = await Friend.meet({ protocolVersion });
    const qosOf = (i: number) =>
      (protocolVersion === 4 ? ([0, 1, 2] as const)[i % 3] : ([0, 1] as const)[i % 2]) ?? 0;
    await Promise.all(
      Array.from({ length: 2_000 }, (_, i) =>
        friend.client.publishAsync(at('mixed'), `{"n":${i}}`, { qos: qosOf(i) }),
      ),
    );
    // one more of QoS 1 stands behind all of QoS 0
    await friend.client.publishAsync(at('mixed'), '{"n":2000}', { qos: 1 });
    await server.quiet();
    const values = (await pointsOf(server, { ...key, device: 'mixed', metric: 'n' })).map((point) =>
      Number(point.value),
    );
    // messages of QoS 2 are taken when they arrive, so the order is that of publishing
    assert.deepEqual(
      values,
      Array.from({ length: 2_001 }, (_, i) => i),
    );
  });

  test(`mqtt.js of version ${protocolVersion}: wildcards, retained messages and an unsubscription`, async () => {
    await using writer = await Friend.meet({ protocolVersion });
    await writer.client.publishAsync(`js/${protocolVersion}/a/kept`, 'kept', { qos: 1, retain: true });
    await using reader = await Friend.meet({ protocolVersion });
    const [granted] = await reader.client.subscribeAsync(`js/${protocolVersion}/+/#`, { qos: 1 });
    assert.equal(granted?.qos, 1);
    await until('the retained message', () => reader.received.length === 1);
    assert.equal(reader.received[0]?.packet.retain, true);
    await writer.client.publishAsync(`js/${protocolVersion}/b`, 'now', { qos: 1 });
    await until('the message', () => reader.received.length === 2);
    await reader.client.unsubscribeAsync(`js/${protocolVersion}/+/#`);
    await reader.client.subscribeAsync(`js/${protocolVersion}/end`, { qos: 1 });
    await writer.client.publishAsync(`js/${protocolVersion}/b`, 'unseen', { qos: 1 });
    await writer.client.publishAsync(`js/${protocolVersion}/end`, 'end', { qos: 1 });
    await until('the end', () => reader.received.at(-1)?.text === 'end');
    assert.deepEqual(
      reader.received.map(({ text }) => text),
      ['kept', 'now', 'end'],
    );
  });

  test(`mqtt.js of version ${protocolVersion}: pings keep a quiet connection alive, a mute one is closed`, async () => {
    await using friend = await Friend.meet({ protocolVersion, keepalive: 1 });
    // one after the other, so that the friend is quiet for longer than a mute one may be
    for (const number of [1, 2]) {
      using mute = await WireClient.open(server.mqttPort, protocolVersion);
      const clientId = `mute-${protocolVersion}-${number}`;
      mute.send({ type: 'connect', level: protocolVersion, isCleanStart: true, keepAliveSecs: 1, clientId });
      await mute.first('connack');
      await mute.closed();
      if (protocolVersion === 5) assert.equal(mute.all('disconnect')[0]?.reason, 0x8d);
    }
    assert.equal(friend.isClosed, false);
    await friend.client.publishAsync(at('alive'), '{"v":1}', { qos: 1 });
  });

  test(`mqtt.js of version ${protocolVersion}: a second client of one id takes the connection and the session over`, async () => {
    const options = { protocolVersion, clientId: `one-${protocolVersion}`, clean: false };
    const kept = protocolVersion === 5 ? { properties: { sessionExpiryInterval: 600 } } : {};
    await using first = await Friend.meet({ ...options, ...kept });
    await first.client.subscribeAsync(`take/${protocolVersion}`, { qos: 1 });
    await using second = await Friend.meet({ ...options, ...kept });
    await until('the end of the first', () => first.isClosed);
    if (protocolVersion === 5) assert.equal(first.reason, 0x8e);
    await second.client.publishAsync(`take/${protocolVersion}`, 'for the second', { qos: 1 });
    await until('the message of the session', () => second.received.length === 1);
    assert.equal(second.received[0]?.text, 'for the second');
    assert.deepEqual(first.received, []);
  });

  test(`mqtt.js of version ${protocolVersion}: a will comes when the socket breaks`, async () => {
    await using reader = await Friend.meet({ protocolVersion });
    await reader.client.subscribeAsync(`last/${protocolVersion}`, { qos: 1 });
    const will = {
      topic: `last/${protocolVersion}`,
      payload: Buffer.from('words'),
      qos: 1,
      retain: false,
    } as const;
    await using dying = await Friend.meet({ protocolVersion, will });
    dying.client.stream.destroy();
    await until('the will', () => reader.received.length === 1);
    assert.equal(reader.received[0]?.text, 'words');
  });
}

test('mqtt.js of version 4: QoS 2 is served both ways, each message once', async () => {
  await using friend = await Friend.meet({ protocolVersion: 4 });
  await friend.client.subscribeAsync('twice/#', { qos: 2 });
  for (let i = 0; i < 20; i++) await friend.client.publishAsync('twice/x', String(i), { qos: 2 });
  await until('all messages', () => friend.received.length >= 20);
  assert.deepEqual(
    friend.received.map(({ text }) => Number(text)),
    Array.from({ length: 20 }, (_, i) => i),
  );
});

test('mqtt.js of version 5: what a message carries beside its payload arrives, and the announcements are told', async () => {
  await using friend = await Friend.meet({ protocolVersion: 5 });
  await friend.client.subscribeAsync('carry', { qos: 1, properties: { subscriptionIdentifier: 9 } });
  const properties = {
    userProperties: { site: 'north' },
    contentType: 'text/plain',
    responseTopic: 'answers',
    correlationData: Buffer.from('c-1'),
  };
  await friend.client.publishAsync('carry', 'x', { qos: 1, properties });
  await until('the message', () => friend.received.length === 1);
  const got = friend.received[0]?.packet.properties;
  assert.deepEqual({ ...got?.userProperties }, { site: 'north' });
  assert.deepEqual([got?.contentType, got?.responseTopic], ['text/plain', 'answers']);
  assert.equal(got?.correlationData?.toString(), 'c-1');
  assert.equal(got?.subscriptionIdentifier, 9);
  // it sends QoS 2 although it was told Maximum QoS 1, and is told again
  friend.client.publish('carry', 'two', { qos: 2 });
  await until('the end of the connection', () => friend.isClosed);
  assert.equal(friend.reason, 0x9b);
});

test('mqtt.js: the ledger balances after all of it, and the audit is clean', async () => {
  assert.equal((await server.quiet()).isBalanced, true);
  await assertAuditClean(server);
});
