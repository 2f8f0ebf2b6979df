import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import { aScene, type BrokerScene } from '../testing/broker-scene.ts';
import type { RawClient } from '../testing/raw-client.ts';

const WINDOW = 8;
const LIMITS = { receiveMaximum: WINDOW, inflightMax: 5 };
const PUBLISHERS = ['p0', 'p1', 'p2'] as const;
const SUBSCRIBERS = ['s0', 's1'] as const;

type Step =
  | { readonly do: 'publish'; readonly who: number; readonly count: number; readonly qos: 0 | 1 }
  | { readonly do: 'reconnect'; readonly who: number }
  | { readonly do: 'confirm'; readonly count: number }
  | { readonly do: 'refuse' }
  | { readonly do: 'resume' }
  | { readonly do: 'drop-reader'; readonly who: number }
  | { readonly do: 'read'; readonly who: number };

const who = fc.nat(2);
const count = fc.integer({ min: 1, max: 6 });
const steps = fc.array(
  fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({
        do: fc.constant('publish' as const),
        who,
        count,
        qos: fc.constantFrom(1, 1, 1, 0),
      }),
    },
    { weight: 4, arbitrary: fc.record({ do: fc.constant('confirm' as const), count }) },
    { weight: 4, arbitrary: fc.record({ do: fc.constant('read' as const), who }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('reconnect' as const), who }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('drop-reader' as const), who }) },
    { weight: 1, arbitrary: fc.constant({ do: 'refuse' as const }) },
    { weight: 1, arbitrary: fc.constant({ do: 'resume' as const }) },
  ),
  { minLength: 10, maxLength: 60 },
) as fc.Arbitrary<Step[]>;

/** One connection of a publisher and what it sent at QoS 1. */
interface Sender {
  readonly client: RawClient;
  readonly sent: { readonly packetId: number; readonly payload: string }[];
}

/** A session that reads, over all its connections. */
interface Reader {
  readonly seen: string[];
  client: RawClient;
  /** Messages of the connection that were looked at. */
  read: number;
}

/** Publishers of both levels and readers with lasting sessions around one broker. */
class Company {
  readonly scene: BrokerScene;
  readonly senders: Sender[] = [];
  readonly current: Sender[] = [];
  readonly readers: Reader[] = [];
  #number = 0;

  constructor(scene: BrokerScene) {
    this.scene = scene;
  }

  async open(): Promise<void> {
    for (const clientId of SUBSCRIBERS) {
      const client = await this.#readerClient(clientId);
      await this.scene.subscribe(client, 'iot/#');
      this.readers.push({ client, seen: [], read: 0 });
    }
    for (const index of PUBLISHERS.keys()) await this.connect(index);
  }

  async connect(index: number): Promise<void> {
    const level = index === 0 ? 5 : 4;
    const client = await this.scene.connect({
      clientId: String(PUBLISHERS[index]),
      level,
      isCleanStart: true,
    });
    const sender = { client, sent: [] };
    this.current[index] = sender;
    this.senders.push(sender);
  }

  async run(step: Step): Promise<void> {
    const { ingress } = this.scene;
    if (step.do === 'publish') for (let i = 0; i < step.count; i++) this.#publish(step.who, step.qos);
    else if (step.do === 'confirm') ingress.confirm(Math.min(step.count, ingress.pending));
    else if (step.do === 'refuse') ingress.refuse('backlog');
    else if (step.do === 'resume') ingress.resume();
    else if (step.do === 'read') this.#read(step.who % SUBSCRIBERS.length);
    else if (step.do === 'reconnect') {
      this.current[step.who]?.client.destroy();
      await this.connect(step.who);
    } else await this.#reconnectReader(step.who % SUBSCRIBERS.length);
    for (let turns = 0; turns < 3; turns++) await turn();
  }

  /** Everything is taken, durable, acknowledged and read. */
  async finish(): Promise<void> {
    const { ingress } = this.scene;
    ingress.isWaiting = false;
    ingress.resume();
    let before = -1;
    for (let now = 0; before !== now; ) {
      before = now;
      ingress.confirm();
      for (const index of this.readers.keys()) this.#read(index);
      await this.scene.settle();
      now = this.readers.reduce((sum, { seen }) => sum + seen.length, ingress.kept.length);
    }
  }

