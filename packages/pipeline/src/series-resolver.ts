import type { Catalogue, DeviceState, ProjectState } from './catalogue.ts';
import { type DecodedRecord, NO_UNITS } from './decoded-record.ts';
import { LIMITS } from './limits.ts';
import type { PathNode, RecordShape } from './metric-path.ts';
import type { SealDraft } from './seal-draft.ts';
import { SequenceTracker } from './sequence-tracker.ts';

/** Why a record has no series to go to. */
export interface SeriesFault {
  readonly detail: string;
}

/** Finds, and where the limits allow makes, the devices and series of a decoded record: all of them or none. */
export class SeriesResolver {
  /** Series by point. */
  readonly series = new Int32Array(LIMITS.recordPointsMax.value + 1);
  /** By element. */
  readonly devices: (DeviceState | undefined)[] = [];
  readonly ids: string[] = [];
  readonly times: number[] = [];
  isTimeCorrected = false;
  readonly #catalogue: Catalogue;
  readonly #record: DecodedRecord;
  #owner: ProjectState | undefined;

  constructor(catalogue: Catalogue, record: DecodedRecord) {
    this.#catalogue = catalogue;
    this.#record = record;
  }

  /** Begins a record. */
  begin(): void {
    this.isTimeCorrected = false;
    // an array that is emptied by its length loses its memory
    this.devices[0] = undefined;
    this.ids[0] = '';
  }

  /** Tells of an element: whose it is and when. */
  element(
    index: number,
    owner: ProjectState,
    id: string,
    device: DeviceState | undefined,
    micros: number,
    isCorrected: boolean,
  ): void {
    this.#owner = owner;
    this.ids[index] = id;
    this.devices[index] = device;
    this.times[index] = micros;
    if (isCorrected) this.isTimeCorrected = true;
  }

  newTracker(): SequenceTracker {
    return new SequenceTracker();
  }

  /** Fills `series` and `devices`; returns why not, and has then made nothing. */
  resolve(draft: SealDraft): SeriesFault | undefined {
    if (!this.#lookUp()) {
      const fault = this.#admit();
      if (fault) return fault;
      this.#make(draft);
    }
    if (this.#record.units !== NO_UNITS) this.#noteUnits(draft);
    return undefined;
  }

  #noteUnits(draft: SealDraft): void {
    const { units, nodes, count } = this.#record;
    const known = this.#catalogue.units;
    for (let at = 0; at < count; at++) {
      const unit = units.get(`unit:${nodes[at]?.name}`);
      const series = Number(this.series[at]);
      if (unit === undefined || unit === known.get(series) || unit.length > LIMITS.unitCharsMax.value)
        continue;
      known.set(series, unit);
      draft.units.set(series, unit);
    }
  }

  /** True when everything is known already. */
  #lookUp(): boolean {
    const { elementCount, count } = this.#record;
    const device = elementCount === 1 && count > 0 ? this.devices[0] : undefined;
    if (!device) return this.#lookUpEach();
    const shape = this.#shapeOf(count);
    if (device.shape === shape) {
      for (let at = 0; at < count; at++) this.series[at] = device.firstSeries + at;
      return true;
    }
    if (!this.#lookUpEach()) return false;
    const first = Number(this.series[0]);
    let isRow = true;
    for (let at = 1; at < count && isRow; at++) isRow = this.series[at] === first + at;
    if (isRow) {
      device.shape = shape;
      device.firstSeries = first;
    }
    return true;
  }

