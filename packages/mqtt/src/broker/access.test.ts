import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Connect } from '../packets/connect.ts';
import { REASON, RETURN_CODE } from '../reason-codes.ts';
import { aConnect, aScene, type BrokerScene, connackOf } from '../testing/broker-scene.ts';
import { MemoryAccess } from '../testing/memory-access.ts';
import { aPublish, type RawClient } from '../testing/raw-client.ts';

const encoder = new TextEncoder();

function as(username: string): { username: string; password: Uint8Array; clientId: string } {
  return { username, password: encoder.encode(`${username}-secret`), clientId: username };
}

function twoUsers(): MemoryAccess {
  return new MemoryAccess({ ann: 'a/', bob: 'b/' });
}

async function answers(scene: BrokerScene, client: RawClient, count: number): Promise<readonly number[]> {
  await scene.until(() => client.all('puback').length >= count);
  return client.all('puback').map(({ reason }) => reason);
}

test('Broker tells a wrong password by 0x86 or 4, and the platform in words', async () => {
  const access = twoUsers();
  await using scene = await aScene({ access });
  const cases = [
    [5, REASON.badUserNameOrPassword],
    [4, RETURN_CODE.badUserNameOrPassword],
  ] as const;
  for (const [level, reason] of cases) {
    const client = await scene.connect({ level, ...as('ann'), password: encoder.encode('guess') });
    await scene.until(() => client.isClosed);
    assert.equal(connackOf(client)?.reason, reason);
  }
  assert.equal(
    scene.metric('iot_mqtt_access_refused_total', { kind: 'connect', reason: 'bad-credentials' }),
    2,
  );
  const [first] = access.refusals;
  assert.deepEqual(
    { ...first, remote: '' },
    {
      kind: 'connect',
      client: 'ann',
      user: 'ann',
      topic: '',
      reason: 'bad-credentials',
      why: 'The name or the password is wrong.',
      remote: '',
    },
  );
  assert.equal(access.requests[0]?.listener.isEncrypted, false);
});

test('Broker serves others while a CONNECT waits for its verdict, and then what came behind it', async () => {
  const access = twoUsers();
  await using scene = await aScene({ access });
  access.isWaiting = true;
  const slow = await scene.dial();
  slow.send(aConnect(as('ann')), aPublish('a/1', 'early'));
  await scene.until(() => access.requests.length === 1);
  slow.publish('a/1', 'later', { packetId: 2 });
  access.isWaiting = false;
  const quick = await scene.connect(as('bob'));
  quick.publish('b/1', 'x');
  await answers(scene, quick, 1);
  assert.equal(slow.packets.length, 0);
  access.settle();
  assert.deepEqual(await answers(scene, slow, 2), [REASON.success, REASON.success]);
  assert.deepEqual(
    slow.packets.map(({ type }) => type),
    ['connack', 'puback', 'puback'],
  );
});

test('Broker reads no more than a CONNECT may have while it is judged, and loses nothing', async () => {
  const access = twoUsers();
  access.isWaiting = true;
  await using scene = await aScene({ access, netBytes: 1_000, limits: { connectBytesMax: 2_000 } });
  const client = await scene.dial();
  client.send(aConnect(as('ann')));
  const payload = 'x'.repeat(500);
  for (let packetId = 1; packetId <= 40; packetId++) {
    client.publish('a/1', payload, { packetId });
    await scene.settle();
  }
  const [link] = scene.net.links;
  assert.ok(scene.metric('iot_mqtt_received_bytes_total') <= 3_000);
  assert.ok(Number(link?.client.bufferedBytes) > 0);
  access.settle();
  assert.equal((await answers(scene, client, 40)).length, 40);
});

test('Broker ends a CONNECT whose verdict does not come in time, and one whose client is gone costs nothing', async () => {
  const access = twoUsers();
  access.isWaiting = true;
  await using scene = await aScene({ access });
  const late = await scene.dial();
  late.send(aConnect(as('ann')));
  const gone = await scene.dial();
  gone.send(aConnect(as('bob')));
  await scene.until(() => access.requests.length === 2);
  gone.destroy();
  await scene.until(() => access.requests[1]?.signal.aborted === true);
  assert.equal(access.requests[0]?.signal.aborted, false);
  await scene.pass(10_500);
  assert.equal(late.isClosed, true);
  assert.equal(access.requests[0]?.signal.aborted, true);
  access.settle();
  await scene.settle();
  assert.deepEqual(scene.broker.figures().sessions, 0);
  assert.deepEqual(scene.ingress.changes, []);
});

