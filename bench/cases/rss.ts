import { setTimeout as pause } from 'node:timers/promises';
import { Generator } from '@skerry/testkit';
import { atMost, type BenchCase, type Figures, type Run } from '../frame/case.ts';
import { medianOf } from '../frame/contest.ts';
import { generatorOptions, type Load } from '../frame/load.ts';
import { cpuSecsOf, rssMbOf } from '../frame/process-figures.ts';
import { startSkerry } from '../frame/skerry.ts';

const LOAD: Load = { connections: 100, window: 100, devices: 1_000, metrics: 2, rate: 10_000 };
const LOOK_MS = 250;

/** Memory of the server at 10,000 messages a second with the demo running. */
export const RSS: BenchCase = {
  name: 'rss',
  title: 'Resident memory at 10,000 messages a second, all in one, demo on',
  sides: [
    { name: 'skerry', promise: 'PUBACK after write and fdatasync of the journal; all parts on', run: skerry },
  ],
  targets: [atMost('rssMb', 180, 'MB')],
  short: { rounds: 1, secs: 15 },
  full: { rounds: 3, secs: 120 },
  notes: [
    'The resident set of the server process every 250 ms, after the first fifth of the run: its median, and the most it was in the whole run. 1 MB is 10^6 bytes. `anonymousRssMb` is what of it no file backs (programs and libraries are files). The supervisor is stated beside it.',
  ],
};

async function skerry({ folder, secs }: Run): Promise<Figures> {
  await using broker = await startSkerry(folder, { SKERRY_DEMO: 'true' });
  const idleRssMb = rssMbOf(broker.pid).now;
  await using generator = new Generator(generatorOptions(broker.port, LOAD));
  await generator.wait('up');
  await generator.set({ isPaused: false });
  const cpuBefore = cpuSecsOf(broker.pid);
  const samples: number[] = [];
  for (let passed = 0; passed < secs * 1_000; passed += LOOK_MS) {
    await pause(LOOK_MS);
    samples.push(rssMbOf(broker.pid).now);
  }
  const { ackedInAll, secs: taken } = await generator.result();
  return {
    rssMb: medianOf(samples.slice(Math.floor(samples.length / 5))),
    peakRssMb: rssMbOf(broker.pid).peak,
    anonymousRssMb: rssMbOf(broker.pid).anonymous,
    idleRssMb,
    supervisorRssMb: rssMbOf(broker.server.pids.supervisor).now,
    perSec: ackedInAll / taken,
    cpuSecsPerMillion: ((cpuSecsOf(broker.pid) - cpuBefore) / ackedInAll) * 1e6,
  };
}
