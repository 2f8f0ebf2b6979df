import type { ReceivedCount } from './journal.ts';

/** Received records per project, summed over batches. */
export class ReceivedTotals {
  readonly #tenants = new Map<string, Map<string, ReceivedCount>>();

  constructor(counts: readonly ReceivedCount[] = []) {
    this.set(counts);
  }

  /** Adds what a batch counted and returns the new totals of the projects concerned. */
  add(counts: readonly ReceivedCount[]): ReceivedCount[] {
    const sums = counts.map(({ tenant, project, received, receivedQos0 }) => {
      const before = this.#tenants.get(tenant)?.get(project);
      return {
        tenant,
        project,
        received: received + (before?.received ?? 0),
        receivedQos0: receivedQos0 + (before?.receivedQos0 ?? 0),
      };
    });
    this.set(sums);
    return sums;
  }

  /** Replaces the totals of the projects given. */
  set(counts: readonly ReceivedCount[]): void {
    for (const count of counts) {
      const ofTenant = this.#tenants.get(count.tenant) ?? new Map<string, ReceivedCount>();
      this.#tenants.set(count.tenant, ofTenant.set(count.project, count));
    }
  }

  /** All totals, by order of first appearance; the caller's own list. */
  rows(): ReceivedCount[] {
    return [...this.#tenants.values()].flatMap((ofTenant) => [...ofTenant.values()]);
  }
}
