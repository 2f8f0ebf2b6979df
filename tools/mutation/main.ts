// node tools/run.mjs tools/mutation/main.ts [--mutants N] [--seed S] [--lanes N] [--only TEXT] [--keep]
// Changes one thing at a time in a copy of the tree and runs the tests beside the file: a mutant that no test notices
// survives and is printed. `--seed` chooses which, `--only` files whose path holds a text, `--keep` writes the scores
// as the baseline that later runs are compared with. Exit code 1 when a file's score fell (score.ts says by how much it
// may), when tests fail on the unchanged tree, or when a file has no tests.
import { appendFileSync, existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { exitWhenParentEnds } from '@skerry/cli/parent-pipe';
import { ROOT } from '../packages.ts';
import { chooseMutants } from './choice.ts';
import { type Sources, sourcesOf, testsBeside } from './import-graph.ts';
import { type Mutant, mutantsOf } from './mutants.ts';
import { MUTATED_FILES } from './mutated-files.ts';
import { fallsOf, keepBaseline, readBaseline, type Score, showScore, summed } from './score.ts';
import { type Fate, Trials, tryAll, UnsoundTest } from './trials.ts';
import { Workshop } from './workshop.ts';

const BASELINE = join(ROOT, 'tools/mutation/baseline.json');

interface Wishes {
  readonly mutants: number;
  readonly seed: number;
  readonly lanes: number;
  readonly only: string;
  readonly isKept: boolean;
}

/** What the lanes have come to. */
interface Findings {
  readonly scores: Map<string, Score>;
  readonly fates: Map<Fate, number>;
  readonly survivors: string[];
  readonly faults: string[];
}

const packages = new Map<string, Sources>();

exitWhenParentEnds();
const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stop.abort());
process.exitCode = await main();

async function main(): Promise<number> {
  const wishes = readWishes();
  if (!wishes) return 2;
  const { mutants, seed, only } = wishes;
  using first = new Workshop();
  const files = MUTATED_FILES.filter((path) => path.includes(only));
  const all = new Map(files.map((path) => [path, mutantsOf(path, first.read(path))]));
  const chosen = chooseMutants(all, mutants, seed);
  const total = [...all.values()].reduce((sum, found) => sum + found.length, 0);
  const chosenCount = [...chosen.values()].reduce((sum, found) => sum + found.length, 0);
  console.log(`${chosenCount} of ${total} mutants in ${chosen.size} of ${files.length} files, seed ${seed}`);
  const findings: Findings = { scores: new Map(), fates: new Map(), survivors: [], faults: [] };
  const groups = chosen.entries();
  const lane = async (workshop: Workshop): Promise<void> => {
    const trials = new Trials(workshop, stop.signal);
    for (const [path, group] of groups) {
      if (stop.signal.aborted) return;
      await tryFile({ workshop, trials }, path, group, findings);
    }
  };
  using others = new DisposableStack();
  const workshops = [first, ...Array.from({ length: wishes.lanes - 1 }, () => others.use(new Workshop()))];
  await Promise.all(workshops.map(lane));
  if (!stop.signal.aborted) return conclude(findings, wishes);
  console.log(`Ended early, on request.\n${findings.scores.size} passed, 1 failed`);
  return 1;
}

function readWishes(): Wishes | undefined {
  const { values } = parseArgs({
    options: {
      mutants: { type: 'string', default: '400' },
      seed: { type: 'string', default: '1' },
      lanes: { type: 'string', default: String(Math.min(2, availableParallelism())) },
      only: { type: 'string', default: '' },
      keep: { type: 'boolean', default: false },
    },
  });
  const [mutants, seed, lanes] = [values.mutants, values.seed, values.lanes].map(Number);
  const isGood = [mutants, seed, lanes].every((value) => Number.isSafeInteger(value) && Number(value) >= 0);
  if (isGood && mutants && lanes && seed !== undefined)
    return { mutants, seed, lanes, only: values.only, isKept: values.keep };
  console.error('Wanted whole numbers: --mutants N (1 or more) --seed S --lanes N (1 or more).');
  return undefined;
}

/** Tries the mutants of one file. */
async function tryFile(
  { workshop, trials }: { workshop: Workshop; trials: Trials },
  path: string,
  mutants: readonly Mutant[],
  findings: Findings,
): Promise<void> {
  const { scores, fates, survivors, faults } = findings;
  const name = String(path.split('/')[1]);
  const sources = packages.get(name) ?? sourcesOf(workshop.tree, name);
  packages.set(name, sources);
  const tests = testsBeside(path, sources);
  if (tests.length === 0) {
    faults.push(`${path}: no test of its package reaches it`);
    return;
  }
  try {
    const startedMs = performance.now();
    const tried = await tryAll(trials, mutants, tests);
    for (const [fate, count] of tried.fates) fates.set(fate, (fates.get(fate) ?? 0) + count);
    survivors.push(...tried.survivors);
    const score = { tried: mutants.length, found: mutants.length - tried.survivors.length };
    scores.set(path, score);
    console.log(`  ${path}: ${showScore(score)}, ${((performance.now() - startedMs) / 1_000).toFixed(1)} s`);
  } catch (cause) {
    if (cause instanceof UnsoundTest) faults.push(`${path}: ${cause.message}`);
    else if (!stop.signal.aborted) throw cause; // stopped in the middle of a file, which then has no score
  }
}

function conclude({ scores, fates, survivors, faults }: Findings, wishes: Wishes): number {
  const baseline = readBaseline(BASELINE);
  const falls = fallsOf(baseline, scores);
  if (survivors.length > 0) console.log(`\nSurvived:\n${survivors.sort().join('\n')}`);
  for (const line of falls) console.log(`✖ fell: ${line}`);
  for (const line of faults) console.log(`✖ ${line}`);
  const fresh = [...scores.keys()].filter((path) => baseline[path] === undefined);
  if (fresh.length > 0 && !wishes.isKept)
    console.log(
      `${existsSync(BASELINE) ? '' : 'There is no baseline. '}Not compared with anything: ${fresh.join(', ')}`,
    );
  if (wishes.isKept && faults.length === 0) keepBaseline(BASELINE, baseline, scores);
  const score = summed(scores.values());
  const figures = `${score.tried} mutants in ${scores.size} files: ${fates.get('killed') ?? 0} killed, ${fates.get('timed out') ?? 0} timed out, ${fates.get('survived') ?? 0} survived`;
  console.log(figures);
  if (process.env.SKERRY_FIGURES) appendFileSync(process.env.SKERRY_FIGURES, `${figures}\n`);
  const failed = falls.length + faults.length;
  console.log(`${scores.size} passed, ${failed} failed`);
  return failed > 0 || scores.size === 0 ? 1 : 0;
}
