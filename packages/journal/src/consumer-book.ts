import type { Consumer, Offset } from './journal.ts';

/** Positions of the consumers of a journal. */
export class ConsumerBook {
  readonly #consumers = new Map<string, Consumer>();

  constructor(consumers: readonly Consumer[] = []) {
    for (const one of consumers) this.#consumers.set(one.name, one);
  }

  /** Sets a position, which never goes back; true when the consumer is new or its kind has changed. */
  commit(consumer: Consumer): boolean {
    const { name, isMandatory } = consumer;
    const before = this.#consumers.get(name);
    const position = Math.max(consumer.position, before?.position ?? 0);
    this.#consumers.set(name, { name, isMandatory, position });
    return before?.isMandatory !== isMandatory;
  }

  /** All consumers by name. */
  list(): Consumer[] {
    return [...this.#consumers.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** Offset below which every mandatory consumer is done; 0 while no mandatory consumer is known. */
  get floor(): Offset {
    const positions = this.list().flatMap((one) => (one.isMandatory ? [one.position] : []));
    return positions.length === 0 ? 0 : Math.min(...positions);
  }
}
