import type { Clock, Logger, Timer } from '@skerry/kernel';
import type { DocumentKind } from './documents.ts';
import { LIMITS } from './limits.ts';
import type { AccessStore, Use } from './store.ts';

/** When documents were used last: held in memory and written together once a minute, and at the end. */
export class UseBook implements AsyncDisposable {
  readonly #store: AccessStore;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #ticker: Timer;
  #uses = new Map<string, Use>();

  constructor(store: AccessStore, clock: Clock, logger: Logger) {
    this.#store = store;
    this.#clock = clock;
    this.#logger = logger;
    this.#ticker = clock.startTicker(LIMITS.useNotedSecs.value * 1_000, () => void this.#write());
  }

  /** Notes a use now. */
  note(kind: DocumentKind, name: string): void {
    this.#uses.set(`${kind} ${name}`, { kind, name, usedMicros: this.#clock.nowMicros() });
  }

  /** A use that is not written yet, microseconds since 1970, else 0. */
  usedMicros(kind: DocumentKind, name: string): number {
    return this.#uses.get(`${kind} ${name}`)?.usedMicros ?? 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ticker[Symbol.dispose]();
    await this.#write();
  }

  async #write(): Promise<void> {
    if (this.#uses.size === 0) return;
    const uses = this.#uses;
    this.#uses = new Map();
    try {
      await this.#store.touch([...uses.values()]);
    } catch (fault) {
      this.#logger.log('warn', 'uses of tokens and sessions were not written', { error: String(fault) });
      for (const [key, use] of uses) if (!this.#uses.has(key)) this.#uses.set(key, use);
    }
  }
}
