// node tests/simulation/main.ts [--seed N] [--seeds N | --cpu-secs N] [--focus all|rolls|room|birth|age|groups] [--once] [--log]
// Runs seeds of the simulation, each twice unless --once; says what was found and how to repeat it. --log prints the log
// of every run. Exit code 0 when nothing was found, 1 when something was, 2 for a wrong word.
import { parseArgs } from 'node:util';
import { type RunReport, simulate } from './simulation-run.ts';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    seeds: { type: 'string' },
    'cpu-secs': { type: 'string' },
    focus: { type: 'string' },
    once: { type: 'boolean', default: false },
    log: { type: 'boolean', default: false },
  },
});
const FOCI = ['all', 'rolls', 'room', 'birth', 'age', 'groups'] as const;
process.exitCode = await main();

async function main(): Promise<number> {
  const first = Number(values.seed);
  const cpuSecs = Number(values['cpu-secs'] ?? Number.POSITIVE_INFINITY);
  const seeds = Number(values.seeds ?? (values['cpu-secs'] === undefined ? 1 : Number.POSITIVE_INFINITY));
  if (![first, seeds, cpuSecs].every((number) => number >= 0)) {
    console.error('--seed, --seeds and --cpu-secs want numbers.');
    return 2;
  }
  const focus = FOCI.find((name) => name === values.focus);
  if (values.focus !== undefined && !focus) {
    console.error(`--focus wants one of ${FOCI.join(', ')}.`);
    return 2;
  }
  const about = focus ? { focus } : {};
  const ends = new Map<string, number>();
  const totals = { seeds: 0, messages: 0, acked: 0, failed: 0 };
  for (let seed = first; seed < first + seeds && cpuSecsUsed() < cpuSecs; seed++) {
    const report = await simulate(seed, { ...about, keepLines: values.log });
    const isSame = values.once || (await simulate(seed, about)).digest === report.digest;
    totals.seeds++;
    totals.messages += report.messages;
    totals.acked += report.acked;
    for (const [how, count] of report.ends) ends.set(how, (ends.get(how) ?? 0) + count);
    for (const line of report.lines) console.log(line);
    if (isSame && report.findings.length === 0) continue;
    totals.failed++;
    tell(report, isSame);
    if (totals.failed >= 5) break;
  }
  const { seeds: ran, messages, acked, failed } = totals;
  console.log(
    `${ran} seeds from ${first} on, ${failed} of them failed; ${messages} messages, ${acked} acknowledged; ${cpuSecsUsed().toFixed(1)} CPU-seconds`,
  );
  console.log([...ends].map(([how, count]) => `${how}: ${count}`).join(', '));
  return failed > 0 ? 1 : 0;
}

function tell({ seed, findings, messages, lives }: RunReport, isSame: boolean): void {
  console.log(`seed ${seed} failed (${messages} messages, ${lives} processes)`);
  if (!isSame) console.log('  two runs of it differ');
  for (const { verdict, detail } of findings) console.log(`  ${verdict}: ${detail}`);
  console.log(
    `  again: node tools/run.mjs tests/simulation/main.ts --seed ${seed}${values.focus ? ` --focus ${values.focus}` : ''}`,
  );
}

function cpuSecsUsed(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}
