/** One documented limit. `docs/LIMITS.md` is generated from every package's table of these. */
export interface Limit {
  /** The value in force unless configured. */
  readonly value: number;
  readonly unit: 'bytes' | 'count' | 'ms' | 'secs' | 'levels' | 'percent' | 'days' | 'micros';
  /** What is limited, one sentence. */
  readonly what: string;
  /** What happens when it is reached, one sentence. */
  readonly whenFull: string;
  /** Metric that tells how near it is, where there is one. */
  readonly metric?: string;
  /** Configuration key that changes it, where it may be changed. */
  readonly key?: string;
}

/** A package's limits by name; the name ends in its unit or bound (`packetBytesMax`). */
export type LimitTable = Readonly<Record<string, Limit>>;
