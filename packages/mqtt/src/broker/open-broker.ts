import type {
  Address,
  Clock,
  Connection,
  FailpointHook,
  Listener,
  Logger,
  Meter,
  Net,
  Random,
  Timer,
} from '@skerry/kernel';
import type { Ingress, RetainedMessage } from '../ingress.ts';
import { REASON } from '../reason-codes.ts';
import { type BrokerLimits, limitsWith } from './broker-limits.ts';
import { BrokerMeters } from './broker-meters.ts';
import type { BrokerParts } from './broker-parts.ts';
import { ClientConnection } from './client-connection.ts';
import { FaultNotices } from './fault-notices.ts';
import { Intake } from './intake.ts';
import { loadRetained } from './retained-load.ts';
import { RetainedStore } from './retained-store.ts';
import { SessionBook } from './session-book.ts';
import { SubscriptionTree } from './subscription-tree.ts';
import { TopicBook } from './topic-book.ts';
import { Turn } from './turn.ts';

/** Choices of a broker. */
export interface BrokerOptions {
  readonly address: Address;
  /** Limits other than those of `limits.ts`. */
  readonly limits?: Partial<BrokerLimits>;
  /** Refuses CONNECT with a user name or password (0x86, 0x04); otherwise both are taken unread. */
  readonly isAnonymousOnly?: boolean;
}

/** What a broker needs. */
export interface BrokerNeeds {
  readonly net: Pick<Net, 'listen'>;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly meter: Meter;
  readonly ingress: Ingress;
  readonly failpoint: FailpointHook;
  /** Retained messages of earlier lives, oldest first; an empty payload clears. */
  readonly retained?: AsyncIterable<RetainedMessage> | Iterable<RetainedMessage>;
}

/** Where a broker stands. */
export interface BrokerFigures {
  readonly connections: number;
  readonly heldConnections: number;
  readonly sessions: number;
  readonly subscriptions: number;
  /** Publications that the ingress has and that are not durable. */
  readonly pendingPublications: number;
  readonly queuedBytes: number;
  readonly retainedMessages: number;
  readonly retainedBytes: number;
}

/**
 * An MQTT 3.1.1 and 5.0 broker. Disposing it refuses new connections, waits for the publications that are on their way
 * (at most `drainMs`), ends every connection, publishes the wills, and resolves when all that is over.
 */
export interface Broker extends AsyncDisposable {
  /** The address in force. */
  readonly address: Address;
  /** Connections at the moment, those included that have not sent CONNECT. */
  readonly connections: number;
  figures(): BrokerFigures;
}

/** Loads the retained messages and resolves when the port is bound. Fails as `Net.listen` does. */
export async function openBroker(options: BrokerOptions, needs: BrokerNeeds): Promise<Broker> {
  const broker = new OpenBroker(options, needs);
  await broker.open(options.address, needs.retained ?? []);
  return broker;
}

class OpenBroker implements Broker {
  readonly #needs: BrokerNeeds;
  readonly #parts: BrokerParts;
  readonly #intake: Intake;
  readonly #sessions: SessionBook;
  readonly #connections = new Set<ClientConnection>();
  readonly #held = new Set<ClientConnection>();
  /** Time of the ticker: a stalled process, which missed ticks, judges nobody for it. */
  #judgedMs = 0;
  #lastTickMs: number;
  #listener: Listener | undefined;
  #ticker: Timer | undefined;
  /** Resolves `#settle` when nothing is on its way, or no connection is left. */
  #onChange: (() => void) | undefined;
  #isEnding = false;

