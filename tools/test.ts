// npm test [-- SUITE…] [--seed=N]: everything with its set-up; says what ran, how long, what is missing and why. What is
// long and only of the nightly run is made in a short form when it is named. With --nightly (npm run nightly) every part
// has its greater extent, the seed is another each time unless it is given, and the figures go to docs/NIGHTLY.md.
import { existsSync, mkdtempDisposableSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { exitWhenParentEnds } from '@skerry/cli/parent-pipe';
import { provide } from './needs.ts';
import { type NightlyRun, nightlyPage, readNightlyPage } from './nightly-page.ts';
import { notRun } from './opt-in.ts';
import { ROOT } from './packages.ts';
import { type Outcome, runSuite } from './run-suite.ts';
import { allSuites, type Extent, filesOf, type Suite } from './suites.ts';

const EVERY_CHANGE: Extent = {
  kills: 10,
  cuts: 3,
  simulationCpuSecs: 60,
  propertyRuns: 100,
  seed: 1,
  patience: 1,
  long: { soakSecs: 20, mutants: 10, roleRuns: 15 },
};
const NIGHTLY: Extent = {
  kills: 200,
  cuts: 50,
  simulationCpuSecs: 3_600,
  fuzzExamples: 300,
  propertyRuns: 20_000,
  seed: Date.now() % 2 ** 31,
  patience: 40,
  long: { soakSecs: 1_800, mutants: 400, roleRuns: 225 },
};
const NIGHTLY_PAGE = join(ROOT, 'docs/NIGHTLY.md');

exitWhenParentEnds();
const words = process.argv.slice(2);
const isNightly = words.includes('--nightly');
const extent = withSeed(isNightly ? NIGHTLY : EVERY_CHANGE);
const isComplete = process.env.CI === 'true';
process.exitCode = await main(words.filter((word) => !word.startsWith('--')));

async function main(names: readonly string[]): Promise<number> {
  const suites = allSuites(extent);
  const unknown = names.filter((name) => !suites.some((suite) => suite.name === name));
  if (unknown.length > 0) {
    console.error(
      `Unknown suite ${unknown.join(', ')}; there are ${suites.map((suite) => suite.name).join(', ')}.`,
    );
    return 2;
  }
  const chosen = suites.filter((suite) =>
    names.length === 0 ? isNightly || suite.isNightlyOnly !== true : names.includes(suite.name),
  );
  if (!Number.isSafeInteger(extent.seed) || extent.seed < 0) {
    console.error('--seed=N wants a whole number.');
    return 2;
  }
  console.log(
    `Node ${process.version}, ${availableParallelism()} cores, seed ${extent.seed}${isComplete ? ', CI=true: what is missing fails' : ''}`,
  );
  const { env, missing } = provide(
    chosen.flatMap((suite) => (filesOf(suite).length > 0 ? suite.needs : [])),
    (line) => console.log(line),
  );
  const stop = stopOnSignals();
  using folder = mkdtempDisposableSync(join(tmpdir(), 'skerry-test-'));
  const runs = new Map<string, NightlyRun>();
  const rows: string[] = [];
  let passed = 0;
  let failed = 0;
  for (const suite of chosen) {
    const lacks = lackOf(suite, missing);
    if (lacks) {
      rows.push(`  ${suite.name}: not run, ${lacks}`);
      if (isComplete) failed += 1;
      continue;
    }
    console.log(`\n▶ ${suite.name}: ${suite.about} (at most ${suite.deadlineSecs} s)`);
    const figuresPath = join(folder.path, suite.name);
    const outcome = await runSuite(
      suite,
      suite.command ? { ...env, SKERRY_FIGURES: figuresPath } : env,
      stop,
    );
    rows.push(
      `  ${suite.name}: ${told(outcome)}`,
      ...notRun(filesOf(suite), process.env).map((line) => `    ${line}`),
    );
    console.log(`  ${told(outcome)}`);
    if (!stop.aborted) runs.set(suite.name, nightlyRun(outcome, figuresPath));
    passed += outcome.passed;
    failed += outcome.failed;
    if (outcome.remark) failed += outcome.failed === 0 ? 1 : 0;
    if (stop.aborted) break;
  }
  if (isNightly) keepPage(suites, runs);
  console.log(`\nseed ${extent.seed}\n${rows.join('\n')}\n\n${passed} passed, ${failed} failed`);
  return failed > 0 || passed === 0 || stop.aborted ? 1 : 0;
}

/** The extent with the seed that was asked for. */
function withSeed(given: Extent): Extent {
  const word = words.find((one) => one.startsWith('--seed='));
  return word === undefined ? given : { ...given, seed: Number(word.slice('--seed='.length) || Number.NaN) };
}

function nightlyRun(outcome: Outcome, figuresPath: string): NightlyRun {
  const figures = existsSync(figuresPath) ? readFileSync(figuresPath, 'utf8').trim() : '';
  const day = new Date().toISOString().slice(0, 10);
  return { day, seed: extent.seed, result: told(outcome), figures };
}

/** Puts what was run in place of what the page said of it, and keeps the rest. */
function keepPage(suites: readonly Suite[], runs: ReadonlyMap<string, NightlyRun>): void {
  const before = readNightlyPage(existsSync(NIGHTLY_PAGE) ? readFileSync(NIGHTLY_PAGE, 'utf8') : '');
  const rows = suites.map(({ name, about }) => ({
    suite: name,
    about,
    run: runs.get(name) ?? before.get(name),
  }));
  writeFileSync(NIGHTLY_PAGE, nightlyPage(rows));
}

function lackOf(suite: Suite, missing: ReadonlyMap<string, string>): string | undefined {
  if (filesOf(suite).length === 0) return `there is no ${suite.files.join(', ')}`;
  const lacking = suite.needs.filter((name) => missing.has(name));
  return lacking.length === 0
    ? undefined
    : lacking.map((name) => `${name} is missing (${missing.get(name)})`).join('; ');
}

function told({ passed, failed, secs, remark }: Outcome): string {
  return `${passed} passed, ${failed} failed, ${secs.toFixed(1)} s${remark ? `, ${remark}` : ''}`;
}

function stopOnSignals(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => controller.abort());
  return controller.signal;
}
