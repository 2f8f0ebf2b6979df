import type { Clock, Timer } from '../clock.ts';

interface Alarm {
  readonly dueMs: number;
  readonly order: number;
  readonly fire: () => void;
  isOff: boolean;
}

/** A clock that stands still until it is told to move. Wall time can jump; monotonic time only advances. */
export class FakeClock implements Clock {
  #monotonicMs = 0;
  #wallMicros: number;
  #order = 0;
  /** Sorted so that the next alarm is the last element. */
  readonly #alarms: Alarm[] = [];

  /** Starts at `startMicros` since 1970 (2026-01-01 unless given). */
  constructor(startMicros = 1_767_225_600_000_000) {
    this.#wallMicros = startMicros;
  }

  nowMicros(): number {
    return Math.floor(this.#wallMicros + this.#monotonicMs * 1000);
  }

  monotonicMs(): number {
    return this.#monotonicMs;
  }

  startTimer(delayMs: number, callback: () => void): Timer {
    return this.#arm(Math.max(0, delayMs), callback);
  }

  startTicker(periodMs: number, callback: () => void): Timer {
    const period = Math.max(1, periodMs);
    let current: Timer;
    const tick = (): void => {
      current = this.#arm(period, tick);
      callback();
    };
    current = this.#arm(period, tick);
    return { [Symbol.dispose]: () => current[Symbol.dispose]() };
  }

  sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal?.aborted) {
        resolve();
        return;
      }
      const wake = (): void => {
        timer[Symbol.dispose]();
        signal?.removeEventListener('abort', wake);
        resolve();
      };
      const timer = this.startTimer(delayMs, wake);
      signal?.addEventListener('abort', wake, { once: true });
    });
  }

  /** Moves both times on and fires what falls due, in order, synchronously; timers armed meanwhile count too. */
  advance(byMs: number): void {
    const untilMs = this.#monotonicMs + byMs;
    for (let due = this.nextDueMs; due !== undefined && due <= untilMs; due = this.nextDueMs) this.fireNext();
    this.#monotonicMs = untilMs;
  }

  /** When the next timer falls due, in monotonic milliseconds; undefined without one. */
  get nextDueMs(): number | undefined {
    this.#dropOff();
    return this.#alarms.at(-1)?.dueMs;
  }

  /** Moves to the next timer and fires that one; false without one. */
  fireNext(): boolean {
    this.#dropOff();
    const next = this.#alarms.pop();
    if (!next) return false;
    this.#monotonicMs = Math.max(this.#monotonicMs, next.dueMs);
    next.isOff = true;
    next.fire();
    return true;
  }

  /** Wall time jumps by so many microseconds, in either direction; monotonic time and timers do not notice. */
  jumpWall(byMicros: number): void {
    this.#wallMicros += byMicros;
  }

  #arm(delayMs: number, fire: () => void): Timer {
    const alarm: Alarm = { dueMs: this.#monotonicMs + delayMs, order: this.#order++, fire, isOff: false };
    let low = 0;
    let high = this.#alarms.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const other = this.#alarms[middle];
      if (
        other &&
        (other.dueMs > alarm.dueMs || (other.dueMs === alarm.dueMs && other.order > alarm.order))
      ) {
        low = middle + 1;
      } else high = middle;
    }
    this.#alarms.splice(low, 0, alarm);
    return {
      [Symbol.dispose]: () => {
        alarm.isOff = true;
      },
    };
  }

  #dropOff(): void {
    while (this.#alarms.at(-1)?.isOff) this.#alarms.pop();
  }
}
