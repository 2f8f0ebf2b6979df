import type { Site } from './site.ts';

/** A process, as the API describes it. */
export interface Role {
  readonly role: string;
  readonly name: string;
  readonly state: string;
  readonly toldSeconds: number;
  readonly slot: { readonly number: number } | null;
  readonly buffer: { readonly records: number } | null;
  readonly sources: readonly string[];
  readonly partitions: readonly string[];
}

/** A partition, as the API describes it. */
export interface Partition {
  readonly topic: string;
  readonly partition: number;
  readonly owner: { readonly name: string; readonly state: string } | null;
  readonly position: number | null;
  readonly end: number | null;
  readonly lagRecords: number | null;
  readonly lagSeconds: number | null;
  readonly retentionAt: string | null;
}

/** An external broker, as the API describes it. */
export interface Source {
  readonly name: string;
  readonly state: string;
  readonly gateways: readonly {
    readonly phase: string;
    readonly filters: readonly {
      readonly filter: string;
      readonly state: string;
      readonly granted: number;
      readonly wanted: number;
      readonly why: string;
    }[];
  }[];
}

/** What the cloud lists of its site: `roles`, `partitions`, `sinks` or `sources`. */
export async function list<T>(site: Site, what: string): Promise<readonly T[]> {
  return ((await site.ask(`/api/v1/pipeline/${what}`)) as { readonly items: readonly T[] }).items; // as the API describes it
}

/** The processes of a role. */
export async function rolesOf(site: Site, role: string): Promise<readonly Role[]> {
  return (await list<Role>(site, 'roles')).filter((one) => one.role === role);
}

/** Publishes `count` records of 20 devices with values from `from` on and waits until the store has them. */
export async function stored(site: Site, from: number, count: number): Promise<void> {
  await site.publish(
    Array.from({ length: count }, (_, i) => [`d-${i % 20}`, JSON.stringify({ value: from + i })] as const),
  );
  await site.until(
    `${count} values are stored`,
    async () =>
      (await site.sql(`SELECT count(*) FROM skerry.telemetry WHERE value >= ${from}`)) === String(count),
  );
}
