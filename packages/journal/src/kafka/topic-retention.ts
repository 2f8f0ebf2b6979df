import type { Clock } from '@skerry/kernel';
import { LIMITS } from '../limits.ts';
import type { KafkaClient } from './kafka-client.ts';
import { topicSettings } from './topics.ts';

/** Milliseconds for which a topic with these settings keeps its records; undefined without a limit. */
export function retentionOf(settings: ReadonlyMap<string, string>): number | undefined {
  const retentionMs = Number(settings.get('retention.ms') ?? -1);
  return retentionMs < 0 ? undefined : retentionMs;
}

/** The retention of a topic, asked for now and then: people change it when it is near. */
export class TopicRetention {
  readonly #topic: string;
  readonly #needs: { readonly client: KafkaClient; readonly clock: Pick<Clock, 'monotonicMs'> };
  #ms: number | undefined;
  #dueMs: number;

  /** `ms`: what it is at first. */
  constructor(
    topic: string,
    ms: number | undefined,
    needs: { readonly client: KafkaClient; readonly clock: Pick<Clock, 'monotonicMs'> },
  ) {
    this.#topic = topic;
    this.#needs = needs;
    this.#ms = ms;
    this.#dueMs = needs.clock.monotonicMs() + LIMITS.kafkaRetentionEveryMs.value;
  }

  /** Milliseconds, as they were at most `LIMITS.kafkaRetentionEveryMs` ago; undefined without a limit. Fails with the `kafka-` codes. */
  async now(): Promise<number | undefined> {
    const { client, clock } = this.#needs;
    if (clock.monotonicMs() < this.#dueMs) return this.#ms;
    this.#dueMs = clock.monotonicMs() + LIMITS.kafkaRetentionEveryMs.value;
    this.#ms = retentionOf(await topicSettings(client, this.#topic));
    return this.#ms;
  }
}
