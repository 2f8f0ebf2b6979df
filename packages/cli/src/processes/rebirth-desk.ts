import type { Clock, Counter, Logger, Meter } from '@skerry/kernel';
import { type RebirthCause, type RebirthWanted, rebirthTopic } from '@skerry/pipeline';
import { LIMITS } from '../limits.ts';

/** What the desk works with. */
export interface RebirthDeskNeeds {
  /** Sends the command on its way; false when that cannot be done now. */
  readonly send: (node: RebirthWanted, cause: RebirthCause) => boolean;
  readonly clock: Pick<Clock, 'nowMicros' | 'monotonicMs'>;
  readonly logger: Logger;
  readonly meter: Meter;
}

type Outcome = 'asked' | 'held' | 'unsent' | 'late';

/**
 * Asks Sparkplug edge nodes for their births, as pipelines want them: one node at most once in `rebirthNodeMs`, all of
 * them at most `rebirthsPerMinute`. What is held back comes again with the node's next records. A record that is old has
 * nothing to ask for: what follows it may hold the births.
 */
export class RebirthDesk {
  readonly #needs: RebirthDeskNeeds;
  readonly #outcomes: Readonly<Record<Outcome, Counter>>;
  /** When nodes were last asked, oldest first. */
  readonly #asked = new Map<string, number>();
  #minuteMs = Number.NEGATIVE_INFINITY;
  #inMinute = 0;

  constructor(needs: RebirthDeskNeeds) {
    this.#needs = needs;
    const counter = (outcome: Outcome): Counter =>
      needs.meter.counter(
        'iot_sparkplug_rebirths_total',
        'Requests to Sparkplug edge nodes for their births, by what became of them.',
        { outcome },
      );
    this.#outcomes = {
      asked: counter('asked'),
      held: counter('held'),
      unsent: counter('unsent'),
      late: counter('late'),
    };
  }

  /** The births of a node are wanted. */
  want(node: RebirthWanted, cause: RebirthCause): void {
    this.#outcomes[this.#judge(node, cause)].add(1);
  }

  #judge(wanted: RebirthWanted, cause: RebirthCause): Outcome {
    const { group, node, reason } = wanted;
    const { clock, logger, send } = this.#needs;
    const { receivedMicros } = cause;
    const ageMs = receivedMicros === 0 ? 0 : (clock.nowMicros() - receivedMicros) / 1_000;
    if (ageMs > LIMITS.rebirthRecordMs.value) return 'late';
    const nowMs = clock.monotonicMs();
    const topic = rebirthTopic(group, node);
    const last = this.#asked.get(topic);
    if (last !== undefined && nowMs - last < LIMITS.rebirthNodeMs.value) return 'held';
    if (nowMs - this.#minuteMs >= 60_000) [this.#minuteMs, this.#inMinute] = [nowMs, 0];
    if (this.#inMinute >= LIMITS.rebirthsPerMinute.value) return 'held';
    if (!send(wanted, cause)) return 'unsent';
    this.#inMinute++;
    this.#remember(topic, nowMs);
    logger.log('info', 'A Sparkplug edge node is asked for its births', { group, node, reason });
    return 'asked';
  }

  #remember(topic: string, nowMs: number): void {
    this.#asked.delete(topic);
    this.#asked.set(topic, nowMs);
    for (const [oldest, askedMs] of this.#asked) {
      if (nowMs - askedMs < LIMITS.rebirthNodeMs.value) return;
      this.#asked.delete(oldest);
    }
  }
}
