// npm run bench: a short form of all cases. npm run bench -- CASE… [--secs N] [--rounds N] [--full]: some of them.
// npm run bench -- --page writes docs/PERFORMANCE.md from bench/results.
import { parseArgs } from 'node:util';
import { exitWhenParentEnds } from '@skerry/cli/parent-pipe';
import { CASES } from './cases/all-cases.ts';
import type { BenchCase } from './frame/case.ts';
import { type CaseResult, runCase } from './frame/contest.ts';
import { formatResult, formatVerdicts } from './frame/report.ts';
import { writeResult } from './frame/result-files.ts';
import { writePage } from './page.ts';

exitWhenParentEnds();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));
process.exitCode = await main();

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      secs: { type: 'string' },
      rounds: { type: 'string' },
      full: { type: 'boolean', default: false },
      page: { type: 'boolean', default: false },
      list: { type: 'boolean', default: false },
    },
  });
  if (values.page) {
    writePage(CASES);
    return 0;
  }
  const unknown = positionals.filter((name) => !CASES.some((one) => one.name === name));
  const [secs, rounds] = [Number(values.secs ?? 1), Number(values.rounds ?? 1)];
  if (values.list || unknown.length > 0 || !(secs > 0) || !(Number.isInteger(rounds) && rounds > 0)) {
    for (const name of unknown) console.error(`There is no case ${name}.`);
    console.error(
      `npm run bench -- [CASE…] [--secs N] [--rounds N] [--full] [--page]\n${CASES.map(({ name, title }) => `  ${name.padEnd(20)} ${title}`).join('\n')}`,
    );
    return values.list ? 0 : 2;
  }
  const wanted = positionals.length === 0 ? CASES : CASES.filter((one) => positionals.includes(one.name));
  const failed: string[] = [];
  const results: CaseResult[] = [];
  for (const one of wanted) {
    const form = values.full ? one.full : one.short;
    const result = await measured(one, {
      rounds: values.rounds === undefined ? form.rounds : rounds,
      secs: values.secs === undefined ? form.secs : secs,
      isFull: values.full,
    });
    if (result) results.push(result);
    else failed.push(one.name);
  }
  console.log(formatVerdicts(results));
  if (failed.length > 0) console.error(`Could not be measured: ${failed.join(', ')}.`);
  return failed.length > 0 ? 1 : 0;
}

/** Runs a case, prints and writes its result; undefined when it could not be run. */
async function measured(
  one: BenchCase,
  form: Parameters<typeof runCase>[1],
): Promise<CaseResult | undefined> {
  console.log(`${one.name}: ${one.title}`);
  try {
    const result = await runCase(one, form, (line) => console.log(line));
    console.log(`${formatResult(result)}\n`);
    writeResult(result);
    return result;
  } catch (cause) {
    // one case that fails must not take the others with it; it is named at the end and in the exit code
    console.error(`${one.name} failed: ${cause instanceof Error ? cause.stack : String(cause)}\n`);
    return undefined;
  }
}
