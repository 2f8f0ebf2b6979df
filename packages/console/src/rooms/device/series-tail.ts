import { useMemo, useState } from 'react';
import {
  append,
  breakLines,
  type Measure,
  NO_POINTS,
  type SeriesPoints,
  trim,
} from '../../charts/series-points.ts';
import { type RangeName, secondsOf } from '../../charts/time-window.ts';
import { millisOf, parseValue, type Value } from '../../format.ts';
import { type Point, queryTelemetry } from '../../generated/client.ts';
import { type Fetched, useFetched } from '../../live/fetched.ts';
import { topicOf, useLive } from '../../live/live-stream.ts';
import { serverNow } from '../../live/server-clock.ts';
import { errorOf, QUERY_MS } from '../../request.ts';
import { type DeviceName, devicePath } from '../../route.ts';

/** Points asked for: about two a pixel, extremes kept by the server. */
const POINTS = 1_600;
/** Points on a chart after which history is fetched anew, thinned by the server. */
const POINTS_MAX = 6_000;

/** The range of a chart: one that ends now, or a fixed one in seconds since 1970. */
export type ChartRange =
  | { readonly kind: 'tail'; readonly range: RangeName }
  | { readonly kind: 'fixed'; readonly from: number; readonly to: number };

/** History of one device, or why there is none. */
export interface Tail {
  readonly points: SeriesPoints;
  readonly fault: Error | undefined;
}

/** One metric of several devices over time. */
export interface Tails {
  /** In the order asked for. The first device's fault is its own fault; one of the others fails alone. */
  readonly history: Fetched<readonly Tail[]>;
  /** Points of each device, in the order asked for. */
  readonly points: readonly SeriesPoints[];
  /** Whether not every point of the range is there. */
  readonly isPart: boolean;
}

/** History of the range, and what arrives while it ends now. */
export function useTails(
  devices: readonly DeviceName[],
  metric: string,
  range: ChartRange,
  isBoolean: boolean,
): Tails {
  const key = JSON.stringify([devices.map(devicePath), metric, range]);
  const [live, setLive] = useState<{ readonly key: string; readonly points: readonly SeriesPoints[] }>({
    key,
    points: [],
  });
  const history = useFetched(
    key,
    (signal) =>
      Promise.all(
        devices.map(async (device, index) => {
          const points = fetchPoints({ ...device, metric }, range, isBoolean, signal);
          return index === 0 ? { points: await points, fault: undefined } : await alone(points);
        }),
      ),
    undefined,
    QUERY_MS,
  );
  const isTail = range.kind === 'tail';
  const seconds = isTail ? secondsOf(range.range) : 0;
  useLive(isTail ? devices.map(topicOf) : [], (received) => {
    const messages = received.flatMap((message) => (message.event === 'points' ? message.data.devices : []));
    const fresh = devices.map((device) =>
      pointsOf(
        messages
          .filter((one) => devicePath(one) === devicePath(device))
          .flatMap((one) => one.points.filter((point) => point.metric === metric)),
      ).sort((a, b) => a.time - b.time),
    );
    if (fresh.every((points) => points.length === 0)) return;
    const before = live.key === key ? live.points : [];
    const from = serverNow() / 1_000 - seconds;
    const points = fresh.map((newer, index) => trim(append(before[index] ?? NO_POINTS, newer), from));
    const isFull = points.some(({ times }) => times.length > POINTS_MAX);
    setLive({ key, points: isFull ? [] : points });
    if (isFull) history.reload();
  });
  const points = useMemo(
    () =>
      devices.map((_, index) => {
        const known = history.data?.[index]?.points ?? NO_POINTS;
        if (!isTail) return known;
        const newer = (live.key === key ? live.points[index] : undefined) ?? NO_POINTS;
        const fresh = newer.times.map((time, at) => ({ time, value: newer.values[at] ?? 0 }));
        return trim(append(known, fresh), serverNow() / 1_000 - seconds);
      }),
    [history.data, live, seconds, isTail, key, devices],
  );
  const fetched = Math.max(0, ...(history.data ?? []).map(({ points: { times } }) => times.length));
  return { history, points, isPart: fetched >= (isBoolean ? POINTS_MAX : POINTS / 2) };
}

/** Several lines over the union of their times; each breaks where its own points are missing. */
export function alignedLines(series: readonly SeriesPoints[]): {
  readonly at: readonly number[];
  readonly values: readonly (readonly (Measure | null | undefined)[])[];
} {
  const broken = series.map((points) => breakLines(points));
  const [only] = broken;
  if (broken.length === 1 && only) return { at: only.times, values: [only.values] };
  const at = [...new Set(broken.flatMap(({ times }) => times))].sort((a, b) => a - b);
  const values = broken.map(({ times, values: own }) => {
    const byTime = new Map(times.map((time, index) => [time, own[index]]));
    return at.map((time) => byTime.get(time));
  });
  return { at, values };
}

/** A compared device that cannot be read leaves the others as they are. */
function alone(asked: Promise<SeriesPoints>): Promise<Tail> {
  return asked.then(
    (points) => ({ points, fault: undefined }),
    (fault: unknown) => ({ points: NO_POINTS, fault: errorOf(fault) }),
  );
}

async function fetchPoints(
  series: DeviceName & { readonly metric: string },
  range: ChartRange,
  isBoolean: boolean,
  signal: AbortSignal,
): Promise<SeriesPoints> {
  const bounds =
    range.kind === 'tail'
      ? { from: `now-${range.range}`, to: 'now' }
      : { from: isoOf(range.from), to: isoOf(range.to) };
  // extremes are of numbers: of a boolean the newest points are fetched as they are
  const shape = isBoolean ? ({ order: 'desc', limit: POINTS_MAX } as const) : { points: POINTS };
  const page = await queryTelemetry({ ...series, ...bounds, ...shape }, signal);
  if (page.kind !== 'points') return NO_POINTS;
  return append(NO_POINTS, pointsOf(isBoolean ? page.items.toReversed() : page.items));
}

function isoOf(seconds: number): string {
  return new Date(seconds * 1_000).toISOString();
}

function pointsOf(items: readonly Point[]): { time: number; value: Measure }[] {
  return items
    .map((item) => ({ time: preciseSeconds(item.time), value: measureOf(parseValue(item)) }))
    .filter(({ value }) => Number.isFinite(Number(value)));
}

function measureOf(value: Value): Measure {
  return typeof value === 'bigint' ? value : Number(value);
}

/** Seconds since 1970 with microseconds, which `Date` does not keep. */
export function preciseSeconds(iso: string): number {
  return Math.floor(millisOf(iso) / 1_000) + Number(`0.${iso.slice(20, 26)}`);
}
