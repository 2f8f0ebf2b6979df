/** One holder at a time, in the order of asking. */
export class Lock {
  #tail: Promise<void> = Promise.resolve();

  /** Runs `work` when everybody who asked before is done. */
  run<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#tail.then(work);
    this.#tail = result.then(
      () => undefined,
      () => undefined,
    );
    return result;
  }
}
