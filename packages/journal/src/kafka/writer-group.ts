import { JournalError } from '../errors.ts';
import { LIMITS } from '../limits.ts';
import { GroupProtocol, type Membership } from './group-protocol.ts';
import type { KafkaClient } from './kafka-client.ts';
import { kafkaFault } from './kafka-fault.ts';
import {
  assignPartitions,
  type GroupMember,
  partitionText,
  type TopicPartition,
} from './partition-assignment.ts';
import { Retry } from './retry.ts';

/** How a group is joined. */
export interface WriterGroupOptions {
  readonly client: KafkaClient;
  readonly group: string;
  /** Topics to share out with their count of partitions, asked again at each round; a change is seen within `topicsEveryMs`. */
  topics(): Promise<ReadonlyMap<string, number>>;
  /** As `LIMITS.kafkaSessionMs` when absent. */
  readonly sessionMs?: number;
  /** As `LIMITS.kafkaRebalanceMs` when absent. */
  readonly rebalanceMs?: number;
  /** How often the leader looks for new topics and partitions; 30 s when absent. */
  readonly topicsEveryMs?: number;
}

/** What a member does with partitions. Calls never overlap. */
export interface WriterGroupHandlers {
  /** These are ours now. */
  assigned(partitions: readonly TopicPartition[]): Promise<void>;
  /**
   * These go to others as soon as it resolves: until then nobody else is given them, unless the member is silent for
   * longer than the session or takes longer than the rebalance may. `isLost`: others may have them already.
   */
  revoked(partitions: readonly TopicPartition[], isLost: boolean): Promise<void>;
}

/** Membership in a group of writers. */
export interface WriterGroup extends AsyncDisposable {
  /** What this member works on. */
  readonly owned: readonly TopicPartition[];
  /** Number of the round of sharing out; -1 before the first. */
  readonly generation: number;
  /** Why the coordinator cannot be reached, while it cannot. */
  readonly trouble: JournalError | undefined;
  /** Tells positions to Kafka, for tools that show the lag of groups. Fails with the `kafka-` codes. */
  commit(positions: readonly (TopicPartition & { readonly offset: number })[]): Promise<void>;
  /** Rejects when a handler failed, or when Kafka will never let the member in; resolves when it was disposed of. */
  readonly ended: Promise<void>;
}

const TOPICS_EVERY_MS = 30_000;
const JOIN_MARGIN_MS = 15_000;
const LOST: readonly string[] = ['UNKNOWN_MEMBER_ID', 'ILLEGAL_GENERATION', 'FENCED_INSTANCE_ID'];
const REBALANCE = 'REBALANCE_IN_PROGRESS';
const FOR_GOOD: readonly string[] = [
  'INCONSISTENT_GROUP_PROTOCOL',
  'INVALID_SESSION_TIMEOUT',
  'INVALID_GROUP_ID',
  'GROUP_MAX_SIZE_REACHED',
];

/**
 * Joins a group of writers by Kafka's classic group protocol, with cooperative hand-over: a partition that has to move
 * is first given up by its owner, whose `revoked` is awaited while heartbeats go on, and only then given to another.
 * Resolves at once: Kafka may be away, and members are let in when it is there. Disposing gives everything up, then leaves.
 */
export async function joinWriterGroup(
  options: WriterGroupOptions,
  handlers: WriterGroupHandlers,
): Promise<WriterGroup> {
  const member = new GroupWriter(options, handlers);
  member.start();
  return member;
}

type Change = 'rebalance' | 'lost';

/** A handler failed: that ends the membership. */
class HandlerFailure extends Error {}

class GroupWriter implements WriterGroup {
  readonly ended: Promise<void>;
  readonly #options: WriterGroupOptions;
  readonly #handlers: WriterGroupHandlers;
  readonly #client: KafkaClient;
  readonly #protocol: GroupProtocol;
  readonly #stop = new AbortController();
  readonly #sessionMs: number;
  readonly #rebalanceMs: number;
  #memberId = '';
  #generation = -1;
  #owned: readonly TopicPartition[] = [];
  #trouble: JournalError | undefined;
  /** Topics and partitions as the leader last shared them out. */
  #shared = '';
  #settleEnded: (error?: unknown) => void = () => undefined;
  #running: Promise<void> = Promise.resolve();

