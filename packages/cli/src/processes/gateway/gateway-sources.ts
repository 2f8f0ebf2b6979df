import type { Claim, HeldLease } from '@skerry/control';
import { type Clock, type Logger, type Meter, partMeter, type Random } from '@skerry/kernel';
import { nodeDisk } from '@skerry/kernel/node';
import type { RoleReport, RoleSource } from '@skerry/model';
import type { Ingress } from '@skerry/mqtt';
import { brokerDialer } from '@skerry/mqtt/node';
import {
  filterMatches,
  type IngressPart,
  SessionFile,
  type Subscriber,
  type SubscriberEvent,
  type SubscriberNeeds,
  type SubscriberOptions,
  splitIngress,
  subscribeInto,
} from '@skerry/mqtt/subscriber';
import type { SourceConfig } from '../../config/role-schema.ts';
import type { SkerryConfig } from '../../config/schema.ts';
import { sourceNotes } from '../../config/site-rules.ts';
import { ClosingIngress } from './closing-ingress.ts';
import type { GatewayLeases } from './gateway-leases.ts';
import type { GatewayReason } from './gateway-reason.ts';
import { LeftSlots, type LeftSource } from './left-slots.ts';
import { sourceOptions, sourceTls } from './source-options.ts';

/** What the sources of a gateway work with. */
export interface GatewaySourcesNeeds {
  readonly leases: GatewayLeases;
  readonly ingress: Ingress;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly meter: Meter;
}

interface Running {
  readonly source: SourceConfig;
  readonly ingress: Ingress;
  clientId: string;
  subscriber: Subscriber | undefined;
}

/** Most time for what was taken in to become durable and be acknowledged, at the end of the process. */
const LAST_WORDS_MS = 2_000;

/**
 * The subscriptions of a gateway at its brokers. A source with a shared subscription is subscribed by every gateway under
 * a client id with the number of its slot; one without by the gateway that holds the lease of the source. The sessions of
 * a slot whose gateway does not come back within its lease are emptied and ended by another (`LeftSlots`). `failed` rejects with a fault
 * that ends the process. Disposing takes in nothing more, acknowledges what was, and leaves the sessions at the brokers.
 */
export class GatewaySources implements AsyncDisposable {
  readonly failed: Promise<never>;
  readonly #config: SkerryConfig;
  readonly #needs: GatewaySourcesNeeds;
  readonly #ingress: ClosingIngress;
  readonly #running: readonly Running[];
  readonly #split: () => IngressPart;
  /** Sources whose brokers cut connections for the count of what they drop. */
  readonly #unwatched = new Set<SourceConfig>();
  #left: LeftSlots | undefined;
  readonly #ending = new AbortController();
  readonly #working: Promise<void>;
  #slot: HeldLease | undefined;
  #fail: (fault: unknown) => void = () => undefined;

