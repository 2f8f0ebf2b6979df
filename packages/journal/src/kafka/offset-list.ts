import type { Offset } from '../journal.ts';

const FIRST_ROOM = 256;

/** Offsets in the order of `push`, in memory that is used again after `clear`: a plain list of them outlives young collections. */
export class OffsetList {
  #offsets = new Float64Array(FIRST_ROOM);
  #length = 0;

  /** How many there are. */
  get length(): number {
    return this.#length;
  }

  push(offset: Offset): void {
    if (this.#length === this.#offsets.length) {
      const wider = new Float64Array(this.#length * 2);
      wider.set(this.#offsets);
      this.#offsets = wider;
    }
    this.#offsets[this.#length++] = offset;
  }

  /** The one at a place; from the end with a negative place; undefined outside. */
  at(index: number): Offset | undefined {
    return this.#offsets.subarray(0, this.#length).at(index);
  }

  /** Forgets all of them. */
  clear(): this {
    this.#length = 0;
    return this;
  }
}
