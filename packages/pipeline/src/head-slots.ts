import { createHead, type Head, type HeadView, viewOf } from '@skerry/series';
import { LIMITS } from './limits.ts';

/** A head and who still needs its rows. */
export interface HeadSlot {
  readonly head: Head;
  /** Queries that were given its memory. */
  readers: number;
  state: 'free' | 'filling' | 'sealing' | 'sealed';
}

/** The heads of one pipeline: filled and sealed in turns, cleared when nobody reads them any more. */
export class HeadSlots {
  readonly #slots: HeadSlot[];
  readonly #freed: () => void;

  /** `freed` is called whenever a head may have become free. */
  constructor(rowsMax: number, freed: () => void) {
    this.#freed = freed;
    this.#slots = Array.from({ length: LIMITS.headsMax.value }, () => ({
      head: createHead(rowsMax, LIMITS.headTextBytesMax.value),
      readers: 0,
      state: 'free',
    }));
  }

  /** Whether `take` would find one. */
  get hasFree(): boolean {
    return this.#slots.some((one) => one.state === 'free');
  }

  /** Begins to fill a free head; undefined when there is none. */
  take(): HeadSlot | undefined {
    const slot = this.#slots.find((one) => one.state === 'free');
    if (slot) slot.state = 'filling';
    return slot;
  }

  /** The head's rows are durable in the store. */
  sealed(slot: HeadSlot): void {
    slot.state = 'sealed';
    this.#clear(slot);
  }

  /** Runs `query` with views of these heads, which stay as they are until it ends. */
  async reading<T>(
    drafts: readonly { readonly slot: HeadSlot; readonly number: number }[],
    query: (views: HeadView[]) => Promise<T>,
  ): Promise<T> {
    for (const { slot } of drafts) slot.readers++;
    try {
      return await query(drafts.map(({ slot, number }) => viewOf(slot.head, number)));
    } finally {
      for (const { slot } of drafts) {
        slot.readers--;
        this.#clear(slot);
      }
    }
  }

  #clear(slot: HeadSlot): void {
    if (slot.state !== 'sealed' || slot.readers > 0) return;
    slot.head.clear();
    slot.state = 'free';
    this.#freed();
  }
}
