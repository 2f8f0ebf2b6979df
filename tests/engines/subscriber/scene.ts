import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
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
import type { Engine, EngineCertificates } from '@skerry/testkit/engines';

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
  /** Value of a metric, of all its labels together. */
  meterOf(name: string): number;
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
      dial: brokerDialer(url, tls && (() => tls)),
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
    meterOf: (name) => metricOf(meter, name),
    [Symbol.asyncDispose]: () => subscriber[Symbol.asyncDispose](),
  };
}

function metricOf(meter: Meter, name: string): number {
  const family = meter.snapshot().find((one) => one.name === name);
  return (family?.samples ?? []).reduce((sum, { value }) => sum + value, 0);
}

/** Publishes texts with mosquitto_pub, one connection for all. */
export async function mosquittoPub(
  port: number,
  topic: string,
  lines: readonly string[],
  qos: 0 | 1 | 2,
): Promise<void> {
  const words = ['-h', '127.0.0.1', '-p', String(port), '-t', topic, '-q', String(qos), '-l'];
  const child = spawn('mosquitto_pub', words, { stdio: ['pipe', 'inherit', 'inherit'] });
  child.stdin.end(`${lines.join('\n')}\n`);
  const [code] = await once(child, 'exit');
  if (code !== 0) throw new TypeError(`mosquitto_pub ended with ${code}.`);
}

/** Removes what a mosquitto that is ended has saved. */
export function forget({ folder }: { readonly folder: string }): void {
  rmSync(databaseOf(folder));
}

/** Makes a mosquitto save; resolves when a text is in what it has saved. */
export async function saved(mosquitto: Pick<Engine, 'folder' | 'pids'>, text: string): Promise<void> {
  const { folder } = mosquitto;
  for (const pid of mosquitto.pids) process.kill(pid, 'SIGUSR1');
  const isSaved = (): boolean => {
    try {
      return readFileSync(databaseOf(folder)).includes(text);
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return false; // not yet
      throw error;
    }
  };
  await until(isSaved, () => `${text} is not saved`);
}

function databaseOf(folder: string): string {
  return join(folder, 'mosquitto.db');
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

/** Resolves when the condition holds; fails with what `seen` says after a minute. */
export async function until(isMet: () => boolean, seen: () => unknown): Promise<void> {
  const deadline = AbortSignal.timeout(60_000);
  while (!isMet()) {
    if (deadline.aborted) throw new Error(`It never came about: ${JSON.stringify(seen())}`);
    await pause(5); // engines need the processor, too
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
