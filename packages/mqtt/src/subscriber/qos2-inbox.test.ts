import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KernelError } from '@skerry/kernel';
import { SeededRandom, SimulatedDisk } from '@skerry/kernel/testing';
import { ScriptedBroker, until } from '../testing/scripted-broker.ts';
import { SessionFile } from './session-file.ts';
import { type KeptChange, MemorySessionStore, type SubscriberSessionStore } from './session-store.ts';

const PRESENT = { type: 'connack', isSessionPresent: true, reason: 0 } as const;
const ABSENT = { type: 'connack', isSessionPresent: false, reason: 0 } as const;
const FILTERS = [{ filter: 'plant/#', qos: 2 }] as const;

/** A store whose writes wait until they are let through. */
class SlowStore implements SubscriberSessionStore {
  readonly inner = new MemorySessionStore();
  readonly written: string[] = [];
  isOpen = true;
  #waiting: (() => void)[] = [];

  load() {
    return this.inner.load();
  }

  async write(changes: readonly KeptChange[]): Promise<void> {
    if (!this.isOpen) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.written.push(
      ...changes.map((change) => `${change.kind} ${'packetId' in change ? change.packetId : ''}`),
    );
    await this.inner.write(changes);
  }

  letThrough(): void {
    this.isOpen = true;
    for (const go of this.#waiting.splice(0)) go();
  }
}

for (const level of [4, 5] as const) {
  test(`Subscriber at level ${level} takes a message of QoS 2 once, and answers when message and identifier are durable`, async () => {
    await using broker = new ScriptedBroker();
    const store = new SlowStore();
    await using subscriber = await broker.open({ level, filters: FILTERS }, { store });
    store.written.length = 0;
    store.isOpen = false;
    broker.peer.publish('a', 11, { qos: 2 });
    broker.peer.publish('b', 5, { qos: 2 });
    await until(() => broker.consumer.texts.length === 2, 'both');
    broker.peer.publish('a', 11, { qos: 2, isDup: true });
    subscriber.acknowledge(2);
    await until(() => subscriber.state().unacked === 0, 'the acknowledgements');
    assert.deepEqual(broker.peer.answers, [], 'the identifiers are not kept yet');
    store.letThrough();
    await until(() => broker.peer.answers.length === 2, 'PUBREC');
    assert.deepEqual(broker.peer.answers, ['pubrec 11', 'pubrec 5']);
    assert.deepEqual(store.written, ['kept 11', 'kept 5']);
    broker.peer.publish('a', 11, { qos: 2, isDup: true });
    await until(() => broker.peer.answers.length === 3, 'PUBREC again');
    store.isOpen = false;
    broker.peer.send({ type: 'pubrel', packetId: 11, reason: 0 });
    broker.peer.send({ type: 'pubrel', packetId: 99, reason: 0 });
    await until(() => broker.peer.answers.length === 4, 'PUBCOMP of an unknown one');
    assert.deepEqual(broker.peer.answers.slice(2), ['pubrec 11', 'pubcomp 99']);
    assert.equal(broker.peer.all('pubcomp')[0]?.reason, level === 5 ? 0x92 : 0);
    store.letThrough();
    await until(() => broker.peer.answers.length === 5, 'PUBCOMP');
    broker.peer.publish('next', 11, { qos: 2 });
    await until(() => broker.consumer.texts.length === 3, 'the identifier stands for another message');
    assert.deepEqual(broker.consumer.texts, ['a', 'b', 'next']);
    assert.equal(subscriber.state().kept, 2);
  });
}

test('Subscriber ends the connection at a PUBREL that comes before its PUBREC', async () => {
  await using broker = new ScriptedBroker();
  await using _ = await broker.open({ filters: FILTERS });
  broker.peer.publish('a', 1, { qos: 2 });
  broker.peer.send({ type: 'pubrel', packetId: 1, reason: 0 });
  await until(() => broker.told('disconnected').length === 1, 'the end');
  assert.equal(broker.told('disconnected')[0]?.fault.code, 'protocol-error');
});

test('Subscriber takes QoS 2 once over a connection that breaks at each step', async () => {
  await using broker = new ScriptedBroker();
  await using subscriber = await broker.open({ filters: FILTERS });
  broker.connack = PRESENT;
  const again = async (): Promise<void> => {
    await broker.lose();
    await broker.comeBack();
    await subscriber.subscribed();
  };
  broker.peer.publish('a', 3, { qos: 2 });
  await until(() => broker.consumer.texts.length === 1, 'the message');
  await again();
  broker.peer.publish('a', 3, { qos: 2, isDup: true });
  broker.peer.publish('b', 4, { qos: 2 });
  await until(() => broker.consumer.texts.length === 2, 'the other one');
  subscriber.acknowledge(1);
  await until(() => broker.peer.answers.length === 1, 'PUBREC of what came again');
  subscriber.acknowledge(1);
  await until(() => broker.peer.answers.length === 2, 'PUBREC of the other one');
  await again();
  broker.peer.send({ type: 'pubrel', packetId: 3, reason: 0 });
  await until(() => broker.peer.answers.length === 1, 'PUBCOMP');
  await again();
  broker.peer.send({ type: 'pubrel', packetId: 3, reason: 0 });
  broker.peer.publish('b', 4, { qos: 2, isDup: true });
  await until(() => broker.peer.answers.length === 2, 'answers');
  assert.deepEqual(broker.peer.answers.toSorted(), ['pubcomp 3', 'pubrec 4']);
  assert.deepEqual(broker.consumer.texts, ['a', 'b']);
});

test('Subscriber says no PUBREC for a message that became durable on a later connection before it came again', async () => {
  await using broker = new ScriptedBroker();
  await using subscriber = await broker.open({ filters: FILTERS });
  broker.connack = PRESENT;
  broker.peer.publish('a', 3, { qos: 2 });
  await until(() => broker.consumer.texts.length === 1, 'the message');
  await broker.lose();
  await broker.comeBack();
  await subscriber.subscribed();
  subscriber.acknowledge(1);
  await until(() => subscriber.state().kept === 1, 'the identifier');
  broker.peer.publish('b', 9);
  await until(() => broker.consumer.texts.length === 2, 'a later one');
  subscriber.acknowledge(1);
  await until(() => broker.peer.answers.length === 1, 'its PUBACK');
  assert.deepEqual(broker.peer.answers, ['puback 9']);
  broker.peer.publish('a', 3, { qos: 2, isDup: true });
  await until(() => broker.peer.answers.length === 2, 'PUBREC');
  assert.deepEqual(broker.consumer.texts, ['a', 'b']);
});

test('Subscriber says PUBREC and PUBCOMP on the connection that asked for them only', async () => {
  await using broker = new ScriptedBroker();
  const store = new SlowStore();
  await using subscriber = await broker.open({ filters: FILTERS }, { store });
  broker.connack = PRESENT;
  const again = async (): Promise<void> => {
    const count = broker.told('connected').length;
    await broker.lose();
    const came = broker.comeBack();
    store.letThrough();
    await came;
    await until(() => broker.told('connected').length > count, 'the connection');
    await subscriber.subscribed();
  };
  const quiet = async (): Promise<void> => {
    broker.peer.publish('quiet', 50, { qos: 0 });
    const count = broker.consumer.texts.length;
    await until(() => broker.consumer.texts.length > count, 'what comes behind');
    subscriber.acknowledge(1);
    for (let turns = 0; turns < 50; turns++) await Promise.resolve();
  };
  broker.peer.publish('a', 1, { qos: 2 });
  await until(() => broker.consumer.texts.length === 1, 'the message');
  await again();
  broker.peer.publish('a', 1, { qos: 2, isDup: true });
  broker.peer.publish('behind', 9, { qos: 0 });
  await until(() => broker.consumer.texts.includes('behind'), 'both');
  await again();
  subscriber.acknowledge(2);
  await quiet();
  assert.deepEqual(broker.peer.answers, [], 'it came again on the connection before only');
  broker.peer.publish('a', 1, { qos: 2, isDup: true });
  await until(() => broker.peer.answers.length === 1, 'PUBREC');

  broker.peer.publish('b', 2, { qos: 2 });
  await until(() => broker.consumer.texts.includes('b'), 'the other message');
  store.isOpen = false;
  subscriber.acknowledge(1);
  broker.peer.send({ type: 'pubrel', packetId: 1, reason: 0 });
  for (let turns = 0; turns < 50; turns++) await Promise.resolve();
  await again();
  await quiet();
  assert.deepEqual(broker.peer.answers, [], 'both belong to the connection before');
  broker.peer.send({ type: 'pubrel', packetId: 1, reason: 0 });
  broker.peer.publish('b', 2, { qos: 2, isDup: true });
  await until(() => broker.peer.answers.length === 2, 'both answers');
  assert.deepEqual(broker.peer.answers.toSorted(), ['pubcomp 1', 'pubrec 2']);
});

test('Subscriber takes the identifiers of a new session for other messages, whatever the old one had', async () => {
  await using broker = new ScriptedBroker();
  await using subscriber = await broker.open({ filters: FILTERS });
  broker.peer.publish('kept', 1, { qos: 2 });
  broker.peer.publish('on its way', 2, { qos: 2 });
  await until(() => broker.consumer.texts.length === 2, 'both');
  subscriber.acknowledge(1);
  await until(() => broker.peer.answers.length === 1, 'PUBREC');
  await broker.lose();
  await broker.comeBack();
  await subscriber.subscribed();
  broker.peer.publish('new 1', 1, { qos: 2 });
  broker.peer.publish('new 2', 2, { qos: 2 });
  await until(() => broker.consumer.texts.length === 4, 'the new ones');
  subscriber.acknowledge(1);
  broker.peer.publish('new 3', 3);
  await until(() => broker.consumer.texts.length === 5, 'a third');
  assert.deepEqual(broker.peer.answers, [], 'the old message answers for no new one');
  subscriber.acknowledge(3);
  await until(() => broker.peer.answers.length === 3, 'the answers');
  assert.deepEqual(broker.peer.answers.toSorted(), ['puback 3', 'pubrec 1', 'pubrec 2']);
});

test('Subscriber waits for a full disk and tells of it; PUBREC comes when there is room', async () => {
  await using broker = new ScriptedBroker();
  const inner = new MemorySessionStore();
  let isFull = false;
  const store: SubscriberSessionStore = {
    load: () => inner.load(),
    write: async (changes) => {
      if (isFull) throw new KernelError('disk-full', 'There is no room.');
      await inner.write(changes);
    },
  };
  await using subscriber = await broker.open({ filters: FILTERS }, { store });
  isFull = true;
  broker.peer.publish('a', 1, { qos: 2 });
  await until(() => broker.consumer.texts.length === 1, 'the message');
  subscriber.acknowledge(1);
  await until(() => broker.told('store-fault').length === 1, 'the word');
  broker.clock.fireNext();
  await until(() => broker.told('store-fault').length === 2, 'another attempt');
  assert.deepEqual(broker.peer.answers, []);
  isFull = false;
  broker.clock.fireNext();
  await until(() => broker.peer.answers.length === 1, 'PUBREC');
});

/** A broker that keeps QoS 2 as the specification says, over crashes of its subscriber. */
interface Delivery {
  readonly text: string;
  readonly packetId: number;
  state: 'publish' | 'pubrel' | 'done';
}

test('Subscriber with a session file, over crashes and power cuts: nothing is lost, and twice only what fell between message and identifier', async () => {
  let twice = 0;
  let crashes = 0;
  for (let seed = 1; seed <= 60; seed++) {
    const outcome = await liveThroughCrashes(seed);
    twice += outcome.twice;
    crashes += outcome.crashes;
  }
  assert.ok(crashes > 100, `${crashes} crashes`);
  assert.ok(twice < crashes, `${twice} messages came twice over ${crashes} crashes`);
});

async function liveThroughCrashes(seed: number): Promise<{ twice: number; crashes: number }> {
  const random = new SeededRandom(`qos 2 ${seed}`);
  let disk = new SimulatedDisk();
  const deliveries: Delivery[] = Array.from({ length: 12 }, (_, index) => ({
    text: String(index),
    packetId: (index % 3) + 1,
    state: 'publish',
  }));
  const taken: string[] = []; // durable
  let crashes = 0;
  for (let life = 0; deliveries.some(({ state }) => state !== 'done'); life++) {
    assert.ok(life < 200, `seed ${seed} came to a standstill`);
    await using broker = new ScriptedBroker();
    broker.connack = life === 0 ? ABSENT : PRESENT;
    const store = new SessionFile({ path: '/s/session', clientId: 'gateway-0', broker: 'b' }, disk);
    await using subscriber = await broker.open({ filters: FILTERS }, { store });
    const isLast = life > 20;
    const steps = isLast ? Number.POSITIVE_INFINITY : random.between(1, 12);
    await runLife(broker, subscriber, deliveries, taken, steps);
    if (deliveries.every(({ state }) => state === 'done')) break;
    crashes++;
    disk = random.chance(0.5) ? disk.kill() : disk.powerCut(random);
  }
  assert.deepEqual(
    [...new Set(taken)],
    deliveries.map(({ text }) => text),
    `seed ${seed}`,
  );
  return { twice: taken.length - deliveries.length, crashes };
}

/** One step is one packet of the broker, or one acknowledgement; what is left after the last step dies with the process. */
async function runLife(
  broker: ScriptedBroker,
  subscriber: Awaited<ReturnType<ScriptedBroker['open']>>,
  deliveries: Delivery[],
  taken: string[],
  steps: number,
): Promise<void> {
  let left = steps;
  for (const delivery of deliveries) {
    while (delivery.state !== 'done') {
      if (left-- <= 0) return;
      const before = broker.peer.answers.length;
      if (delivery.state === 'publish') {
        const had = broker.consumer.texts.length;
        broker.peer.publish(delivery.text, delivery.packetId, { qos: 2 });
        await until(
          () => broker.consumer.texts.length > had || broker.peer.answers.length > before,
          'the message or its PUBREC',
        );
        if (broker.consumer.texts.length > had) {
          if (left-- <= 0) return;
          taken.push(delivery.text);
          if (left-- <= 0) return;
          subscriber.acknowledge(1);
        }
        await until(() => broker.peer.answers.length > before, 'PUBREC');
        if (left-- <= 0) return;
        delivery.state = 'pubrel';
      } else {
        broker.peer.send({ type: 'pubrel', packetId: delivery.packetId, reason: 0 });
        await until(() => broker.peer.answers.length > before, 'PUBCOMP');
        if (left-- <= 0) return;
        delivery.state = 'done';
      }
    }
  }
}
