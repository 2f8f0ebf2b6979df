import type { Clock, Timer } from '@skerry/kernel';

/** The clock as one process sees it: after `end` nothing that it armed ever happens, and whoever sleeps never wakes. */
export class ProcessClock implements Clock {
  readonly #world: Clock;
  #isOver = false;

  constructor(world: Clock) {
    this.#world = world;
  }

  nowMicros(): number {
    return this.#world.nowMicros();
  }

  monotonicMs(): number {
    return this.#world.monotonicMs();
  }

  startTimer(delayMs: number, callback: () => void): Timer {
    return this.#world.startTimer(delayMs, () => this.#alive(callback));
  }

  startTicker(periodMs: number, callback: () => void): Timer {
    const ticker = this.#world.startTicker(periodMs, () => {
      if (this.#isOver) ticker[Symbol.dispose]();
      else callback();
    });
    return ticker;
  }

  sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      this.#world.sleep(delayMs, signal).then(() => this.#alive(resolve));
    });
  }

  /** The process is gone. */
  end(): void {
    this.#isOver = true;
  }

  #alive(callback: () => void): void {
    if (!this.#isOver) callback();
  }
}
