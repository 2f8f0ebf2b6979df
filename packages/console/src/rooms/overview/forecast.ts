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

const DAY_MS = 86_400_000;

/** For how long raw points are kept (ms), by the configuration in force. */
export function retentionOf(values: Readonly<Record<string, unknown>> | undefined): number | undefined {
  const series: unknown = values?.series;
  if (typeof series !== 'object' || series === null || !('rawDays' in series)) return undefined;
  return typeof series.rawDays === 'number' ? series.rawDays * DAY_MS : undefined;
}