  constructor(options: BrokerOptions, needs: BrokerNeeds) {
    this.#needs = needs;
    this.#parts = partsOf(options, needs);
    this.#intake = new Intake(this.#parts, () => this.#onChange?.());
    this.#sessions = new SessionBook(this.#parts, this.#intake);
    this.#lastTickMs = needs.clock.monotonicMs();
    needs.ingress.onResume(() => this.#resume());
  }

  get address(): Address {
    if (!this.#listener) throw new TypeError('The broker is not open.');
    return this.#listener.address;
  }

  get connections(): number {
    return this.#connections.size;
  }

  figures(): BrokerFigures {
    const { tree, budget, retained } = this.#parts;
    let held = 0;
    for (const connection of this.#connections) if (connection.isHeld) held++;
    return {
      connections: this.#connections.size,
      heldConnections: held,
      sessions: this.#sessions.count,
      subscriptions: tree.count,
      pendingPublications: this.#intake.pending,
      queuedBytes: budget.bytes,
      retainedMessages: retained.count,
      retainedBytes: retained.bytes,
    };
  }

  /** Loads, listens, and begins to judge time. */
  async open(
    address: Address,
    retained: AsyncIterable<RetainedMessage> | Iterable<RetainedMessage>,
  ): Promise<void> {
    await loadRetained(this.#parts, retained);
    this.#listener = await this.#needs.net.listen(address, (connection) => this.#accept(connection));
    this.#ticker = this.#needs.clock.startTicker(this.#parts.limits.tickMs, () => this.#tick());
    this.#needs.logger.log('info', 'MQTT broker listens.', { ...this.#listener.address });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isEnding) return;
    this.#isEnding = true;
    await this.#listener?.[Symbol.asyncDispose]();
    for (const connection of this.#connections) connection.stopReading();
    await this.#settle(() => this.#intake.pending === 0);
    for (const connection of [...this.#connections]) connection.end(REASON.serverShuttingDown, 'shutdown');
    this.#sessions.endAll();
    this.#parts.turn.finish();
    await this.#settle(() => this.#intake.pending === 0 && this.#connections.size === 0);
    this.#ticker?.[Symbol.dispose]();
    if (this.#intake.owed > 0)
      this.#needs.logger.log('warn', 'Wills are lost: nothing was taken.', { count: this.#intake.owed });
    for (const connection of [...this.#connections]) connection.destroy();
    await this.#settle(() => this.#connections.size === 0);
  }

  #accept(net: Connection): void {
    const { limits, meters } = this.#parts;
    if (this.#isEnding || this.#connections.size >= limits.connectionsMax) {
      meters.floods.add(1);
      net.start({ onData: () => undefined, onDrain: () => undefined, onClose: () => undefined });
      net.destroy();
      return;
    }
    const connection = new ClientConnection(
      {
        parts: this.#parts,
        intake: this.#intake,
        sessions: this.#sessions,
        onHeldByRefusal: (held) => this.#held.add(held),
        onGone: (gone) => this.#forget(gone),
      },
      net,
      this.#judgedMs,
    );
    this.#connections.add(connection);
    meters.connections.set(this.#connections.size);
  }

  #forget(gone: ClientConnection): void {
    this.#connections.delete(gone);
    this.#held.delete(gone);
    this.#parts.meters.connections.set(this.#connections.size);
    this.#onChange?.();
  }

  /** The ingress takes something again. */
  #resume(): void {
    this.#intake.resume();
    const held = [...this.#held];
    this.#held.clear();
    for (const connection of held) connection.goOn();
    this.#parts.turn.finish();
  }

  #tick(): void {
    const { limits, clock, meters, budget, turn } = this.#parts;
    const nowMs = clock.monotonicMs();
    this.#judgedMs += Math.min(nowMs - this.#lastTickMs, limits.tickMs * 2);
    this.#lastTickMs = nowMs;
    let held = 0;
    for (const connection of this.#connections) {
      connection.tick(this.#judgedMs);
      if (connection.isHeld) held++;
    }
    this.#sessions.tick(nowMs);
    meters.held.set(held);
    meters.queuedBytes.set(budget.bytes);
    meters.unacked.set(this.#intake.pending);
    turn.finish();
  }

  /** Resolves when the condition holds, at the latest after `drainMs`. */
  #settle(isSettled: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const settle = (): void => {
        timer[Symbol.dispose]();
        this.#onChange = undefined;
        resolve();
      };
      const timer = this.#needs.clock.startTimer(this.#parts.limits.drainMs, settle);
      this.#onChange = () => {
        if (isSettled()) settle();
      };
      this.#onChange();
    });
  }
}

function partsOf(options: BrokerOptions, needs: BrokerNeeds): BrokerParts {
  const limits = limitsWith(options.limits);
  const tree: BrokerParts['tree'] = new SubscriptionTree();
  return {
    limits,
    isAnonymousOnly: options.isAnonymousOnly ?? false,
    meters: new BrokerMeters(needs.meter),
    notices: new FaultNotices(needs.logger, needs.clock),
    clock: needs.clock,
    random: needs.random,
    failpoint: needs.failpoint,
    ingress: needs.ingress,
    tree,
    topics: new TopicBook(limits, needs.ingress, tree),
    retained: new RetainedStore(limits),
    budget: { bytes: 0, bytesMax: limits.queuesBytesMax },
    turn: new Turn(),
  };
}
