// node tools/run.mjs tests/soak/main.ts [--secs N] [--seed S]: the real server under load for a time, with an event stream and
// queries all along and a restart in the middle; then everything is compared. Exit code 1 when something was wrong.
import { appendFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { exitWhenParentEnds } from '@skerry/cli/parent-pipe';
import { type SoakPlan, soak } from './soak-run.ts';

const SECS_MIN = 8;

exitWhenParentEnds();
process.exitCode = await main();

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: { secs: { type: 'string', default: '20' }, seed: { type: 'string', default: '1' } },
  });
  const [secs, seed] = [Number(values.secs), Number(values.seed)];
  if (!(Number.isSafeInteger(secs) && secs >= SECS_MIN && Number.isSafeInteger(seed) && seed >= 0)) {
    console.error(`Wanted whole numbers: --secs N (${SECS_MIN} or more) --seed S.`);
    return 2;
  }
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stop.abort());
  console.log(`${secs} s under load, seed ${seed}`);
  const failed = await soaked({ secs, seed, say: (line) => console.log(line), stop: stop.signal });
  console.log(`${failed === 0 ? 1 : 0} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

/** Soaks, tells the figures, and gives back how much was wrong. */
async function soaked(plan: SoakPlan): Promise<number> {
  try {
    const { findings, figures } = await soak(plan);
    console.log(figures);
    if (process.env.SKERRY_FIGURES) appendFileSync(process.env.SKERRY_FIGURES, `${figures}\n`);
    return findings.length;
  } catch (cause) {
    console.log(`  ✖ ${cause instanceof Error ? cause.stack : String(cause)}`);
    return 1;
  }
}
