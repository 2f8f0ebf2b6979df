import { setTimeout as pause } from 'node:timers/promises';
import { Generator, runGenerator } from '@skerry/testkit';
import { atLeast, type BenchCase, type Figures, type Run } from '../frame/case.ts';
import { generatorOptions, type Load } from '../frame/load.ts';
import { cpuSecsOf, rssMbOf } from '../frame/process-figures.ts';
import { type Skerry, startSkerry } from '../frame/skerry.ts';
import { pauseThread, whyNoPause } from '../frame/thread-pause.ts';

const LIVE_PER_SEC = 5_000;
const LOAD: Load = { connections: 100, window: 100, devices: 1_000, metrics: 2, rate: 0 };
const LOOK_MS = 50;
/** Up with the live load: less than this many milliseconds of it left. */
const BEHIND_MS = 200;
const GIVE_UP_MS = 300_000;

/** A pipeline that stood still for ten minutes at 5,000 a second (in the short form one) takes up what has gathered while the load goes on. */
export const CATCH_UP: BenchCase = {
  name: 'catch-up',
  title:
    'Catching up after ten minutes of a stopped pipeline at 5,000 messages a second (short form: one minute), the load going on',
  sides: [
    {
      name: 'skerry',
      promise: 'PUBACK after write and fdatasync of the journal, whether or not the pipeline runs',
      whyMissing: whyNoPause,
      run: skerry,
    },
  ],
  targets: [atLeast('timesLive', 10, 'times the live rate')],
  short: { rounds: 1, secs: 60 },
  full: { rounds: 3, secs: 600 },
  notes: [
    'The pipeline thread of the real server is stopped by ptrace while as many records as `secs` of 5,000 a second are published as fast as they are acknowledged: 3,000,000 for the ten minutes of the full form, 300,000 for the one minute of the short form. The stop lasts as long as that takes; then it goes on, and 5,000 a second more arrive.',
    'Up to date is: fewer than 200 ms of the live load have no verdict yet. The rate is everything that was given a verdict by then, by the time since the pipeline went on.',
  ],
};

async function skerry({ folder, secs }: Run): Promise<Figures> {
  await using broker = await startSkerry(folder);
  const backlog = LIVE_PER_SEC * secs;
  {
    await using _paused = await pauseThread(broker.pid, 'pipeline');
    await runGenerator({ ...generatorOptions(broker.port, LOAD), count: backlog });
  }
  const [startedMs, cpuBefore] = [performance.now(), cpuSecsOf(broker.pid)];
  await using live = new Generator({
    ...generatorOptions(broker.port, { ...LOAD, rate: LIVE_PER_SEC }),
    epoch: 2,
    project: 'live',
  });
  await live.wait('up');
  await live.set({ isPaused: false });
  const done = await upToDate(broker, live, backlog);
  const secsTaken = (performance.now() - startedMs) / 1_000;
  const cpuSecs = cpuSecsOf(broker.pid) - cpuBefore;
  await live.set({ isPaused: true });
  await live.wait('answered');
  return {
    backlog,
    catchUpSecs: secsTaken,
    perSec: done / secsTaken,
    timesLive: done / secsTaken / LIVE_PER_SEC,
    cpuSecsPerMillion: (cpuSecs / done) * 1e6,
    peakRssMb: rssMbOf(broker.pid).peak,
  };
}

/** Resolves with the records that have a verdict as soon as few are left behind. */
async function upToDate(broker: Skerry, live: Generator, backlog: number): Promise<number> {
  const deadline = performance.now() + GIVE_UP_MS;
  for (;;) {
    const { acked } = await live.set({});
    const done = await verdictsOf(broker);
    if (done >= backlog + acked - (LIVE_PER_SEC * BEHIND_MS) / 1_000) return done;
    if (performance.now() > deadline)
      throw new TypeError(`${done} of ${backlog + acked} records have a verdict after 300 s.`);
    await pause(LOOK_MS);
  }
}

async function verdictsOf({ server }: Skerry): Promise<number> {
  const response = await fetch(`http://127.0.0.1:${server.httpPort}/metrics`);
  const text = await response.text();
  const found = /^iot_data_ingestion_total(?:\{[^}]*\})? (\S+)/m.exec(text)?.[1];
  if (found === undefined) throw new TypeError('/metrics has no iot_data_ingestion_total.');
  return Number(found);
}
