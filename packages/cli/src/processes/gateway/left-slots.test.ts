import assert from 'node:assert/strict';
import { test } from 'node:test';
import { holdLease, MemoryLeaseBook } from '@skerry/control';
import { type Clock, createMeter, silentLogger } from '@skerry/kernel';
import { SimulatedNet } from '@skerry/kernel/testing';
import { splitIngress, subscribeInto } from '@skerry/mqtt';
import { aConnect, aPublish, aScene, type BrokerScene, MemoryIngress } from '@skerry/mqtt/testing';
import { GatewayLeases } from './gateway-leases.ts';
import { LeftSlots, type LeftSource } from './left-slots.ts';

const LEASE_SECS = 3;
const LEFT = 1;
const SESSION = { isCleanStart: false, properties: { sessionExpirySecs: 3_600 } } as const;

/** Two brokers, a group of gateways that one with number 1 has left, and another that looks after it. */
class Site implements AsyncDisposable {
  readonly plant: BrokerScene;
  readonly ingress = new MemoryIngress();
  readonly meter = createMeter();
  readonly book: MemoryLeaseBook;
  readonly leases: GatewayLeases;
  readonly slots: LeftSlots;
  /** Where the second broker is, once there is one. */
  dock = new SimulatedNet();
  readonly #ending = new AbortController();
  readonly #watching: Promise<void>;

  private constructor(plant: BrokerScene) {
    this.plant = plant;
    const { clock } = plant;
    const needs = { clock, logger: silentLogger };
    this.book = new MemoryLeaseBook(clock);
    const config = {
      gateway: { group: 'g', ordinal: -1, buffer: 'segment', leaseSecs: LEASE_SECS },
    } as const;
    this.leases = new GatewayLeases(config, { ...needs, open: async () => this.book, owner: 'heir' });
    const sources = [this.#source('dock', () => this.dock), this.#source('plant', () => plant.net)];
    const split = splitIngress(this.ingress);
    this.slots = new LeftSlots('g', sources, { ...needs, leases: this.leases, meter: this.meter, split });
    this.#watching = this.slots.watch(this.#ending.signal);
  }

  static async open(): Promise<Site> {
    return new Site(await aScene());
  }

  /** Somebody who had the number left it, with messages in its session at a broker. */
  async leave(scene: BrokerScene, name: string, count: number, number = LEFT): Promise<void> {
    const client = await scene.connect(aConnect({ clientId: `g-${name}-${number}`, ...SESSION }));
    await scene.subscribe(client, 'iot/#');
    client.send({ type: 'disconnect', reason: 0 });
    await scene.until(() => client.isClosed);
    const device = await scene.connect({ clientId: 'device' });
    for (let id = 1; id <= count; id++)
      device.send(aPublish('iot/a', `${name} ${number === LEFT ? '' : `${number}/`}${id}`, { packetId: id }));
    await scene.until(() => device.all('puback').length === count);
    const lease = await holdLease(
      { group: 'g', number, owner: 'lost' },
      { ...this.#needs(), book: this.book },
    );
    await lease?.[Symbol.asyncDispose]();
  }

  /** Lets time pass until the condition holds. */
  async until(isTrue: () => boolean | Promise<boolean>, what: string): Promise<void> {
    for (let looks = 0; looks < 400; looks++) {
      if (await isTrue()) return;
      await this.plant.pass(500);
    }
    assert.fail(`never came about: ${what}; ${JSON.stringify(this.slots.reasons())}`);
  }

  get texts(): string[] {
    return this.ingress.kept.map(({ payload }) => payload);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending.abort();
    await this.plant.pass(10_000);
    await this.#watching;
    await this.leases[Symbol.asyncDispose]();
    await this.plant[Symbol.asyncDispose]();
  }

  #needs(): { readonly clock: Clock; readonly logger: typeof silentLogger } {
    return { clock: this.plant.clock, logger: silentLogger };
  }

  #source(name: string, net: () => SimulatedNet): LeftSource {
    const address = { host: '127.0.0.1', port: 1883 };
    return {
      name,
      open: (number, ingress, onEvent) =>
        subscribeInto(
          ingress,
          {
            name,
            clientId: `g-${name}-${number}`,
            filters: [{ filter: 'iot/#' }],
            keepAliveSecs: 0,
            onEvent,
          },
          {
            dial: (signal) => net().connect(address, signal),
            clock: this.plant.clock,
            random: { float: () => 0.5 },
            meter: this.meter,
          },
        ),
    };
  }
}

