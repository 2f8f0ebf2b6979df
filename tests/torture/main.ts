// npm run torture -- --kills N --cuts N --seed S [--budget-secs B]: kills and power cuts of the real server under load
// from another process, judged by the verifier after each.
import { parseArgs } from 'node:util';
import { exitWhenParentEnds } from '@skerry/cli/parent-pipe';
import { whyNoLoopDisk } from '@skerry/testkit';
import { runCuts } from './cuts.ts';
import { runKills } from './kills.ts';
import { Tally } from './tally.ts';

exitWhenParentEnds();
process.exitCode = await main();

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      kills: { type: 'string', default: '10' },
      cuts: { type: 'string', default: '3' },
      seed: { type: 'string', default: '1' },
      'budget-secs': { type: 'string', default: '0' },
    },
  });
  const kills = Number(values.kills);
  const cuts = Number(values.cuts);
  const seed = Number(values.seed);
  const budgetMs = Number(values['budget-secs']) * 1_000;
  if (![kills, cuts, seed, budgetMs].every((value) => Number.isSafeInteger(value) && value >= 0)) {
    console.error('Wanted whole numbers: --kills N --cuts N --seed S --budget-secs B (0: no bound).');
    return 2;
  }
  const say = (line: string): void => console.log(line);
  const tally = new Tally(say);
  const startedMs = performance.now();
  let isStopped = false;
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.on(signal, () => {
      isStopped = true;
    });
  const isOver = (): boolean => isStopped || (budgetMs > 0 && performance.now() - startedMs > budgetMs);
  const needs = { tally, seed, say, isOver };
  say(`${kills} kills and ${cuts} power cuts, seed ${seed}`);
  await runKills(kills, needs);
  const whyNot = cuts > 0 ? whyNoLoopDisk() : undefined;
  if (whyNot === undefined) await runCuts(cuts, needs);
  else if (process.env.CI === 'true') tally.fail(`No power cuts: ${whyNot}. With CI=true they are expected.`);
  else say(`NO POWER CUTS WERE MADE: ${whyNot}.`);
  const isEarly = tally.kills < kills || (whyNot === undefined && tally.cuts < cuts);
  if (isEarly && isOver())
    say(
      `ENDED EARLY, after ${tally.kills} of ${kills} kills and ${tally.cuts} of ${cuts} cuts; a success only when every failpoint had its visits.`,
    );
  tally.checkVisits(kills, isEarly);
  say(tally.summary());
  return tally.failed > 0 || isStopped || tally.passed === 0 ? 1 : 0;
}