  /** The shape of the record's nodes: the same object as long as records that end alike look alike. */
  #shapeOf(count: number): RecordShape {
    const { nodes } = this.#record;
    // written by the decoder for every index below count
    const last = nodes[count - 1] as PathNode;
    const known = last.shape;
    if (known && known.length === count) {
      let at = 0;
      while (at < count && known[at] === nodes[at]) at++;
      if (at === count) return known;
    }
    last.shape = nodes.slice(0, count);
    return last.shape;
  }

  #lookUpEach(): boolean {
    const { elements, elementCount, nodes } = this.#record;
    let isComplete = true;
    let at = 0;
    for (let i = 0; i < elementCount; i++) {
      const end = Number(elements[i]?.end);
      const device = this.devices[i];
      if (!device) {
        isComplete = false;
        at = end;
        continue;
      }
      const { lastNodes, lastSeries } = device;
      for (let place = 0; at < end; at++, place++) {
        const node = nodes[at];
        let id = lastSeries[place];
        if (node === undefined || lastNodes[place] !== node || id === undefined) {
          id = node && device.series.get(node.name);
          if (node === undefined || id === undefined) {
            isComplete = false;
            continue;
          }
          if (place <= lastNodes.length && place < LIMITS.deviceSeriesMax.value) {
            lastNodes[place] = node;
            lastSeries[place] = id;
          }
        }
        this.series[at] = id;
      }
    }
    return isComplete;
  }

  #admit(): SeriesFault | undefined {
    const wanted = new Map<string, Set<string>>();
    this.#eachMissing((id, metric) => {
      let metrics = wanted.get(id);
      if (!metrics) {
        metrics = new Set();
        wanted.set(id, metrics);
      }
      if (metric !== undefined) metrics.add(metric);
    });
    let newDevices = 0;
    let newSeries = 0;
    for (const [id, metrics] of wanted) {
      const device = this.#owner?.devices.get(id);
      if (!device) newDevices++;
      newSeries += metrics.size;
      const count = (device?.series.size ?? 0) + metrics.size;
      if (count > LIMITS.deviceSeriesMax.value)
        return {
          detail: `The device ${id} would have ${count} series; at most ${LIMITS.deviceSeriesMax.value} are kept.`,
        };
    }
    return this.#owner && this.#refuseBeyond(this.#owner, newDevices, newSeries);
  }

  /** Why a tenant may not have so many more; undefined when it may. */
  #refuseBeyond(owner: ProjectState, newDevices: number, newSeries: number): SeriesFault | undefined {
    const { devices, series } = this.#catalogue;
    const { tenant, holding } = owner;
    if (!this.#catalogue.hasRoomForDevices(owner, newDevices))
      return {
        detail: `The store has ${devices.length} devices, ${holding.devices} of the tenant ${tenant}; it has no room for ${newDevices} more of this tenant.`,
      };
    if (!this.#catalogue.hasRoomForSeries(owner, newSeries))
      return {
        detail: `The store has ${series.length} series, ${holding.series} of the tenant ${tenant}; it has no room for ${newSeries} more of this tenant.`,
      };
    return undefined;
  }

  #make(draft: SealDraft): void {
    const owner = this.#owner;
    if (!owner) return;
    this.#eachMissing((id, metric) => {
      const device = owner.devices.get(id) ?? this.#catalogue.addDevice(owner, id);
      if (metric !== undefined && !device.series.has(metric))
        draft.series.push(this.#catalogue.addSeries(device, metric));
    });
    for (let i = 0; i < this.#record.elementCount; i++)
      this.devices[i] = owner.devices.get(this.ids[i] ?? '');
    this.#lookUp();
  }

  /** Calls back with devices (metric undefined) and series that are not there. */
  #eachMissing(callback: (id: string, metric: string | undefined) => void): void {
    const { elements, elementCount, nodes } = this.#record;
    let at = 0;
    for (let i = 0; i < elementCount; i++) {
      const id = this.ids[i] ?? '';
      const device = this.devices[i] ?? this.#owner?.devices.get(id);
      if (!device) callback(id, undefined);
      for (const end = Number(elements[i]?.end); at < end; at++) {
        const name = nodes[at]?.name;
        if (name !== undefined && !device?.series.has(name)) callback(id, name);
      }
    }
  }
}
