import type { DeviceKey } from '@skerry/model';
import type { AccountColumns } from '../account-columns.ts';
import type { DeviceAccount } from '../store.ts';

/** The counts of an account in the order of the tables' columns. */
export const COUNT_NAMES = [
  'stored',
  'deduplicated',
  'filtered',
  'deadLettered',
  'discarded',
  'expired',
  'timeCorrected',
  'seqResets',
  'lastSeenMicros',
] as const satisfies readonly (keyof DeviceAccount)[];

const WIDTH = COUNT_NAMES.length;
/** Place of the newest receipt among the counts: it is no sum. */
const SEEN = WIDTH - 1;

/** Verdicts of a project of one source, absolute. */
export interface ProjectTotals {
  readonly tenant: string;
  readonly project: string;
  readonly counts: Float64Array<ArrayBuffer>;
}

/** What a seal does to the book, put in force when it is durable. */
export interface BookChange {
  readonly accounts: AccountColumns;
  readonly places: Int32Array<ArrayBuffer>;
  readonly totals: readonly ProjectTotals[];
}

/**
 * The devices of one source and their accounts as columns: from them a seal's absolute accounts become the totals of
 * projects, and a fold writes those that changed. 100,000 devices are about 20 MB.
 */
export class DeviceBook {
  readonly keys: DeviceKey[] = [];
  /** Accounts that changed since the last fold. */
  dirty = new Set<number>();
  /** By tenant, project and device. */
  readonly #places = new Map<string, Map<string, Map<string, number>>>();
  readonly #totals = new Map<string, ProjectTotals>();
  #counts = new Float64Array(WIDTH * 64);
  /** Id in the database; 0 while unknown. */
  #ids = new Int32Array(64);

  /** The place of a device; a new one for a device that was never seen. */
  placeOf({ tenant, project, device }: DeviceKey): number {
    const places = this.#placesOf(tenant, project);
    const known = places.get(device);
    if (known !== undefined) return known;
    const place = this.keys.push({ tenant, project, device }) - 1;
    places.set(device, place);
    if (place >= this.#ids.length) this.#grow();
    return place;
  }

  /** Id of a device in the database, 0 while unknown. */
  idOf(place: number): number {
    return Number(this.#ids[place]);
  }

  setId(place: number, id: number): void {
    this.#ids[place] = id;
  }

  /** Newest receipt of the device, microseconds since 1970; 0 when it is not known. */
  seenOf(place: number): number {
    return this.countOf(place, SEEN);
  }

  countOf(place: number, count: number): number {
    return Number(this.#counts[place * WIDTH + count]);
  }

  /** Takes an account as it is stored; `isFolded`: the tables have it. */
  restore(one: DeviceAccount, isFolded: boolean, id = 0): void {
    const place = this.placeOf(one);
    if (id !== 0) this.#ids[place] = id;
    const { counts } = this.#totalsOf(one.tenant, one.project);
    for (const [at, name] of COUNT_NAMES.entries()) {
      const before = this.countOf(place, at);
      counts[at] = Number(counts[at]) + one[name] - before;
      this.#counts[place * WIDTH + at] = one[name];
    }
    if (!isFolded) this.dirty.add(place);
  }

  /** Every account, as of the last committed seal. */
  accounts(): DeviceAccount[] {
    return this.keys.flatMap((key, place) => {
      const counts = COUNT_NAMES.map((name, at) => [name, this.countOf(place, at)] as const);
      if (counts.every(([, count]) => count === 0)) return [];
      // the names are those of the interface, each once
      return [{ ...key, ...(Object.fromEntries(counts) as Omit<DeviceAccount, keyof DeviceKey>) }];
    });
  }

  /** What a seal's accounts change; nothing is changed yet. */
  plan(accounts: AccountColumns): BookChange {
    const { owners, ownerOf, devices, counts, rows } = accounts;
    const places = new Int32Array(rows);
    const totals = owners.map(({ tenant, project }) => {
      const { counts: known } = this.#totalsOf(tenant, project);
      return { tenant, project, counts: known.slice() };
    });
    const byOwner = owners.map(({ tenant, project }) => this.#placesOf(tenant, project));
    for (let row = 0; row < rows; row++) {
      const owner = Number(ownerOf[row]);
      const device = devices[row] ?? '';
      const place = byOwner[owner]?.get(device) ?? this.placeOf(accounts.at(row));
      places[row] = place;
      const sums = totals[owner]?.counts;
      if (!sums) continue;
      for (let at = 0; at < WIDTH; at++)
        sums[at] = Number(sums[at]) + Number(counts[row * WIDTH + at]) - this.countOf(place, at);
    }
    return { accounts, places, totals };
  }

  /** Puts a change in force. */
  apply({ accounts, places, totals }: BookChange): void {
    for (let row = 0; row < accounts.rows; row++) {
      const place = Number(places[row]);
      for (let at = 0; at < WIDTH; at++)
        this.#counts[place * WIDTH + at] = Number(accounts.counts[row * WIDTH + at]);
      this.dirty.add(place);
    }
    for (const { tenant, project, counts } of totals) this.#totalsOf(tenant, project).counts.set(counts);
  }

  #placesOf(tenant: string, project: string): Map<string, number> {
    let projects = this.#places.get(tenant);
    if (!projects) {
      projects = new Map();
      this.#places.set(tenant, projects);
    }
    let places = projects.get(project);
    if (!places) {
      places = new Map();
      projects.set(project, places);
    }
    return places;
  }

  #totalsOf(tenant: string, project: string): ProjectTotals {
    const key = keyOf(tenant, project);
    let totals = this.#totals.get(key);
    if (!totals) {
      totals = { tenant, project, counts: new Float64Array(WIDTH) };
      this.#totals.set(key, totals);
    }
    return totals;
  }

  #grow(): void {
    const rows = this.#ids.length * 2;
    const counts = new Float64Array(rows * WIDTH);
    counts.set(this.#counts);
    const ids = new Int32Array(rows);
    ids.set(this.#ids);
    this.#counts = counts;
    this.#ids = ids;
  }
}

function keyOf(tenant: string, project: string): string {
  return `${tenant}\u0000${project}`;
}
