/** Something that holds bytes of events for clients that have not taken them. */
export interface EventHolder {
  readonly bytes: number;
  /** Gives some of them up, and those who wait for these. */
  shed(): void;
}

/** Bytes of events that all streams together hold. Beyond the bound whoever holds most gives up, not who comes last. */
export class EventBudget {
  readonly #bytesMax: number;
  readonly #holders = new Set<EventHolder>();

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** Bytes held now. */
  get bytes(): number {
    let sum = 0;
    for (const { bytes } of this.#holders) sum += bytes;
    return sum;
  }

  /** Counts a holder until it is disposed. */
  enter(holder: EventHolder): Disposable {
    this.#holders.add(holder);
    return { [Symbol.dispose]: () => void this.#holders.delete(holder) };
  }

  /** To be called when a holder has taken more. */
  check(): void {
    while (this.bytes > this.#bytesMax) {
      let largest: EventHolder | undefined;
      for (const holder of this.#holders) if (holder.bytes > (largest?.bytes ?? 0)) largest = holder;
      largest?.shed();
    }
  }
}