test('Broker refuses CONNECT with 0x88 while access fails', async () => {
  const access = twoUsers();
  access.authenticate = () => Promise.reject(new Error('the store is gone'));
  await using scene = await aScene({ access });
  const client = await scene.connect(as('ann'));
  await scene.until(() => client.isClosed);
  assert.equal(connackOf(client)?.reason, REASON.serverUnavailable);
  assert.equal(access.refusals[0]?.reason, 'access-unavailable');
});

test('Broker refuses a PUBLISH outside the rights: 0x87 in turn, dropped at QoS 0, closed for 3.1.1 [MQTT-3.3.5-2]', async () => {
  const access = twoUsers();
  await using scene = await aScene({ access });
  const ann = await scene.connect(as('ann'));
  ann.send(
    aPublish('a/1', 'mine', { packetId: 1 }),
    aPublish('b/1', 'not mine', { packetId: 2 }),
    aPublish('a/1', 'mine', { packetId: 3 }),
    aPublish('b/1', 'not mine', { qos: 0 }),
    aPublish('a/1', 'mine', { packetId: 4 }),
  );
  assert.deepEqual(await answers(scene, ann, 4), [0, REASON.notAuthorized, 0, 0]);
  const old = await scene.connect({ level: 4, ...as('bob') });
  old.publish('a/1', 'not mine', { qos: 0 });
  old.publish('b/1', 'mine');
  await answers(scene, old, 1);
  old.publish('a/1', 'not mine', { packetId: 2 });
  await scene.until(() => old.isClosed);
  assert.equal(old.all('puback').length, 1);
  assert.equal(scene.metric('iot_mqtt_access_refused_total', { kind: 'publish' }), 4);
  assert.deepEqual(
    scene.ingress.kept.map(({ topic }) => topic),
    ['a/1', 'a/1', 'a/1', 'b/1'],
  );
});

test('Broker asks for the right to publish once per connection and topic', async () => {
  const access = twoUsers();
  await using scene = await aScene({ access });
  const ann = await scene.connect(as('ann'));
  for (let packetId = 1; packetId <= 60; packetId++) ann.publish(`a/${packetId % 3}`, 'x', { packetId });
  await answers(scene, ann, 60);
  assert.equal(access.publishQuestions, 3);
});

test('Broker judges each filter, and sends retained messages through granted ones only', async () => {
  const access = new MemoryAccess({ root: '', ann: 'a/' });
  await using scene = await aScene({ access });
  const root = await scene.connect(as('root'));
  root.publish('a/kept', 'for ann', { isRetain: true });
  root.publish('b/kept', 'not for ann', { isRetain: true, packetId: 2 });
  await answers(scene, root, 2);
  const ann = await scene.connect(as('ann'));
  assert.deepEqual(await scene.subscribe(ann, 'a/#', '#', 'b/kept'), [1, 0x87, 0x87]);
  const old = await scene.connect({ level: 4, ...as('ann'), clientId: 'old' });
  assert.deepEqual(await scene.subscribe(old, '#', 'a/+'), [0x80, 1]);
  root.publish('b/kept', 'nor this', { packetId: 3 });
  root.publish('a/kept', 'but this', { packetId: 4 });
  await scene.until(() => ann.payloads.length === 2 && old.payloads.length === 2);
  assert.deepEqual(ann.payloads, ['for ann', 'but this']);
  assert.deepEqual(old.payloads, ['for ann', 'but this']);
  assert.equal(access.refusals.filter(({ kind }) => kind === 'subscribe').length, 3);
});

test('Broker judges a will at CONNECT', async () => {
  const access = twoUsers();
  await using scene = await aScene({ access });
  const will = { topic: 'b/1', payload: encoder.encode('gone'), qos: 1, isRetain: false } as const;
  for (const [level, reason] of [
    [5, REASON.notAuthorized],
    [4, RETURN_CODE.notAuthorized],
  ] as const) {
    const client = await scene.connect({ level, ...as('ann'), will });
    await scene.until(() => client.isClosed);
    assert.equal(connackOf(client)?.reason, reason);
  }
  assert.equal(access.refusals[0]?.kind, 'will');
  assert.deepEqual(scene.ingress.kept, []);
});

