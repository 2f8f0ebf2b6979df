import type { Clock } from '@skerry/kernel';
import type { Mailbox } from '@skerry/pipeline';

/** How long one message takes; asked per message. */
export type MessageDelay = () => number;

/**
 * Both ends of a channel between two threads of one simulated process: structured clones, in order, each delivered in a
 * turn of its own and never inside the call that posts it.
 */
export function threadChannel(clock: Clock, delayMs: MessageDelay): readonly [Mailbox, Mailbox] {
  const there = new Direction(clock, delayMs);
  const back = new Direction(clock, delayMs);
  return [
    { post: (message, transfer) => there.post(message, transfer), onMessage: (to) => back.connect(to) },
    { post: (message, transfer) => back.post(message, transfer), onMessage: (to) => there.connect(to) },
  ];
}

class Direction {
  readonly #clock: Clock;
  readonly #delayMs: MessageDelay;
  readonly #waiting: unknown[] = [];
  #receive: ((message: unknown) => void) | undefined;
  #lastDueMs = 0;

  constructor(clock: Clock, delayMs: MessageDelay) {
    this.#clock = clock;
    this.#delayMs = delayMs;
  }

  connect(receive: (message: unknown) => void): void {
    this.#receive = receive;
    this.#deliver();
  }

  post(message: unknown, transfer: readonly ArrayBuffer[] = []): void {
    const nowMs = this.#clock.monotonicMs();
    this.#lastDueMs = Math.max(this.#lastDueMs, nowMs + this.#delayMs());
    const clone: unknown = structuredClone(message, { transfer: [...transfer] });
    this.#clock.startTimer(this.#lastDueMs - nowMs, () => {
      this.#waiting.push(clone);
      this.#deliver();
    });
  }

  #deliver(): void {
    while (this.#receive && this.#waiting.length > 0) this.#receive(this.#waiting.shift());
  }
}
