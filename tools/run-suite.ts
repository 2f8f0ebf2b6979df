import { spawn } from 'node:child_process';
import { relative } from 'node:path';
import { run } from 'node:test';
import { inspect } from 'node:util';
import { ROOT } from './packages.ts';
import { filesOf, type Suite } from './suites.ts';

/** How a suite ended. */
export interface Outcome {
  readonly passed: number;
  readonly failed: number;
  readonly secs: number;
  /** Said in the summary when something was wrong beside failed tests. */
  readonly remark?: string;
}

/** Runs one suite and prints failures as they come. Ends it at its deadline or when `signal` is aborted. */
export async function runSuite(
  suite: Suite,
  env: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<Outcome> {
  const startedMs = performance.now();
  const deadline = AbortSignal.timeout(suite.deadlineSecs * 1_000);
  const stop = AbortSignal.any([deadline, signal]);
  const runEnv = { ...process.env, ...env, ...suite.env };
  const counts = suite.command
    ? await runCommand(suite.command, runEnv, stop)
    : await runFiles(suite, runEnv, stop);
  const secs = (performance.now() - startedMs) / 1_000;
  if (deadline.aborted)
    return {
      ...counts,
      failed: counts.failed || 1,
      secs,
      remark: [`ran past ${suite.deadlineSecs} s`, counts.remark].filter(Boolean).join('; '),
    };
  return { ...counts, secs };
}

const SLOWEST_TOLD = 8;

interface Counts {
  passed: number;
  failed: number;
  remark?: string;
}

/** Every file by itself, `suite.concurrency` at a time, so that one that hangs is ended, named and costs no other. */
async function runFiles(suite: Suite, env: NodeJS.ProcessEnv, signal: AbortSignal): Promise<Counts> {
  const total: Counts = { passed: 0, failed: 0 };
  const files = filesOf(suite).values();
  const took: { readonly name: string; readonly secs: number }[] = [];
  const lane = async (): Promise<void> => {
    for (const file of files) {
      const startedMs = performance.now();
      const { passed, failed, remark } = await runFile(file, suite, env, signal);
      took.push({ name: relative(ROOT, file), secs: (performance.now() - startedMs) / 1_000 });
      total.passed += passed;
      total.failed += failed;
      if (remark) total.remark = total.remark ? `${total.remark}; ${remark}` : remark;
    }
  };
  await Promise.all(Array.from({ length: suite.concurrency }, lane));
  const slowest = took.sort((a, b) => b.secs - a.secs).slice(0, SLOWEST_TOLD);
  console.log(`  longest: ${slowest.map(({ name, secs }) => `${name} ${secs.toFixed(0)} s`).join(', ')}`);
  return total;
}

async function runFile(
  file: string,
  suite: Suite,
  env: NodeJS.ProcessEnv,
  signal: AbortSignal,
): Promise<Counts> {
  const name = relative(ROOT, file);
  if (signal.aborted) return { passed: 0, failed: 1, remark: `${name} not begun` };
  const deadlineSecs = suite.fileDeadlineSecs ?? suite.deadlineSecs;
  const deadline = AbortSignal.timeout(deadlineSecs * 1_000);
  const stop = AbortSignal.any([deadline, signal]);
  const counts: Counts = { passed: 0, failed: 0 };
  for await (const event of run({ files: [file], signal: stop, env, cwd: ROOT })) {
    if (event.type === 'test:fail' && !stop.aborted) printFailure(event.data);
    if (event.type === 'test:stderr') process.stderr.write(event.data.message);
    if (event.type !== 'test:summary' || event.data.file !== undefined) continue;
    const { tests, passed, skipped, todo } = event.data.counts;
    counts.passed = passed;
    counts.failed = tests - passed;
    if (skipped + todo > 0) counts.remark = `${skipped + todo} skipped in ${name}, which counts as failed`;
  }
  if (!stop.aborted) return counts;
  const why = deadline.aborted ? `did not end within ${deadlineSecs} s` : 'was still running';
  console.log(`  ✖ ${name} ${why}`);
  return { passed: counts.passed, failed: Math.max(counts.failed, 1), remark: `${name} ${why}` };
}

interface Failure {
  readonly name: string;
  readonly file?: string | undefined;
  readonly line?: number | undefined;
  readonly details: { readonly error: Error; readonly type?: string | undefined };
}

function printFailure({ name, file, line, details }: Failure): void {
  if (details.type === 'suite') return;
  const place = file ? `${relative(ROOT, file)}:${line ?? 1}` : '';
  console.log(`  ✖ ${name}  ${place}\n${indented(inspect(details.error.cause ?? details.error))}`);
}

function indented(text: string): string {
  return text.replaceAll(/^/gm, '      ');
}

function runCommand(words: readonly string[], env: NodeJS.ProcessEnv, signal: AbortSignal): Promise<Counts> {
  const { promise, resolve } = Promise.withResolvers<Counts>();
  const child = spawn(process.execPath, words, {
    cwd: ROOT,
    env,
    signal,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  child.once('error', (cause) => {
    console.log(`  ✖ ${words.join(' ')}: ${cause.message}`);
    resolve({ passed: 0, failed: 1 });
  });
  child.once('exit', (code) => resolve(code === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 }));
  return promise;
}
