import { setTimeout as pause } from 'node:timers/promises';
import { Generator, type LoadResult } from '@skerry/testkit';
import { atLeast, atMost, type BenchCase, type Figures, type Run } from '../frame/case.ts';
import { type Broker, generatorOptions, type Load, warmUp } from '../frame/load.ts';
import { cpuSecsOf, rssMbOf, threadCpuSecsOf, threadFigures } from '../frame/process-figures.ts';
import { startSkerry } from '../frame/skerry.ts';
import { deviations, sumStore } from '../frame/store-sums.ts';
import { PeerProcess } from '../peers/peer-process.ts';

const LOOK_MS = 50;
const STALLED_MS = 60_000;

const SKERRY_PROMISE =
  'PUBACK after write and fdatasync of the journal; stored: committed with ledger and position (SQLite, WAL, synchronous=FULL)';

/** 1,000 devices x 2 metrics over 100 connections, beside what a careful person writes in one script. */
const STORED_1000: BenchCase = {
  name: 'stored-1000x2',
  title: 'PUBLISH -> stored, 1,000 devices x 2 metrics, sustained',
  sides: [
    { name: 'skerry', promise: SKERRY_PROMISE, run: (run) => skerry(run, LOAD_1000) },
    {
      name: 'script',
      promise:
        'PUBACK when aedes has the message in memory; stored: rows committed (SQLite, WAL, synchronous=FULL, 10,000 messages or 100 ms a transaction), without ledger, dedupe or rollups',
      run: (run) => script(run, LOAD_1000),
    },
  ],
  targets: [
    atLeast('storedPerSec', 120_000, 'msg/s'),
    atMost('cpuSecsPerMillion', 4, 'CPU-s/M'),
    atMost('deviations', 0, 'metrics whose count or sum differs from what was sent'),
  ],
  short: { rounds: 2, secs: 10 },
  full: { rounds: 3, secs: 60 },
  notes: [
    'After two seconds of warming up with other devices. A rate is everything acknowledged by the time from the first message until the last one is stored, so the last seal (1 s without input) is inside it.',
    '100 connections x 100 in flight, JSON of 200 bytes, QoS 1, limits, metrics, ledger and rollups on.',
    'The script takes messages faster than it stores them; its backlog is in memory and its rate counts until all rows are there.',
  ],
};

/** 10,000 devices x 10 metrics over 1,000 connections, checked afterwards. */
const STORED_10000: BenchCase = {
  name: 'stored-10000x10',
  title: 'PUBLISH -> stored, 10,000 devices x 10 metrics over 1,000 connections',
  sides: [{ name: 'skerry', promise: SKERRY_PROMISE, run: (run) => skerry(run, LOAD_10000) }],
  targets: [
    atLeast('storedPerSec', 60_000, 'msg/s'),
    atMost('cpuSecsPerMillion', 10, 'CPU-s/M'),
    atMost('deviations', 0, 'metrics whose count or sum differs from what was sent'),
  ],
  short: { rounds: 1, secs: 5 },
  full: { rounds: 3, secs: 60 },
  notes: [
    'Afterwards the server is ended and every point of the 100,000 series is read back from its chunks: count and sum of each metric equal those that the generator had acknowledged.',
    '10 in flight per connection.',
  ],
};

const LOAD_1000: Load = { connections: 100, window: 100, devices: 1_000, metrics: 2, rate: 0 };
const LOAD_10000: Load = { connections: 1_000, window: 10, devices: 10_000, metrics: 10, rate: 0 };

/** The two cases of PUBLISH -> stored. */
export const STORED_CASES: readonly BenchCase[] = [STORED_1000, STORED_10000];

async function skerry(run: Run, load: Load): Promise<Figures> {
  const { figures, result, dataDir } = await throughSkerry(run, load);
  const found = await sumStore(dataDir, 'load', 'run');
  return { ...figures, deviations: deviations(found, result.ackedInAll, result.sums) };
}

async function throughSkerry(run: Run, load: Load) {
  await using broker = await startSkerry(run.folder);
  const { server } = broker;
  const taken = await publishUntilStored(broker, load, run.secs, async () => {
    const ledger: { totals: { stored: number } } = Object(await server.get('/api/v1/ledger'));
    return ledger.totals.stored;
  });
  const ledger = await server.quiet();
  if (!ledger.isBalanced) throw new TypeError('The ledger does not balance.');
  return { ...taken, dataDir: server.dataDir };
}

async function script(run: Run, load: Load): Promise<Figures> {
  await using peer = await PeerProcess.start('./mqtt-js-sqlite.ts', run.folder);
  const { figures } = await publishUntilStored(peer, load, run.secs, () => peer.stored());
  return figures;
}

/** Publishes for some seconds and waits until all of it is stored. */
async function publishUntilStored(
  broker: Broker,
  load: Load,
  secs: number,
  stored: () => Promise<number>,
): Promise<{ readonly figures: Figures; readonly result: LoadResult }> {
  const before = await warmUp(broker.port);
  await reaches(stored, before);
  await using generator = new Generator(generatorOptions(broker.port, load));
  await generator.wait('up');
  const threadsBefore = threadCpuSecsOf(broker.pid);
  const [startedMs, cpuBefore] = [performance.now(), cpuSecsOf(broker.pid)];
  await generator.set({ isPaused: false });
  await pause(secs * 1_000);
  await generator.set({ isPaused: true });
  await generator.wait('answered');
  const ackedMs = performance.now();
  const result = await generator.result();
  await reaches(stored, before + result.ackedInAll);
  const [doneMs, cpuAfter] = [performance.now(), cpuSecsOf(broker.pid)];
  const figures = {
    storedPerSec: (result.ackedInAll / (doneMs - startedMs)) * 1_000,
    ackedPerSec: (result.ackedInAll / (ackedMs - startedMs)) * 1_000,
    cpuSecsPerMillion: ((cpuAfter - cpuBefore) / result.ackedInAll) * 1e6,
    generatorCpuSecsPerMillion: (result.cpuSecs / result.ackedInAll) * 1e6,
    p99Ms: result.latencyMs.p99,
    peakRssMb: rssMbOf(broker.pid).peak,
    ...threadFigures(threadsBefore, threadCpuSecsOf(broker.pid), result.ackedInAll),
  };
  return { figures, result };
}

async function reaches(stored: () => Promise<number>, wanted: number): Promise<void> {
  let best = 0;
  let movedMs = performance.now();
  for (;;) {
    const now = await stored();
    if (now >= wanted) return;
    if (now > best) [best, movedMs] = [now, performance.now()];
    if (performance.now() - movedMs > STALLED_MS)
      throw new TypeError(`${now} of ${wanted} messages are stored, and no more of them for 60 s.`);
    await pause(LOOK_MS);
  }
}
