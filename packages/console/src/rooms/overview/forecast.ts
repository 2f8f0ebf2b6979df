/** A figure is forecast from at least this much of the past. */
const PAST_MS_MIN = 60_000;

/**
 * Growth of a figure over the samples, per millisecond, from the first to the last; undefined while they are too few.
 * The samples are ordered by time (ISO).
 */
export function growthPerMs<S extends { readonly time: string }>(
  samples: readonly S[],
  figure: (sample: S) => number,
): number | undefined {
  const first = samples[0];
  const last = samples.at(-1);
  if (!first || !last) return undefined;
  const pastMs = Date.parse(last.time) - Date.parse(first.time);
  return pastMs < PAST_MS_MIN ? undefined : (figure(last) - figure(first)) / pastMs;
}

/** What the disk has to take: free bytes, the journal up to its share, and series for as long as raw points are kept. */
export interface DiskLoad {
  readonly freeBytes: number;
  /** Bytes that the journal may still grow by. */
  readonly journalRoomBytes: number;
  /** Growth, bytes per millisecond. */
  readonly journalPerMs: number;
  readonly storePerMs: number;
  /** For how long raw points are kept, ms; undefined: for ever. */
  readonly retentionMs: number | undefined;
}

/**
 * Milliseconds until the disk is full at this rate; undefined when it does not become full: the journal stops growing
 * at its share, series when the oldest raw points are removed as fast as new ones come.
 */
export function diskFullIn(load: DiskLoad): number | undefined {
  const store = Math.max(0, load.storePerMs);
  const journal = Math.max(0, load.journalPerMs);
  const journalEndMs = journal > 0 ? load.journalRoomBytes / journal : 0;
  const storeEndMs = store > 0 ? (load.retentionMs ?? Number.POSITIVE_INFINITY) : 0;
  let left = load.freeBytes;
  let at = 0;
  for (const until of [Math.min(journalEndMs, storeEndMs), Math.max(journalEndMs, storeEndMs)]) {
    const rate = (at < journalEndMs ? journal : 0) + (at < storeEndMs ? store : 0);
    if (until > at && rate * (until - at) >= left) return at + left / rate;
    if (until > at) left -= rate * (until - at);
    at = Math.max(at, until);
  }
  return undefined;
}

const DAY_MS = 86_400_000;

/** For how long raw points are kept (ms), by the configuration in force. */
export function retentionOf(values: Readonly<Record<string, unknown>> | undefined): number | undefined {
  const series: unknown = values?.series;
  if (typeof series !== 'object' || series === null || !('rawDays' in series)) return undefined;
  return typeof series.rawDays === 'number' ? series.rawDays * DAY_MS : undefined;
}
