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

/** In which order brokers are asked what each of them can answer: the one that failed last comes last. */
export class BrokerOrder {
  readonly #failures = new Map<string, number>();
  #count = 0;

  /** A connection to the broker failed, ended, or was given up. */
  failed(broker: Broker): void {
    this.#failures.set(addressOf(broker), ++this.#count);
  }

  /** The brokers, each once; those that have not failed in the order given. */
  sorted(brokers: Iterable<Broker>): Broker[] {
    const unlike = new Map([...brokers].map((broker) => [addressOf(broker), broker]));
    const turn = (broker: Broker) => this.#failures.get(addressOf(broker)) ?? 0;
    return [...unlike.values()].sort((one, other) => turn(one) - turn(other));
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
    for (const event of ['client:broker:disconnect', 'client:broker:failed'] as const)
      this.on(event, ({ broker }) => order.failed(broker));
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
        if (connection.isConnected()) resolve();
        else reject(error ?? new NetworkError(`${addressOf(broker)} closed the connection.`));
      });
    });
  }
}

function addressOf({ host, port }: Broker): string {
  return `${host}:${port}`;
}
