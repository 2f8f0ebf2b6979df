import { covers, type DeviceKey, type Scope } from '@skerry/model';
import type { DeviceState } from './catalogue.ts';
import { compareTexts } from './ledger.ts';
import { LIMITS } from './limits.ts';
import type { DeviceOrder, DeviceQuery } from './pipeline.ts';

interface Kept {
  readonly question: string;
  readonly atMicros: number | undefined;
  /** What the list was made from. */
  readonly sorted: readonly DeviceState[];
  readonly devices: readonly DeviceState[];
}

/**
 * Filters and orders devices. A list is kept for moments, so that the pages of one list are cut from one order and a
 * hundred thousand devices are not sorted for each page.
 */
export class DeviceList {
  readonly #lastSeen: (device: DeviceState) => number;
  #kept: Kept | undefined;
  #names: { readonly of: readonly DeviceState[]; readonly lower: readonly string[] } | undefined;

  constructor(lastSeen: (device: DeviceState) => number) {
    this.#lastSeen = lastSeen;
  }

  /** The devices that a query means, in its order; `sorted` are all of them by key. */
  of(query: DeviceQuery, sorted: readonly DeviceState[]): readonly DeviceState[] {
    const { atMicros, skip: _skip, limit: _limit, after: _after, ...wanted } = query;
    const question = JSON.stringify({
      ...wanted,
      seenFromMicros: undefined,
      seenBeforeMicros: undefined,
      ...bounds(query),
    });
    const kept = this.#kept;
    if (kept?.question === question && isStillRight(kept, query, sorted)) return kept.devices;
    const devices = this.#ordered(query.order, this.#filtered(query, sorted));
    this.#kept = { question, atMicros, sorted, devices };
    return devices;
  }

  #filtered(query: DeviceQuery, sorted: readonly DeviceState[]): readonly DeviceState[] {
    const { search, seenFromMicros, seenBeforeMicros } = query;
    const asksAge = seenFromMicros !== undefined || seenBeforeMicros !== undefined;
    if (Object.keys(query).every((name) => OF_PAGE.has(name))) return sorted;
    const names = search === undefined ? [] : this.#lowerNames(sorted);
    const needle = search?.toLowerCase() ?? '';
    return sorted.filter((device, index) => {
      if (search !== undefined && !names[index]?.includes(needle)) return false;
      if (!isOf(query, device)) return false;
      if (!asksAge) return true;
      const seen = this.#lastSeen(device);
      return seen >= (seenFromMicros ?? 0) && seen < (seenBeforeMicros ?? Number.POSITIVE_INFINITY);
    });
  }

  /** The ids in lower case, made once for each set of devices. */
  #lowerNames(sorted: readonly DeviceState[]): readonly string[] {
    if (this.#names?.of !== sorted) {
      this.#names = { of: sorted, lower: sorted.map(({ device }) => device.toLowerCase()) };
    }
    return this.#names.lower;
  }

  /** By age to the second, or by size; those that are equal stay in the order of keys. */
  #ordered(order: DeviceOrder | undefined, devices: readonly DeviceState[]): readonly DeviceState[] {
    if (!order || order.by === 'device') return order?.isDescending ? devices.toReversed() : devices;
    const { length } = devices;
    // one number of weight and place sorts ten times as fast as a comparison of two
    const weights = Float64Array.from(devices, (device, place) => {
      const weight = order.by === 'metrics' ? device.series.size : Math.floor(this.#lastSeen(device) / 1e6);
      return (order.isDescending ? WEIGHT_TOP - weight : weight) * length + place;
    });
    weights.sort();
    return Array.from(weights, (weight) => devices[weight % length]).filter((device) => device !== undefined);
  }
}

/** Above every weight: seconds since 1970 until 2106. */
const WEIGHT_TOP = 2 ** 32;

/** Members of a query that choose a page and leave no device out. */
const OF_PAGE: ReadonlySet<string> = new Set(['order', 'after', 'skip', 'limit', 'atMicros']);

/** A list that keys alone decide holds until a device is added; one of ages or sizes for moments. */
function isStillRight(kept: Kept, query: DeviceQuery, sorted: readonly DeviceState[]): boolean {
  const { atMicros, order, seenFromMicros, seenBeforeMicros } = query;
  const isByKey =
    (order?.by ?? 'device') === 'device' && seenFromMicros === undefined && seenBeforeMicros === undefined;
  if (isByKey) return kept.sorted === sorted;
  if (atMicros === undefined || kept.atMicros === undefined) return false;
  return Math.abs(atMicros - kept.atMicros) < LIMITS.deviceListKeptMs.value * 1_000;
}

/** Bounds of age as their distance from now: a list of those `silent for 5 minutes` is one list while time goes on. */
function bounds({ seenFromMicros, seenBeforeMicros, atMicros = 0 }: DeviceQuery): object {
  const seconds = (micros: number | undefined) =>
    micros === undefined ? undefined : Math.round((atMicros - micros) / 1e6);
  return { from: seconds(seenFromMicros), before: seconds(seenBeforeMicros) };
}

/** Whether a device belongs to the tenant, project and id asked for, and to one of the scopes. */
export function isOf(
  query: Partial<DeviceKey> & { readonly scopes?: readonly Scope[] },
  device: DeviceKey,
): boolean {
  return (
    (query.scopes?.some((scope) => covers(scope, device)) ?? true) &&
    (query.tenant === undefined || query.tenant === device.tenant) &&
    (query.project === undefined || query.project === device.project) &&
    (query.device === undefined || query.device === device.device)
  );
}

/** Order of devices by tenant, project and id. */
export function compareKeys(a: DeviceKey, b: DeviceKey): number {
  return (
    compareTexts(a.tenant, b.tenant) || compareTexts(a.project, b.project) || compareTexts(a.device, b.device)
  );
}
