/** Those who wait for conditions of one thing that has an end. */
export class ConditionWaiters {
  readonly #closedBy: () => Error | undefined;
  readonly #waiters = new Set<() => void>();

  /** `closedBy` is why nothing can come about any more. */
  constructor(closedBy: () => Error | undefined) {
    this.#closedBy = closedBy;
  }

  /** How many wait. */
  get count(): number {
    return this.#waiters.size;
  }

  /** Resolves when the condition holds, or when the signal is aborted; fails when the thing has ended. */
  until(isMet: () => boolean, signal?: AbortSignal): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const settle = (): void => {
      const failure = this.#closedBy();
      if (!failure && !signal?.aborted && !isMet()) return;
      this.#waiters.delete(settle);
      signal?.removeEventListener('abort', settle);
      if (failure) reject(failure);
      else resolve();
    };
    this.#waiters.add(settle);
    signal?.addEventListener('abort', settle, { once: true });
    settle();
    return promise;
  }

  /** Something has changed: the conditions are looked at. */
  settle(): void {
    for (const settle of this.#waiters) settle();
  }
}
