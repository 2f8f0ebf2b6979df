import { setTimeout as pause } from 'node:timers/promises';
import { Generator } from '@skerry/testkit';
import { atMost, atRate, type BenchCase, type Figures, type Run, SKERRY } from '../frame/case.ts';
import { medianOf } from '../frame/contest.ts';
import { generatorOptions, type Load } from '../frame/load.ts';
import { rssMbOf } from '../frame/process-figures.ts';
import {
  committed,
  committedRecords,
  connectReader,
  mustHold,
  ready,
  startWay,
  whyNoRoles,
} from './roles-way.ts';

const LOAD: Load = { connections: 100, window: 100, devices: 1_000, metrics: 2, rate: 10_000 };
const LOOK_MS = 250;
const WARM_MS = 2_000;

/** Memory of a gateway and of a writer at 10,000 messages a second. */
export const ROLES_MEMORY: BenchCase = {
  name: 'roles-memory',
  title: 'Resident memory of one gateway and of one writer at 10,000 messages a second',
  sides: [
    {
      name: SKERRY,
      promise: 'PUBACK upstream after fsync; Kafka acks=all; a row is committed once with its position',
      whyMissing: whyNoRoles,
      run: skerry,
    },
  ],
  targets: [atMost('gatewayRssMb', 130, 'MB'), atMost('writerRssMb', 130, 'MB'), atRate('perSec', LOAD.rate)],
  short: { rounds: 1, secs: 20 },
  full: { rounds: 3, secs: 120 },
  notes: [
    'Each role was started once before, so that its code lies in the compile cache, as on every machine but for the first start. The resident set every 250 ms, after the first fifth of the run: its median, and the most that it ever was. `Anonymous` is what of it no file backs. Their supervisors come beside it. perSec is what got a verdict in the database meanwhile, behind 2 s of the load.',
    'A writer holds state for each device (docs/MEMORY.md), so more devices take more: these are 1,000 of 2 metrics.',
    'The run fails unless counts and sums in the store are those that were sent.',
  ],
};

async function skerry({ folder, secs }: Run): Promise<Figures> {
  await using way = await startWay(folder);
  const roles = [
    ['gateway', way.gateway],
    ['writer', way.writer],
  ] as const;
  for (const [, role] of roles) {
    await role.stop();
    await role.restart();
  }
  await ready(way);
  const idle = roles.map(([name, role]) => [`${name}IdleRssMb`, rssMbOf(role.pid).now] as const);
  await using generator = new Generator(generatorOptions(way.mosquitto.port, LOAD));
  await generator.wait('up');
  await generator.set({ isPaused: false });
  await using reader = await connectReader(way.postgres);
  await pause(WARM_MS);
  const [storedBefore, beganMs] = [await committedRecords(reader), performance.now()];
  const samples = new Map(roles.map(([name]) => [name, [] as number[]]));
  for (let passed = 0; passed < secs * 1_000; passed += LOOK_MS) {
    await pause(LOOK_MS);
    for (const [name, role] of roles) samples.get(name)?.push(rssMbOf(role.pid).now);
  }
  const stored = (await committedRecords(reader)) - storedBefore;
  const perSec = stored / ((performance.now() - beganMs) / 1_000);
  const found = roles.flatMap(([name, role]) => {
    const its = samples.get(name) ?? [];
    return [
      [`${name}RssMb`, medianOf(its.slice(Math.floor(its.length / 5)))],
      [`${name}PeakRssMb`, rssMbOf(role.pid).peak],
      [`${name}AnonymousRssMb`, rssMbOf(role.pid).anonymous],
    ] as const;
  });
  await generator.set({ isPaused: true });
  await generator.wait('answered');
  const { ackedInAll, sums } = await generator.result();
  await committed(way.postgres, ackedInAll);
  await mustHold(way.postgres, { project: 'run', count: ackedInAll, sums });
  return { ...Object.fromEntries(found), ...Object.fromEntries(idle), perSec };
}
