import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hasCode } from '@skerry/kernel/testing';
import { REASON, RETURN_CODE } from '../reason-codes.ts';
import { aConnect, aScene, type BrokerScene, connackOf } from '../testing/broker-scene.ts';
import { aPublish, type RawClient } from '../testing/raw-client.ts';

/** Reasons of all ends so far, by client id. */
function endsOf({ ingress }: BrokerScene): string[] {
  return ingress.changes
    .filter(({ kind }) => kind === 'disconnected')
    .map(({ client, reason }) => `${client} ${reason}`);
}

/** The reason of the DISCONNECT that came last. */
function disconnectOf(client: RawClient): number | undefined {
  return client.all('disconnect').at(-1)?.reason;
}

test('Broker tells MQTT 5 its terms in CONNACK', async () => {
  await using scene = await aScene();
  const client = await scene.connect({
    clientId: '',
    keepAliveSecs: 0,
    properties: { sessionExpirySecs: 0xffff_ffff },
  });
  const { properties, ...connack } = connackOf(client) ?? {};
  assert.deepEqual(connack, { type: 'connack', isSessionPresent: false, reason: 0 });
  const { assignedClientId, ...terms } = properties ?? {};
  assert.match(String(assignedClientId), /^auto-[0-9a-f]{24}$/);
  assert.deepEqual(terms, {
    sessionExpirySecs: 86_400,
    receiveMaximum: 4096,
    topicAliasMaximum: 64,
    maximumQos: 1,
    packetBytesMax: 1_048_576,
    serverKeepAliveSecs: 3600,
    sharedAvailable: 0,
  });
  assert.deepEqual(scene.ingress.changes, [
    {
      client: assignedClientId,
      remote: scene.ingress.changes[0]?.remote,
      protocol: '5.0',
      kind: 'connected',
      reason: 'connect',
      subject: { kind: 'anonymous', name: 'anonymous', grants: [{ role: 'admin' }] },
      listener: 'mqtt',
      isEncrypted: false,
    },
  ]);
});

test('Broker takes an empty client id of 3.1.1 with a clean session only', async () => {
  await using scene = await aScene();
  const clean = await scene.connect({ level: 4, clientId: '' });
  assert.equal(connackOf(clean)?.reason, RETURN_CODE.accepted);
  const kept = await scene.connect({ level: 4, clientId: '', isCleanStart: false });
  await scene.until(() => kept.isClosed);
  assert.equal(connackOf(kept)?.reason, RETURN_CODE.identifierRejected);
});

test('Broker refuses a client id over its limit, an authentication method, and users where none are known', async () => {
  await using scene = await aScene({ isAnonymousOnly: true });
  const cases = [
    [{ clientId: 'x'.repeat(257) }, REASON.clientIdentifierNotValid],
    [{ level: 4, clientId: 'x'.repeat(257) }, RETURN_CODE.identifierRejected],
    [{ properties: { authMethod: 'SCRAM' } }, REASON.badAuthenticationMethod],
    [{ username: 'u' }, REASON.badUserNameOrPassword],
    [{ level: 4, username: 'u' }, RETURN_CODE.badUserNameOrPassword],
  ] as const;
  for (const [change, reason] of cases) {
    const client = await scene.connect(change);
    await scene.until(() => client.isClosed);
    assert.equal(connackOf(client)?.reason, reason, JSON.stringify(change));
  }
  assert.equal(scene.broker.figures().sessions, 0);
});

test('Broker gives Reason Strings unless the client wants none', async () => {
  await using scene = await aScene();
  const told = await scene.connect({ properties: { authMethod: 'x' } });
  assert.equal(connackOf(told)?.properties?.reasonText, 'No authentication method is offered.');
  const client = await scene.connect({ clientId: 'q', properties: { requestProblem: 0 } });
  client.sendBytes(Uint8Array.of(0x00, 0x00));
  await scene.until(() => client.isClosed);
  assert.deepEqual(client.all('disconnect'), [{ type: 'disconnect', reason: REASON.malformedPacket }]);
  const small = await scene.connect({ clientId: 's', properties: { packetBytesMax: 20 } });
  small.sendBytes(Uint8Array.of(0x00, 0x00));
  await scene.until(() => small.isClosed);
  assert.deepEqual(small.all('disconnect'), [{ type: 'disconnect', reason: REASON.malformedPacket }]);
});

