import { existsSync, readFileSync, writeFileSync } from 'node:fs';

/** What mutants of a file came to; those that ran into the time limit count as found. */
export interface Score {
  readonly tried: number;
  /** Found by a test, those that timed out included. */
  readonly found: number;
}

/** Scores by file that a later run is compared with. */
export type Baseline = Readonly<Record<string, Score>>;

/** What the score of one file may fall by, beside what chance explains. */
export const FILE_MARGIN = 0.1;
/** What the score over all files may fall by, beside what chance explains. */
export const TOTAL_MARGIN = 0.05;
/** With fewer mutants of a file than these, its score says too little to be judged by itself. */
export const JUDGED_MUTANTS_MIN = 5;

/** The share that was found; 1 when none was tried. */
export function shareOf({ tried, found }: Score): number {
  return tried === 0 ? 1 : found / tried;
}

/** Both together. */
export function summed(scores: Iterable<Score>): Score {
  let [tried, found] = [0, 0];
  for (const score of scores) {
    tried += score.tried;
    found += score.found;
  }
  return { tried, found };
}

/**
 * Whether a share is lower than before by more than the margin and two standard errors of the difference. Seeds choose
 * other mutants, so small samples differ by chance; with all mutants on both sides next to the margin alone counts.
 */
export function hasFallen(before: Score, now: Score, margin: number): boolean {
  if (before.tried === 0 || now.tried === 0) return false;
  const { found, tried } = summed([before, now]);
  const pooled = found / tried;
  const error = Math.sqrt(pooled * (1 - pooled) * (1 / before.tried + 1 / now.tried));
  return shareOf(now) < shareOf(before) - margin - 2 * error;
}

/** What fell, a sentence each: of files with enough mutants, and of all files that the baseline has too. */
export function fallsOf(baseline: Baseline, scores: ReadonlyMap<string, Score>): string[] {
  const falls: string[] = [];
  const both: { before: Score; now: Score }[] = [];
  for (const [path, now] of scores) {
    const before = baseline[path];
    if (!before) continue;
    both.push({ before, now });
    if (Math.min(now.tried, before.tried) >= JUDGED_MUTANTS_MIN && hasFallen(before, now, FILE_MARGIN))
      falls.push(fall(path, before, now));
  }
  const before = summed(both.map((pair) => pair.before));
  const now = summed(both.map((pair) => pair.now));
  if (hasFallen(before, now, TOTAL_MARGIN)) falls.push(fall('all files', before, now));
  return falls;
}

/** `found of tried (percent)`. */
export function showScore(score: Score): string {
  return `${score.found} of ${score.tried} (${Math.round(100 * shareOf(score))} %)`;
}

/** The kept baseline; empty when there is no file. */
export function readBaseline(path: string): Baseline {
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : {};
}

/** Writes the baseline with the files that were tried put in place of what it said of them. */
export function keepBaseline(path: string, baseline: Baseline, scores: ReadonlyMap<string, Score>): void {
  const all = { ...baseline, ...Object.fromEntries(scores) };
  const lines = Object.keys(all)
    .sort()
    .map((name) => {
      const { tried, found } = all[name] ?? { tried: 0, found: 0 };
      return `  ${JSON.stringify(name)}: { "tried": ${tried}, "found": ${found} }`;
    });
  writeFileSync(path, `{\n${lines.join(',\n')}\n}\n`);
}

function fall(what: string, before: Score, now: Score): string {
  return `${what}: ${showScore(now)} were found, ${showScore(before)} before`;
}
