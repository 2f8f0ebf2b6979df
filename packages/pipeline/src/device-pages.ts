import { type DeviceKey, modelOf, type PointValue, type SequenceGap, type ValueType } from '@skerry/model';
import type { Catalogue, DeviceState } from './catalogue.ts';
import type { ConnectivityPages } from './connectivity-pages.ts';
import { compareKeys, DeviceList, isOf } from './device-list.ts';
import type { LatestValues } from './latest-values.ts';
import { compareTexts } from './ledger.ts';
import type {
  DeviceDetail,
  DeviceEntry,
  DeviceQuery,
  DeviceRows,
  GapQuery,
  LatestValue,
} from './pipeline.ts';

/** Answers questions about devices from the catalogue. */
export class DevicePages {
  readonly #catalogue: Catalogue;
  readonly #latest: LatestValues;
  readonly #connectivity: Pick<ConnectivityPages, 'now'>;
  readonly #list = new DeviceList((device) => this.lastSeen(device));
  #sorted: DeviceState[] = [];

  constructor(catalogue: Catalogue, latest: LatestValues, connectivity: Pick<ConnectivityPages, 'now'>) {
    this.#connectivity = connectivity;
    this.#catalogue = catalogue;
    this.#latest = latest;
  }

  /** A cut of the devices that a query means, and how many there are in all. */
  list(query: DeviceQuery): DeviceRows {
    const devices = this.#list.of(query, this.#all());
    const begin = (query.after ? firstBehind(devices, query.after) : 0) + (query.skip ?? 0);
    return {
      total: devices.length,
      entries: devices.slice(begin, begin + query.limit).map((device) => this.#entry(device)),
    };
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
      connected: this.#connectivity.now(device),
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
    for (const device of this.#from(after)) {
      if (found.length >= query.limit) break;
      if (!isOf(query, device) || !device.sequence) continue;
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

  /** Newest receipt of a device. Of one that was sealed before receipts were: its newest event time, as far as it can be true. */
  lastSeen(device: DeviceState): number {
    const { lastSeenMicros } = device.account;
    if (lastSeenMicros > 0) return lastSeenMicros;
    let newest = 0;
    for (const series of device.series.values())
      newest = Math.max(newest, this.#latest.get(series)?.timeMicros ?? 0);
    return Math.min(newest, this.#catalogue.restoredMicros);
  }

  /** The model that the device tells; empty without one. */
  model({ modelSeries }: DeviceState): string {
    return modelSeries === undefined ? '' : modelOf(this.#latest.get(modelSeries)?.value);
  }

  #entry(device: DeviceState): DeviceEntry {
    const { tenant, project, device: id, series } = device;
    return { tenant, project, device: id, lastSeenMicros: this.lastSeen(device), metrics: series.size };
  }

  /** Every device by key. */
  #all(): readonly DeviceState[] {
    const { devices } = this.#catalogue;
    if (this.#sorted.length !== devices.length) {
      this.#sorted = merge(this.#sorted, devices.slice(this.#sorted.length).sort(compareKeys));
    }
    return this.#sorted;
  }

  /** Devices by key from the one given on. */
  *#from(first: DeviceKey | undefined): Generator<DeviceState> {
    const sorted = this.#all();
    for (let i = first ? firstBehind(sorted, first, true) : 0; i < sorted.length; i++) {
      const device = sorted[i];
      if (device) yield device;
    }
  }
}

/** Index of the first device behind a key, or of the key itself `withIt`. */
function firstBehind(sorted: readonly DeviceState[], key: DeviceKey, withIt = false): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const order = compareKeys(sorted[middle] ?? key, key);
    if (order > 0 || (withIt && order === 0)) high = middle;
    else low = middle + 1;
  }
  return low;
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

function typeOf(value: PointValue | undefined): ValueType {
  if (typeof value === 'bigint') return 'integer';
  if (typeof value === 'boolean') return 'boolean';
  return typeof value === 'string' ? 'text' : 'number';
}
