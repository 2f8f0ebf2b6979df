// node tests/simulation/removals-main.ts [--only NAME] [--from N] [--seeds N] [--cpu-secs N]
// Takes each sync, folder sync and ordering of the journal away in turn and looks for a seed that fails without it:
// first those known to, then `--seeds` seeds from `--from` on. `--cpu-secs` bounds the search for each. Exit code 1 when
// something can be taken away without a seed failing.
import { parseArgs } from 'node:util';
import { type AlteredSimulation, simulationWithout } from './removal-run.ts';
import { REMOVALS, type Removal } from './removals.ts';
import { simulate } from './simulation-run.ts';

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    from: { type: 'string', default: '1' },
    seeds: { type: 'string', default: '400' },
    'cpu-secs': { type: 'string', default: '40' },
  },
});

let unfound = 0;
for (const removal of REMOVALS) {
  if (values.only !== undefined && !removal.name.includes(values.only)) continue;
  if (!(await isMissed(removal))) unfound++;
}
process.exitCode = unfound > 0 ? 1 : 0;

async function isMissed(removal: Removal): Promise<boolean> {
  const simulation = await simulationWithout(removal);
  const begun = cpuSecsUsed();
  let tried = 0;
  for (const seed of seedsFor(removal)) {
    if (cpuSecsUsed() - begun > Number(values['cpu-secs'])) break;
    tried++;
    const { findings } = await simulation.run(seed);
    const [first] = findings;
    if (!first) continue;
    if (!(await isSound(seed, removal))) {
      console.log(`${removal.name}: seed ${seed} FAILS WITH EVERYTHING IN PLACE`);
      return false;
    }
    console.log(
      `${removal.name}: seed ${seed} (${tried} tried): ${first.verdict}: ${first.detail.split('\n')[0]?.slice(0, 160)}`,
    );
    return true;
  }
  console.log(`${removal.name}: NOT MISSED by ${tried} seeds${callsOf(simulation)}`);
  return false;
}

/** Whether the seed passes when nothing is taken away. */
async function isSound(seed: number, { focus = 'all' }: Removal): Promise<boolean> {
  return (await simulate(seed, { focus, hasNoStrangers: true })).findings.length === 0;
}

function* seedsFor({ seeds }: Removal): Iterable<number> {
  yield* seeds;
  const from = Number(values.from);
  for (let seed = from; seed < from + Number(values.seeds); seed++) if (!seeds.includes(seed)) yield seed;
}

function callsOf({ leftOutCount }: AlteredSimulation): string {
  const count = leftOutCount();
  return Number.isFinite(count) ? `, left out ${count} times` : '';
}

function cpuSecsUsed(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}
