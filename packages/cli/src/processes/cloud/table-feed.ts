import type { Clock } from '@skerry/kernel';
import type { LiveDevice, LiveFilter, LivePoint, LivePull } from '@skerry/pipeline';
import type { PostgresReadings, ReadingPoint } from '@skerry/series/postgres';

/** What a feed works with. */
export interface TableFeedNeeds {
  readonly readings: Pick<PostgresReadings, 'now' | 'changes'>;
  readonly clock: Pick<Clock, 'sleep'>;
}

/** Time between two looks at what was committed. */
const LOOK_MS = 100;
const AT_ONCE = 10_000;

/**
 * Points as writers commit them, from `cursor` or from now on, in the shape of the pipeline's own feed; the first item is
 * there at once and carries the cursor. Ends when `signal` is aborted; fails with `query-refused` for a cursor that was
 * not given out here.
 */
export async function* followTables(
  filters: readonly LiveFilter[],
  cursor: string | undefined,
  signal: AbortSignal,
  { readings, clock }: TableFeedNeeds,
): AsyncGenerator<LivePull, void, void> {
  const [only] = filters;
  const asked = filters.length === 1 && only ? only : {};
  let at = cursor ?? (await readings.now());
  let isFirst = true;
  while (!signal.aborted) {
    const { points, cursor: next, isMore, gaps } = await readings.changes(at, asked, AT_ONCE);
    const wanted =
      filters.length < 2 ? points : points.filter((point) => filters.some((one) => isOf(point, one)));
    const gap = gaps.length === 0 ? undefined : ({ after: at, until: next, reason: 'restarted' } as const);
    at = next;
    if (isFirst || gap || wanted.length > 0) {
      isFirst = false;
      yield { devices: byDevice(wanted), rows: wanted.length, gap, cursor: at, hasMore: isMore };
    }
    if (!isMore) await clock.sleep(LOOK_MS, signal);
  }
}

function isOf(point: ReadingPoint, { tenant, project, device, metric }: LiveFilter): boolean {
  return (
    (tenant === undefined || tenant === point.tenant) &&
    (project === undefined || project === point.project) &&
    (device === undefined || device === point.device) &&
    (metric === undefined || metric === point.metric)
  );
}

function byDevice(points: readonly ReadingPoint[]): LiveDevice[] {
  const devices = new Map<string, LiveDevice & { readonly points: LivePoint[] }>();
  for (const { tenant, project, device, metric, timeMicros, value } of points) {
    const key = JSON.stringify([tenant, project, device]);
    let known = devices.get(key);
    if (!known) {
      known = { tenant, project, device, points: [] };
      devices.set(key, known);
    }
    known.points.push({ metric, timeMicros, value });
  }
  return [...devices.values()];
}
