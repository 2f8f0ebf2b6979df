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

const UNIT_MS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** For how long raw points are kept (ms), by the configuration in force: `3d`, or a number of milliseconds. */
export function retentionOf(values: Readonly<Record<string, unknown>> | undefined): number | undefined {
  const found = values?.retention ?? values?.['series.retention'];
  if (typeof found === 'number') return found;
  const words = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(typeof found === 'string' ? found : '');
  const unit = words?.[2];
  if (unit !== 'ms' && unit !== 's' && unit !== 'm' && unit !== 'h' && unit !== 'd') return undefined;
  return Number(words?.[1]) * UNIT_MS[unit];
}
