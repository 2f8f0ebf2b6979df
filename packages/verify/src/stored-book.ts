import type { SentDevice } from './sent-book.ts';

const PAGE_RECORDS = 65_536;

/** The metrics that tell which message a record is, in the order of `StoredBook.add`. */
export const MARK_METRICS: readonly string[] = ['n', 'h', 'e'];

/** A record as the store has it. `values` and `counts` are those of `MARK_METRICS`; a value is NaN where there is none. */
export interface StoredRecord {
  readonly offset: number;
  readonly device: SentDevice;
  readonly values: readonly [seq: number, mark: number, epoch: number];
  /** How often each was stored; 255 stands for more. */
  readonly counts: readonly [number, number, number];
  /** Points of more than one device have this offset. */
  readonly isMixed: boolean;
}

interface Page {
  readonly values: Float64Array;
  readonly counts: Uint8Array;
  /** Index of the device + 1, 0 where nothing is stored. */
  readonly devices: Int32Array;
  readonly mixed: Uint8Array;
}

/** What the store holds of the senders, by offset: the points' own identity. */
export class StoredBook {
  readonly #pages = new Map<number, Page>();
  readonly #devices: SentDevice[] = [];
  readonly #indices = new Map<SentDevice, number>();

  /** Adds a point; `metric` is a place in `MARK_METRICS`. */
  add(device: SentDevice, metric: number, offset: number, value: number): void {
    const page = this.#page(Math.floor(offset / PAGE_RECORDS));
    const place = offset % PAGE_RECORDS;
    const index = this.#index(device);
    if (page.devices[place] === 0) page.devices[place] = index;
    else if (page.devices[place] !== index) page.mixed[place] = 1;
    const cell = place * 3 + metric;
    page.values[cell] = value;
    page.counts[cell] = Math.min(255, Number(page.counts[cell]) + 1);
  }

  /** The record at an offset. */
  at(offset: number): StoredRecord | undefined {
    const page = this.#pages.get(Math.floor(offset / PAGE_RECORDS));
    return page && this.#record(page, offset);
  }

  /** All records by offset. */
  *records(): Generator<StoredRecord> {
    for (const number of [...this.#pages.keys()].sort((a, b) => a - b)) {
      const page = this.#page(number);
      for (let place = 0; place < PAGE_RECORDS; place++) {
        if (page.devices[place] === 0) continue;
        const record = this.#record(page, number * PAGE_RECORDS + place);
        if (record) yield record;
      }
    }
  }

  #record(page: Page, offset: number): StoredRecord | undefined {
    const place = offset % PAGE_RECORDS;
    const device = this.#devices[Number(page.devices[place]) - 1];
    if (!device) return undefined;
    const cell = place * 3;
    const { values, counts } = page;
    return {
      offset,
      device,
      values: [Number(values[cell]), Number(values[cell + 1]), Number(values[cell + 2])],
      counts: [Number(counts[cell]), Number(counts[cell + 1]), Number(counts[cell + 2])],
      isMixed: page.mixed[place] === 1,
    };
  }

  #page(number: number): Page {
    let page = this.#pages.get(number);
    if (!page) {
      page = {
        values: new Float64Array(PAGE_RECORDS * 3).fill(Number.NaN),
        counts: new Uint8Array(PAGE_RECORDS * 3),
        devices: new Int32Array(PAGE_RECORDS),
        mixed: new Uint8Array(PAGE_RECORDS),
      };
      this.#pages.set(number, page);
    }
    return page;
  }

  #index(device: SentDevice): number {
    let index = this.#indices.get(device);
    if (index === undefined) {
      index = this.#devices.push(device);
      this.#indices.set(device, index);
    }
    return index;
  }
}
