import { describeMutant, type Mutant } from './mutants.ts';
import type { TestRun } from './workshop.ts';

/** What became of a mutant. */
export type Fate = 'killed' | 'timed out' | 'survived';

/** What a `Workshop` does for trials. */
export interface Bench {
  withMutant<T>(mutant: Mutant, act: () => Promise<T>): Promise<T>;
  runTest(test: string, mostSecs: number, stop: AbortSignal): Promise<TestRun>;
}

const UNCHANGED_SECS_MAX = 120;
const MUTANT_SECS_MIN = 10;
const TIMES_UNCHANGED = 4;

/** A test file that fails without any change, by which no mutant can be judged. */
export class UnsoundTest extends Error {}

/** Judges mutants in one workshop, one after the other. */
export class Trials {
  readonly #bench: Bench;
  readonly #stop: AbortSignal;
  readonly #unchanged = new Map<string, TestRun>();

  constructor(bench: Bench, stop: AbortSignal) {
    this.#bench = bench;
    this.#stop = stop;
  }

  /**
   * Runs tests until one notices the mutant. Before a test file judges its first one it has to pass as it is, and its
   * time limit comes from that. Fails with `UnsoundTest` when it does not.
   */
  async judge(mutant: Mutant, tests: readonly string[]): Promise<Fate> {
    for (const test of tests) {
      const { secs } = await this.#soundRun(test);
      const mostSecs = Math.max(MUTANT_SECS_MIN, secs * TIMES_UNCHANGED);
      const { end } = await this.#bench.withMutant(mutant, () =>
        this.#bench.runTest(test, mostSecs, this.#stop),
      );
      if (end === 'timed out') return 'timed out';
      if (end === 'failed') return 'killed';
    }
    return 'survived';
  }

  async #soundRun(test: string): Promise<TestRun> {
    let run = this.#unchanged.get(test);
    if (!run) {
      run = await this.#bench.runTest(test, UNCHANGED_SECS_MAX, this.#stop);
      this.#unchanged.set(test, run);
    }
    if (run.end !== 'passed') throw new UnsoundTest(`${test} ${run.end} without a change:\n${run.said}`);
    return run;
  }
}

/** What mutants of a file came to. */
export interface FileTrial {
  readonly fates: ReadonlyMap<Fate, number>;
  readonly survivors: readonly string[];
}

/** Judges all mutants of a file. */
export async function tryAll(
  trials: Trials,
  mutants: readonly Mutant[],
  tests: readonly string[],
): Promise<FileTrial> {
  const fates = new Map<Fate, number>();
  const survivors: string[] = [];
  for (const mutant of mutants) {
    const fate = await trials.judge(mutant, tests);
    fates.set(fate, (fates.get(fate) ?? 0) + 1);
    if (fate === 'survived') survivors.push(describeMutant(mutant));
  }
  return { fates, survivors };
}
