// npm run nightly -- roles: runs of the data plane in roles on real engines, a fault in each, judged by what is stored.
import { appendFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { runRoleCampaign } from './campaign.ts';
import { ROLE_FAULTS } from './faults.ts';

// a connection that a fault has cut may outlive the engines, and would keep the process
process.exit(await main());

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: { runs: { type: 'string', default: '15' }, seed: { type: 'string', default: '1' } },
  });
  const runs = Number(values.runs);
  const seed = Number(values.seed);
  if (![runs, seed].every((value) => Number.isSafeInteger(value) && value >= 0)) {
    console.error('Wanted whole numbers: --runs N --seed S.');
    return 2;
  }
  let isStopped = false;
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.on(signal, () => {
      isStopped = true;
    });
  const say = (line: string): void => console.log(line);
  const found = await runRoleCampaign({ runs, seed, say, isOver: () => isStopped });
  for (const [place, visits] of found.visits) say(`${visits} times: ${place}`);
  const { sent, lost, doubled, inverted, stuck, missed, repeated } = found;
  const figures = `${found.runs} runs of ${ROLE_FAULTS.length} faults, ${sent} messages: lost ${lost}, stored twice ${doubled}, inversions ${inverted}, stuck ${stuck}, faults that did not come about ${missed}; ${repeated} came twice and were known`;
  say(figures);
  if (process.env.SKERRY_FIGURES) appendFileSync(process.env.SKERRY_FIGURES, `${figures}\n`);
  const failed = lost + doubled + inverted + stuck + missed > 0 || found.runs < runs ? 1 : 0;
  say(`${found.runs - failed} passed, ${failed} failed`);
  return failed;
}
