import type { Gauge } from '@skerry/kernel';
import type { Subject } from '@skerry/model';
import { ApiError, type ApiFault } from './errors.ts';

/** How many of something there may be at a time. */
export interface ShareBounds {
  /** All together. */
  readonly max: number;
  /** Of one subject. */
  readonly subjectMax: number;
  /** Of all subjects together whose grants lie in one and the same tenant. */
  readonly tenantMax: number;
}

/** What is counted, and how one too many is refused. */
export interface Shared {
  /** Plural, for words. */
  readonly what: string;
  readonly fault: Extract<ApiFault, 'too-many-queries' | 'too-many-streams'>;
  readonly gauge: Gauge;
}

/** Counts what runs for whom, and refuses what goes beyond a bound or a share, so that nobody keeps the others out. */
export class ShareGate {
  readonly #shared: Shared;
  readonly #bounds: ShareBounds;
  readonly #held = new Map<string, number>();
  #count = 0;

  constructor(shared: Shared, bounds: ShareBounds) {
    this.#shared = shared;
    this.#bounds = bounds;
  }

  /** Takes a place until disposed. Fails with the fault of what is counted. */
  enter(subject: Subject): Disposable {
    const { max, subjectMax, tenantMax } = this.#bounds;
    const own = `subject ${subject.kind} ${subject.name}`;
    const tenant = tenantOf(subject);
    const holders = tenant === undefined ? [own] : [own, `tenant ${tenant}`];
    this.#check(this.#count, max, 'are open');
    this.#check(this.#held.get(own) ?? 0, subjectMax, `of ${subject.name} are open`);
    if (tenant !== undefined)
      this.#check(this.#held.get(`tenant ${tenant}`) ?? 0, tenantMax, 'of this tenant are open');
    this.#add(holders, 1);
    let isIn = true;
    return {
      [Symbol.dispose]: () => {
        if (isIn) this.#add(holders, -1);
        isIn = false;
      },
    };
  }

  #check(held: number, max: number, where: string): void {
    if (held < max) return;
    const { fault, what } = this.#shared;
    throw new ApiError(fault, `${held} ${what} ${where}, at most ${max} may be`);
  }

  #add(holders: readonly string[], change: 1 | -1): void {
    this.#count += change;
    this.#shared.gauge.set(this.#count);
    for (const holder of holders) {
      const held = (this.#held.get(holder) ?? 0) + change;
      if (held === 0) this.#held.delete(holder);
      else this.#held.set(holder, held);
    }
  }
}

/** The tenant in which all grants of a subject lie; undefined where they lie in several, or in all. */
function tenantOf({ grants }: Subject): string | undefined {
  const tenants = new Set(grants.map(({ tenant }) => tenant));
  return tenants.size === 1 ? [...tenants][0] : undefined;
}
