import type { HeldLease } from '@skerry/control';
import { type Clock, CodedError, type Logger, type Meter, type Random } from '@skerry/kernel';
import { nodeDisk } from '@skerry/kernel/node';
import type { RoleReport, RoleSource } from '@skerry/model';
import {
  filterMatches,
  type Ingress,
  SessionFile,
  type Subscriber,
  type SubscriberEvent,
  splitIngress,
  subscribeInto,
} from '@skerry/mqtt';
import { brokerDialer } from '@skerry/mqtt/node';
import type { SourceConfig } from '../../config/role-schema.ts';
import type { SkerryConfig } from '../../config/schema.ts';
import { ClosingIngress } from './closing-ingress.ts';
import type { GatewayLeases } from './gateway-leases.ts';
import type { GatewayReason } from './gateway-reason.ts';
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
  /** For sessions of gateways that have not come back; each is emptied before the next. */
  readonly adopting: Ingress;
  clientId: string;
  subscriber: Subscriber | undefined;
}

const LOOKS_PER_LEASE = 3;
/** Most time for what was taken in to become durable and be acknowledged, at the end of the process. */
const LAST_WORDS_MS = 2_000;

/**
 * The subscriptions of a gateway at its brokers. A source with a shared subscription is subscribed by every gateway under
 * a client id with the number of its slot; one without by the gateway that holds the lease of the source. The sessions of
 * a slot whose gateway does not come back within its lease are emptied and ended by another. `failed` rejects with a fault
 * that ends the process. Disposing takes in nothing more, acknowledges what was, and leaves the sessions at the brokers.
 */
export class GatewaySources implements AsyncDisposable {
  readonly failed: Promise<never>;
  readonly #config: SkerryConfig;
  readonly #needs: GatewaySourcesNeeds;
  readonly #ingress: ClosingIngress;
  readonly #running: readonly Running[];
  readonly #ending = new AbortController();
  readonly #working: Promise<void>;
  #slot: HeldLease | undefined;
  #fail: (fault: unknown) => void = () => undefined;

  constructor(config: SkerryConfig, needs: GatewaySourcesNeeds) {
    this.#config = config;
    this.#needs = needs;
    this.#ingress = new ClosingIngress(needs.ingress);
    const parts = splitIngress(this.#ingress, 2 * config.sources.length);
    this.#running = config.sources.map((source, i) => ({
      source,
      ingress: parts[2 * i] as Ingress, // there are twice as many as sources
      adopting: parts[2 * i + 1] as Ingress, // as above
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
    for (const one of shared) await this.#open(one, this.#slot.claim.number);
    if (this.#config.postgres.url !== '') await this.#adoptAll(shared, signal);
  }

  async #subscribeAlone(one: Running, signal: AbortSignal): Promise<void> {
    if (one.source.share !== '') return;
    const group = `${this.#config.gateway.group}/${one.source.name}`;
    const lease = await this.#needs.leases.wait({ group, number: 0 }, signal);
    if (lease) await this.#open(one, 'single');
  }

  async #open(one: Running, slot: number | 'single'): Promise<void> {
    const { source, ingress } = one;
    const clientId = this.#clientId(source, slot);
    const path = `${this.#config.dataDir}/sources/${encodeURIComponent(clientId)}`;
    const store = new SessionFile({ path, clientId, broker: source.url }, nodeDisk());
    one.subscriber = await this.#subscriber(source, ingress, clientId, store);
    one.clientId = clientId;
  }

  /**
   * Looks for slots whose gateway has not come back, for ever. Two looks in a row have to find one: after a pause of the
   * whole machine, or a jump of its clock, all leases have run out and their gateways are about to renew them.
   */
  async #adoptAll(shared: readonly Running[], signal: AbortSignal): Promise<void> {
    const { leases, clock } = this.#needs;
    const { group } = this.#config.gateway;
    let before: readonly number[] = [];
    while (!signal.aborted) {
      await clock.sleep(leases.leaseMs / LOOKS_PER_LEASE, signal);
      if (signal.aborted) return;
      const orphans = await leases.orphans(group);
      for (const number of orphans) if (before.includes(number)) await this.#adopt(shared, number, signal);
      before = orphans;
    }
  }

  /** Empties and ends the sessions of one slot. A broker that goes meanwhile leaves it for the next look. */
  async #adopt(shared: readonly Running[], number: number, signal: AbortSignal): Promise<void> {
    const { leases, logger, meter } = this.#needs;
    await using lease = await leases.adopt(this.#config.gateway.group, number);
    if (!lease) return;
    try {
      for (const { source, adopting } of shared) {
        const subscriber = await this.#subscriber(source, adopting, this.#clientId(source, number));
        await subscriber.endSession(signal);
        if (signal.aborted) return;
      }
    } catch (fault) {
      if (!(fault instanceof CodedError)) throw fault;
      logger.log('warn', 'A slot that was left could not be closed', { number, reason: fault.message });
      return;
    }
    lease.close();
    meter
      .counter('iot_gateway_slots_adopted_total', 'Slots of gateways that did not come back, emptied.')
      .add(1);
    logger.log('warn', 'A slot whose gateway did not come back is emptied and closed', { number });
  }

  #clientId({ name }: SourceConfig, slot: number | 'single'): string {
    return `${this.#config.gateway.group}-${name}-${slot}`;
  }

  #subscriber(
    source: SourceConfig,
    ingress: Ingress,
    clientId: string,
    store?: SessionFile,
  ): Promise<Subscriber> {
    const { clock, random, logger, meter } = this.#needs;
    const { packetBytesMax } = this.#config.mqtt;
    const onEvent = (event: SubscriberEvent): void =>
      logger.log(severityOf(event), event.why || event.type, { source: source.name, event: event.type });
    return subscribeInto(
      ingress,
      { ...sourceOptions(source), clientId, packetBytesMax, onEvent },
      {
        dial: brokerDialer(source.url, sourceTls(source)),
        clock,
        random,
        meter,
        ...(store ? { store } : {}),
      },
    );
  }
}

function severityOf({ type }: SubscriberEvent): 'info' | 'warn' | 'error' {
  if (type === 'connected' || type === 'subscribed') return 'info';
  return type === 'session-lost' || type === 'broker-dropped' ? 'error' : 'warn';
}
