/** How much each owner holds of something that all share. */
export class Holdings {
  readonly #held = new Map<string, number>();

  /** What an owner holds. */
  of(owner: string): number {
    return this.#held.get(owner) ?? 0;
  }

  /** Adds to what an owner holds; a count below 0 is given back. */
  add(owner: string, count: number): void {
    const held = this.of(owner) + count;
    if (held > 0) this.#held.set(owner, held);
    else this.#held.delete(owner);
  }
}