test('Broker answers an unknown protocol in the nearest form and closes', async () => {
  await using scene = await aScene();
  const ask = async (name: string, level: number): Promise<readonly number[]> => {
    const connection = await scene.net.connect(scene.broker.address);
    const bytes: number[] = [];
    let isClosed = false;
    connection.start({
      onData: (chunk) => bytes.push(...chunk),
      onDrain: () => undefined,
      onClose: () => {
        isClosed = true;
      },
    });
    const text = new TextEncoder().encode(name);
    const body = [0, text.length, ...text, level, 2, 0, 0, 0, 1, 0x63];
    connection.write(Uint8Array.from([0x10, body.length, ...body]));
    await scene.until(() => isClosed);
    return bytes;
  };
  assert.deepEqual(await ask('MQIsdp', 3), [0x20, 2, 0, 1]);
  assert.deepEqual(await ask('MQTT', 6), [0x20, 3, 0, 0x84, 0]);
  assert.deepEqual(await ask('HTTP', 4), [0x20, 2, 0, 1]);
});

for (const level of [4, 5] as const) {
  test(`Broker closes on a first packet that is not CONNECT, and on a second CONNECT (level ${level})`, async () => {
    await using scene = await aScene();
    const other = await scene.connect({ level, clientId: 'other' });
    const early = await scene.dial(level);
    early.send({ type: 'pingreq' });
    await scene.until(() => early.isClosed);
    assert.deepEqual(early.packets, []);
    const twice = await scene.connect({ level });
    twice.send(aConnect({ level }));
    await scene.until(() => twice.isClosed);
    assert.equal(disconnectOf(twice), level === 5 ? REASON.protocolError : undefined);
    assert.deepEqual(endsOf(scene), ['c protocol-error']);
    other.send({ type: 'pingreq' });
    await scene.until(() => other.all('pingresp').length === 1);
  });

  test(`Broker gives a session to the newer connection and cleans up by connection (level ${level})`, async () => {
    await using scene = await aScene();
    const lasting = level === 5 ? { properties: { sessionExpirySecs: 60 } } : {};
    const older = await scene.connect({ level, isCleanStart: false, ...lasting });
    assert.equal(connackOf(older)?.isSessionPresent, false);
    await scene.subscribe(older, 'a');
    const newer = await scene.connect({ level, isCleanStart: false, ...lasting });
    assert.equal(connackOf(newer)?.isSessionPresent, true);
    await scene.until(() => older.isClosed);
    assert.equal(disconnectOf(older), level === 5 ? REASON.sessionTakenOver : undefined);
    await scene.settle();
    assert.deepEqual(
      scene.ingress.changes.map(({ kind, reason }) => `${kind} ${reason}`),
      ['connected connect', 'disconnected taken-over', 'connected connect'],
    );
    newer.publish('a', 'still subscribed');
    await scene.until(() => newer.payloads.length === 1);
    assert.equal(scene.broker.figures().sessions, 1);
  });

  test(`Broker forgets a clean session with its connection (level ${level})`, async () => {
    await using scene = await aScene();
    const first = await scene.connect({ level });
    await scene.subscribe(first, 'a');
    first.send({ type: 'disconnect', reason: 0 });
    await scene.until(() => first.isClosed);
    assert.deepEqual([scene.broker.figures().sessions, scene.broker.figures().subscriptions], [0, 0]);
    const second = await scene.connect({ level, isCleanStart: false });
    assert.equal(connackOf(second)?.isSessionPresent, false);
    assert.deepEqual(endsOf(scene), ['c client-disconnect']);
  });

  test(`Broker ends a silent connection after one and a half keep-alives, not before (level ${level})`, async () => {
    await using scene = await aScene();
    const client = await scene.connect({ level, keepAliveSecs: 10 });
    await scene.pass(14_500);
    client.send({ type: 'pingreq' });
    await scene.settle();
    await scene.pass(14_500);
    assert.equal(client.isClosed, false);
    await scene.pass(2_000);
    assert.equal(client.isClosed, true);
    assert.equal(disconnectOf(client), level === 5 ? REASON.keepAliveTimeout : undefined);
    assert.deepEqual(endsOf(scene), ['c keep-alive']);
  });
}

