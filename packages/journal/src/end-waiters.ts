import type { Offset } from './journal.ts';

interface Waiter {
  readonly offset: Offset;
  readonly settle: (error?: Error) => void;
}

/** Those who wait for the durable end to move on. */
export class EndWaiters {
  readonly #waiting = new Set<Waiter>();

  /** Resolves when `ring` is called with an end above `offset`, or when `signal` is aborted; rejects at `fail`. */
  wait(offset: Offset, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) {
        resolve();
        return;
      }
      const settle = (error?: Error): void => {
        this.#waiting.delete(one);
        signal.removeEventListener('abort', wake);
        if (error) reject(error);
        else resolve();
      };
      const wake = (): void => settle();
      const one = { offset, settle };
      this.#waiting.add(one);
      signal.addEventListener('abort', wake, { once: true });
    });
  }

  /** Tells the new end. */
  ring(end: Offset): void {
    for (const one of [...this.#waiting]) if (end > one.offset) one.settle();
  }

  /** Ends every wait with a fault. */
  fail(error: Error): void {
    for (const one of [...this.#waiting]) one.settle(error);
  }
}
