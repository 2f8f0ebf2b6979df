import type { PointValue, SeriesKey } from '@skerry/model';
import { SeriesError } from '../errors.ts';
import { LIMITS } from '../limits.ts';
import { type InfluxDialect, type InfluxPoint, type NanosRange, nanosOf } from './influx-dialect.ts';
import { readNanos, slotsOf } from './point-time.ts';

/** A point at its own time, and its number among those of that time, in the order of their records. */
export interface OrderedPoint {
  readonly micros: number;
  readonly rank: number;
  readonly value: PointValue;
}

/** Which points of a series, by their own times. */
export interface PointRange {
  readonly series: SeriesKey;
  readonly fromMicros: number;
  readonly toMicros: number;
  readonly newestFirst: boolean;
  readonly isNumeric: boolean;
}

/** How far a point can lie behind its own time. */
const MOVED_NANOS = 10_000_000n;
const ROWS = 10_000;

interface Decoded {
  readonly micros: number;
  readonly slot: number;
  readonly twin: string;
  readonly value: PointValue;
}

/**
 * Points in the order of their own times and records, newest first on request. Whole times only: what InfluxDB has moved
 * below the precision of a time is put back. `firstRows`: how many are asked for at first.
 */
export async function* pointsInOrder(
  dialect: Pick<InfluxDialect, 'points'>,
  range: PointRange,
  firstRows: number,
  signal: AbortSignal,
): AsyncGenerator<readonly OrderedPoint[], void, void> {
  const { series, fromMicros, toMicros, newestFirst, isNumeric } = range;
  let rest: NanosRange = { from: nanosOf(fromMicros), to: nanosOf(toMicros) + MOVED_NANOS };
  let waiting: Decoded[] = [];
  let limit = Math.max(2, Math.min(firstRows, ROWS));
  for (;;) {
    const rows = await dialect.points(series, rest, { limit, newestFirst, isNumeric }, signal);
    const end = rows.length < limit ? undefined : rows.at(-1)?.nanos;
    // rows of the last time may be cut off: they are asked for again
    const whole = end === undefined ? rows : rows.filter(({ nanos }) => nanos !== end);
    if (end !== undefined && whole.length === 0 && limit >= LIMITS.influxSameTimePoints.value)
      refuse(series, end);
    for (const row of whole) {
      const point = decoded(row);
      if (point.micros >= fromMicros && point.micros < toMicros) waiting.push(point);
    }
    const isSettled = settled(end, newestFirst);
    const ready = waiting.filter(isSettled);
    waiting = waiting.filter((one) => !isSettled(one));
    if (ready.length > 0) yield ordered(ready, newestFirst);
    if (end === undefined) return;
    if (waiting.length > LIMITS.influxSameTimePoints.value) refuse(series, end);
    rest = newestFirst ? { from: rest.from, to: end + 1n } : { from: end, to: rest.to };
    limit = whole.length === 0 ? Math.min(limit * 4, LIMITS.influxSameTimePoints.value) : ROWS;
  }
}

/** The newest of the newest rows of a series; undefined where further rows have to be seen, `isCut` when there may be any. */
export function newestOf(rows: readonly InfluxPoint[], isCut: boolean): OrderedPoint | undefined {
  const end = isCut ? rows.at(-1)?.nanos : undefined;
  const whole = rows.filter(({ nanos }) => nanos !== end).map(decoded);
  return ordered(whole.filter(settled(end, true)), true)[0];
}

/** A point and the order of its record. */
function decoded({ nanos, twin, value }: InfluxPoint): Decoded {
  return { ...readNanos(nanos), twin, value };
}

/** Whether no point of that time can be behind the end of what was read. */
function settled(end: bigint | undefined, newestFirst: boolean): (point: Decoded) => boolean {
  if (end === undefined) return () => true;
  const border = Math.floor(Number(newestFirst ? end / 1_000n : (end - MOVED_NANOS) / 1_000n));
  return newestFirst ? ({ micros }) => micros > border : ({ micros }) => micros < border;
}

/** Points of whole times in order. */
function ordered(points: readonly Decoded[], newestFirst: boolean): OrderedPoint[] {
  const times = Map.groupBy(points, ({ micros }) => micros);
  const found: OrderedPoint[] = [];
  for (const micros of [...times.keys()].sort((a, b) => a - b)) {
    const own = times.get(micros) ?? [];
    const rows = own.length === 1 ? own : byRecord(own, micros);
    found.push(...rows.map(({ value }, rank) => ({ micros, rank, value })));
  }
  return newestFirst ? found.reverse() : found;
}

/** Points of one time by their laps, and within a lap by slots, which are a circle: it begins behind its widest gap. */
function byRecord(points: readonly Decoded[], micros: number): Decoded[] {
  const laps = Map.groupBy(points, ({ twin }) => Number.parseInt(twin || '0', 10));
  const found: Decoded[] = [];
  for (const lap of [...laps.keys()].sort((a, b) => a - b)) {
    const own = (laps.get(lap) ?? []).sort((a, b) => a.slot - b.slot || nthOf(a) - nthOf(b));
    const start = beginOf(own, slotsOf(micros));
    found.push(...own.slice(start), ...own.slice(0, start));
  }
  return found;
}

function nthOf({ twin }: Decoded): number {
  return Number(twin.split('.')[1] ?? 0);
}

function beginOf(points: readonly Decoded[], slots: number): number {
  const slotAt = (i: number) => Number(points[i]?.slot);
  let widest = slotAt(0) + slots - slotAt(points.length - 1);
  let start = 0;
  for (let i = 1; i < points.length; i++) {
    const gap = slotAt(i) - slotAt(i - 1);
    if (gap <= widest) continue;
    widest = gap;
    start = i;
  }
  return start;
}

/** Points of slices, by their own times; the order within a time is that of InfluxDB. */
export function withoutOrder(points: readonly InfluxPoint[]): OrderedPoint[] {
  return points.map((point) => {
    const { micros, slot, value } = decoded(point);
    return { micros, rank: slot, value };
  });
}

function refuse({ metric, device }: SeriesKey, end: bigint): never {
  const most = LIMITS.influxSameTimePoints.value;
  const time = new Date(Number(end / 1_000_000n)).toISOString();
  throw new SeriesError(
    'query-refused',
    `Cannot put points of ${metric} of ${device} in order: found more than ${most} within 10 ms of ${time}; ask for another range.`,
  );
}