test('Broker judges nobody for the time in which the process stood still', async () => {
  await using scene = await aScene();
  const client = await scene.connect({ keepAliveSecs: 10 });
  const waiting = await scene.dial();
  await scene.pass(1_000);
  // A stalled process fires one late tick, whatever was missed.
  const { clock } = scene;
  const before = clock.monotonicMs.bind(clock);
  Object.defineProperty(clock, 'monotonicMs', { value: () => before() + 3_600_000 });
  await scene.pass(1_000);
  assert.equal(client.isClosed || waiting.isClosed, false);
  await scene.pass(16_000);
  assert.equal(client.isClosed && waiting.isClosed, true);
});

test('Broker keeps a 3.1.1 client without keep-alive, and gives MQTT 5 one', async () => {
  await using scene = await aScene({ limits: { keepAliveSecsMax: 10 } });
  const old = await scene.connect({ level: 4, clientId: 'old' });
  const modern = await scene.connect({ clientId: 'modern', keepAliveSecs: 65_535 });
  assert.equal(connackOf(modern)?.properties?.serverKeepAliveSecs, 10);
  await scene.pass(3_600_000);
  assert.deepEqual([old.isClosed, modern.isClosed], [false, true]);
});

test('Broker closes a connection that says nothing, or only half a CONNECT', async () => {
  await using scene = await aScene();
  const silent = await scene.dial();
  const half = await scene.dial();
  half.sendBytes(Uint8Array.of(0x10, 20, 0, 4));
  await scene.pass(9_000);
  half.sendBytes(Uint8Array.of(0x4d));
  await scene.pass(500);
  assert.equal(silent.isClosed || half.isClosed, false);
  await scene.pass(1_500);
  assert.equal(silent.isClosed && half.isClosed, true);
  assert.equal(scene.metric('iot_mqtt_disconnects_total', { reason: 'connect-timeout' }), 2);
});

test('Broker closes connections over connectionsMax at once and serves the others', async () => {
  await using scene = await aScene({ limits: { connectionsMax: 3 } });
  const clients = await Promise.all(['1', '2', '3'].map((clientId) => scene.connect({ clientId })));
  const flood = await Promise.all(Array.from({ length: 50 }, () => scene.dial()));
  await scene.until(() => flood.every(({ isClosed }) => isClosed));
  assert.equal(scene.broker.connections, 3);
  assert.equal(scene.metric('iot_mqtt_connections_refused_total'), 50);
  clients[0]?.publish('iot/a', 'm');
  await scene.until(() => clients[0]?.all('puback').length === 1);
  clients[1]?.destroy();
  await scene.until(() => scene.broker.connections === 2);
  assert.equal(connackOf(await scene.connect({ clientId: '4' }))?.reason, 0);
});

test('Broker ends an absent session after its expiry, told by CONNECT or DISCONNECT', async () => {
  await using scene = await aScene();
  const properties = { sessionExpirySecs: 10 };
  (await scene.connect({ clientId: 'a', properties })).destroy();
  const other = await scene.connect({ clientId: 'b', properties });
  other.send({ type: 'disconnect', reason: 0, properties: { sessionExpirySecs: 60 } });
  await scene.until(() => scene.broker.connections === 0);
  await scene.pass(9_000);
  assert.equal(scene.broker.figures().sessions, 2);
  await scene.pass(2_000);
  assert.equal(scene.broker.figures().sessions, 1);
  const back = await scene.connect({ clientId: 'b', isCleanStart: false });
  assert.equal(connackOf(back)?.isSessionPresent, true);
});

test('Broker ends the connection of a DISCONNECT that prolongs a session of no length', async () => {
  await using scene = await aScene();
  const client = await scene.connect();
  client.send({ type: 'disconnect', reason: 0, properties: { sessionExpirySecs: 60 } });
  await scene.until(() => client.isClosed);
  assert.equal(disconnectOf(client), REASON.protocolError);
});

