import { ApiError } from '../../errors.ts';
import { LIMITS } from '../../limits.ts';

interface Waiting {
  readonly sender: string;
  readonly begin: () => void;
}

/**
 * Lets so many bodies be decompressed at a time; the others wait, so that the memory they may need is bounded whatever
 * they say. The next one is of the sender with the fewest under way, the one that came first among these.
 */
export class InflationGate {
  readonly #max: number;
  readonly #running = new Map<string, number>();
  #count = 0;
  #waiting: Waiting[] = [];

  constructor(max: number = LIMITS.inflationsMax.value) {
    this.#max = max;
  }

  /** Does the work in its turn. Fails like the work, or with `request-aborted` when the signal fires before. */
  async run<T>(sender: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    if (this.#count < this.#max) this.#begin(sender);
    else await this.#turn(sender, signal);
    try {
      return await work();
    } finally {
      this.#end(sender);
    }
  }

  #turn(sender: string, signal: AbortSignal): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const leave = (): void => {
      this.#waiting = this.#waiting.filter((one) => one !== mine);
      reject(new ApiError('request-aborted', 'the client went away before its body was decompressed'));
    };
    const mine: Waiting = {
      sender,
      begin: () => {
        signal.removeEventListener('abort', leave);
        this.#begin(sender);
        resolve();
      },
    };
    this.#waiting.push(mine);
    if (signal.aborted) leave();
    else signal.addEventListener('abort', leave, { once: true });
    return promise;
  }

  #begin(sender: string): void {
    this.#count++;
    this.#running.set(sender, (this.#running.get(sender) ?? 0) + 1);
  }

  #end(sender: string): void {
    this.#count--;
    const left = (this.#running.get(sender) ?? 1) - 1;
    if (left === 0) this.#running.delete(sender);
    else this.#running.set(sender, left);
    const next = this.#next();
    if (!next) return;
    this.#waiting = this.#waiting.filter((one) => one !== next);
    next.begin();
  }

  #next(): Waiting | undefined {
    let best: Waiting | undefined;
    let fewest = Number.POSITIVE_INFINITY;
    for (const one of this.#waiting) {
      const running = this.#running.get(one.sender) ?? 0;
      if (running < fewest) [best, fewest] = [one, running];
    }
    return best;
  }
}