test('LeftSlots empties what a gateway left at one broker while another is dead, says so, and closes the slot when that is back', async () => {
  await using site = await Site.open();
  await site.leave(site.plant, 'plant', 5);
  await site.until(() => site.texts.length === 5, 'the queue of the broker that is there');
  await site.until(() => site.slots.reasons().length > 0, 'the reason');
  const [reason] = site.slots.reasons();
  assert.equal(reason?.code, 'slot-left');
  assert.match(String(reason?.detail), /^slot 1 of g was left and is not closed: dock: .*127\.0\.0\.1/);
  assert.deepEqual(await site.book.orphans('g'), [LEFT], 'between two tries nobody has it');
  const back = await site.plant.connect(aConnect({ clientId: 'g-plant-1', ...SESSION }));
  assert.equal(back.all('connack')[0]?.isSessionPresent, true, 'whoever comes back misses no session');
  back.send({ type: 'disconnect', reason: 0 });
  await using dock = await aScene();
  site.dock = dock.net;
  await site.leave(dock, 'dock', 3);
  await site.until(() => site.texts.length === 8, 'the queue of the other one');
  await site.until(() => site.slots.reasons().length === 0, 'the end of it');
  assert.deepEqual(await site.book.orphans('g'), []);
  assert.deepEqual(
    [...site.texts].sort(),
    [1, 2, 3, 4, 5]
      .map((n) => `plant ${n}`)
      .concat([1, 2, 3].map((n) => `dock ${n}`))
      .sort(),
  );
  const families = site.meter.snapshot();
  const adopted = families.find(({ name }) => name === 'iot_gateway_slots_adopted_total');
  assert.equal(adopted?.samples[0]?.value, 1);
});

test('LeftSlots lets a session go with which nothing moves, and acknowledges nothing of it to the next try', async () => {
  await using site = await Site.open();
  await using dock = await aScene();
  site.dock = dock.net;
  site.ingress.isWaiting = true; // nothing becomes durable
  await site.leave(site.plant, 'plant', 2);
  await site.until(() => site.slots.reasons().length > 0, 'the reason');
  assert.match(String(site.slots.reasons()[0]?.detail), /plant: nothing has moved for 30 s/);
  await site.until(() => site.texts.length === 4, 'another try');
  site.ingress.confirm(2); // of the first try
  await site.plant.pass(1_000);
  const [{ detail = '' } = {}] = site.slots.reasons();
  assert.match(detail, /plant/, 'the second try is not done by it');
  site.ingress.confirm(2);
  await site.until(() => site.slots.reasons().length === 0, 'the end of it');
});

test('LeftSlots empties a session again that somebody has had since it was empty, though no look saw them have it', async () => {
  await using site = await Site.open();
  await using dock = await aScene();
  await site.leave(site.plant, 'plant', 1, 2);
  await site.until(() => site.slots.reasons().length > 0, 'the reason: the other broker is dead');
  site.ingress.isWaiting = true; // the slot before it takes its time
  await site.leave(site.plant, 'plant', 2, 1);
  await site.until(() => site.texts.length === 3, 'the queue of the slot before it');
  await site.leave(site.plant, 'plant', 4, 2);
  site.dock = dock.net;
  site.ingress.isWaiting = false;
  site.ingress.confirm();
  await site.until(async () => (await site.book.orphans('g')).length === 0, 'the end of it');
  const wanted = ['plant 1', 'plant 2', 'plant 2/1', 'plant 2/1', 'plant 2/2', 'plant 2/3', 'plant 2/4'];
  assert.deepEqual([...site.texts].sort(), wanted);
});

test('LeftSlots ends no session of a slot whose lease it lost and had again while it emptied it', async () => {
  await using site = await Site.open();
  await using dock = await aScene();
  site.dock = dock.net;
  await site.leave(dock, 'dock', 1);
  site.ingress.isWaiting = true;
  await site.leave(site.plant, 'plant', 2);
  await site.until(() => site.texts.length === 3, 'both queues');
  assert.equal(site.texts[0], 'dock 1');
  site.ingress.confirm(1); // nothing waits at the dock any more, and plant is emptied still
  await site.book.release({ group: 'g', number: LEFT, owner: '', epoch: 3, isTakenOver: true }, false);
  await site.leave(dock, 'dock', 4);
  await site.plant.pass(LEASE_SECS * 1_000);
  site.ingress.isWaiting = false;
  site.ingress.confirm();
  await site.until(() => site.slots.reasons().length > 0, 'the reason');
  assert.match(String(site.slots.reasons()[0]?.detail), /its lease was not held all the while/);
  await site.until(async () => (await site.book.orphans('g')).length === 0, 'the end of it');
  assert.equal(site.texts.length, 7, `${site.texts}`);
});
