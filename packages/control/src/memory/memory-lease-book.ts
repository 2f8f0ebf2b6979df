import type { Clock } from '@skerry/kernel';
import type { Claim, LeaseBook, LeaseTime } from '../lease-book.ts';

interface Row {
  owner: string;
  epoch: number;
  untilMs: number;
  isClosed: boolean;
}

/** Leases of one process, for a group of its own and for tests. */
export class MemoryLeaseBook implements LeaseBook {
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  readonly #groups = new Map<string, Map<number, Row>>();

  constructor(clock: Pick<Clock, 'monotonicMs'>) {
    this.#clock = clock;
  }

  async claimAny(group: string, owner: string, time: LeaseTime): Promise<Claim> {
    const rows = this.#rows(group);
    let number = [...rows].find(([, row]) => row.owner === owner)?.[0] ?? 0;
    while (this.#isHeld(rows.get(number)) && rows.get(number)?.owner !== owner) number++;
    return this.#take(group, number, owner, time);
  }

  async claim(group: string, number: number, owner: string, time: LeaseTime): Promise<Claim | undefined> {
    const row = this.#rows(group).get(number);
    return this.#isHeld(row) && row?.owner !== owner ? undefined : this.#take(group, number, owner, time);
  }

  async renew(claim: Claim, time: LeaseTime): Promise<boolean> {
    const row = this.#own(claim);
    if (!row || !this.#isHeld(row)) return false;
    row.untilMs = this.#clock.monotonicMs() + time;
    return true;
  }

  async release(claim: Claim, isClosed: boolean): Promise<void> {
    const row = this.#own(claim);
    if (row) Object.assign(row, { untilMs: Number.NEGATIVE_INFINITY, isClosed });
  }

  async orphans(group: string): Promise<number[]> {
    return [...this.#rows(group)]
      .filter(([, row]) => !row.isClosed && !this.#isHeld(row))
      .map(([number]) => number)
      .sort((a, b) => a - b);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#groups.clear();
  }

  #take(group: string, number: number, owner: string, time: LeaseTime): Claim {
    const rows = this.#rows(group);
    const before = rows.get(number);
    const epoch = (before?.epoch ?? 0) + 1;
    rows.set(number, { owner, epoch, untilMs: this.#clock.monotonicMs() + time, isClosed: false });
    return { group, number, owner, epoch, isTakenOver: before !== undefined && !before.isClosed };
  }

  #own({ group, number, epoch }: Claim): Row | undefined {
    const row = this.#rows(group).get(number);
    return row?.epoch === epoch ? row : undefined;
  }

  #isHeld(row: Row | undefined): boolean {
    return row !== undefined && row.untilMs > this.#clock.monotonicMs();
  }

  #rows(group: string): Map<number, Row> {
    let rows = this.#groups.get(group);
    if (!rows) {
      rows = new Map();
      this.#groups.set(group, rows);
    }
    return rows;
  }
}
