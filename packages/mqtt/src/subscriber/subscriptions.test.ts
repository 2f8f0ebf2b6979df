import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MqttError } from '../errors.ts';
import { LIMITS } from '../limits.ts';
import { REASON } from '../reason-codes.ts';
import { ScriptedBroker, until } from '../testing/scripted-broker.ts';
import { MemorySessionStore } from './session-store.ts';

const PRESENT = { type: 'connack', isSessionPresent: true, reason: 0 } as const;
const ABSENT = { type: 'connack', isSessionPresent: false, reason: 0 } as const;

const asked = (broker: ScriptedBroker): string[] =>
  broker.peer.all('subscribe').map(({ topics }) => String(topics[0]?.filter));

for (const [level, reason, words] of [
  [4, 0x80, /refuses "b": 0x80 \(refused without a reason\)/],
  [5, REASON.notAuthorized, /refuses "b": 0x87 \(not authorized\)/],
  [5, REASON.sharedSubscriptionsNotSupported, /0x9e \(shared subscriptions/],
] as const) {
  test(`Subscriber tells that a filter is refused (level ${level}, ${reason}), says so in its state and asks again until it is granted`, async () => {
    await using broker = new ScriptedBroker();
    broker.grant = (filter) => (filter === 'b' ? reason : 1);
    await using subscriber = await broker.open(
      { level, filters: [{ filter: 'a' }, { filter: 'b' }] },
      {},
      false,
    );
    const complete = subscriber.subscribed();
    const delays: number[] = [];
    for (let times = 1; times <= 14; times++) {
      await until(() => broker.told('subscription-refused').length === times, `refusal ${times}`);
      delays.push(Number(broker.clock.nextDueMs) - broker.clock.monotonicMs());
      if (times < 14) broker.clock.fireNext();
    }
    assert.match(String(subscriber.state().degraded), words);
    assert.match(String(broker.told('subscription-refused')[0]?.why), words);
    assert.equal(subscriber.state().phase, 'connected');
    assert.equal(broker.metric('iot_subscriber_refused_filters'), 1);
    const { subscriptionBackoffMsMin: least, subscriptionBackoffMsMax: most } = LIMITS;
    for (const [index, delay] of delays.entries())
      assert.ok(delay <= least.value + Math.min(most.value, least.value * 2 ** index), `${index}: ${delay}`);
    assert.ok(Math.max(...delays) > 20_000, `it does not grow: ${delays}`);
    assert.deepEqual(new Set(asked(broker).slice(2)), new Set(['b']), 'the granted one is left alone');
    broker.grant = () => 1;
    broker.clock.fireNext();
    await complete;
    assert.deepEqual(subscriber.state().degraded, []);
    assert.equal(broker.metric('iot_subscriber_refused_filters'), 0);
    assert.equal(broker.clock.nextDueMs, undefined, 'it goes on asking');
  });
}

test('Subscriber tells that a filter is granted with less than is wanted, and takes what comes', async () => {
  await using broker = new ScriptedBroker();
  broker.grant = () => 0;
  await using subscriber = await broker.open({ filters: [{ filter: 'plant/#', qos: 2 }] }, {}, false);
  await until(() => broker.told('subscription-refused').length === 1, 'the word');
  assert.match(String(subscriber.state().degraded), /QoS 0 for "plant\/#"; 2 is wanted.*lost/);
  assert.equal(subscriber.state().filters[0]?.state, 'lower');
  broker.peer.publish('a', 0, { qos: 0 });
  await until(() => broker.consumer.texts.length === 1, 'the message');
});

test('Subscriber says so while the broker does not answer SUBSCRIBE, and asks again', async () => {
  await using broker = new ScriptedBroker();
  broker.grant = () => undefined;
  await using subscriber = await broker.open({}, {}, false);
  await until(() => broker.peers.length === 1 && asked(broker).length === 1, 'SUBSCRIBE');
  assert.match(String(subscriber.state().degraded), /has not answered/);
  broker.grant = () => 1;
  broker.clock.fireNext();
  await subscriber.subscribed();
});

test('Subscriber does not ask for what CONNACK says that the broker has not', async () => {
  await using broker = new ScriptedBroker();
  broker.connack = { ...ABSENT, properties: { sharedAvailable: 0, wildcardAvailable: 0 } };
  const filters = [{ filter: '$share/g/a' }, { filter: 'plant/+' }, { filter: 'b' }];
  await using subscriber = await broker.open({ filters }, {}, false);
  await until(() => broker.told('subscribed').length === 1, 'the plain one');
  broker.clock.fireNext();
  await until(() => broker.clock.nextDueMs !== undefined, 'the next attempt');
  assert.deepEqual(asked(broker), ['b']);
  assert.deepEqual(
    broker.told('subscription-refused').map(({ status }) => status.filter),
    ['$share/g/a', 'plant/+'],
  );
  assert.equal(subscriber.state().degraded.length, 2);
});

test('Subscriber tells that the broker has forgotten its session, and asks for everything again', async () => {
  await using broker = new ScriptedBroker();
  await using subscriber = await broker.open();
  assert.deepEqual(broker.told('session-lost'), [], 'none was expected');
  await broker.lose();
  await broker.comeBack();
  await subscriber.subscribed();
  assert.equal(broker.told('session-lost').length, 1);
  assert.equal(broker.metric('iot_subscriber_sessions_lost_total'), 1);
  assert.deepEqual(asked(broker), ['plant/#']);
});

test('Subscriber expects its session after a restart too, leaves its filters alone and gives up those of before', async () => {
  await using broker = new ScriptedBroker();
  const store = new MemorySessionStore();
  const filters = [{ filter: 'a' }, { filter: 'b' }];
  await (await broker.open({ filters }, { store }))[Symbol.asyncDispose]();
  broker.connack = PRESENT;
  {
    await using _ = await broker.open({ filters: [{ filter: 'b' }, { filter: 'c' }] }, { store });
    assert.deepEqual(asked(broker), ['c']);
    assert.deepEqual(
      broker.peer.all('unsubscribe').map((packet) => packet.filters),
      [['a']],
    );
    await until(() => broker.told('subscribed').length === 3, 'the grant');
  }
  await (await broker.open({ filters: [{ filter: 'b' }, { filter: 'c' }] }, { store }))[
    Symbol.asyncDispose
  ]();
  assert.deepEqual(broker.peer.all('unsubscribe'), []);
  assert.deepEqual(asked(broker), []);
  broker.connack = ABSENT;
  await (await broker.open({ filters }, { store }))[Symbol.asyncDispose]();
  assert.equal(broker.told('session-lost').length, 1);
});

test('Subscriber asks for its shares at each connection, since a broker may keep the session and forget them', async () => {
  await using broker = new ScriptedBroker();
  const store = new MemorySessionStore();
  const filters = [{ filter: 'a' }, { filter: '$share/g/b' }];
  await (await broker.open({ filters }, { store }))[Symbol.asyncDispose]();
  broker.connack = PRESENT;
  await using subscriber = await broker.open({ filters }, { store });
  assert.deepEqual(asked(broker), ['$share/g/b']);
  assert.deepEqual(subscriber.state().degraded, []);
  assert.equal(broker.told('session-lost').length, 0);
});

test('Subscriber trusts no session whose CONNACK may have gone unheard', async () => {
  await using broker = new ScriptedBroker();
  const store = new MemorySessionStore();
  await using subscriber = await broker.open({}, { store });
  broker.connack = undefined;
  await broker.lose();
  await broker.comeBack();
  assert.equal((await store.load()).isSure, false);
  await broker.lose();
  broker.connack = PRESENT;
  await broker.comeBack();
  await subscriber.subscribed();
  assert.deepEqual(asked(broker), ['plant/#'], 'the session may be a new one, without any filter');
  assert.match(String(broker.told('connected').at(-1)?.why), /may be a newer one/);
  assert.equal((await store.load()).isSure, true);
  await broker.lose();
  await broker.comeBack();
  await subscriber.subscribed();
  assert.deepEqual(asked(broker), []);
});

test('Subscriber goes on with its session after refusals and failures to connect', async () => {
  await using broker = new ScriptedBroker();
  const store = new MemorySessionStore();
  await using subscriber = await broker.open({}, { store });
  broker.connack = { ...ABSENT, reason: REASON.serverBusy };
  await broker.lose();
  await broker.comeBack();
  await until(() => broker.told('disconnected').length === 2, 'the refusal');
  broker.connack = PRESENT;
  await broker.comeBack();
  await subscriber.subscribed();
  assert.deepEqual(asked(broker), []);
});

test('Subscriber goes on with its session after connections for which certificates or a password could not be read', async () => {
  await using broker = new ScriptedBroker();
  const address = { host: '127.0.0.1', port: 1883 };
  const unreadable = new MqttError('session-file-invalid', 'The file is broken.');
  let broken: 'none' | 'dial' | 'credentials' = 'none';
  const fail = (what: typeof broken): void => {
    if (broken === what) throw unreadable;
  };
  const credentials = () => {
    fail('credentials');
    return { username: 'u' };
  };
  const dial = async (signal: AbortSignal) => {
    fail('dial');
    return await broker.net.connect(address, signal);
  };
  await using subscriber = await broker.open({ credentials }, { dial });
  broker.connack = PRESENT;
  for (const what of ['dial', 'credentials'] as const) {
    broken = what;
    await broker.lose();
    const ends = broker.told('disconnected').length;
    broker.clock.fireNext();
    await until(() => broker.told('disconnected').length > ends, 'the fault');
    assert.deepEqual(subscriber.state().degraded, ['The file is broken.']);
    broken = 'none';
    await broker.comeBack();
    await subscriber.subscribed();
    assert.deepEqual(asked(broker), [], what);
  }
});

test('Subscriber asks again at its next connection for what was granted with less, with delays that begin anew', async () => {
  await using broker = new ScriptedBroker();
  broker.grant = () => 0;
  await using subscriber = await broker.open({}, {}, false);
  for (let times = 1; times <= 12; times++) {
    await until(() => broker.told('subscription-refused').length === times, `word ${times}`);
    broker.clock.fireNext();
  }
  broker.connack = PRESENT;
  await broker.lose();
  broker.grant = () => 1;
  await broker.comeBack();
  await subscriber.subscribed();
  assert.deepEqual(asked(broker), ['plant/#']);
  broker.connack = ABSENT;
  broker.grant = () => 0x80;
  const told = broker.told('subscription-refused').length;
  await broker.lose();
  await broker.comeBack();
  await until(() => broker.told('subscription-refused').length > told, 'the refusal');
  const delayMs = Number(broker.clock.nextDueMs) - broker.clock.monotonicMs();
  assert.ok(delayMs <= LIMITS.subscriptionBackoffMsMin.value * 2, `${delayMs} ms`);
});

test('Subscriber asks on the connection that is, when the one before was lost amid its greeting', async () => {
  await using broker = new ScriptedBroker();
  const inner = new MemorySessionStore();
  const waiting: (() => void)[] = [];
  let isSlow = false;
  const store = {
    load: () => inner.load(),
    write: async (changes: Parameters<MemorySessionStore['write']>[0]) => {
      if (isSlow && changes.some(({ kind }) => kind === 'begun'))
        await new Promise<void>((resolve) => waiting.push(resolve));
      await inner.write(changes);
    },
  };
  await using subscriber = await broker.open({}, { store });
  isSlow = true;
  await broker.lose();
  await broker.comeBack();
  await until(() => waiting.length === 1, 'the write of a new session');
  for (const link of broker.net.links) link.reset();
  await until(() => broker.peer.isClosed, 'the end of the connection');
  isSlow = false;
  waiting[0]?.();
  await broker.comeBack();
  await subscriber.subscribed();
  assert.deepEqual(asked(broker), ['plant/#']);
});

test('Subscriber tells that a session is missing which another has left, and trusts one that is there with nothing', async () => {
  await using broker = new ScriptedBroker();
  const store = new MemorySessionStore();
  await store.write([{ kind: 'inherited' }]);
  {
    await using _ = await broker.open({}, { store });
    assert.match(String(broker.told('session-lost')[0]?.why), /which another held before and left/);
    assert.equal(broker.metric('iot_subscriber_sessions_lost_total'), 1);
    assert.deepEqual([(await store.load()).isInherited, (await store.load()).hasBegun], [false, true]);
  }
  await store.write([{ kind: 'kept', packetId: 7 }, { kind: 'inherited' }]);
  broker.connack = PRESENT;
  await using _ = await broker.open({}, { store });
  assert.deepEqual(asked(broker), ['plant/#']);
  assert.equal(broker.told('session-lost').length, 1);
});

const DROPS = '$SYS/broker/publish/messages/dropped';

test('Subscriber asks a broker once for what it drops, behind all answers, and never again after it was cut for it', async () => {
  await using broker = new ScriptedBroker();
  broker.grant = (filter, qos) => {
    if (filter !== DROPS) return qos;
    broker.peer.send({ type: 'disconnect', reason: REASON.notAuthorized });
    return undefined;
  };
  const filters = [{ filter: 'a' }, { filter: 'b' }];
  await using subscriber = await broker.open({ level: 5, filters, isWatchingDrops: true });
  await until(() => broker.told('disconnected').length === 1, 'the cut');
  assert.deepEqual(asked(broker), ['a', 'b', DROPS]);
  const [told] = broker.told('drops-unwatched');
  assert.match(String(told?.why), /asked for "\$SYS.*not counted/);
  broker.connack = PRESENT;
  await broker.comeBack();
  await subscriber.subscribed();
  for (let turns = 0; turns < 50; turns++) await Promise.resolve();
  assert.deepEqual(asked(broker), []);
  assert.deepEqual([broker.told('disconnected').length, broker.told('drops-unwatched').length], [1, 1]);
  assert.deepEqual(subscriber.state().degraded, []);
  const ending = subscriber.endSession();
  await ending;
  const given = broker.peers
    .at(-2)
    ?.all('unsubscribe')
    .flatMap((packet) => packet.filters);
  assert.deepEqual(given, ['a', 'b']);
});

test('Subscriber blames no connection on what a broker drops while other filters have no answer', async () => {
  await using broker = new ScriptedBroker();
  broker.grant = () => undefined;
  await using _ = await broker.open({ isWatchingDrops: true }, {}, false);
  await until(() => broker.peers.length === 1 && asked(broker).length === 1, 'SUBSCRIBE');
  await broker.lose();
  assert.deepEqual(broker.told('drops-unwatched'), []);
  broker.grant = () => 1;
  await broker.comeBack();
  await until(() => asked(broker).includes(DROPS), 'the question');
  await broker.lose();
  assert.deepEqual(broker.told('drops-unwatched'), [], 'it was answered');
});
