import { type Clock, CodedError } from '@skerry/kernel';
import { Qos2Receiver } from '../broker/qos2-receiver.ts';
import { protocolError } from '../errors.ts';
import { LIMITS } from '../limits.ts';
import type { KeptChange, SubscriberSessionStore } from './session-store.ts';

/** What an inbox tells its subscriber. */
export interface Qos2Events {
  /** PUBREC is due on the connection of now. */
  onPubrec(packetId: number): void;
  /** PUBCOMP is due on the connection of now; `isKnown` is false for an identifier that was released before. */
  onPubcomp(packetId: number, isKnown: boolean): void;
  /** A change could not be written and will be tried again. */
  onStoreFault(error: CodedError): void;
}

interface Step {
  readonly change: KeptChange;
  readonly then: () => void;
}

/**
 * QoS 2 as a receiver: a packet identifier is taken once until PUBREL [MQTT-4.3.3-10], over connections and, by the store,
 * over restarts. A message is durable first, then its identifier, then PUBREC goes out; the release of an identifier is
 * durable before PUBCOMP.
 */
export class Qos2Inbox {
  #receiver = new Qos2Receiver();
  readonly #store: SubscriberSessionStore;
  readonly #clock: Pick<Clock, 'sleep'>;
  readonly #events: Qos2Events;
  readonly #signal: AbortSignal;
  #steps: Step[] = [];
  #isWriting = false;
  /** Counts connections: what was begun on an earlier one is not answered on this one. */
  #generation = 0;
  /** Came again on this connection while their first copy was not durable. */
  readonly #repeated = new Set<number>();

  constructor(
    store: SubscriberSessionStore,
    clock: Pick<Clock, 'sleep'>,
    events: Qos2Events,
    signal: AbortSignal,
  ) {
    this.#store = store;
    this.#clock = clock;
    this.#events = events;
    this.#signal = signal;
  }

  /** Identifiers that are not free. */
  get count(): number {
    return this.#receiver.count;
  }

  /** Takes in what was kept over a restart. */
  restore(packetIds: readonly number[]): void {
    for (const packetId of packetIds) {
      this.#receiver.apply(packetId, 'publish');
      this.#receiver.apply(packetId, 'durable');
    }
  }

  /** A connection began; without a session that goes on every identifier is free. */
  beginConnection(isSessionPresent: boolean): void {
    this.#generation++;
    this.#repeated.clear();
    if (!isSessionPresent) this.#receiver = new Qos2Receiver();
  }

  /** PUBLISH of QoS 2 came: true when it is to be taken, false when it was before. */
  takePublish(packetId: number): boolean {
    const action = this.#receiver.apply(packetId, 'publish');
    if (action === 'wait') this.#repeated.add(packetId);
    if (action === 'pubrec') this.#events.onPubrec(packetId);
    return action === 'store';
  }

  /** The message is durable. `isCurrent`: it came on this connection. */
  noteDurable(packetId: number, isCurrent: boolean): void {
    const generation = this.#generation;
    this.#add({ kind: 'kept', packetId }, () => {
      if (this.#receiver.apply(packetId, 'durable') !== 'pubrec') return;
      const isAwaited = (isCurrent && generation === this.#generation) || this.#repeated.has(packetId);
      this.#repeated.delete(packetId);
      if (isAwaited) this.#events.onPubrec(packetId);
    });
  }

  /** PUBREL came. Throws `protocol-error` when it is too early. */
  takePubrel(packetId: number): void {
    const state = this.#receiver.state(packetId);
    if (state === 'storing') throw protocolError(`PUBREL ${packetId} came before its PUBREC.`, { packetId });
    if (state === 'free') {
      this.#events.onPubcomp(packetId, false);
      return;
    }
    const generation = this.#generation;
    this.#add({ kind: 'released', packetId }, () => {
      if (generation !== this.#generation) return; // the broker says PUBREL again
      this.#receiver.apply(packetId, 'pubrel');
      this.#events.onPubcomp(packetId, true);
    });
  }

  /** Writes a change of the session behind those before it; resolves when it is durable, or when all is given up. */
  write(change: KeptChange): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const settle = (): void => {
      this.#signal.removeEventListener('abort', settle);
      resolve();
    };
    this.#signal.addEventListener('abort', settle, { once: true });
    this.#add(change, settle);
    return promise;
  }

  #add(change: KeptChange, then: () => void): void {
    this.#steps.push({ change, then });
    if (this.#isWriting) return;
    this.#isWriting = true;
    queueMicrotask(() => void this.#drain()); // a disk that failed for good ends the process
  }

  /** One write for all that came since the last one. */
  async #drain(): Promise<void> {
    while (this.#steps.length > 0) {
      const steps = this.#steps;
      this.#steps = [];
      if (!(await this.#isWritten(steps.map(({ change }) => change)))) return;
      for (const { then } of steps) then();
    }
    this.#isWriting = false;
  }

  /** False when it was given up. A fault that passes is waited for. */
  async #isWritten(changes: readonly KeptChange[]): Promise<boolean> {
    while (!this.#signal.aborted) {
      try {
        await this.#store.write(changes);
        return true;
      } catch (error) {
        if (!(error instanceof CodedError) || error.advice !== 'retry') throw error;
        this.#events.onStoreFault(error);
        await this.#clock.sleep(LIMITS.sessionStoreRetryMs.value, this.#signal);
      }
    }
    return false;
  }
}
