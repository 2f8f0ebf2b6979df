import type { DeviceKey, PointValue, SeriesKey } from '@skerry/model';

/** A range of InfluxDB's own times, nanoseconds since 1970: from, inclusive, to, exclusive. */
export interface NanosRange {
  readonly from: bigint;
  readonly to: bigint;
}

/** A point as InfluxDB has it. */
export interface InfluxPoint {
  readonly nanos: bigint;
  /** The tag `twin`; empty for nearly every point. */
  readonly twin: string;
  readonly value: PointValue;
}

/** Numbers of a step of InfluxDB's own time, aligned to multiples of it since 1970. */
export interface InfluxSum {
  readonly startMicros: number;
  readonly count: number;
  readonly min: number;
  readonly max: number;
  readonly sum: number;
  readonly first: number;
  readonly last: number;
}

/** Equal slices of a range, the first of which begins with it. */
export interface Slices {
  readonly widthMicros: number;
  readonly count: number;
}

/** What points of InfluxDB are asked with, in the language of one kind of server. Every question fails with the codes of a sink. */
export interface InfluxDialect {
  /** By time, at most `limit`. `isNumeric`: numbers and exact integers only. */
  points(
    series: SeriesKey,
    range: NanosRange,
    choice: { readonly limit: number; readonly newestFirst: boolean; readonly isNumeric: boolean },
    signal: AbortSignal,
  ): Promise<InfluxPoint[]>;
  /** Of the steps that hold numbers, by time, at most `limit`. */
  sums(
    series: SeriesKey,
    range: NanosRange,
    choice: { readonly stepMicros: number; readonly limit: number },
    signal: AbortSignal,
  ): Promise<InfluxSum[]>;
  /** First, least, greatest and last number of each slice, in any order and some of them twice. */
  picks(series: SeriesKey, range: NanosRange, slices: Slices, signal: AbortSignal): Promise<InfluxPoint[]>;
  /** The newest points of each metric, at most `limit`, newest first. */
  newest(
    device: DeviceKey,
    metrics: readonly string[],
    limit: number,
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, readonly InfluxPoint[]>>;
}

/** A row with the fields of a point; those that it does not have are null or absent. */
export interface FieldRow {
  readonly value?: unknown;
  readonly text?: unknown;
  readonly flag?: unknown;
  readonly exact?: unknown;
  readonly digits?: unknown;
}

/** The value of a row; undefined where none of the fields of docs/formats/influx.md is there. */
export function storedValue({ value, text, flag, exact, digits }: FieldRow): PointValue | undefined {
  if (typeof exact === 'number' || typeof exact === 'bigint' || typeof exact === 'string')
    return BigInt(exact);
  if (typeof digits === 'string') return BigInt(digits);
  if (typeof text === 'string') return text;
  if (typeof flag === 'boolean') return flag;
  // a number of many digits and no decimals was taken for an exact one
  return typeof value === 'number' || typeof value === 'bigint' ? Number(value) : undefined;
}

const NANOS_MAX = 9_223_372_036_854_775_806n;

/** Microseconds as InfluxDB's own time, within what it can say. */
export function nanosOf(micros: number): bigint {
  const nanos = BigInt(Math.round(micros)) * 1_000n;
  return nanos > NANOS_MAX ? NANOS_MAX : nanos < -NANOS_MAX ? -NANOS_MAX : nanos;
}
