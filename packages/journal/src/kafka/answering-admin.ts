import {
  Admin,
  type AdminOptions,
  apiVersionsV1,
  type Broker,
  type Callback,
  type Connection,
  kGetBootstrapConnection,
  kGetConnection,
  MultipleErrors,
  NetworkError,
  parseBroker,
} from '@platformatic/kafka';
import type { Clock } from '@skerry/kernel';
import { LIMITS } from '../limits.ts';

/**
 * In which order brokers are asked what each of them can answer: those of which nothing is known, then those whose
 * connection ended, then those that were refused or answered nothing; the one of which that is known longest first.
 */
export class BrokerOrder {
  readonly #marks = new Map<string, { readonly isFailed: boolean; readonly at: number }>();
  #count = 0;

  /** It could not be connected to, or answered nothing. */
  failed(broker: Broker): void {
    this.#marks.set(addressOf(broker), { isFailed: true, at: ++this.#count });
  }

  /** A connection to it ended, perhaps since nobody used it. */
  ended(broker: Broker): void {
    if (this.#marks.get(addressOf(broker))?.isFailed) return;
    this.#marks.set(addressOf(broker), { isFailed: false, at: ++this.#count });
  }

  answered(broker: Broker): void {
    this.#marks.delete(addressOf(broker));
  }

  /** The brokers, each once; those of which nothing is known in the order given. */
  sorted(brokers: Iterable<Broker>): Broker[] {
    const unlike = new Map([...brokers].map((broker) => [addressOf(broker), broker]));
    const turn = (broker: Broker) => {
      const mark = this.#marks.get(addressOf(broker));
      return mark ? ([Number(mark.isFailed), mark.at] as const) : ([-1, 0] as const);
    };
    return [...unlike.values()]
      .map((broker) => ({ broker, turn: turn(broker) }))
      .sort((one, other) => one.turn[0] - other.turn[0] || one.turn[1] - other.turn[1])
      .map(({ broker }) => broker);
  }
}

/**
 * The library's client, which asks any broker only over a connection on which that broker has answered before: one that
 * takes connections and answers nothing (frozen, or another server behind the address) costs `LIMITS.kafkaConnectMs`
 * once and is asked last from then on. The library itself takes the first that can be connected to, each time.
 */
export class AnsweringAdmin extends Admin {
  readonly #clock: Clock;
  readonly #order: BrokerOrder;
  readonly #brokers: readonly Broker[];
  readonly #checks = new WeakMap<Connection, Promise<void>>();

  /** The order is shared by the clients of one cluster, so that each failure is met once. */
  constructor(options: AdminOptions, clock: Clock, order: BrokerOrder) {
    super(options);
    this.#clock = clock;
    this.#order = order;
    this.#brokers = options.bootstrapBrokers.map((broker) => parseBroker(broker));
    this.on('client:broker:failed', ({ broker }) => order.failed(broker));
    this.on('client:broker:disconnect', ({ broker }) => {
      if (!this.closed) order.ended(broker);
    });
  }

  override [kGetBootstrapConnection](callback: Callback<Connection>): void {
    const known = this.currentMetadata?.brokers.values() ?? [];
    this.#firstAnswering(this.#order.sorted([...this.#brokers, ...known])).then(
      (connection) => callback(null, connection),
      (fault: Error) => callback(fault, undefined),
    );
  }

  async #firstAnswering(brokers: readonly Broker[]): Promise<Connection> {
    const faults: Error[] = [];
    for (const broker of brokers) {
      try {
        const connection = await this.#connect(broker);
        await this.#checked(broker, connection);
        return connection;
      } catch (fault) {
        faults.push(fault as Error); // the library rejects with errors only
      }
    }
    throw new MultipleErrors('Cannot connect to any broker.', faults);
  }

  #connect(broker: Broker): Promise<Connection> {
    return new Promise((resolve, reject) => {
      this[kGetConnection](broker, (error, connection) => {
        if (connection && !error) resolve(connection);
        else reject(error ?? new NetworkError(`No connection to ${addressOf(broker)}.`));
      });
    });
  }

  #checked(broker: Broker, connection: Connection): Promise<void> {
    const known = this.#checks.get(connection);
    if (known) return known;
    const checking = this.#check(broker, connection);
    this.#checks.set(connection, checking);
    return checking;
  }

  /** Whatever it answers to the request that every broker knows, it answers. */
  #check(broker: Broker, connection: Connection): Promise<void> {
    return new Promise((resolve, reject) => {
      const { value: ms } = LIMITS.kafkaConnectMs;
      const timer = this.#clock.startTimer(ms, () => {
        this.#order.failed(broker);
        reject(
          new NetworkError(`${addressOf(broker)} took the connection and answered nothing for ${ms} ms.`),
        );
        connection.close(() => undefined);
      });
      apiVersionsV1.api(connection, 'skerry', '1', (error) => {
        timer[Symbol.dispose]();
        if (connection.isConnected()) {
          this.#order.answered(broker);
          resolve();
        } else reject(error ?? new NetworkError(`${addressOf(broker)} closed the connection.`));
      });
    });
  }
}

function addressOf({ host, port }: Broker): string {
  return `${host}:${port}`;
}
