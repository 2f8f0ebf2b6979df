/** Something with output that is gathered during a turn. */
export interface Gathering {
  /** Writes what was gathered. */
  flush(): void;
  /** Goes on reading what was held. */
  goOn(): void;
}

/**
 * What has to be done before control goes back to the event loop: connections that were held go on, then each connection
 * with output makes one write, in the order in which they first had some.
 */
export class Turn {
  #dirty: Gathering[] = [];
  #released: Gathering[] = [];

  /** This one has output; the caller says so once until it is flushed. */
  mark(gathering: Gathering): void {
    this.#dirty.push(gathering);
  }

  /** This one may be read again. */
  release(gathering: Gathering): void {
    this.#released.push(gathering);
  }

  /** Ends the turn. */
  finish(): void {
    while (this.#released.length > 0) {
      const released = this.#released;
      this.#released = [];
      for (const one of released) one.goOn();
    }
    while (this.#dirty.length > 0) {
      const dirty = this.#dirty;
      this.#dirty = [];
      for (const one of dirty) one.flush();
    }
  }
}
