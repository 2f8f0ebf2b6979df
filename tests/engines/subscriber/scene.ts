import { readFileSync } from 'node:fs';
import { setImmediate as turn } from 'node:timers/promises';
import { createMeter, type Meter, type TlsTrust } from '@skerry/kernel';
import { nodeClock, nodeNet, nodeRandom } from '@skerry/kernel/node';
import {
  type MessageConsumer,
  openPublisher,
  openSubscriber,
  type ReceivedMessage,
  type Subscriber,
  type SubscriberEvent,
  type SubscriberNeeds,
  type SubscriberOptions,
} from '@skerry/mqtt';
import { brokerDialer } from '@skerry/mqtt/node';
import type { EngineCertificates } from '@skerry/testkit/engines';

/** Keeps what a subscriber hands out, and acknowledges it at once unless told to wait. */
export class Keeper implements MessageConsumer {
  readonly texts: string[] = [];
  readonly retained: boolean[] = [];
  readonly oversize: number[] = [];
  isWaiting = false;
  #subscriber: Subscriber | undefined;
  #owed = 0;

  take({ payload, isRetained, oversizeBytes }: ReceivedMessage): void {
    this.texts.push(
      oversizeBytes > 0 ? `cut after ${payload.byteLength}` : new TextDecoder().decode(payload),
    );
    this.retained.push(isRetained);
    if (oversizeBytes > 0) this.oversize.push(oversizeBytes);
    this.#owed++;
    if (!this.isWaiting) queueMicrotask(() => this.confirm());
  }

  refusal(): string | undefined {
    return undefined;
  }

  /** Acknowledges the oldest `count`, or all. */
  confirm(count = this.#owed): void {
    this.#owed -= count;
    this.#subscriber?.acknowledge(count);
  }

  /** Whose messages these are. */
  serve(subscriber: Subscriber): void {
    this.#subscriber = subscriber;
  }
}

/** A subscriber with what it told. */
export interface Member extends AsyncDisposable {
  readonly subscriber: Subscriber;
  readonly keeper: Keeper;
  readonly events: SubscriberEvent[];
  readonly meter: Meter;
}

/** Opens a subscriber at a port of this machine, or at a URL. */
export async function aMember(
  place: number | string,
  options: Partial<SubscriberOptions> = {},
  needs: Partial<SubscriberNeeds> & { readonly tls?: TlsTrust } = {},
): Promise<Member> {
  const url = typeof place === 'number' ? `mqtt://127.0.0.1:${place}` : place;
  const keeper = new Keeper();
  const events: SubscriberEvent[] = [];
  const meter = createMeter();
  const { tls, ...others } = needs;
  const subscriber = await openSubscriber(
    {
      name: 'test',
      clientId: 'member',
      filters: [{ filter: 'plant/#' }],
      onEvent: (event) => events.push(event),
      ...options,
    },
    {
      dial: brokerDialer(url, tls),
      clock: nodeClock(),
      random: nodeRandom(),
      meter,
      consumer: keeper,
      ...others,
    },
  );
  keeper.serve(subscriber);
  return {
    subscriber,
    keeper,
    events,
    meter,
    [Symbol.asyncDispose]: () => subscriber[Symbol.asyncDispose](),
  };
}

/** Publishes texts at QoS 1 and waits until the broker has acknowledged all. */
export async function publish(port: number, topic: string, texts: readonly string[]): Promise<void> {
  const address = { host: '127.0.0.1', port };
  const needs = { net: nodeNet(), clock: nodeClock(), random: nodeRandom() };
  await using publisher = await openPublisher({ address, clientId: `source-${process.pid}` }, needs);
  for (const text of texts)
    while (!publisher.publish(topic, new TextEncoder().encode(text))) await publisher.room();
  await publisher.drained();
}

/** `count` texts that begin with a word. */
export function texts(word: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${word} ${index}`);
}

/** Resolves when the condition holds; fails with what `seen` says after 30 s. */
export async function until(isMet: () => boolean, seen: () => unknown): Promise<void> {
  const deadline = AbortSignal.timeout(30_000);
  while (!isMet()) {
    if (deadline.aborted) throw new Error(`It never came about: ${JSON.stringify(seen())}`);
    await turn();
  }
}

/** What a client trusts and shows, of the files of an engine. */
export function trustOf({ authority, clientCert, clientKey }: EngineCertificates): TlsTrust {
  const text = (path: string): string => readFileSync(path, 'utf8');
  return {
    authority: text(authority),
    serverName: 'localhost',
    credentials: { certificate: text(clientCert), key: text(clientKey) },
  };
}
