import type { DocumentKind } from '../documents.ts';
import type { AccessStore, Item, Use } from '../store.ts';

type AnyItem = Item<DocumentKind>;

/** Keeps documents in memory: for tests and for a node that keeps nothing. */
export class MemoryAccessStore implements AccessStore {
  readonly #kinds = new Map<DocumentKind, Map<string, AnyItem>>();

  async find<Kind extends DocumentKind>(kind: Kind, name: string): Promise<Item<Kind> | undefined> {
    return this.#of(kind).get(name);
  }

  async findBySecret<Kind extends DocumentKind>(kind: Kind, secret: string): Promise<Item<Kind> | undefined> {
    if (secret === '') return undefined;
    return this.#of(kind)
      .values()
      .find((item) => item.secret === secret);
  }

  async list<Kind extends DocumentKind>(kind: Kind, after: string | undefined, limit: number) {
    return [...this.#of(kind).values()]
      .filter((item) => after === undefined || item.name > after)
      .sort((a, b) => (a.name < b.name ? -1 : 1))
      .slice(0, limit);
  }

  async count(kind: DocumentKind): Promise<number> {
    return this.#of(kind).size;
  }

  async create<Kind extends DocumentKind>(item: Item<Kind>): Promise<boolean> {
    const items = this.#of(item.kind);
    if (items.has(item.name) || (await this.findBySecret(item.kind, item.secret))) return false;
    items.set(item.name, structuredClone(item));
    return true;
  }

  async replace<Kind extends DocumentKind>(item: Item<Kind>): Promise<boolean> {
    const items = this.#of(item.kind);
    const before = items.get(item.name);
    if (!before) return false;
    items.set(item.name, { ...structuredClone(item), usedMicros: before.usedMicros });
    return true;
  }

  async remove(kind: DocumentKind, names: readonly string[]): Promise<number> {
    return names.filter((name) => this.#of(kind).delete(name)).length;
  }

  async touch(uses: readonly Use[]): Promise<void> {
    for (const { kind, name, usedMicros } of uses) {
      const item = this.#of(kind).get(name);
      if (item && item.usedMicros < usedMicros) this.#of(kind).set(name, { ...item, usedMicros });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#kinds.clear();
  }

  #of<Kind extends DocumentKind>(kind: Kind): Map<string, Item<Kind>> {
    const known = this.#kinds.get(kind) ?? new Map<string, AnyItem>();
    this.#kinds.set(kind, known);
    return known as Map<string, Item<Kind>>; // each kind has a map of its own
  }
}
