import type { SecureContext } from 'node:tls';
import {
  type Admin,
  type AdminOptions,
  type API,
  type Connection,
  kGetApi,
  kGetBootstrapConnection,
  kGetConnection,
  type Reader,
  type Writer,
} from '@platformatic/kafka';
import type { Clock, Logger, Random } from '@skerry/kernel';
import { LIMITS } from '../limits.ts';
import { AnsweringAdmin, BrokerOrder } from './answering-admin.ts';
import { namedTopics } from './cluster-topics.ts';
import { kafkaAnswerFault, kafkaFault } from './kafka-fault.ts';

/** Credentials towards Kafka. */
export interface KafkaSasl {
  readonly mechanism: 'PLAIN' | 'SCRAM-SHA-256' | 'SCRAM-SHA-512';
  readonly username: string;
  /** Asked for at each connection; never throws. */
  readonly password: () => string;
}

/** How a cluster is reached. */
export interface KafkaClientOptions {
  /** `host:port`, any of the cluster's. */
  readonly brokers: readonly string[];
  readonly clientId: string;
  /** Authorities, and an own certificate where brokers want one; asked for at each connection, so that the next one has what was renewed. Never throws. */
  readonly tls?: () => SecureContext;
  readonly sasl?: KafkaSasl;
  /** As `LIMITS.kafkaRequestMs` when absent. */
  readonly requestMs?: number;
}

/** What everything that talks to Kafka works with. */
export interface KafkaNeeds {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Jitter between tries. */
  readonly random: Pick<Random, 'float'>;
}

/** In place of a leader's number while a partition has none. */
export const NO_LEADER = -1;

/** What a cluster says of itself. */
export interface KafkaCluster {
  readonly id: string;
  readonly brokers: number;
}

/** A partition of a topic as the cluster has it now. */
export interface KafkaTopicPartition {
  /** Number of the broker that leads it; `NO_LEADER` while none does. */
  readonly leader: number;
  readonly leaderEpoch: number;
  readonly replicas: number;
  readonly inSync: number;
}

/** A topic as the cluster has it now. */
export interface KafkaTopic {
  readonly name: string;
  /** Given at its creation: a topic made anew has another. */
  readonly id: string;
  /** By partition number. */
  readonly partitions: readonly KafkaTopicPartition[];
}

/** Reads the body of an answer. */
export type ParseAnswer<T> = (reader: Reader) => T;

/**
 * A way to a Kafka cluster. Resolves at once: brokers may be away, `cluster` says whether one answers. Connections are
 * made when they are needed and made again when they are lost.
 */
export async function openKafkaClient(options: KafkaClientOptions, needs: KafkaNeeds): Promise<KafkaClient> {
  return new KafkaClient(options, needs);
}

/** Connections to the brokers of one cluster, one for each broker. Every method fails with a `JournalError` of a `kafka-` code. */
export class KafkaClient implements AsyncDisposable {
  readonly options: KafkaClientOptions;
  readonly needs: KafkaNeeds;
  /** The library's own client, for what needs no care: topics, configurations, groups. */
  readonly admin: Admin;
  readonly #versions = new Map<string, Promise<number>>();
  readonly #forks = new Set<KafkaClient>();
  readonly #order: BrokerOrder;
  readonly #onClosed: (one: KafkaClient) => void;

  /** For `openKafkaClient`; `order` and `onClosed` are for `fork`. */
  constructor(
    options: KafkaClientOptions,
    needs: KafkaNeeds,
    order = new BrokerOrder(),
    onClosed: (one: KafkaClient) => void = () => undefined,
  ) {
    this.options = options;
    this.needs = needs;
    this.#order = order;
    this.#onClosed = onClosed;
    this.admin = new AnsweringAdmin(libraryOptions(options), needs.clock, order);
  }