  /** Only what is durable was acknowledged, each once and in order. */
  checkAnswers(): void {
    const kept = new Map<string, number>();
    for (const { payload } of this.scene.ingress.kept) kept.set(payload, (kept.get(payload) ?? 0) + 1);
    for (const { client, sent } of this.senders) {
      const answers = client.all('puback');
      const asked = sent.slice(0, answers.length).map(({ packetId }) => packetId);
      assert.deepEqual(
        answers.map(({ packetId }) => packetId),
        asked,
      );
      if (!client.isClosed) assert.equal(answers.length, sent.length);
      for (const [at, { reason }] of answers.entries()) {
        const payload = String(sent[at]?.payload);
        assert.equal(kept.get(payload), reason === 0 ? 1 : undefined, `${payload} answered with ${reason}`);
      }
    }
  }

  /** Each reader saw everything that was taken, each publisher's in its order, and nothing twice but what was repeated. */
  checkReaders(): void {
    for (const { seen } of this.readers) {
      assert.deepEqual(new Set(seen), new Set(this.scene.ingress.kept.map(({ payload }) => payload)));
      for (const publisher of PUBLISHERS) {
        const wanted = this.scene.ingress.kept
          .filter(({ client }) => client === publisher)
          .map(({ payload }) => payload);
        const own = seen.filter((payload) => payload.startsWith(publisher));
        const firsts = own.filter((payload, at) => own.indexOf(payload) === at);
        assert.deepEqual(firsts, wanted);
      }
    }
  }

  #publish(index: number, qos: 0 | 1): void {
    const sender = this.current[index];
    if (!sender || sender.client.isClosed) return;
    const unanswered = sender.sent.length - sender.client.all('puback').length;
    if (sender.client.level === 5 && unanswered >= WINDOW) return; // it keeps to Receive Maximum
    const payload = `${PUBLISHERS[index]} ${this.#number++}`;
    // Readers are at QoS 1, so that a message of QoS 0 may be lost; it goes where nobody reads.
    if (qos === 0) sender.client.publish('other/a', payload, { qos });
    else {
      const packetId = (sender.sent.length % 65_535) + 1;
      sender.sent.push({ packetId, payload });
      sender.client.publish('iot/a', payload, { packetId });
    }
  }

  /** Looks at what came, checks that it is durable, and acknowledges it. */
  #read(index: number): void {
    const reader = this.readers[index];
    if (!reader) return;
    const { ingress } = this.scene;
    const durable = new Set(
      ingress.kept.slice(0, ingress.kept.length - ingress.pending).map(({ payload }) => payload),
    );
    const came = reader.client.all('publish').slice(reader.read);
    reader.read += came.length;
    for (const { payload: bytes, packetId, isDup } of came) {
      const payload = new TextDecoder().decode(bytes);
      assert.ok(durable.has(payload), `${payload} was delivered before it was durable`);
      assert.ok(isDup || !reader.seen.includes(payload), `${payload} came twice`);
      reader.seen.push(payload);
      reader.client.send({ type: 'puback', packetId, reason: 0 });
    }
  }

  async #reconnectReader(index: number): Promise<void> {
    const reader = this.readers[index];
    if (!reader) return;
    this.#read(index);
    reader.client.destroy();
    reader.client = await this.#readerClient(String(SUBSCRIBERS[index]));
    reader.read = 0;
    assert.equal(reader.client.all('connack')[0]?.isSessionPresent, true);
  }

  #readerClient(clientId: string): Promise<RawClient> {
    return this.scene.connect({ clientId, isCleanStart: false, properties: { sessionExpirySecs: 3600 } });
  }
}

test('Broker acknowledges each accepted QoS 1 publication once, when it is durable, and keeps the order to each reader', async () => {
  await fc.assert(
    fc.asyncProperty(steps, fc.nat(), async (plan, seed) => {
      await using scene = await aScene({ limits: LIMITS, seed });
      scene.ingress.isWaiting = true;
      const company = new Company(scene);
      await company.open();
      for (const step of plan) await company.run(step);
      await company.finish();
      company.checkAnswers();
      company.checkReaders();
    }),
    { numRuns: 60 },
  );
});
