import { type Grant, mayTake } from '@skerry/model';
import { commonScope } from './common-scope.ts';
import type { AccessStore } from './store.ts';

const PAGE_ROWS = 500;

/** What the tenants hold of the users, or of the tokens, of one store: the share that `mayTake` leaves each. */
export class TenantShares {
  readonly #store: Pick<AccessStore, 'list'>;
  readonly #kind: 'User' | 'AccessToken';
  /** By tenant; counted when it is first needed. What other processes change of the same store is not seen here. */
  #held: Map<string, number> | undefined;

  constructor(store: Pick<AccessStore, 'list'>, kind: 'User' | 'AccessToken') {
    this.#store = store;
    this.#kind = kind;
  }

  /** Whether one more with these grants may be made beside `total`; what reaches beyond one tenant is the node's own. */
  async mayAdd(grants: readonly Grant[], total: number, max: number): Promise<boolean> {
    const { tenant } = commonScope(grants);
    if (tenant === undefined) return total < max;
    if (mayTake({ held: total, total, max })) return true; // with room for whoever it is, nobody has to be counted
    this.#held ??= await this.#count();
    return mayTake({ held: this.#held.get(tenant) ?? 0, total, max });
  }

  /** Notes that one with these grants was made (1) or is no more (-1). */
  note(grants: readonly Grant[], sign: 1 | -1): void {
    const { tenant } = commonScope(grants);
    if (tenant !== undefined) this.#held?.set(tenant, (this.#held.get(tenant) ?? 0) + sign);
  }

  async #count(): Promise<Map<string, number>> {
    const held = new Map<string, number>();
    for (let after: string | undefined; ; ) {
      const page = await this.#store.list(this.#kind, after, PAGE_ROWS);
      for (const { document } of page) {
        const { tenant } = commonScope(document.spec.grants);
        if (tenant !== undefined) held.set(tenant, (held.get(tenant) ?? 0) + 1);
      }
      if (page.length < PAGE_ROWS) return held;
      after = page.at(-1)?.name;
    }
  }
}
