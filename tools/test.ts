// npm test [-- SUITE…]: everything with its set-up; says what ran, how long, what is missing and why.
import { availableParallelism } from 'node:os';
import { exitWhenParentEnds } from '@skerry/cli/parent-pipe';
import { provide } from './needs.ts';
import { type Outcome, runSuite } from './run-suite.ts';
import { allSuites, type Extent, filesOf, type Suite } from './suites.ts';

const EVERY_CHANGE: Extent = {
  kills: 10,
  cuts: 3,
  simulationCpuSecs: 60,
  propertyRuns: 100,
  seed: 1,
  patience: 1,
};
const NIGHTLY: Extent = {
  kills: 200,
  cuts: 50,
  simulationCpuSecs: 3_600,
  propertyRuns: 20_000,
  seed: Date.now() % 2 ** 31,
  patience: 40,
};

exitWhenParentEnds();
const words = process.argv.slice(2);
const extent = words.includes('--nightly') ? NIGHTLY : EVERY_CHANGE;
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
  const chosen = suites.filter((suite) => names.length === 0 || names.includes(suite.name));
  console.log(
    `Node ${process.version}, ${availableParallelism()} cores, seed ${extent.seed}${isComplete ? ', CI=true: what is missing fails' : ''}`,
  );
  const { env, missing } = provide(
    chosen.flatMap((suite) => (filesOf(suite).length > 0 ? suite.needs : [])),
    (line) => console.log(line),
  );
  const stop = stopOnSignals();
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
    const outcome = await runSuite(suite, env, stop);
    rows.push(`  ${suite.name}: ${told(outcome)}`);
    console.log(`  ${told(outcome)}`);
    passed += outcome.passed;
    failed += outcome.failed;
    if (outcome.remark) failed += outcome.failed === 0 ? 1 : 0;
    if (stop.aborted) break;
  }
  console.log(`\n${rows.join('\n')}\n\n${passed} passed, ${failed} failed`);
  return failed > 0 || passed === 0 || stop.aborted ? 1 : 0;
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
