import assert from 'node:assert/strict';
import { test } from 'node:test';
import { REASON } from '../reason-codes.ts';
import { aConnect, aScene, type BrokerScene, connackOf } from '../testing/broker-scene.ts';

const WILL = {
  topic: 'iot/gone',
  payload: new TextEncoder().encode('will'),
  qos: 1,
  isRetain: false,
} as const;

/** Topics of what the ingress has. */
function keptOf({ ingress }: BrokerScene): string[] {
  return ingress.kept.map(({ topic, payload, client }) => `${client} ${topic} ${payload}`);
}

for (const level of [4, 5] as const) {
  test(`Broker publishes a will when the connection is lost or ended by a fault, not after DISCONNECT (level ${level})`, async () => {
    await using scene = await aScene();
    const reader = await scene.connect({ level, clientId: 'reader' });
    await scene.subscribe(reader, 'iot/#');
    const will = { level, will: WILL };
    const lost = await scene.connect({ clientId: 'lost', ...will });
    const faulty = await scene.connect({ clientId: 'faulty', ...will });
    const polite = await scene.connect({ clientId: 'polite', ...will });
    const silent = await scene.connect({ clientId: 'silent', keepAliveSecs: 1, ...will });
    lost.destroy();
    await scene.until(() => scene.ingress.kept.length === 1);
    faulty.sendBytes(Uint8Array.of(0, 0));
    await scene.until(() => scene.ingress.kept.length === 2);
    polite.send({ type: 'disconnect', reason: 0 });
    await scene.pass(3_000);
    assert.equal(silent.isClosed, true);
    assert.deepEqual(
      keptOf(scene),
      ['lost', 'faulty', 'silent'].map((client) => `${client} iot/gone will`),
    );
    assert.equal(reader.payloads.length, 3);
  });

  test(`Broker publishes the will of a connection that is taken over (level ${level})`, async () => {
    await using scene = await aScene();
    await scene.connect({ level, will: WILL });
    await scene.connect({ level });
    await scene.until(() => scene.ingress.kept.length === 1);
    assert.deepEqual(keptOf(scene), ['c iot/gone will']);
  });
}

test('Broker publishes a will after a DISCONNECT that asks for it', async () => {
  await using scene = await aScene();
  const client = await scene.connect({ will: WILL });
  client.send({ type: 'disconnect', reason: REASON.disconnectWithWill });
  await scene.until(() => scene.ingress.kept.length === 1);
  assert.equal(scene.ingress.changes.at(-1)?.reason, 'client-disconnect-with-will');
});

test('Broker delays a will, and leaves it when the client is back in time', async () => {
  await using scene = await aScene();
  const wish = {
    isCleanStart: false,
    properties: { sessionExpirySecs: 60 },
    will: { ...WILL, properties: { willDelaySecs: 10, contentType: 'text' } },
  };
  (await scene.connect(wish)).destroy();
  await scene.pass(9_000);
  const back = await scene.connect(wish);
  await scene.pass(30_000);
  assert.deepEqual(keptOf(scene), []);
  back.destroy();
  await scene.pass(9_000);
  assert.deepEqual(keptOf(scene), []);
  await scene.pass(2_000);
  assert.deepEqual(keptOf(scene), ['c iot/gone will']);
  assert.deepEqual(scene.ingress.kept[0]?.properties, { contentType: 'text' });
});

test('Broker publishes a delayed will when its session ends before', async () => {
  await using scene = await aScene();
  const will = { ...WILL, properties: { willDelaySecs: 3600 } };
  (await scene.connect({ clientId: 'short', properties: { sessionExpirySecs: 5 }, will })).destroy();
  (await scene.connect({ clientId: 'none', will })).destroy();
  (await scene.connect({ clientId: 'clean', properties: { sessionExpirySecs: 600 }, will })).destroy();
  await scene.until(() => scene.broker.connections === 0);
  assert.deepEqual(keptOf(scene), ['none iot/gone will']);
  await scene.pass(6_000);
  assert.equal(scene.ingress.kept.length, 2);
  await scene.connect({ clientId: 'clean' });
  assert.deepEqual(keptOf(scene).slice(1), ['short iot/gone will', 'clean iot/gone will']);
});

test('Broker keeps a will until the ingress takes it', async () => {
  await using scene = await aScene();
  const client = await scene.connect({ will: WILL });
  scene.ingress.refuse('disk-full');
  client.destroy();
  await scene.pass(5_000);
  assert.deepEqual(keptOf(scene), []);
  scene.ingress.resume();
  await scene.settle();
  assert.deepEqual(keptOf(scene), ['c iot/gone will']);
});

test('Broker refuses a will that it could not publish', async () => {
  await using scene = await aScene();
  const cases = [
    [{ will: { ...WILL, qos: 2 } }, REASON.qosNotSupported],
    [{ will: { ...WILL, topic: 'refused/a' } }, REASON.notAuthorized],
    [{ will: { ...WILL, topic: 'x'.repeat(1025) } }, REASON.topicNameInvalid],
    [{ level: 4, will: { ...WILL, topic: 'refused/a' } }, 5],
    [{ level: 4, will: { ...WILL, topic: 'x'.repeat(1025) } }, undefined],
    [{ level: 4, will: { ...WILL, qos: 2 } }, 0],
  ] as const;
  for (const [change, reason] of cases) {
    const client = await scene.connect(change);
    await scene.settle();
    assert.equal(connackOf(client)?.reason, reason);
    assert.equal(client.isClosed, reason !== 0);
  }
});

test('Broker publishes wills at its end', async () => {
  const scene = await aScene();
  await scene.connect({ clientId: 'here', will: WILL });
  const will = { ...WILL, properties: { willDelaySecs: 3600 } };
  (await scene.connect({ clientId: 'away', properties: { sessionExpirySecs: 600 }, will })).destroy();
  await scene.until(() => scene.broker.connections === 1);
  await scene[Symbol.asyncDispose]();
  assert.deepEqual(keptOf(scene).toSorted(), ['away iot/gone will', 'here iot/gone will']);
});

test('Broker resolves its end when the wills are durable', async () => {
  const scene = await aScene();
  await scene.connect({ will: WILL });
  scene.ingress.isWaiting = true;
  let isOver = false;
  const ending = scene.broker[Symbol.asyncDispose]().then(() => {
    isOver = true;
  });
  await scene.settle();
  assert.deepEqual([isOver, scene.ingress.pending, scene.broker.connections], [false, 1, 0]);
  scene.ingress.confirm();
  await ending;
  assert.deepEqual(keptOf(scene), ['c iot/gone will']);
});

test('Broker copies a will: the chunk is not its own', async () => {
  await using scene = await aScene();
  const client = await scene.dial();
  const correlation = Uint8Array.of(1, 2, 3);
  const chunk = client.send(aConnect({ will: { ...WILL, properties: { correlation } } }));
  await scene.until(() => client.packets.length === 1);
  chunk.fill(0xff);
  client.destroy();
  await scene.until(() => scene.ingress.kept.length === 1);
  assert.deepEqual(keptOf(scene), ['c iot/gone will']);
  assert.deepEqual(scene.ingress.kept[0]?.properties?.correlation, correlation);
});
