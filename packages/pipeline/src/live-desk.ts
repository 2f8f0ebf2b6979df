import type { Journal } from '@skerry/journal';
import type { SeriesDefinition } from '@skerry/model';
import { PipelineError } from './errors.ts';
import { LIMITS } from './limits.ts';
import type { LivePlace, LiveRing } from './live-ring.ts';
import { type LiveFilter, type LiveSubscription, RingSubscription } from './live-subscription.ts';

/** What live feeds are served from. */
export interface LiveDeskNeeds {
  readonly ring: LiveRing;
  readonly journal: Pick<Journal, 'id' | 'end'>;
  readonly series: readonly SeriesDefinition[];
  /** The place behind everything that is visible. */
  readonly here: () => LivePlace;
  readonly gapped: () => void;
}

/** Opens live feeds and counts those that are open. */
export class LiveDesk {
  readonly #needs: LiveDeskNeeds;
  #open = 0;

  constructor(needs: LiveDeskNeeds) {
    this.#needs = needs;
  }

  /** Feeds that are open. */
  get subscriptions(): number {
    return this.#open;
  }

  /** A feed of points behind `cursor`, or from now on. Fails with `live-refused`, `cursor-invalid`. */
  subscribe(filters: readonly LiveFilter[], cursor: string | undefined): LiveSubscription {
    if (this.#open >= LIMITS.subscriptionsMax.value)
      throw new PipelineError(
        'live-refused',
        `${this.#open} live subscriptions are open; at most ${LIMITS.subscriptionsMax.value} are served.`,
      );
    const { journal, ...needs } = this.#needs;
    let isOpen = true;
    const subscription = new RingSubscription({
      ...needs,
      journalId: journal.id,
      journalEnd: journal.end,
      filters,
      cursor,
      close: () => {
        if (isOpen) this.#open--;
        isOpen = false;
      },
    });
    this.#open++;
    return subscription;
  }
}