test('Broker ends the session absent for longest when there are too many, else refuses', async () => {
  await using scene = await aScene({ limits: { sessionsMax: 2 } });
  const properties = { sessionExpirySecs: 3600 };
  (await scene.connect({ clientId: 'a', properties })).destroy();
  await scene.pass(1_000);
  (await scene.connect({ clientId: 'b', properties })).destroy();
  await scene.pass(1_000);
  const third = await scene.connect({ clientId: 'd', properties });
  const back = await scene.connect({ clientId: 'b', isCleanStart: false, properties });
  assert.deepEqual([connackOf(third)?.reason, connackOf(back)?.isSessionPresent], [0, true]);
  assert.equal(connackOf(await scene.connect({ clientId: 'e' }))?.reason, REASON.quotaExceeded);
  assert.equal(
    connackOf(await scene.connect({ clientId: 'f', level: 4 }))?.reason,
    RETURN_CODE.serverUnavailable,
  );
});

test('Broker refuses AUTH outside an exchange', async () => {
  await using scene = await aScene();
  const client = await scene.connect();
  client.send({ type: 'auth', reason: REASON.reauthenticate, properties: { authMethod: 'x' } });
  await scene.until(() => client.isClosed);
  assert.equal(disconnectOf(client), REASON.protocolError);
});

test('Broker tells MQTT 5 that it shuts down, after answering what is on its way', async () => {
  const scene = await aScene();
  const client = await scene.connect();
  scene.ingress.isWaiting = true;
  client.publish('iot/a', 'm');
  await scene.until(() => scene.ingress.pending === 1);
  await scene[Symbol.asyncDispose]();
  assert.deepEqual(
    client.all('puback').map(({ packetId }) => packetId),
    [1],
  );
  assert.equal(disconnectOf(client), REASON.serverShuttingDown);
  assert.deepEqual(endsOf(scene), ['c shutdown']);
  assert.equal(scene.broker.connections, 0);
});

test('Broker breaks off at its end whoever does not close, and waits no longer than it may', async () => {
  const scene = await aScene();
  const client = await scene.connect();
  client.pause(); // it never sees the end of the stream
  scene.ingress.isWaiting = true;
  client.publish('iot/a', 'never durable');
  await scene.until(() => scene.ingress.pending === 1);
  let isOver = false;
  const ending = scene.broker[Symbol.asyncDispose]().then(() => {
    isOver = true;
  });
  await scene.pass(4_500);
  assert.equal(isOver, false);
  await scene.pass(7_000);
  await ending;
  assert.equal(scene.broker.connections, 0);
});

test('Broker takes nothing more from anybody once it ends, held publications included', async () => {
  const scene = await aScene({ limits: { receiveMaximum: 2 } });
  const client = await scene.connect({ level: 4 });
  scene.ingress.isWaiting = true;
  client.send(...[1, 2, 3, 4].map((packetId) => aPublish('iot/a', 'm', { packetId })));
  await scene.until(() => scene.broker.figures().heldConnections === 1);
  const ending = scene.broker[Symbol.asyncDispose]();
  await scene.settle();
  client.publish('iot/a', 'late', { packetId: 5 });
  scene.ingress.isWaiting = false;
  scene.ingress.confirm();
  await scene.settle();
  await ending;
  assert.equal(scene.ingress.kept.length, 2);
  assert.deepEqual(
    client.all('puback').map(({ packetId }) => packetId),
    [1, 2],
  );
  assert.deepEqual(scene.broker.figures(), {
    connections: 0,
    heldConnections: 0,
    sessions: 0,
    subscriptions: 0,
    pendingPublications: 0,
    queuedBytes: 0,
    retainedMessages: 0,
    retainedBytes: 0,
  });
  await assert.rejects(scene.dial(), hasCode('connect-failed'));
});

test('Broker breaks off a connection that is not closed by its client in time, whatever that one sends', async () => {
  await using scene = await aScene();
  const client = await scene.connect();
  client.pause(); // it never sees the end of the stream
  await scene.pass(60_000);
  client.sendBytes(Uint8Array.of(0x00, 0x00));
  await scene.settle();
  assert.deepEqual(endsOf(scene), ['c malformed-packet']);
  await scene.pass(2_500);
  client.send({ type: 'pingreq' });
  await scene.pass(2_000);
  assert.equal(scene.broker.connections, 1);
  await scene.pass(1_500);
  assert.equal(scene.broker.connections, 0);
});
