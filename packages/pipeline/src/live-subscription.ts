import type { DeviceKey, PointValue, SeriesDefinition } from '@skerry/model';
import { LIMITS } from './limits.ts';
import { formatCursor, parseCursor } from './live-cursor.ts';
import { comparePlaces, type LivePlace, type LiveRing } from './live-ring.ts';

/** Which points a feed is about; an absent member means every one. */
export interface LiveFilter {
  readonly tenant?: string;
  readonly project?: string;
  readonly device?: string;
  readonly metric?: string;
}

/** New points of one device, in the order in which they became visible. */
export interface LiveDevice extends DeviceKey {
  readonly points: readonly LivePoint[];
}

/** One point of a live feed. */
export interface LivePoint {
  readonly metric: string;
  readonly timeMicros: number;
  readonly value: PointValue;
}

/**
 * Points that the feed cannot give any more: those behind `after` up to `until`; both are cursors. `overwritten`: newer
 * ones took their place; `restarted`: they were sealed before this process began, and queries have them;
 * `other-journal` and `ahead-of-journal`: the cursor is of another journal, or of one that has lost its end.
 */
export interface LiveGap {
  readonly after: string;
  readonly until: string;
  readonly reason: 'overwritten' | 'restarted' | 'other-journal' | 'ahead-of-journal';
}

/** What a pull gives. `cursor` continues exactly behind it. */
export interface LivePull {
  readonly devices: readonly LiveDevice[];
  readonly rows: number;
  readonly gap: LiveGap | undefined;
  readonly cursor: string;
  /** True when more is there already. */
  readonly hasMore: boolean;
}

/** A feed of one subscriber. No gap and no duplicate, but for those it tells of. */
export interface LiveSubscription extends Disposable {
  /** Points since the last pull, at most `rowsMax` rows looked at. */
  pull(rowsMax?: number): LivePull;
}

/** Reads the ring for one subscriber. */
export class RingSubscription implements LiveSubscription {
  readonly #ring: LiveRing;
  readonly #journalId: string;
  readonly #series: readonly SeriesDefinition[];
  readonly #filters: readonly LiveFilter[];
  readonly #close: () => void;
  readonly #here: () => LivePlace;
  readonly #gapped: () => void;
  #place: LivePlace;
  #row: number;
  #gap: LiveGap | undefined;
  /** Per series: 0 not decided, 1 wanted, 2 not wanted. */
  #wanted = new Uint8Array(1024);

  constructor(needs: {
    readonly ring: LiveRing;
    readonly journalId: string;
    readonly series: readonly SeriesDefinition[];
    readonly filters: readonly LiveFilter[];
    readonly cursor: string | undefined;
    /** End of the journal: no cursor of this journal lies behind it. */
    readonly journalEnd: number;
    /** The place behind everything decoded so far. */
    readonly here: () => LivePlace;
    /** Told of each gap. */
    readonly gapped: () => void;
    readonly close: () => void;
  }) {
    this.#ring = needs.ring;
    this.#journalId = needs.journalId;
    this.#series = needs.series;
    this.#filters = needs.filters;
    this.#close = needs.close;
    this.#here = needs.here;
    this.#gapped = needs.gapped;
    this.#place = needs.here();
    this.#row = needs.ring.end;
    if (needs.cursor !== undefined) this.#resume(needs.cursor, needs.journalEnd);
  }

  pull(rowsMax: number = LIMITS.livePullRowsMax.value): LivePull {
    const ring = this.#ring;
    const gap = this.#gap ?? this.#overwritten();
    this.#gap = undefined;
    if (gap) this.#gapped();
    const end = Math.min(ring.end, this.#row + rowsMax);
    const devices = new Map<string, LiveDevice & { points: LivePoint[] }>();
    let rows = 0;
    // after a restart rows come again that the cursor is behind of already
    if (this.#row < end) this.#row = Math.min(end, Math.max(this.#row, ring.rowBehind(this.#place)));
    for (let row = this.#row; row < end; row++) {
      const series = ring.seriesOf(row);
      if (!this.#wants(series)) continue;
      rows++;
      this.#give(devices, series, row);
    }
    const place = end === ring.end ? this.#here() : ring.placeOf(end - 1);
    if (comparePlaces(place, this.#place) > 0) this.#place = place;
    this.#row = end;
    const cursor = formatCursor(this.#journalId, this.#place);
    return { devices: [...devices.values()], rows, gap, cursor, hasMore: ring.end > end };
  }

  [Symbol.dispose](): void {
    this.#close();
  }

  #give(devices: Map<string, LiveDevice & { points: LivePoint[] }>, series: number, row: number): void {
    const definition = this.#series[series];
    if (!definition) return;
    const { tenant, project, device, metric } = definition;
    const key = `${tenant}/${project}/${device}`;
    let found = devices.get(key);
    if (!found) {
      found = { tenant, project, device, points: [] };
      devices.set(key, found);
    }
    found.points.push({ metric, timeMicros: this.#ring.timeOf(row), value: this.#ring.valueOf(row) });
  }

  #resume(cursor: string, journalEnd: number): void {
    const found = parseCursor(cursor);
    const ring = this.#ring;
    if (found.journalId !== this.#journalId) this.#skipTo(cursor, this.#place, 'other-journal');
    else if (found.offset >= journalEnd) {
      this.#skipTo(cursor, this.#place, 'ahead-of-journal');
    } else if (comparePlaces(found, ring.before) < 0) {
      this.#row = ring.start;
      this.#skipTo(cursor, ring.before, comparePlaces(found, ring.first) < 0 ? 'restarted' : 'overwritten');
    } else {
      this.#place = found;
      this.#row = ring.rowBehind(found);
    }
  }

  #skipTo(after: string, until: LivePlace, reason: LiveGap['reason']): void {
    this.#gap = { after, until: formatCursor(this.#journalId, until), reason };
    this.#place = until;
  }

  #overwritten(): LiveGap | undefined {
    const ring = this.#ring;
    if (this.#row >= ring.start) return undefined;
    const after = formatCursor(this.#journalId, this.#place);
    this.#row = ring.start;
    this.#place = ring.before;
    return { after, until: formatCursor(this.#journalId, ring.before), reason: 'overwritten' };
  }

  #wants(series: number): boolean {
    if (series >= this.#wanted.length) {
      const wanted = new Uint8Array(Math.max(series + 1, this.#wanted.length * 2));
      wanted.set(this.#wanted);
      this.#wanted = wanted;
    }
    const known = this.#wanted[series];
    if (known !== 0) return known === 1;
    const definition = this.#series[series];
    const isWanted = definition !== undefined && this.#filters.some((filter) => fits(filter, definition));
    this.#wanted[series] = isWanted ? 1 : 2;
    return isWanted;
  }
}

function fits(filter: LiveFilter, series: SeriesDefinition): boolean {
  return (
    (filter.tenant === undefined || filter.tenant === series.tenant) &&
    (filter.project === undefined || filter.project === series.project) &&
    (filter.device === undefined || filter.device === series.device) &&
    (filter.metric === undefined || filter.metric === series.metric)
  );
}