  /** The same way with connections of its own, so that a request that waits at the broker holds up nothing else. It ends with this one at the latest. */
  fork(options: Pick<KafkaClientOptions, 'requestMs'> = {}): KafkaClient {
    const one = new KafkaClient({ ...this.options, ...options }, this.needs, this.#order, (gone) => {
      this.#forks.delete(gone);
    });
    this.#forks.add(one);
    return one;
  }

  /** Asks a broker who it belongs to. */
  async cluster(): Promise<KafkaCluster> {
    const found = await this.wrap('reach Kafka', this.admin.metadata({ topics: [], forceUpdate: true }));
    return { id: found.id, brokers: found.brokers.size };
  }

  /** A topic, asked for anew. Fails with `kafka-topic-missing` too. */
  async topic(name: string): Promise<KafkaTopic> {
    // numbers of brokers are looked up in what the library knows of the cluster
    await this.cluster();
    const [found] = await namedTopics(this, [name]);
    if (!found)
      throw kafkaAnswerFault(`find the Kafka topic ${name}`, 'UNKNOWN_TOPIC_OR_PARTITION', undefined);
    return found;
  }

  /** Sends a request to a broker by its number, or to any broker without one. */
  async request<T>(
    node: number | undefined,
    api: { readonly key: number; readonly version: number },
    body: () => Writer,
    parse: ParseAnswer<T>,
  ): Promise<T> {
    return await this.requestOn(await this.connection(node), api, body, parse);
  }

  /** The same over a connection that the caller has. */
  async requestOn<T>(
    connection: Connection,
    api: { readonly key: number; readonly version: number },
    body: () => Writer,
    parse: ParseAnswer<T>,
  ): Promise<T> {
    const answer = new Promise<T>((resolve, reject) => {
      connection.send<T>(
        api.key,
        api.version,
        body,
        (_correlation, _key, _version, reader) => parse(reader),
        true,
        true,
        (error, payload) => {
          if (error) reject(error);
          else resolve(payload as T); // without an error there is an answer
        },
      );
    });
    return this.wrap('talk to Kafka', answer);
  }

  /** An open connection to a broker by its number, or to any broker without one. For `NO_LEADER` it fails with `kafka-unsteady`. */
  async connection(node: number | undefined): Promise<Connection> {
    if (node === NO_LEADER) throw kafkaAnswerFault('connect to Kafka', 'LEADER_NOT_AVAILABLE', undefined);
    const { admin } = this;
    const opening = new Promise<Connection>((resolve, reject) => {
      const done = (error: Error | null, connection?: Connection): void => {
        if (connection && !error) resolve(connection);
        else reject(error ?? new Error('no connection'));
      };
      if (node === undefined) admin[kGetBootstrapConnection](done);
      else {
        const broker = admin.currentMetadata?.brokers.get(node);
        if (broker) admin[kGetConnection](broker, done);
        else reject(Object.assign(new Error(`broker ${node} is not known`), { code: 'PLT_KFK_NETWORK' }));
      }
    });
    return this.wrap('connect to Kafka', opening);
  }

  /** The library's function for an API in the newest version that both sides know. */
  api<A extends unknown[], T>(name: string): Promise<API<A, T>> {
    const finding = new Promise<API<A, T>>((resolve, reject) => {
      this.admin[kGetApi]<A, T>(name, (error, api) => {
        if (api && !error) resolve(api);
        else reject(error ?? new Error(`no version of ${name}`));
      });
    });
    return this.wrap(`agree with Kafka on ${name}`, finding);
  }

  /** The newest version of an API within bounds that both sides know; fails with `kafka-refused` without one. */
  version(name: string, least: number, most: number): Promise<number> {
    const known = this.#versions.get(name);
    if (known) return known;
    const asking = this.#askVersion(name, least, most);
    this.#versions.set(name, asking);
    asking.catch(() => this.#versions.delete(name));
    return asking;
  }

  /** Waits for the library and turns its faults into those of the journal. */
  async wrap<T>(action: string, work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      throw kafkaFault(action, error);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#onClosed(this);
    for (const one of this.#forks) await one[Symbol.asyncDispose]();
    await this.admin.close();
  }

  async #askVersion(name: string, least: number, most: number): Promise<number> {
    const apis = await this.wrap('ask Kafka for its versions', this.admin.listApis());
    const found = apis.find((one) => one.name === name);
    const version = Math.min(most, found?.maxVersion ?? -1);
    if (!found || version < Math.max(least, found.minVersion))
      throw kafkaFault(
        'talk to Kafka',
        new Error(`the broker speaks ${name} up to version ${found?.maxVersion}, and ${least} is wanted`),
      );
    return version;
  }
}

/** A name may be told to a broker in the handshake, an address may not (RFC 6066, 3). */
function isIpAddress(broker: string): boolean {
  return /^(\d+\.){3}\d+(:\d+)?$/.test(broker) || broker.startsWith('[');
}

function libraryOptions(options: KafkaClientOptions): AdminOptions {
  const { brokers, clientId, tls, sasl, requestMs } = options;
  return {
    clientId,
    bootstrapBrokers: [...brokers],
    // every caller here decides itself what it does again, and tells the reason meanwhile
    retries: 0,
    connectTimeout: LIMITS.kafkaConnectMs.value,
    requestTimeout: requestMs ?? LIMITS.kafkaRequestMs.value,
    timeout: requestMs ?? LIMITS.kafkaRequestMs.value,
    ...(sasl && { sasl }),
    ...(tls && tlsOptions(tls, brokers)),
  };
}

function tlsOptions(
  contextNow: () => SecureContext,
  brokers: readonly string[],
): Pick<AdminOptions, 'tls' | 'tlsServerName'> {
  const tls = {
    // looked at by the library at each connection
    get secureContext() {
      return contextNow();
    },
  };
  return { tls, tlsServerName: !brokers.some(isIpAddress) };
}
