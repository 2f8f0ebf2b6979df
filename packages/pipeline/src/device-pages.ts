import type { DeviceKey, PointValue, SequenceGap, ValueType } from '@skerry/model';
import type { Catalogue, DeviceState } from './catalogue.ts';
import type { LatestValues } from './latest-values.ts';
import { compareTexts } from './ledger.ts';
import type { DeviceDetail, DeviceEntry, DeviceQuery, GapQuery, LatestValue } from './pipeline.ts';

/** Answers questions about devices from the catalogue. */
export class DevicePages {
  readonly #catalogue: Catalogue;
  readonly #latest: LatestValues;
  #sorted: DeviceState[] = [];

  constructor(catalogue: Catalogue, latest: LatestValues) {
    this.#catalogue = catalogue;
    this.#latest = latest;
  }

  list(query: DeviceQuery): DeviceEntry[] {
    const search = query.search?.toLowerCase();
    const found: DeviceEntry[] = [];
    for (const device of this.#from(query.after)) {
      if (found.length >= query.limit) break;
      if (!isWanted(query, device)) continue;
      if (search !== undefined && !device.device.toLowerCase().includes(search)) continue;
      found.push(this.#entry(device));
    }
    return found;
  }

  detail(key: DeviceKey): DeviceDetail | undefined {
    const device = this.#catalogue.find(key);
    if (!device) return undefined;
    const { account } = device;
    const { stored, deduplicated, filtered, deadLettered, discarded, expired } = account;
    return {
      ...this.#entry(device),
      metricList: Array.from(device.series, ([metric, series]) => ({
        metric,
        series,
        type: typeOf(this.#latest.get(series)?.value),
      })),
      accounts: { stored, deduplicated, filtered, deadLettered, discarded, expired },
      timeCorrected: account.timeCorrected,
      seqResets: account.seqResets,
      gaps: device.sequence?.gapCount ?? 0,
    };
  }

  latest(key: DeviceKey): LatestValue[] | undefined {
    const device = this.#catalogue.find(key);
    if (!device) return undefined;
    return Array.from(device.series).flatMap(([metric, series]) => {
      const point = this.#latest.get(series);
      return point ? [{ metric, timeMicros: point.timeMicros, value: point.value }] : [];
    });
  }

  gaps(query: GapQuery): SequenceGap[] {
    const { after } = query;
    const found: SequenceGap[] = [];
    for (const device of this.#from(after, true)) {
      if (found.length >= query.limit) break;
      if (!isWanted(query, device) || !device.sequence) continue;
      const { tenant, project, device: id } = device;
      const isAftersDevice = after !== undefined && compareKeys(device, after) === 0;
      for (const { epoch, gaps } of device.sequence
        .snapshot(device)
        .sort((a, b) => compareTexts(a.epoch, b.epoch))) {
        for (const { from, to } of gaps) {
          const isBefore = isAftersDevice && (compareTexts(epoch, after.epoch) || from - after.from) <= 0;
          if (!isBefore && found.length < query.limit)
            found.push({ tenant, project, device: id, epoch, from, to });
        }
      }
    }
    return found;
  }

  /** Newest receipt of a device, else newest event time. */
  lastSeen(device: DeviceState): number {
    if (device.lastSeenMicros > 0) return device.lastSeenMicros;
    let newest = 0;
    for (const series of device.series.values())
      newest = Math.max(newest, this.#latest.get(series)?.timeMicros ?? 0);
    return newest;
  }

  #entry(device: DeviceState): DeviceEntry {
    const { tenant, project, device: id, series } = device;
    return { tenant, project, device: id, lastSeenMicros: this.lastSeen(device), metrics: series.size };
  }

  /** Devices by key from the first behind `after` on, or with it. */
  *#from(after: DeviceKey | undefined, withIt = false): Generator<DeviceState> {
    const { devices } = this.#catalogue;
    if (this.#sorted.length !== devices.length) {
      this.#sorted = merge(this.#sorted, devices.slice(this.#sorted.length).sort(compareKeys));
    }
    const sorted = this.#sorted;
    let low = 0;
    let high = after ? sorted.length : 0;
    while (low < high && after) {
      const middle = (low + high) >> 1;
      const order = compareKeys(sorted[middle] ?? after, after);
      if (order > 0 || (withIt && order === 0)) high = middle;
      else low = middle + 1;
    }
    for (let i = low; i < sorted.length; i++) {
      const device = sorted[i];
      if (device) yield device;
    }
  }
}

/** Two sorted lists as one: new devices are few beside those sorted before. */
function merge(a: readonly DeviceState[], b: readonly DeviceState[]): DeviceState[] {
  const all: DeviceState[] = [];
  let at = 0;
  for (const one of b) {
    for (let next = a[at]; next && compareKeys(next, one) < 0; next = a[at]) {
      all.push(next);
      at++;
    }
    all.push(one);
  }
  for (; at < a.length; at++) {
    const next = a[at];
    if (next) all.push(next);
  }
  return all;
}

function isWanted(query: Partial<DeviceKey> & { search?: string }, device: DeviceKey): boolean {
  return (
    (query.tenant === undefined || query.tenant === device.tenant) &&
    (query.project === undefined || query.project === device.project) &&
    (query.device === undefined || query.device === device.device)
  );
}

function compareKeys(a: DeviceKey, b: DeviceKey): number {
  return (
    compareTexts(a.tenant, b.tenant) || compareTexts(a.project, b.project) || compareTexts(a.device, b.device)
  );
}

function typeOf(value: PointValue | undefined): ValueType {
  if (typeof value === 'bigint') return 'integer';
  if (typeof value === 'boolean') return 'boolean';
  return typeof value === 'string' ? 'text' : 'number';
}
