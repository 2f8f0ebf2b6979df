import type { Clock, Timer } from '@skerry/kernel';

interface Due {
  atMs: number;
  readonly periodMs: number | undefined;
  readonly callback: () => void;
}

/** A clock that stands still until told to go on. */
export class ManualClock implements Clock {
  readonly #startMicros: number;
  #nowMs = 0;
  readonly #due = new Set<Due>();

  /** `startMicros`: wall time at the beginning. */
  constructor(startMicros = 1_777_636_800_000_000) {
    this.#startMicros = startMicros;
  }

  nowMicros(): number {
    return this.#startMicros + Math.round(this.#nowMs * 1_000);
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  startTimer(delayMs: number, callback: () => void): Timer {
    return this.#start(delayMs, undefined, callback);
  }

  startTicker(periodMs: number, callback: () => void): Timer {
    return this.#start(periodMs, periodMs, callback);
  }

  async sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
    if (delayMs === 0 || signal?.aborted) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = this.startTimer(delayMs, resolve);
    signal?.addEventListener('abort', () => resolve(), { once: true });
    await promise;
    timer[Symbol.dispose]();
  }

  /** Lets `ms` pass, calling what falls due in order. */
  advance(ms: number): void {
    const end = this.#nowMs + ms;
    for (let next = this.#next(end); next; next = this.#next(end)) {
      this.#nowMs = Math.max(this.#nowMs, next.atMs);
      if (next.periodMs === undefined) this.#due.delete(next);
      else next.atMs += next.periodMs;
      next.callback();
    }
    this.#nowMs = end;
  }

  #next(endMs: number): Due | undefined {
    return [...this.#due].filter((due) => due.atMs <= endMs).sort((a, b) => a.atMs - b.atMs)[0];
  }

  #start(delayMs: number, periodMs: number | undefined, callback: () => void): Timer {
    const due = { atMs: this.#nowMs + delayMs, periodMs, callback };
    this.#due.add(due);
    return { [Symbol.dispose]: () => void this.#due.delete(due) };
  }
}
