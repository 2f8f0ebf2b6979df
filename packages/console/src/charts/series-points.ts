/** A value that can be drawn: a double, or an integer with more digits than one holds. */
export type Measure = number | bigint;

/** Points of a chart in columns: seconds since 1970, ascending, and values; null breaks the line. */
export interface SeriesPoints {
  readonly times: readonly number[];
  readonly values: readonly (Measure | null)[];
}

/** No points. */
export const NO_POINTS: SeriesPoints = { times: [], values: [] };

/** Appends points (ascending) newer than those there are; older and equal ones are known already. */
export function append(
  points: SeriesPoints,
  fresh: readonly { readonly time: number; readonly value: Measure }[],
): SeriesPoints {
  const last = points.times.at(-1) ?? Number.NEGATIVE_INFINITY;
  const newer = fresh.filter(({ time }) => time > last);
  if (newer.length === 0) return points;
  return {
    times: [...points.times, ...newer.map(({ time }) => time)],
    values: [...points.values, ...newer.map(({ value }) => value)],
  };
}

/** Leaves out what lies before `from` (seconds), except the last point before it, so that the line reaches the edge. */
export function trim(points: SeriesPoints, from: number): SeriesPoints {
  const first = points.times.findIndex((time) => time >= from);
  const keep = first < 0 ? Math.max(0, points.times.length - 1) : Math.max(0, first - 1);
  return keep === 0 ? points : { times: points.times.slice(keep), values: points.values.slice(keep) };
}

/** The least and the greatest value; the infinities where there is none. */
export function boundsOf({ values }: SeriesPoints): { readonly min: Measure; readonly max: Measure } {
  let min: Measure = Number.POSITIVE_INFINITY;
  let max: Measure = Number.NEGATIVE_INFINITY;
  for (const value of values) {
    if (value === null) continue;
    // Math.min takes no bigint; `<` compares both kinds exactly
    if (value < min) min = value;
    if (value > max) max = value;
  }
  return { min, max };
}

/**
 * Breaks the line where points are missing: where a step is more than `factor` times the usual one, and at least
 * `leastSecs`.
 */
export function breakLines(points: SeriesPoints, factor = 12, leastSecs = 5): SeriesPoints {
  const { times, values } = points;
  if (times.length < 4) return points;
  const steps = times.slice(1).map((time, index) => time - Number(times[index]));
  const usual = steps.toSorted((a, b) => a - b)[Math.floor(steps.length / 2)] ?? 0;
  const most = Math.max(usual * factor, leastSecs);
  if (!steps.some((step) => step > most)) return points;
  const brokenTimes: number[] = [];
  const brokenValues: (Measure | null)[] = [];
  for (const [index, time] of times.entries()) {
    const before = times[index - 1];
    if (before !== undefined && time - before > most) {
      brokenTimes.push(before + usual);
      brokenValues.push(null);
    }
    brokenTimes.push(time);
    brokenValues.push(values[index] ?? null);
  }
  return { times: brokenTimes, values: brokenValues };
}
