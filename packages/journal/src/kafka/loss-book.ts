import type { Counter, Logger } from '@skerry/kernel';
import type { Offset } from '../journal.ts';

/** Which partition, and where its losses are told and counted. */
export interface LossBookNeeds {
  readonly topic: string;
  readonly partition: number;
  readonly logger: Logger;
  readonly lost: Counter;
}

/** Tells and counts each record of a partition that retention took unread, once: what is read anew loses nothing once more. */
export class LossBook {
  readonly #needs: LossBookNeeds;
  #toldUntil: Offset = 0;

  constructor(needs: LossBookNeeds) {
    this.#needs = needs;
  }

  /** Records from an offset to before another are not there. */
  tell(from: Offset, to: Offset): void {
    const first = Math.max(from, this.#toldUntil);
    if (first >= to) return;
    const { topic, partition, logger, lost } = this.#needs;
    const facts = { topic, partition, from: first, start: to, lost: to - first };
    logger.log('error', 'Kafka has removed records that were not read', facts);
    lost.add(facts.lost);
    this.#toldUntil = to;
  }
}
