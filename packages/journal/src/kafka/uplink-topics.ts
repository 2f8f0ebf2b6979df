import type { Clock, Logger, Random } from '@skerry/kernel';
import { JournalError } from '../errors.ts';
import { LIMITS } from '../limits.ts';
import { clusterTopics } from './cluster-topics.ts';
import type { KafkaClient } from './kafka-client.ts';
import { kafkaFault } from './kafka-fault.ts';
import { Retry } from './retry.ts';
import { DEAD_LETTER_TOPIC, type TopicLayout } from './topic-layout.ts';
import {
  deadLetterWish,
  type EnsuredTopic,
  ensureTopics,
  strengthOf,
  type TopicStrength,
  type TopicWeakness,
  type TopicWish,
  topicStrengths,
} from './topics.ts';
import { spreadOver, type TopicSpread } from './uplink-round.ts';

/** What every topic has to have for records to be sent there at all. */
export interface TopicLeast {
  readonly replicas: number;
  readonly minInSync: number;
}

/** What the topics of an uplink work with. */
export interface UplinkTopicsNeeds {
  readonly client: KafkaClient;
  readonly clock: Pick<Clock, 'sleep' | 'monotonicMs'>;
  readonly random: Pick<Random, 'float'>;
  readonly logger: Logger;
  /** By topic: numbers of the next records behind the uplink's position. */
  readonly numbers: Map<string, number[]>;
  /** Whether a topic that has more partitions than before may be spread over all of them. */
  readonly mayRespread: boolean;
  /** Told why a topic cannot be used yet. */
  onWaiting(reason: JournalError): void;
  /** Told that one can. */
  onReady(): void;
}

/** The topics that an uplink sends to: found, made, measured, and given up where Kafka will never have them. */
export class UplinkTopics {
  /** Those that are known to the rounds. */
  readonly spreads = new Map<string, TopicSpread>();
  /** What existing ones keep weaker than wished. */
  weaknesses: readonly TopicWeakness[] = [];
  readonly #layout: TopicLayout;
  readonly #wish: Omit<TopicWish, 'name'>;
  readonly #least: TopicLeast | undefined;
  readonly #needs: UplinkTopicsNeeds;
  #lookedMs = 0;

  constructor(
    options: {
      readonly layout: TopicLayout;
      readonly topics: Omit<TopicWish, 'name'>;
      readonly least?: TopicLeast | undefined;
    },
    needs: UplinkTopicsNeeds,
  ) {
    this.#layout = options.layout;
    this.#wish = options.topics;
    this.#least = options.least;
    this.#needs = needs;
    this.#lookedMs = needs.clock.monotonicMs();
  }

