import { type Clock, type MetricFamily, mergeFamilies } from '@skerry/kernel';
import type { PostgresReadings, ReadingRole } from '@skerry/series/postgres';
import { LIMITS } from '../../limits.ts';

/** What the totals are known from. */
export interface StageTotalsNeeds {
  readonly readings: Pick<PostgresReadings, 'roles'>;
  readonly clock: Pick<Clock, 'startTicker' | 'monotonicMs'>;
}

/** The most that a process told by metric and labels, and when it was looked at last. */
interface Told {
  readonly most: ReadonlyMap<string, number>;
  readonly seenMs: number;
}

/**
 * What declared stages did in all writers together since this cloud began. Writers tell it PostgreSQL every few seconds,
 * and it is looked at as often: what one did in its last seconds is missing where another took its place at once. Names
 * that no process tells any more are left out.
 */
export class StageTotals implements Disposable {
  readonly #needs: StageTotalsNeeds;
  readonly #ticker: Disposable;
  /** By process; undefined until the first look, which is where the count begins. */
  #told: ReadonlyMap<string, Told> | undefined;
  #families: readonly MetricFamily[] = [];
  #looking: Promise<void> | undefined;

  constructor(needs: StageTotalsNeeds) {
    this.#needs = needs;
    // PostgreSQL that is away is told by whoever asks it something
    const look = () => void this.look().catch(() => undefined);
    this.#ticker = needs.clock.startTicker(LIMITS.roleTellMs.value, look);
    look();
  }

  [Symbol.dispose](): void {
    this.#ticker[Symbol.dispose]();
  }

  /** As of the last look. */
  families(): readonly MetricFamily[] {
    return this.#families;
  }

  /** Looks at what processes told; one look at a time. Fails as the readings do. */
  look(): Promise<void> {
    this.#looking ??= this.#look().finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  async #look(): Promise<void> {
    const roles = (await this.#needs.readings.roles()).filter(({ report }) => report.stages);
    const names = new Set(roles.flatMap((one) => [...valuesOf(one).keys()]));
    const before = this.#families
      .filter(({ kind }) => kind === 'counter')
      .map((family) => ({
        ...family,
        samples: family.samples.filter(({ labels }) => names.has(keyOf(family.name, labels))),
      }));
    this.#families = mergeFamilies([before, ...roles.map((one) => this.#since(one))]);
    this.#told = this.#toldWith(roles);
  }

  /** One that is missing from a look, since another took its place, may come back with what it told before. */
  #toldWith(roles: readonly ReadingRole[]): ReadonlyMap<string, Told> {
    const seenMs = this.#needs.clock.monotonicMs();
    const known = [...(this.#told ?? [])].filter(([, one]) => seenMs - one.seenMs < LIMITS.roleKeptMs.value);
    const told = new Map(known);
    for (const role of roles) {
      const most = new Map(told.get(role.id)?.most);
      for (const [key, value] of valuesOf(role)) most.set(key, Math.max(value, most.get(key) ?? 0));
      told.set(role.id, { most, seenMs });
    }
    return told;
  }

  /** What a process counted since the last look, and its gauges while it lives. */
  #since({ id, report, isEnded, ageMs }: ReadingRole): MetricFamily[] {
    const isHere = !isEnded && ageMs <= LIMITS.roleSilentMs.value;
    return (report.stages ?? [])
      .filter(({ kind }) => isHere || kind === 'counter')
      .map((family) => {
        const { name, kind } = family;
        if (kind !== 'counter') return family;
        const samples = family.samples.map(({ labels, value }) => {
          const seen = this.#told ? (this.#told.get(id)?.most.get(keyOf(name, labels)) ?? 0) : value;
          // a stage that is counted with the others now and then leaves their count
          return { labels, value: Math.max(0, value - seen) };
        });
        return { ...family, samples };
      });
  }
}

function valuesOf({ report }: ReadingRole): ReadonlyMap<string, number> {
  return new Map(
    (report.stages ?? []).flatMap(({ name, samples }) =>
      samples.map(({ labels, value }) => [keyOf(name, labels), value] as const),
    ),
  );
}

function keyOf(name: string, labels: Readonly<Record<string, string>>): string {
  return `${name} ${JSON.stringify(labels)}`;
}
