import { type HeldLease, holdLease, type LeaseBook, type LeaseNeeds, waitForLease } from '@skerry/control';
import type { Clock, Logger, Meter, Random } from '@skerry/kernel';
import { nodeDisk } from '@skerry/kernel/node';
import {
  type Ingress,
  type Qos,
  SessionFile,
  type Subscriber,
  type SubscriberEvent,
  splitIngress,
  subscribeInto,
} from '@skerry/mqtt';
import { brokerDialer } from '@skerry/mqtt/node';
import type { SourceConfig } from '../../config/role-schema.ts';
import type { SkerryConfig } from '../../config/schema.ts';
import { CliError } from '../../errors.ts';
import { readNamed, readSecret } from '../role.ts';

/** Why a gateway is not whole. */
export interface GatewayReason {
  readonly code: string;
  readonly detail: string;
}

/** What the sources of a gateway work with. */
export interface GatewaySourcesNeeds {
  readonly leases: LeaseBook;
  readonly ingress: Ingress;
  /** Name that stays when the process is started again on the same data folder. */
  readonly owner: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly meter: Meter;
}

interface Running {
  readonly source: SourceConfig;
  subscriber: Subscriber | undefined;
}

/** QoS of a configuration that the schema has checked. */
const QOS: readonly Qos[] = [0, 1, 2];

/**
 * The subscriptions of a gateway at its brokers. A source with a shared subscription is subscribed by every gateway under
 * a client id with the number of its slot; one without by the gateway that holds the lease of the source. `failed` rejects
 * when a lease is lost: the process must end, since another may be the same client by now.
 */
export class GatewaySources implements AsyncDisposable {
  readonly failed: Promise<never>;
  readonly #config: SkerryConfig;
  readonly #needs: GatewaySourcesNeeds;
  readonly #running: readonly Running[];
  readonly #ending = new AbortController();
  readonly #stack = new AsyncDisposableStack();
  readonly #opening: Promise<void>;
  #fail: (fault: unknown) => void = () => undefined;

  constructor(config: SkerryConfig, needs: GatewaySourcesNeeds) {
    this.#config = config;
    this.#needs = needs;
    this.#running = config.sources.map((source) => ({ source, subscriber: undefined }));
    this.failed = new Promise((_, reject) => {
      this.#fail = reject;
    });
    this.failed.catch(() => undefined); // whoever awaits it is told
    const parts = splitIngress(needs.ingress, this.#running.length);
    this.#opening = this.#openAll(parts).catch((fault: unknown) => this.#fail(fault));
  }

  /** What keeps messages from coming, by source. */
  reasons(): GatewayReason[] {
    return this.#running.flatMap(({ source, subscriber }) => {
      if (!subscriber)
        return source.share === ''
          ? [] // another gateway has it
          : [{ code: 'slot-missing', detail: `${source.name}: no slot of the group is held yet` }];
      return subscriber.state().degraded.map((why) => ({ code: 'source', detail: `${source.name}: ${why}` }));
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending.abort();
    await this.#opening;
    await this.#stack.disposeAsync();
  }

  async #openAll(parts: readonly Ingress[]): Promise<void> {
    const shared = this.#running.filter(({ source }) => source.share !== '');
    const slot = shared.length === 0 ? undefined : await this.#slot();
    await Promise.all(
      this.#running.map(async (one, i) => {
        const part = parts[i];
        const { source } = one;
        if (!part) return;
        if (source.share !== '') {
          if (slot) one.subscriber = await this.#subscribe(source, part, String(slot.claim.number));
          return;
        }
        const group = `${this.#config.gateway.group}/${source.name}`;
        const lease = await this.#lease({ group, number: 0 });
        if (lease) one.subscriber = await this.#subscribe(source, part, 'single');
      }),
    );
  }

  async #slot(): Promise<HeldLease | undefined> {
    const { group, ordinal } = this.#config.gateway;
    return await this.#lease(ordinal < 0 ? { group } : { group, number: ordinal });
  }

  /** Waits for a lease and watches it; undefined at the end of the process. */
  async #lease(wish: { readonly group: string; readonly number?: number }): Promise<HeldLease | undefined> {
    const { leases: book, clock, logger, owner } = this.#needs;
    const needs: LeaseNeeds = { book, clock, logger };
    const { signal } = this.#ending;
    const { group, number } = wish;
    const lease =
      number === undefined
        ? await holdLease({ group, owner }, needs)
        : await waitForLease({ group, number, owner }, needs, signal);
    if (!lease) return undefined;
    this.#stack.use(lease);
    const { claim } = lease;
    logger.log('info', 'A lease is held', { group: claim.group, number: claim.number, epoch: claim.epoch });
    lease.lost.addEventListener('abort', () => {
      if (signal.aborted) return;
      const words = `The lease of ${claim.group} number ${claim.number} is lost: another gateway may have it by now.`;
      this.#fail(new CliError('lease-lost', words, { group: claim.group, number: claim.number }));
    });
    return lease;
  }

  async #subscribe(source: SourceConfig, ingress: Ingress, slot: string): Promise<Subscriber> {
    const { clock, random, logger, meter } = this.#needs;
    const { name, share, topics, protocol, receiveMaximum, sessionExpirySecs, username } = source;
    const clientId = `${this.#config.gateway.group}-${name}-${slot}`;
    const prefix = share === '' ? '' : `$share/${share}/`;
    const qos = QOS[source.qos] ?? 1;
    const path = `${this.#config.dataDir}/sources/${encodeURIComponent(clientId)}`;
    const subscriber = await subscribeInto(
      ingress,
      {
        name,
        clientId,
        filters: topics.map((topic) => ({ filter: prefix + topic, qos })),
        level: protocol === '5' ? 5 : 4,
        receiveMaximum,
        sessionExpirySecs,
        packetBytesMax: this.#config.mqtt.packetBytesMax,
        isWatchingDrops: true,
        ...(username === '' ? {} : { credentials: () => credentialsOf(source) }),
        onEvent: (event) =>
          logger.log(severityOf(event), event.why || event.type, { source: name, event: event.type }),
      },
      {
        dial: brokerDialer(source.url, tlsOf(source)),
        clock,
        random,
        meter,
        store: new SessionFile({ path, clientId, broker: source.url }, nodeDisk()),
      },
    );
    this.#stack.use(subscriber);
    return subscriber;
  }
}

function credentialsOf({ username, passwordFile }: SourceConfig) {
  const password = readSecret('sources.passwordFile', passwordFile);
  return { username, ...(password === undefined ? {} : { password: new TextEncoder().encode(password) }) };
}

function tlsOf({ url, caFile, certFile, keyFile }: SourceConfig) {
  if (!/^(mqtts|wss):/.test(url)) return undefined;
  const certificate = readNamed('sources.certFile', certFile);
  const key = readNamed('sources.keyFile', keyFile);
  return {
    authority: readNamed('sources.caFile', caFile),
    ...(certificate !== undefined && key !== undefined ? { credentials: { certificate, key } } : {}),
  };
}

function severityOf({ type }: SubscriberEvent): 'info' | 'warn' | 'error' {
  if (type === 'connected' || type === 'subscribed') return 'info';
  return type === 'session-lost' || type === 'broker-dropped' ? 'error' : 'warn';
}
