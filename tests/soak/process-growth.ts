import { readdirSync, readFileSync } from 'node:fs';

/** What the system says of a process at one moment. */
export interface ProcessSample {
  /** Seconds since the soak began. */
  readonly secs: number;
  readonly rssMb: number;
  readonly descriptors: number;
}

/** Where a process stood over a part of the run. */
export interface Stand {
  /** Median, in units of 10^6 bytes. */
  readonly rssMb: number;
  /** Least: what is open for one request is not counted. */
  readonly descriptors: number;
}

/** Memory may grow by this share from the first quarter to the end … */
export const RSS_SHARE_MAX = 0.25;
/** … and this many units of 10^6 bytes. */
export const RSS_MORE_MB_MAX = 20;
/** So many more descriptors may be open at the end: files of a new day, segments, a request under way. */
export const DESCRIPTORS_MORE_MAX = 8;

/** What the system says now; undefined when the process is gone. */
export function sampleProcess(pid: number, secs: number): ProcessSample | undefined {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'latin1');
    const kibibytes = Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]);
    const descriptors = readdirSync(`/proc/${pid}/fd`).length;
    // one that has ended and was not reaped has no memory
    return Number.isFinite(kibibytes) ? { secs, rssMb: (kibibytes * 1_024) / 1e6, descriptors } : undefined;
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && (cause.code === 'ENOENT' || cause.code === 'ESRCH'))
      return undefined;
    throw cause;
  }
}

/** Where a process stood around the first quarter of what was sampled, and in the last tenth; undefined without enough samples. */
export function quarterAndEnd(
  samples: readonly ProcessSample[],
): { readonly quarter: Stand; readonly end: Stand } | undefined {
  const from = Number(samples[0]?.secs);
  const span = Number(samples.at(-1)?.secs) - from;
  const quarter = standBetween(samples, from + span * 0.2, from + span * 0.3);
  const end = standBetween(samples, from + span * 0.9, Number.POSITIVE_INFINITY);
  return quarter && end && { quarter, end };
}

/** Where the process stood between two moments, the second left out; undefined without samples. */
export function standBetween(
  samples: readonly ProcessSample[],
  fromSecs: number,
  toSecs: number,
): Stand | undefined {
  const inside = samples.filter(({ secs }) => secs >= fromSecs && secs < toSecs);
  if (inside.length === 0) return undefined;
  const sorted = inside.map(({ rssMb }) => rssMb).sort((a, b) => a - b);
  return {
    rssMb: Number(sorted[sorted.length >> 1]),
    descriptors: Math.min(...inside.map(({ descriptors }) => descriptors)),
  };
}

/** What grew too much from one stand to the other, a sentence each; `where` says of which part of the run. */
export function growthOf(quarter: Stand, end: Stand, where: string): string[] {
  const findings: string[] = [];
  const most = quarter.rssMb * (1 + RSS_SHARE_MAX) + RSS_MORE_MB_MAX;
  if (end.rssMb > most)
    findings.push(
      `${where}: resident memory grew from ${quarter.rssMb.toFixed(0)} MB after the first quarter to ${end.rssMb.toFixed(0)} MB at the end; at most ${most.toFixed(0)} MB were wanted`,
    );
  if (end.descriptors > quarter.descriptors + DESCRIPTORS_MORE_MAX)
    findings.push(
      `${where}: open descriptors grew from ${quarter.descriptors} to ${end.descriptors}; at most ${DESCRIPTORS_MORE_MAX} more were wanted`,
    );
  return findings;
}