  constructor(config: SkerryConfig, needs: GatewaySourcesNeeds) {
    this.#config = config;
    this.#needs = needs;
    this.#ingress = new ClosingIngress(needs.ingress);
    for (const note of sourceNotes(config)) needs.logger.log('warn', 'Look at the sources', { note });
    this.#split = splitIngress(this.#ingress);
    this.#running = config.sources.map((source) => ({
      source,
      ingress: this.#split(),
      clientId: '',
      subscriber: undefined,
    }));
    this.failed = new Promise((_, reject) => {
      this.#fail = reject;
    });
    this.failed.catch(() => undefined); // whoever awaits it is told
    const { signal } = this.#ending;
    this.#working = Promise.all([
      this.#subscribeShared(signal),
      ...this.#running.map((one) => this.#subscribeAlone(one, signal)),
    ]).then(
      () => undefined,
      (fault: unknown) => {
        if (!signal.aborted) this.#fail(fault);
      },
    );
  }

  /** What keeps messages from coming, by source, and slots of others that cannot be closed. */
  reasons(): GatewayReason[] {
    const ofSources = this.#running.flatMap(({ source, subscriber }) => {
      if (!subscriber)
        return source.share === ''
          ? [] // another gateway has it
          : [{ code: 'slot-missing', detail: `${source.name}: no slot of the group is held yet` }];
      return subscriber.state().degraded.map((why) => ({ code: 'source', detail: `${source.name}: ${why}` }));
    });
    return [...ofSources, ...(this.#left?.reasons() ?? [])];
  }

  /** The number that is held in the group; null without one. */
  get slot(): RoleReport['slot'] {
    if (!this.#slot) return null;
    const { group, number, epoch } = this.#slot.claim;
    return { group, number, epoch };
  }

  /** How each source does here, for people. */
  report(): RoleSource[] {
    return this.#running.map(({ source: { name, url, share }, clientId, subscriber }) => {
      const state = subscriber?.state();
      return {
        name,
        url,
        share,
        clientId,
        phase: state?.phase ?? (share === '' ? 'elsewhere' : 'connecting'),
        troubles: state?.degraded ?? [],
        filters: (state?.filters ?? []).map((one) => ({ ...one, granted: one.granted ?? null })),
        unacked: state?.unacked ?? 0,
        brokerDropped: state?.brokerDropped ?? null,
      };
    });
  }

  /** Publishes a message at QoS 0 at each broker from which a topic is heard; gives the number of brokers. */
  publish(heard: string, topic: string, payload: Uint8Array): number {
    const hearing = this.#running.filter(({ source }) =>
      source.topics.some((filter) => filterMatches(filter, heard)),
    );
    return hearing.filter(({ subscriber }) => subscriber?.publish(topic, payload)).length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ingress.close();
    const over = new AbortController();
    const late = this.#needs.clock.sleep(LAST_WORDS_MS, over.signal).then(() => over.abort());
    const subscribers = this.#running.flatMap(({ subscriber }) => subscriber ?? []);
    await Promise.all(subscribers.map((one) => one.drained(over.signal)));
    over.abort();
    await late;
    this.#ending.abort();
    await this.#working;
    await Promise.all(this.#running.map(({ subscriber }) => subscriber?.[Symbol.asyncDispose]()));
  }

  async #subscribeShared(signal: AbortSignal): Promise<void> {
    const shared = this.#running.filter(({ source }) => source.share !== '');
    if (shared.length === 0) return;
    const { group, ordinal } = this.#config.gateway;
    this.#slot = await this.#needs.leases.wait(ordinal < 0 ? { group } : { group, number: ordinal }, signal);
    if (!this.#slot) return;
    // started again in time it has the same number, and what is queued under it
    this.#slot.leave();
    for (const one of shared) await this.#open(one, this.#slot.claim.number, this.#slot.claim);
    if (this.#config.postgres.url === '') return;
    const { leases, clock, logger, meter } = this.#needs;
    const left = new LeftSlots(group, shared.map(this.#leftSource), {
      leases,
      clock,
      logger,
      meter,
      split: this.#split,
    });
    this.#left = left;
    await left.watch(signal);
  }

  async #subscribeAlone(one: Running, signal: AbortSignal): Promise<void> {
    if (one.source.share !== '') return;
    const group = `${this.#config.gateway.group}/${one.source.name}`;
    const lease = await this.#needs.leases.wait({ group, number: 0 }, signal);
    if (lease) await this.#open(one, 'single', lease.claim);
  }

  async #open(one: Running, slot: number | 'single', lease: Claim): Promise<void> {
    const { source, ingress } = one;
    sourceTls(source)?.(); // a file that is not there at the start is a fault of the configuration
    // without PostgreSQL nobody else has the number, and the lease is as old as the process
    const isKept = this.#config.postgres.url !== '';
    const clientId = this.#clientId(source, slot);
    const path = `${this.#config.dataDir}/sources/${encodeURIComponent(clientId)}`;
    const store = new SessionFile(
      { path, clientId, broker: source.url, ...(isKept ? { lease } : {}) },
      nodeDisk(),
    );
    one.subscriber = await this.#subscriber(source, ingress, clientId, { store });
    one.clientId = clientId;
  }

  readonly #leftSource = ({ source }: Running): LeftSource => ({
    name: source.name,
    open: (number, ingress, onEvent) => {
      const told = (event: SubscriberEvent): void => {
        onEvent(event);
        // why a connection ends is told with the slot
        if (event.type !== 'disconnected') this.#log(source, event);
      };
      const meter = partMeter(this.#needs.meter); // its gauges are no news of the source
      return this.#subscriber(source, ingress, this.#clientId(source, number), { onEvent: told, meter });
    },
  });

  #clientId({ name }: SourceConfig, slot: number | 'single'): string {
    return `${this.#config.gateway.group}-${name}-${slot}`;
  }

  #subscriber(
    source: SourceConfig,
    ingress: Ingress,
    clientId: string,
    own: Partial<Pick<SubscriberNeeds, 'store' | 'meter'> & Pick<SubscriberOptions, 'onEvent'>>,
  ): Promise<Subscriber> {
    const { clock, random, meter } = this.#needs;
    const { packetBytesMax } = this.#config.mqtt;
    const onEvent = own.onEvent ?? ((event) => this.#log(source, event));
    return subscribeInto(
      ingress,
      {
        ...sourceOptions(source),
        isWatchingDrops: !this.#unwatched.has(source),
        clientId,
        packetBytesMax,
        onEvent,
      },
      {
        dial: brokerDialer(source.url, sourceTls(source)),
        clock,
        random,
        meter: own.meter ?? meter,
        ...(own.store ? { store: own.store } : {}),
      },
    );
  }

  #log(source: SourceConfig, event: SubscriberEvent): void {
    const { logger } = this.#needs;
    if (event.type === 'drops-unwatched') this.#unwatched.add(source);
    logger.log(severityOf(event), event.why || event.type, { source: source.name, event: event.type });
  }
}

function severityOf({ type }: SubscriberEvent): 'info' | 'warn' | 'error' {
  if (type === 'connected' || type === 'subscribed') return 'info';
  const isLoss = type === 'session-lost' || type === 'broker-dropped' || type === 'oversize';
  return isLoss ? 'error' : 'warn';
}