  /** Learns about the topics that are there from the start; tries for ever. */
  async open(signal: AbortSignal): Promise<void> {
    for (const name of [...this.#layout.fixedTopics, DEAD_LETTER_TOPIC]) await this.meet(name, signal);
  }

  /** Makes a topic known to the rounds, or sets aside what is for it when Kafka will never have it; tries for ever otherwise. */
  async meet(topic: string, signal: AbortSignal): Promise<void> {
    const retry = new Retry(this.#needs);
    while (!signal.aborted) {
      try {
        if (await this.#isTooMany(topic)) return;
        const found = await this.#ensure(topic, this.#partitionsOf(topic));
        this.#tellWeaknesses(found);
        const weak = this.#weakOf(strengthOf(found, found.minInSync));
        if (weak) throw weak;
        this.#spread(found);
        this.#needs.onReady();
        return;
      } catch (error) {
        const fault = kafkaFault(`use the Kafka topic ${topic}`, error);
        if (this.#givesUp(topic, fault)) return;
        this.#needs.onWaiting(fault);
        await retry.pause(signal);
      }
    }
  }

  /** Makes a topic anew that has gone. Gives the reason where Kafka will never have it; fails with the other `kafka-` codes. */
  async makeAgain(topic: string): Promise<JournalError | undefined> {
    this.#needs.logger.log('error', 'A Kafka topic has gone; it is made anew', { topic });
    try {
      await this.#ensure(topic, this.#partitionsOf(topic));
      return undefined;
    } catch (error) {
      const fault = kafkaFault(`make the Kafka topic ${topic}`, error);
      if (this.#givesUp(topic, fault)) return fault;
      throw fault;
    }
  }

  /** Looks from time to time whether the topics still have the least that they have to have, and waits while one has not. */
  async untilStrong(signal: AbortSignal): Promise<void> {
    const retry = new Retry(this.#needs);
    while (!signal.aborted) {
      const weak = await this.lookForWeak().catch((error: unknown) => kafkaFault('look at topics', error));
      if (!weak) return;
      this.#needs.onWaiting(weak);
      await retry.pause(signal);
    }
  }

  /** What the first topic lacks of the least, asked again after `kafkaLookEveryMs` while none lacks any. Fails with the `kafka-` codes. */
  async lookForWeak(): Promise<JournalError | undefined> {
    const { clock } = this.#needs;
    if (!this.#least || clock.monotonicMs() - this.#lookedMs < LIMITS.kafkaLookEveryMs.value)
      return undefined;
    const found = await topicStrengths(this.#needs.client, [...this.spreads.keys()]);
    const weak = found.map((one) => this.#weakOf(one)).find((fault) => fault !== undefined);
    if (!weak) this.#lookedMs = clock.monotonicMs();
    return weak;
  }

  /** Whether there are as many topics of projects as may be, this one not among them: what is for it is set aside. */
  async #isTooMany(topic: string): Promise<boolean> {
    if (this.#layout.projectOf(topic) === undefined) return false;
    const all = await this.#projectTopics();
    this.#layout.knowTopics(all);
    const { topicsMax } = this.#layout;
    const count = all.filter((name) => name !== topic && this.#layout.projectOf(name) !== undefined).length;
    if (all.includes(topic) || count < topicsMax || !this.#layout.refuseTopic(topic, 'topic-quota'))
      return false;
    const facts = { topic, topicsMax, found: count };
    this.#needs.logger.log(
      'error',
      'A project has no topic: kafka.topicsMax is reached; its records go to the dead letters',
      facts,
    );
    return true;
  }

  /** Those of the cluster where their names are ours; else those that this journal was ever sent to, since other applications' look alike. */
  async #projectTopics(): Promise<readonly string[]> {
    const { client, numbers } = this.#needs;
    if (this.#layout.layout !== 'project') return [...numbers.keys()];
    return (await clusterTopics(client)).map(({ name }) => name);
  }

  #partitionsOf(topic: string): number | undefined {
    return this.spreads.get(topic)?.next.length;
  }

  async #ensure(name: string, partitions: number | undefined): Promise<EnsuredTopic> {
    const wish = name === DEAD_LETTER_TOPIC ? deadLetterWish(this.#wish) : { ...this.#wish, name };
    const [found] = await ensureTopics(this.#needs.client, [
      { ...wish, partitions: partitions ?? wish.partitions },
    ]);
    if (!found) throw new RangeError(`Kafka has told nothing of the topic ${name}.`);
    return found;
  }

  #spread({ name, partitions, maxMessageBytes }: EnsuredTopic): void {
    const { numbers, mayRespread } = this.#needs;
    const next = spreadOver(partitions.length, numbers.get(name), mayRespread);
    numbers.set(name, [...next]);
    this.spreads.set(name, { topic: name, batchBytesMax: maxMessageBytes, next: [...next] });
  }

  #tellWeaknesses({ name, weaknesses }: EnsuredTopic): void {
    const known = this.weaknesses.filter(({ topic }) => topic === name);
    this.weaknesses = [...this.weaknesses.filter(({ topic }) => topic !== name), ...weaknesses];
    if (JSON.stringify(known) === JSON.stringify(weaknesses)) return;
    for (const weakness of weaknesses)
      this.#needs.logger.log('warn', 'A Kafka topic keeps less than configured', { ...weakness });
  }

  #weakOf({ name, replicas, minInSync }: TopicStrength): JournalError | undefined {
    if (!this.#least) return undefined;
    const { replicas: wanted, minInSync: inSyncWanted } = this.#least;
    if (replicas >= wanted && minInSync >= inSyncWanted) return undefined;
    return new JournalError(
      'kafka-weak',
      `Cannot send to the Kafka topic ${name}: found ${replicas} replicas and min.insync.replicas ${minInSync}, wanted at least ${wanted} and ${inSyncWanted}.`,
      { topic: name, replicas, minInSync },
    );
  }

  /** Whether Kafka will never have a topic of a project: names that differ only by `.` and `_` are one to it. */
  #givesUp(topic: string, fault: JournalError): boolean {
    if (fault.facts.kafka !== 'INVALID_TOPIC_EXCEPTION' || !this.#layout.refuseTopic(topic)) return false;
    this.#needs.logger.log(
      'error',
      'Kafka refuses the topic of a project; its records go to the dead letters',
      {
        topic,
        reason: fault.message,
      },
    );
    return true;
  }
}
