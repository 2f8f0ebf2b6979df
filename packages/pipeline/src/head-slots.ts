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
  readonly #slots: HeadSlot[] = [];
  readonly #sealPoints: number;
  readonly #freed: () => void;

  /** `sealPoints`: points as configured. `freed` is called whenever a head may have become free. */
  constructor(sealPoints: number, freed: () => void) {
    this.#freed = freed;
    this.#sealPoints = sealPoints;
  }

  /** Points at which a head is sealed when the store has so many series. */
  pointsMax(series: number): number {
    const times = series / LIMITS.sealWideSeries.value;
    return this.#sealPoints * Math.min(LIMITS.sealWideTimes.value, Math.max(1, times));
  }

  /** Whether `take` would find one. */
  get hasFree(): boolean {
    return this.#slots.length < LIMITS.headsMax.value || this.#slots.some((one) => one.state === 'free');
  }

  /** Begins to fill a free head; undefined when there is none. */
  take(): HeadSlot | undefined {
    const slot = this.#slots.find((one) => one.state === 'free') ?? this.#add();
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

  /** Heads are made when they are first needed, and their memory is touched when rows come. */
  #add(): HeadSlot | undefined {
    if (this.#slots.length >= LIMITS.headsMax.value) return undefined;
    const rowsMax = this.pointsMax(Number.MAX_SAFE_INTEGER) + LIMITS.recordPointsMax.value;
    const head = createHead(rowsMax, LIMITS.headTextBytesMax.value);
    const slot: HeadSlot = { head, readers: 0, state: 'free' };
    this.#slots.push(slot);
    return slot;
  }

  #clear(slot: HeadSlot): void {
    if (slot.state !== 'sealed' || slot.readers > 0) return;
    slot.head.clear();
    slot.state = 'free';
    this.#freed();
  }
}