  constructor(options: WriterGroupOptions, handlers: WriterGroupHandlers) {
    this.#options = options;
    this.#handlers = handlers;
    this.#sessionMs = options.sessionMs ?? LIMITS.kafkaSessionMs.value;
    this.#rebalanceMs = options.rebalanceMs ?? LIMITS.kafkaRebalanceMs.value;
    // a join is answered when all members have joined
    this.#client = options.client.fork({ requestMs: this.#rebalanceMs + JOIN_MARGIN_MS });
    this.#protocol = new GroupProtocol(this.#client, options.group);
    this.ended = new Promise((resolve, reject) => {
      this.#settleEnded = (error) => (error === undefined ? resolve() : reject(error));
    });
    // whoever does not look at it sees it in `trouble` and in the log
    this.ended.catch(() => undefined);
  }

  get owned(): readonly TopicPartition[] {
    return this.#owned;
  }

  get generation(): number {
    return this.#generation;
  }

  get trouble(): JournalError | undefined {
    return this.#trouble;
  }

  start(): void {
    this.#running = this.#run().then(
      () => this.#settleEnded(),
      (error: unknown) => {
        const reason = error instanceof HandlerFailure ? error.cause : error;
        this.#settleEnded(reason ?? new JournalError('kafka-refused', 'The group failed.'));
      },
    );
  }

  async commit(positions: readonly (TopicPartition & { readonly offset: number })[]): Promise<void> {
    await this.#protocol.commit(this.#membership(), positions);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#running;
    await this.#client[Symbol.asyncDispose]();
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    const retry = new Retry(this.#client.needs);
    try {
      while (!signal.aborted) {
        try {
          await this.#round();
          retry.reset();
          this.#trouble = undefined;
        } catch (error) {
          await this.#recover(error, retry);
        }
      }
    } finally {
      await this.#giveUp();
    }
  }

  /** One round: join, share out, hand over, then stay until the next begins. */
  async #round(): Promise<void> {
    const { group } = this.#options;
    const topics = [...(await this.#options.topics()).keys()];
    const joined = await this.#protocol.join({
      group,
      topics,
      sessionMs: this.#sessionMs,
      rebalanceMs: this.#rebalanceMs,
      memberId: this.#memberId,
      owned: this.#owned,
      generation: this.#generation,
    });
    this.#memberId = joined.memberId;
    this.#generation = joined.generation;
    const decided = joined.members
      ? await this.#shareOut(joined.members)
      : new Map<string, TopicPartition[]>();
    const share = await this.#protocol.sync(this.#membership(), decided);
    this.#trouble = undefined;
    const beats = new AbortController();
    const change = Promise.withResolvers<Change>();
    const beating = this.#beat(joined.members !== undefined, beats.signal, change.resolve);
    try {
      const hasGivenUp = await this.#handOver(share);
      // what was given up can go to its next owner in another round, at once
      if (hasGivenUp) return;
      const found = await Promise.race([change.promise, aborted(this.#stop.signal)]);
      if (found === 'lost') await this.#lose();
    } finally {
      beats.abort();
      await beating;
    }
  }

  /** True when something was given up. */
  async #handOver(share: readonly TopicPartition[]): Promise<boolean> {
    const wanted = new Set(share.map(partitionText));
    const had = new Set(this.#owned.map(partitionText));
    const revoked = this.#owned.filter((one) => !wanted.has(partitionText(one)));
    const added = share.filter((one) => !had.has(partitionText(one)));
    if (revoked.length > 0) {
      await this.#call(() => this.#handlers.revoked(revoked, false));
      this.#owned = this.#owned.filter((one) => wanted.has(partitionText(one)));
    }
    if (added.length > 0) {
      this.#owned = [...this.#owned, ...added];
      await this.#call(() => this.#handlers.assigned(added));
    }
    return revoked.length > 0;
  }

  async #lose(): Promise<void> {
    const lost = this.#owned;
    this.#owned = [];
    this.#memberId = '';
    this.#generation = -1;
    if (lost.length > 0) await this.#call(() => this.#handlers.revoked(lost, true));
  }

  async #call(handler: () => Promise<void>): Promise<void> {
    try {
      await handler();
    } catch (cause) {
      throw new HandlerFailure('A handler of the group failed.', { cause });
    }
  }

  async #shareOut(members: readonly GroupMember[]): Promise<Map<string, TopicPartition[]>> {
    const read = new Set(members.flatMap(({ topics }) => topics));
    // a topic that came after the members had said what they read is shared out in another round
    const counts = [...(await this.#countPartitions())].filter(([topic]) => read.has(topic));
    this.#shared = JSON.stringify(counts);
    return assignPartitions(members, new Map(counts));
  }

  async #countPartitions(): Promise<Map<string, number>> {
    return new Map([...(await this.#options.topics())].sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  /** Says that the member lives until `signal` is aborted or it is out; tells what changes, once. Goes on in a rebalance: handing over may take its time. */
  async #beat(isLeader: boolean, signal: AbortSignal, onChange: (change: Change) => void): Promise<void> {
    const { clock } = this.#client.needs;
    const everyMs = Math.min(3000, this.#sessionMs / 4);
    let lookedMs = clock.monotonicMs();
    while (!signal.aborted) {
      await clock.sleep(everyMs, signal);
      if (signal.aborted) return;
      try {
        await this.#protocol.beat(this.#membership());
        this.#trouble = undefined;
        const isDue = clock.monotonicMs() - lookedMs >= (this.#options.topicsEveryMs ?? TOPICS_EVERY_MS);
        if (!isLeader || !isDue) continue;
        lookedMs = clock.monotonicMs();
        if (JSON.stringify([...(await this.#countPartitions())]) !== this.#shared) onChange('rebalance');
      } catch (error) {
        const fault = kafkaFault('stay in the group', error);
        const id = String(fault.facts.kafka);
        if (id === REBALANCE) onChange('rebalance');
        else if (LOST.includes(id)) return onChange('lost');
        else this.#meetTrouble(fault);
      }
    }
  }

  async #recover(error: unknown, retry: Retry): Promise<void> {
    if (!(error instanceof JournalError)) throw error;
    const id = String(error.facts.kafka);
    if (FOR_GOOD.includes(id)) throw error;
    if (id === 'MEMBER_ID_REQUIRED') {
      this.#memberId = memberIdIn(error) ?? '';
      return;
    }
    if (id === REBALANCE) return;
    if (LOST.includes(id)) await this.#lose();
    else this.#meetTrouble(error);
    await retry.pause(this.#stop.signal);
  }

  #meetTrouble(fault: JournalError): void {
    const { logger } = this.#client.needs;
    const { group } = this.#options;
    if (!this.#trouble)
      logger.log('warn', 'The coordinator of the group cannot be reached', { group, reason: fault.message });
    this.#trouble = fault;
    this.#protocol.forget();
  }

  /** Gives up what is owned, with heartbeats meanwhile, and leaves. */
  async #giveUp(): Promise<void> {
    const over = new AbortController();
    const isMember = this.#memberId !== '';
    const beating = isMember ? this.#beat(false, over.signal, () => undefined) : undefined;
    try {
      if (this.#owned.length > 0) await this.#call(() => this.#handlers.revoked(this.#owned, false));
      this.#owned = [];
    } finally {
      over.abort();
      await beating;
      if (isMember) await this.#leave();
    }
  }

  async #leave(): Promise<void> {
    try {
      await this.#protocol.leave(this.#membership());
    } catch (error) {
      // Kafka gives the partitions to others after the session instead
      this.#meetTrouble(kafkaFault('leave the group', error));
    }
  }

  #membership(): Membership {
    return { group: this.#options.group, memberId: this.#memberId, generation: this.#generation };
  }
}

function memberIdIn(error: JournalError): string | undefined {
  for (let one: unknown = error.cause; one instanceof Error; one = one.cause) {
    const { response } = one as { readonly response?: { readonly memberId?: unknown } }; // a member that the library's answers have
    if (typeof response?.memberId === 'string') return response.memberId;
    if (one instanceof AggregateError && one.errors[0] instanceof Error) {
      const { memberId } = one.errors[0] as { readonly memberId?: unknown }; // likewise
      if (typeof memberId === 'string') return memberId;
    }
  }
  return undefined;
}

function aborted(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(undefined);
    else signal.addEventListener('abort', () => resolve(undefined), { once: true });
  });
}
