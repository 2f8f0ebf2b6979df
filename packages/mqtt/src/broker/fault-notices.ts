import type { Clock, Logger } from '@skerry/kernel';
import { LIMITS } from '../limits.ts';

/** What a client did that its connection was ended for, or that it was not allowed to do. */
export interface FaultNotice {
  /** A stable word: a fault's code, or `connect-refused`. */
  readonly word: string;
  readonly remote: string;
  /** Empty before CONNECT was accepted. */
  readonly client: string;
  readonly why: string;
  /** Who it was, where that is known. */
  readonly user?: string;
  /** What it was not allowed to touch. */
  readonly topic?: string;
}

/**
 * Tells the operator why clients were cut off, since MQTT 3.1.1 has no words for it: at most one line per reason in
 * `noticeMs`, which says how many it stands for.
 */
export class FaultNotices {
  readonly #logger: Logger;
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  readonly #message: string;
  readonly #seen = new Map<string, { toldMs: number; untold: number }>();

  constructor(logger: Logger, clock: Pick<Clock, 'monotonicMs'>, message = 'MQTT client cut off.') {
    this.#logger = logger;
    this.#clock = clock;
    this.#message = message;
  }

  /** Tells of it, or counts it for the next line of its reason. */
  tell({ word, ...facts }: FaultNotice): void {
    const nowMs = this.#clock.monotonicMs();
    const seen = this.#seen.get(word);
    if (seen && nowMs - seen.toldMs < LIMITS.noticeMs.value) {
      seen.untold++;
      return;
    }
    const others = seen?.untold ?? 0;
    this.#seen.set(word, { toldMs: nowMs, untold: 0 });
    this.#logger.log('warn', this.#message, {
      reason: word,
      ...facts,
      ...(others > 0 ? { othersSinceTheLastLine: others } : {}),
    });
  }
}
