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
import type { Subject } from '@skerry/model';
import type { AccessRefusal, BrokerAccess, ConnectRequest } from '../access.ts';
import type { Ingress, RetainedMessage } from '../ingress.ts';
import { REASON } from '../reason-codes.ts';
import { AccessGate, OPEN_ACCESS } from './access-gate.ts';
import { type BrokerLimits, limitsWith } from './broker-limits.ts';
import { BrokerMeters } from './broker-meters.ts';
import type { BrokerParts } from './broker-parts.ts';
import { ClientConnection } from './client-connection.ts';
import { fanOut } from './fan-out.ts';
import { FaultNotices } from './fault-notices.ts';
import { Holdings } from './holdings.ts';
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
  /** Further ways in, beside plain TCP at `address`. */
  readonly listeners?: readonly BrokerListener[];
  /** Limits other than those of `limits.ts`. */
  readonly limits?: Partial<BrokerLimits>;
  /** Refuses CONNECT with a user name or password (0x86, 0x04); otherwise both are taken unread. */
  readonly isAnonymousOnly?: boolean;
}

/** A way in: TLS, WebSocket, or another port. */
export interface BrokerListener {
  /** Stable word: `mqtts`, `ws`, `wss`. */
  readonly name: string;
  readonly isEncrypted: boolean;
  /** Resolves when it is bound; gives every connection to `onConnection`. */
  open(onConnection: (connection: Connection) => void): Promise<Listener>;
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
  /** Who may come in and do what; without it everybody may do everything. */
  readonly access?: BrokerAccess;
  /** Told of everything that a client was not allowed to do; must not throw. */
  readonly onRefused?: (refusal: AccessRefusal) => void;
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
  /** Every listener with the address in force; plain TCP is `mqtt` and comes first. */
  readonly listeners: readonly ConnectRequest['listener'][];
  /** Connections at the moment, those included that have not sent CONNECT. */
  readonly connections: number;
  figures(): BrokerFigures;
  /**
   * Ends the connections and sessions of some subjects: their rights were taken or changed. MQTT 5 is told 0x87. Their
   * wills are not published, and a CONNECT of theirs that is being judged is refused: it may come again, and is judged by
   * what is true then. Gives the number of connections that were ended.
   */
  endWhere(isEnded: (subject: Subject) => boolean, why: string): number;
  /** Hands a message of the process itself to who is subscribed now, at QoS 0; nothing of it is journalled or retained. The bytes become the broker's. */
  announce(topic: string, payload: Uint8Array): void;
}

/** Loads the retained messages and resolves when the port is bound. Fails as `Net.listen` does. */
export async function openBroker(options: BrokerOptions, needs: BrokerNeeds): Promise<Broker> {
  const broker = new OpenBroker(options, needs);
  await broker.open(options, needs.retained ?? []);
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
  readonly #open: { readonly listener: Listener; readonly facts: ConnectRequest['listener'] }[] = [];
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
    const [first] = this.#open;
    if (!first) throw new TypeError('The broker is not open.');
    return first.listener.address;
  }

  get listeners(): readonly ConnectRequest['listener'][] {
    return this.#open.map(({ facts }) => facts);
  }

  endWhere(isEnded: (subject: Subject) => boolean, why: string): number {
    let count = 0;
    this.#parts.gate.revoke(isEnded, why);
    this.#intake.forgetWills(({ rights }) => isEnded(rights.subject));
    for (const connection of [...this.#connections]) {
      const { subject } = connection;
      if (!subject || !isEnded(subject)) continue;
      connection.session.expiryMs = 0;
      connection.end(REASON.notAuthorized, 'access-revoked', why, false);
      count++;
    }
    this.#sessions.endAbsent(isEnded);
    this.#parts.turn.finish();
    return count;
  }

  announce(topic: string, payload: Uint8Array): void {
    const { topics, turn } = this.#parts;
    const entry = topics.of(topic);
    fanOut(this.#parts, entry, {
      topic,
      topicBytes: entry.bytes,
      payload,
      qos: 0,
      isRetained: false,
      properties: undefined,
      expiresMs: Number.POSITIVE_INFINITY,
      publisher: undefined,
    });
    turn.finish();
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
    { address, listeners = [] }: BrokerOptions,
    retained: AsyncIterable<RetainedMessage> | Iterable<RetainedMessage>,
  ): Promise<void> {
    await loadRetained(this.#parts, retained);
    const { net } = this.#needs;
    const plain = { name: 'mqtt', isEncrypted: false };
    await this.#listen({ ...plain, open: (onConnection) => net.listen(address, onConnection) });
    for (const listener of listeners) await this.#listen(listener);
    this.#ticker = this.#needs.clock.startTicker(this.#parts.limits.tickMs, () => this.#tick());
  }

  /** Binds one; what was bound before is given up when it cannot be. */
  async #listen({ name, isEncrypted, open }: BrokerListener): Promise<void> {
    let facts: ConnectRequest['listener'] | undefined;
    try {
      const listener = await open((connection) => {
        if (facts) this.#accept(connection, facts);
        else connection.destroy(); // came before the address was known
      });
      facts = { name, isEncrypted, address: listener.address };
      this.#open.push({ listener, facts });
    } catch (error) {
      for (const { listener } of this.#open) await listener[Symbol.asyncDispose]();
      throw error;
    }
    this.#needs.logger.log('info', 'MQTT broker listens.', { listener: name, ...facts.address });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isEnding) return;
    this.#isEnding = true;
    for (const { listener } of this.#open) await listener[Symbol.asyncDispose]();
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

  #accept(net: Connection, listener: ConnectRequest['listener']): void {
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
        listener,
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
  const { meter, logger, clock, access = OPEN_ACCESS, onRefused } = needs;
  const notices = new FaultNotices(logger, clock, 'MQTT client refused.');
  const tree: BrokerParts['tree'] = new SubscriptionTree();
  return {
    limits,
    isAnonymousOnly: options.isAnonymousOnly ?? false,
    gate: new AccessGate({ access, meter, notices, onRefused }),
    meters: new BrokerMeters(meter),
    notices: new FaultNotices(logger, clock),
    clock: needs.clock,
    random: needs.random,
    failpoint: needs.failpoint,
    ingress: needs.ingress,
    tree,
    topics: new TopicBook(limits, needs.ingress, tree),
    held: { connections: new Holdings(), subscriptions: new Holdings(), levels: new Holdings() },
    retained: new RetainedStore(limits),
    budget: { bytes: 0, bytesMax: limits.queuesBytesMax },
    turn: new Turn(),
  };
}
