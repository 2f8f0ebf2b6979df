/** Named figures of one run; the unit is the end of the name: `perSec`, `cpuSecsPerMillion`, `p99Ms`, `rssMb`. */
export type Figures = Readonly<Record<string, number>>;

/** Median figures of each side by the side's name. */
export type Medians = Readonly<Record<string, Figures>>;

/** Of the product's figures to each peer's, by peer and figure: the median of the ratios by round. */
export type Ratios = Readonly<Record<string, Figures>>;

/** How long a run is and how often it is repeated. */
export interface Form {
  readonly rounds: number;
  readonly secs: number;
}

/** What a side is told for one run. */
export interface Run extends Form {
  readonly isFull: boolean;
  /** An empty folder of its own, removed afterwards. */
  readonly folder: string;
  say(line: string): void;
}

/** One of those that are compared. */
export interface Side {
  readonly name: string;
  /** What it promises when it acknowledges, or what it keeps. */
  readonly promise: string;
  /** Why it cannot run here; undefined when it can. */
  whyMissing?(): string | undefined;
  run(run: Run): Promise<Figures>;
}

/** One line of the table that can be met or missed. */
export interface Target {
  readonly wanted: string;
  /** What was found, in words, and whether that is enough; undefined without the figures it needs. */
  judge(medians: Medians, ratios: Ratios): { readonly found: string; readonly isMet: boolean } | undefined;
}

/** A case: sides that run by turns, and what is wanted of the first of them. */
export interface BenchCase {
  readonly name: string;
  readonly title: string;
  readonly sides: readonly Side[];
  readonly targets: readonly Target[];
  readonly short: Form;
  readonly full: Form;
  /** What a reader must know to judge the figures. */
  readonly notes: readonly string[];
}

/** The name of the product's own side in every case. */
export const SKERRY = 'skerry';

/** A target for a figure of one side: not below. */
export function atLeast(figure: string, least: number, unit: string, side = SKERRY): Target {
  return bound(figure, unit, side, `>= ${least}`, (found) => found >= least);
}

/** A target for a figure of one side: not above. */
export function atMost(figure: string, most: number, unit: string, side = SKERRY): Target {
  return bound(figure, unit, side, `<= ${most}`, (found) => found <= most);
}

/** A target for messages a second: the rate that was asked for was held, or the other figures say nothing. */
export function atRate(figure: string, rate: number): Target {
  return atLeast(figure, 0.98 * rate, `messages/s of ${rate} asked for`);
}

/** A target for a figure against the same of a peer. */
export function timesPeer(figure: string, least: number, peer: string): Target {
  return {
    wanted: `${figure} >= ${least} times ${peer}`,
    judge: (_, ratios) => {
      const ratio = ratios[peer]?.[figure];
      return ratio === undefined ? undefined : { found: `${shown(ratio)} times`, isMet: ratio >= least };
    },
  };
}

/** A figure with as many digits as are worth reading. */
export function shown(value: number): string {
  if (Math.abs(value) >= 1_000) return Math.round(value).toLocaleString('en-US');
  if (Math.abs(value) >= 100 || Number.isInteger(value)) return String(Math.round(value));
  return value.toFixed(Math.abs(value) >= 10 ? 1 : 2);
}

function bound(
  figure: string,
  unit: string,
  side: string,
  words: string,
  holds: (found: number) => boolean,
): Target {
  return {
    wanted: `${figure} ${words} ${unit}`.trim(),
    judge: (medians) => {
      const found = medians[side]?.[figure];
      return found === undefined
        ? undefined
        : { found: `${shown(found)} ${unit}`.trim(), isMet: holds(found) };
    },
  };
}