test('Broker tells to which device a publisher is bound: telemetry and wills, not what people exchange', async () => {
  const access = new MemoryAccess({ ann: '', bob: '' });
  const grant = { role: 'device', tenant: 't', project: 'p', device: 'pump' } as const;
  access.grants.set('ann', [grant]).set('bob', [grant, { ...grant, device: 'fan' }]);
  await using scene = await aScene({ access });
  const will = { topic: 'iot/will', payload: encoder.encode('gone'), qos: 1, isRetain: false } as const;
  const ann = await scene.connect({ ...as('ann'), will });
  const bob = await scene.connect(as('bob'));
  ann.publish('iot/x', '1');
  ann.publish('iot/y', '2', { packetId: 2 });
  ann.publish('chat', '3', { packetId: 3 });
  bob.publish('iot/x', '4');
  await answers(scene, ann, 3);
  await answers(scene, bob, 1);
  ann.destroy();
  await scene.until(() => scene.ingress.kept.length === 5);
  const bound = Object.fromEntries(scene.ingress.kept.map((one) => [one.payload, one.boundDevice]));
  assert.deepEqual(bound, { 1: 'pump', 2: 'pump', 3: undefined, 4: undefined, gone: 'pump' });
});

test('Broker keeps the sessions of two subjects apart under one client id', async () => {
  const access = new MemoryAccess({ ann: 'a/', bob: 'b/' });
  await using scene = await aScene({ access });
  const lasting = { clientId: 'same', isCleanStart: false, properties: { sessionExpirySecs: 600 } };
  const ann = await scene.connect({ ...as('ann'), ...lasting });
  await scene.subscribe(ann, 'a/#');
  const bob = await scene.connect({ ...as('bob'), ...lasting });
  assert.equal(connackOf(bob)?.isSessionPresent, false);
  ann.publish('a/1', 'secret');
  await scene.until(() => ann.payloads.length === 1);
  await scene.settle();
  assert.deepEqual([ann.isClosed, bob.payloads.length], [false, 0]);
  const other = await scene.connect({ ...as('bob'), clientId: 'other' });
  await scene.subscribe(other, { filter: 'b/#', isNoLocal: true });
  bob.publish('b/1', 'own');
  await scene.until(() => other.payloads.length === 1);
});

test('Broker goes on with a session only while its subscriptions are granted', async () => {
  const access = new MemoryAccess({ root: '', ann: 'a/' });
  await using scene = await aScene({ access });
  const lasting = { ...as('ann'), isCleanStart: false, properties: { sessionExpirySecs: 600 } };
  const first = await scene.connect(lasting);
  await scene.subscribe(first, 'a/#');
  first.destroy();
  await scene.until(() => scene.broker.connections === 0);
  const root = await scene.connect(as('root'));
  root.publish('a/1', 'queued');
  await answers(scene, root, 1);
  access.set('ann', 'c/');
  const again = await scene.connect(lasting);
  await scene.settle();
  assert.equal(connackOf(again)?.isSessionPresent, false);
  assert.deepEqual(again.payloads, []);
});

test('Broker makes room for a session with an absent one of the same subject first', async () => {
  const access = twoUsers();
  await using scene = await aScene({ access, limits: { sessionsMax: 3 } });
  const lasting = { isCleanStart: false, properties: { sessionExpirySecs: 600 } };
  const leave = async (change: Partial<Connect>): Promise<boolean> => {
    const client = await scene.connect({ ...change, ...lasting });
    client.destroy();
    await scene.until(() => scene.broker.connections === 0);
    return connackOf(client)?.isSessionPresent ?? false;
  };
  await leave(as('bob'));
  for (const clientId of ['a1', 'a2', 'a3', 'a4', 'a5']) await leave({ ...as('ann'), clientId });
  assert.equal(await leave(as('bob')), true);
  assert.equal(await leave({ ...as('ann'), clientId: 'a5' }), true);
  assert.equal(await leave({ ...as('ann'), clientId: 'a1' }), false);
});

test('endWhere ends connections and absent sessions of the subjects it is given, and nobody else', async () => {
  const access = twoUsers();
  await using scene = await aScene({ access });
  const lasting = { isCleanStart: false, properties: { sessionExpirySecs: 600 } };
  const ann = await scene.connect({ ...as('ann'), ...lasting });
  const absent = await scene.connect({ ...as('ann'), ...lasting, clientId: 'absent' });
  const bob = await scene.connect({ ...as('bob'), ...lasting });
  absent.destroy();
  await scene.until(() => scene.broker.connections === 2);
  assert.equal(
    scene.broker.endWhere(({ name }) => name === 'ann', 'The token was revoked.'),
    1,
  );
  await scene.until(() => ann.isClosed);
  assert.equal(ann.all('disconnect')[0]?.reason, REASON.notAuthorized);
  assert.equal(ann.all('disconnect')[0]?.properties?.reasonText, 'The token was revoked.');
  assert.deepEqual([bob.isClosed, scene.broker.figures().sessions], [false, 1]);
  assert.equal(scene.ingress.changes.at(-1)?.reason, 'access-revoked');
});

