// node tests/simulation/coverage.ts [CPU-SECS]
// How much of the branches of broker, journal and pipeline the simulation alone covers: runs its seeds under Node's own
// coverage and prints one line per part. Tests and test ports are left out of the count. Exit code 1 when a part is below
// the share that is wanted of it.
import { spawnSync } from 'node:child_process';
import { appendFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const TEST = fileURLToPath(new URL('./simulation.test.ts', import.meta.url));
const PACKAGES = ['journal', 'mqtt', 'pipeline'];
/** Part of a path that a line of the table stands for; the first that fits counts. */
const PARTS = ['packages/mqtt/src/broker/', 'packages/mqtt/', 'packages/journal/', 'packages/pipeline/'];

/** Percent of the branches of each part that the simulation is to cover by itself. */
const WANTED_PERCENT = 80;
/** Half of the codec is the client's, which the simulation plays by itself: its share is told and not judged. */
const NOT_JUDGED = 'packages/mqtt/';

const include = PACKAGES.map((name) => `--test-coverage-include=packages/${name}/src/**`);
const exclude = ['**/*.test.ts', '**/testing/**'].map((pattern) => `--test-coverage-exclude=${pattern}`);
const run = ['--test', '--experimental-test-coverage', '--test-reporter=lcov', ...include, ...exclude, TEST];
const env = { ...process.env, SKERRY_SIMULATION_CPU_SECS: process.argv[2] ?? '30' };
const end = spawnSync(process.execPath, run, { cwd: ROOT, env, encoding: 'utf8', maxBuffer: 2 ** 28 });
if (end.status !== 0) {
  console.error(`The simulation failed under coverage; run it by itself to see how.\n${end.stderr}`);
  process.exit(1);
}

const counts = new Map(PARTS.map((part) => [part, { found: 0, hit: 0 }]));
let part: string | undefined;
for (const line of end.stdout.split('\n')) {
  const [key, value = ''] = line.split(':');
  if (key === 'SF') part = PARTS.find((one) => value.replaceAll('\\', '/').includes(one));
  const count = counts.get(part ?? '');
  if (count && key === 'BRF') count.found += Number(value);
  if (count && key === 'BRH') count.hit += Number(value);
}
const all = { found: 0, hit: 0 };
const shares: string[] = [];
let tooFew = 0;
for (const [name, { found, hit }] of counts) {
  all.found += found;
  all.hit += hit;
  tell(name, hit, found);
}
tell('all', all.hit, all.found);
if (process.env.SKERRY_FIGURES) appendFileSync(process.env.SKERRY_FIGURES, `${shares.join(', ')}\n`);
console.log(`${shares.length - tooFew} passed, ${tooFew} failed`);
process.exitCode = tooFew > 0 ? 1 : 0;

function tell(name: string, hit: number, found: number): void {
  const percent = (100 * hit) / found;
  const isEnough = percent >= WANTED_PERCENT || name === NOT_JUDGED;
  if (!isEnough) tooFew++;
  shares.push(`${name} ${percent.toFixed(1)} %`);
  const wanted = isEnough ? '' : `: TOO FEW, ${WANTED_PERCENT} % are wanted`;
  console.log(`${name}: ${hit} of ${found} branches, ${percent.toFixed(1)} %${wanted}`);
}
