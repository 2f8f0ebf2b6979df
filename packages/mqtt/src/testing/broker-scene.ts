import { setImmediate as turn } from 'node:timers/promises';
import { createMeter, type FailpointHook, type Meter, silentLogger } from '@skerry/kernel';
import { FakeClock, SeededRandom, SimulatedNet } from '@skerry/kernel/testing';
import type { AccessRefusal, BrokerAccess } from '../access.ts';
import type { BrokerLimits } from '../broker/broker-limits.ts';
import { type Broker, openBroker } from '../broker/open-broker.ts';
import type { IngressRoute, RetainedMessage } from '../ingress.ts';
import type { Connack } from '../packets/connack.ts';
import type { Connect } from '../packets/connect.ts';
import type { ProtocolLevel } from '../packets/packet-type.ts';
import type { Suback } from '../packets/suback.ts';
import type { SubscribeTopic } from '../packets/subscribe.ts';
import type { Properties } from '../properties.ts';
import { MemoryAccess } from './memory-access.ts';
import { MemoryIngress } from './memory-ingress.ts';
import { RawClient } from './raw-client.ts';

const TURNS_MAX = 500; // beyond it a condition will not come true any more: nothing here waits for real time

/** Choices of a scene. */
export interface SceneOptions {
  readonly limits?: Partial<BrokerLimits>;
  readonly isAnonymousOnly?: boolean;
  readonly access?: BrokerAccess;
  readonly onRefused?: (refusal: AccessRefusal) => void;
  readonly route?: (topic: string) => IngressRoute;
  readonly retained?: readonly RetainedMessage[];
  readonly failpoint?: FailpointHook;
  /** Output of one connection before `write` returns false, and what the systems between the ends take. */
  readonly netBytes?: number;
  /** Slices the streams by this seed. */
  readonly seed?: number;
}

/** A broker over a network, clock and ingress of the test. */
export class BrokerScene implements AsyncDisposable {
  readonly broker: Broker;
  readonly net: SimulatedNet;
  readonly clock: FakeClock;
  readonly ingress: MemoryIngress;
  readonly meter: Meter;

  constructor(parts: Pick<BrokerScene, 'broker' | 'net' | 'clock' | 'ingress' | 'meter'>) {
    this.broker = parts.broker;
    this.net = parts.net;
    this.clock = parts.clock;
    this.ingress = parts.ingress;
    this.meter = parts.meter;
  }

  /** A connection without a CONNECT. */
  async dial(level: ProtocolLevel = 5): Promise<RawClient> {
    return new RawClient(await this.net.connect(this.broker.address), level);
  }

  /** A client with a clean session that was taken, or as changed. */
  async connect(change: Partial<Connect> = {}): Promise<RawClient> {
    const client = await this.dial(change.level ?? 5);
    client.send(aConnect(change));
    await this.until(() => client.packets.length > 0 || client.isClosed);
    return client;
  }

  /** Subscribes and waits for SUBACK; gives its reasons. */
  async subscribe(
    client: RawClient,
    ...wishes: (string | Partial<SubscribeTopic>)[]
  ): Promise<readonly number[]> {
    return this.subscribeWith(client, undefined, ...wishes);
  }

  /** Subscribes with properties. */
  async subscribeWith(
    client: RawClient,
    properties: Properties | undefined,
    ...wishes: (string | Partial<SubscribeTopic>)[]
  ): Promise<readonly number[]> {
    const before = client.all('suback').length;
    const topics = wishes.map((wish) => ({
      ...ANY_TOPIC,
      ...(typeof wish === 'string' ? { filter: wish } : wish),
    }));
    client.send({ type: 'subscribe', packetId: 1, topics, ...(properties && { properties }) });
    await this.until(() => client.all('suback').length > before || client.isClosed);
    return (client.all('suback').at(-1) as Suback | undefined)?.reasons ?? [];
  }

  /** Resolves when the condition holds; fails when it does not come to. */
  async until(isTrue: () => boolean): Promise<void> {
    for (let turns = 0; turns < TURNS_MAX; turns++) {
      if (isTrue()) return;
      await turn();
    }
    throw new TypeError(`The condition does not come true: ${isTrue.toString()}`);
  }

  /** Resolves when everything that was sent has arrived and was answered, and nothing happens any more. */
  async settle(): Promise<void> {
    for (let turns = 0; turns < 20; turns++) await turn();
  }

  /** Lets time pass, tick by tick. */
  async pass(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= 500) {
      this.clock.advance(Math.min(500, left));
      await turn();
    }
    await this.settle();
  }

  /** The value of a metric, 0 when nobody registered it. */
  metric(name: string, labels: Readonly<Record<string, string>> = {}): number {
    const family = this.meter.snapshot().find((one) => one.name === name);
    const samples = family?.samples.filter((sample) =>
      Object.entries(labels).every(([label, value]) => sample.labels[label] === value),
    );
    return samples?.reduce((sum, { value }) => sum + value, 0) ?? 0;
  }

  /** Ends the broker while time passes. */
  async [Symbol.asyncDispose](): Promise<void> {
    let isOver = false;
    const ending = this.broker[Symbol.asyncDispose]().then(() => {
      isOver = true;
    });
    this.ingress.isWaiting = false;
    this.ingress.confirm();
    for (let turns = 0; turns < TURNS_MAX && !isOver; turns++) {
      await turn();
      if (turns % 20 === 19) this.clock.advance(500);
    }
    await ending;
  }
}

const ANY_TOPIC: SubscribeTopic = {
  filter: '#',
  qos: 1,
  isNoLocal: false,
  isRetainAsPublished: false,
  retainHandling: 0,
};

/** Opens a broker for a test. */
export async function aScene(options: SceneOptions = {}): Promise<BrokerScene> {
  const { netBytes, seed } = options;
  const net = new SimulatedNet({
    ...(netBytes !== undefined && { highWaterBytes: netBytes, kernelBytes: netBytes }),
    ...(seed !== undefined && { random: new SeededRandom(seed) }),
  });
  const clock = new FakeClock();
  const ingress = new MemoryIngress(options.route);
  const meter = createMeter();
  const broker = await openBroker(
    {
      address: { host: '127.0.0.1', port: 1883 },
      ...(options.limits && { limits: options.limits }),
      ...(options.isAnonymousOnly !== undefined && { isAnonymousOnly: options.isAnonymousOnly }),
    },
    {
      net,
      clock,
      random: new SeededRandom(seed ?? 1),
      logger: silentLogger,
      meter,
      ingress,
      failpoint: options.failpoint ?? (() => undefined),
      ...(options.access && { access: options.access, onRefused: refusalsOf(options) }),
      ...(options.retained && { retained: options.retained }),
    },
  );
  return new BrokerScene({ broker, net, clock, ingress, meter });
}

/** A `MemoryAccess` keeps the refusals itself. */
function refusalsOf({ access, onRefused }: SceneOptions): (refusal: AccessRefusal) => void {
  return (refusal) => {
    if (access instanceof MemoryAccess) access.refusals.push(refusal);
    onRefused?.(refusal);
  };
}

/** A CONNECT of client `c` with a clean session, or as changed. */
export function aConnect(change: Partial<Connect> = {}): Connect {
  return { type: 'connect', level: 5, isCleanStart: true, keepAliveSecs: 0, clientId: 'c', ...change };
}

/** CONNACK of a client. */
export function connackOf(client: RawClient): Connack | undefined {
  return client.all('connack')[0];
}