test('endWhere refuses a CONNECT whose verdict is still on its way, since it may be of before', async () => {
  const access = twoUsers();
  await using scene = await aScene({ access });
  access.isWaiting = true;
  const ann = await scene.dial();
  ann.send(aConnect(as('ann')));
  const bob = await scene.dial();
  bob.send(aConnect(as('bob')));
  await scene.until(() => access.requests.length === 2);
  scene.broker.endWhere(({ name }) => name === 'ann', 'The rights were changed.');
  access.settle();
  await scene.until(() => ann.isClosed && connackOf(bob) !== undefined);
  assert.equal(connackOf(ann)?.reason, REASON.notAuthorized);
  assert.equal(connackOf(bob)?.reason, REASON.success);
  access.isWaiting = false;
  const again = await scene.connect(as('ann'));
  assert.equal(connackOf(again)?.reason, REASON.success);
});

test('endWhere publishes no will of the subjects it is given: of those connected, delayed, or held back', async () => {
  const access = twoUsers();
  await using scene = await aScene({ access });
  const will = { payload: encoder.encode('gone'), qos: 1, isRetain: false } as const;
  const of = (name: 'ann' | 'bob', topic: string, delay = 0) => ({
    ...as(name),
    clientId: topic,
    properties: { sessionExpirySecs: 600 },
    will: { ...will, topic, ...(delay > 0 && { properties: { willDelaySecs: delay } }) },
  });
  await scene.connect(of('ann', 'a/connected'));
  const delayed = await scene.connect(of('ann', 'a/delayed', 60));
  const owed = await scene.connect(of('ann', 'a/owed'));
  const bobs = await scene.connect(of('bob', 'b/owed'));
  delayed.destroy();
  await scene.until(() => scene.broker.connections === 3);
  scene.ingress.refuse('disk-full');
  owed.destroy();
  bobs.destroy();
  await scene.until(() => scene.broker.connections === 1);
  scene.broker.endWhere(({ name }) => name === 'ann', 'The rights were changed.');
  await scene.until(() => scene.broker.connections === 0);
  scene.ingress.resume();
  await scene.settle();
  assert.deepEqual(
    scene.ingress.kept.map(({ topic }) => topic),
    ['b/owed'],
  );
});

/** Two users of one tenant, and one of another, who may do everything with messages. */
function twoTenants(): MemoryAccess {
  const access = new MemoryAccess({ ann: '', amy: '', bob: '' });
  for (const [user, tenant] of [
    ['ann', 'acme'],
    ['amy', 'acme'],
    ['bob', 'beta'],
  ] as const)
    access.grants.set(user, [{ role: 'operator', tenant }]);
  return access;
}

test('Broker leaves room for the subscriptions of others, whatever the users of one tenant take', async () => {
  await using scene = await aScene({ access: twoTenants(), limits: { subscriptionsTotalMax: 80 } });
  const filters = (count: number): string[] => Array.from({ length: count }, (_, i) => `f/${i}`);
  const granted = (reasons: readonly number[]): number => reasons.filter((reason) => reason < 0x80).length;
  const ann = await scene.connect(as('ann'));
  const amy = await scene.connect(as('amy'));
  const bob = await scene.connect(as('bob'));
  assert.equal(granted(await scene.subscribe(ann, ...filters(60))), 60);
  assert.equal(granted(await scene.subscribe(amy, ...filters(60))), 10);
  assert.equal(granted(await scene.subscribe(bob, ...filters(60))), 3);
  assert.equal(granted(await scene.subscribe(ann, 'f/0')), 1, 'one that is there is granted anew');
  ann.destroy();
  await scene.until(() => scene.broker.connections === 2);
  assert.equal(granted(await scene.subscribe(amy, ...filters(100))), 67, 'what ann had is free again');
});

test('Broker leaves room for the connections of others, and lets everybody take over a session of their own', async () => {
  await using scene = await aScene({ access: twoTenants(), limits: { connectionsMax: 32 } });
  const connect = (user: string, clientId: string) => scene.connect({ ...as(user), clientId });
  for (let i = 0; i < 28; i++)
    assert.equal(connackOf(await connect(i % 2 ? 'ann' : 'amy', `c${i}`))?.reason, 0);
  const more = await connect('ann', 'more');
  assert.equal(connackOf(more)?.reason, REASON.quotaExceeded);
  assert.equal(connackOf(await connect('ann', 'c1'))?.reason, 0, 'its own session, taken over');
  const bob = await connect('bob', 'b');
  assert.equal(connackOf(bob)?.reason, 0);
  bob.destroy();
  await scene.until(() => scene.broker.connections === 28);
  assert.equal(connackOf(await connect('bob', 'b'))?.reason, 0);
});
