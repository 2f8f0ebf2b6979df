import type { Clock } from '@skerry/kernel';
import { LIMITS } from '../../limits.ts';

/** A smaller burst is no window: single messages come as they please. */
const WINDOW_LEAST = 10;
const TICK_MS = 1;

/**
 * Decides how long records are gathered before they go to the disk together: what a batch costs is as much as what some
 * hundred records do. They go when nothing came for a moment, and after `gatewayGatherMs` at the latest. A broker that
 * sends until its window is full, and then waits for acknowledgements, falls silent at the same number of records again
 * and again: once that is known they go as soon as so many wait, so that a small window is not slower for it.
 */
export class BurstGather {
  readonly #clock: Pick<Clock, 'startTimer'>;
  /** Records since the start, and as of the last tick. */
  #added = 0;
  #seen = 0;
  #waiting = 0;
  #ticks = 0;
  /** Records that waited when it fell silent the last time, and the same twice in a row: the window. */
  #silentAt = 0;
  #window = 0;
  #send: (() => void) | undefined;

  constructor(clock: Pick<Clock, 'startTimer'>) {
    this.#clock = clock;
  }

  /** The first record since the last call back came; calls back when it has gathered for long enough. */
  readonly begin = (send: () => void): void => {
    this.#send = send;
    this.#ticks = 0;
    this.#seen = this.#added;
    this.#arm(send);
  };

  /** A record was added; `waiting` of them are not durable. */
  readonly added = (waiting: number): void => {
    this.#added++;
    this.#waiting = waiting;
    if (this.#window === 0) return;
    if (waiting > this.#window) this.#window = 0;
    // those that came with it in one read go with it
    else if (waiting === this.#window) queueMicrotask(() => this.#finish(this.#send));
  };

  #arm(send: () => void): void {
    this.#clock.startTimer(TICK_MS, () => {
      if (send !== this.#send) return; // it has gone
      const isSilent = this.#seen === this.#added;
      if (isSilent) this.#learn();
      if (isSilent || ++this.#ticks >= LIMITS.gatewayGatherMs.value) this.#finish(send);
      else {
        this.#seen = this.#added;
        this.#arm(send);
      }
    });
  }

  #learn(): void {
    if (this.#waiting === this.#silentAt && this.#waiting >= WINDOW_LEAST) this.#window = this.#waiting;
    this.#silentAt = this.#waiting;
  }

  #finish(send: (() => void) | undefined): void {
    this.#send = undefined;
    send?.();
  }
}
