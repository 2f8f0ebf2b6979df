import type { Hole } from './refused-book.ts';

/** Hears of what is wrong, a sentence each. */
export type Tell = (finding: string) => void;

/**
 * Checks the feed of devices whose metric counts 1, 2, 3, …: every number at most once, in order. Numbers that it leaves
 * out are holes, to be compared with what the sender was refused. A gap that the feed tells of is allowed only as the
 * first thing in a life of the server; what is left out there is no hole.
 */
export class FeedOrder {
  readonly #tell: Tell;
  readonly #onHole: (hole: Hole) => void;
  readonly #last = new Map<string, number>();
  readonly #mayJump = new Set<string>();
  #isFirstOfLife = false;
  /** Numbers that came. */
  points = 0;
  /** Gaps that the feed told of at the beginning of a server's life. */
  toldGaps = 0;

  constructor(tell: Tell, onHole: (hole: Hole) => void) {
    this.#tell = tell;
    this.#onHole = onHole;
  }

  /** The feed goes on from another life of the server. */
  beginLife(): void {
    this.#isFirstOfLife = true;
  }

  /** The feed tells that something is missing. */
  gap(detail: string): void {
    if (!this.#isFirstOfLife) {
      this.#tell(`the stream told of a gap within a server's life: ${detail}`);
      return;
    }
    this.toldGaps += 1;
    this.#isFirstOfLife = false;
    for (const device of this.#last.keys()) this.#mayJump.add(device);
  }

  /** The next number of a device. */
  point(device: string, number: number): void {
    this.points += 1;
    this.#isFirstOfLife = false;
    const last = this.#last.get(device);
    const mayJump = this.#mayJump.delete(device);
    this.#last.set(device, Math.max(number, last ?? number));
    if (last === undefined || number === last + 1) return;
    if (number <= last) this.#tell(`the stream gave ${number} of ${device} after ${last}`);
    else if (!mayJump) this.#onHole({ device, from: last + 1, to: number - 1, where: 'the stream' });
  }

  /** The last number of each device. */
  get last(): ReadonlyMap<string, number> {
    return this.#last;
  }
}
