// npm run ok: the whole gate of a change in about a minute: types, format and lint, tidy, fast tests, generated files.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { exitWhenParentEnds } from '@skerry/cli/parent-pipe';
import { ROOT } from './packages.ts';
import { runSuite } from './run-suite.ts';
import { allSuites } from './suites.ts';

exitWhenParentEnds();
const steps = [
  step('types', 'node_modules/typescript/bin/tsc', '--noEmit', '-p', '.'),
  step('format and lint', 'node_modules/@biomejs/biome/bin/biome', 'check', '--error-on-warnings'),
  step('generated files', 'tools/generate.ts', '--check'),
];
if (existsSync(join(ROOT, 'packages/console/tsconfig.json'))) {
  steps.push(
    step('types of the page', 'node_modules/typescript/bin/tsc', '--noEmit', '-p', 'packages/console'),
  );
}
const results = await Promise.all(steps);
results.push(await tests());
const failed = results.filter((isGood) => !isGood).length;
console.log(failed === 0 ? 'ok' : `${failed} of ${results.length} steps failed`);
process.exitCode = failed === 0 ? 0 : 1;

async function step(name: string, ...words: string[]): Promise<boolean> {
  const startedMs = performance.now();
  const child = spawn(process.execPath, words, { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] });
  const said: Buffer[] = [];
  child.stdout.on('data', (bytes: Buffer) => said.push(bytes));
  child.stderr.on('data', (bytes: Buffer) => said.push(bytes));
  const code = await new Promise((resolve) => child.once('close', resolve));
  report(name, code === 0, performance.now() - startedMs);
  if (code !== 0) process.stdout.write(Buffer.concat(said));
  return code === 0;
}

async function tests(): Promise<boolean> {
  const fast = allSuites({
    kills: 0,
    cuts: 0,
    simulationCpuSecs: 0,
    propertyRuns: 100,
    seed: 1,
    patience: 1,
  }).find((suite) => suite.name === 'fast');
  if (!fast) throw new TypeError('There is no suite named fast.');
  const { passed, failed, secs, remark } = await runSuite(fast, {}, new AbortController().signal);
  report(`tidy and fast tests: ${passed} passed, ${failed} failed`, failed === 0 && !remark, secs * 1_000);
  return failed === 0 && !remark;
}

function report(name: string, isGood: boolean, ms: number): void {
  console.log(`${isGood ? '✔' : '✖'} ${name} (${(ms / 1_000).toFixed(1)} s)`);
}
