import assert from 'node:assert/strict';
import { test } from 'node:test';
import { atLeast, atMost, type BenchCase, type Figures, SKERRY, timesPeer } from './case.ts';
import { medianOf, mediansOf, runCase } from './contest.ts';
import { cpuSecsOf, rssMbOf, threadCpuSecsOf } from './process-figures.ts';
import { deviations } from './store-sums.ts';

function aCase(sides: Readonly<Record<string, () => Figures>>, rest: Partial<BenchCase> = {}): BenchCase {
  return {
    name: 'a-case',
    title: 'A case',
    sides: Object.entries(sides).map(([name, run]) => ({ name, promise: '', run: async () => run() })),
    targets: [],
    short: { rounds: 1, secs: 1 },
    full: { rounds: 1, secs: 1 },
    notes: [],
    ...rest,
  };
}

const form = { rounds: 3, secs: 1, isFull: false };
const silent = (): void => undefined;

test('runCase lets the sides run by turns, the order turned round in every other round', async () => {
  const order: string[] = [];
  const side = (name: string) => () => {
    order.push(name);
    return { perSec: 1 };
  };
  await runCase(aCase({ skerry: side('skerry'), peer: side('peer') }), form, silent);
  assert.deepEqual(order, ['skerry', 'peer', 'peer', 'skerry', 'skerry', 'peer']);
});

test('runCase judges medians, gives ratios to each peer and misses what was not measured', async () => {
  const found = [300, 100, 200];
  const one = aCase(
    { [SKERRY]: () => ({ perSec: Number(found.pop()) }), peer: () => ({ perSec: 50 }) },
    {
      targets: [
        atLeast('perSec', 200, 'msg/s'),
        atMost('perSec', 199, 'msg/s'),
        timesPeer('perSec', 4, 'peer'),
        timesPeer('perSec', 4.1, 'peer'),
        atLeast('rssMb', 1, 'MB'),
      ],
    },
  );
  const { ratios, verdicts } = await runCase(one, form, silent);
  assert.equal(ratios.peer?.perSec, 4);
  assert.deepEqual(
    verdicts.map(({ isMet, found }) => [isMet, found]),
    [
      [true, '200 msg/s'],
      [false, '200 msg/s'],
      [true, '4 times'],
      [false, '4 times'],
      [false, ''],
    ],
  );
});

test('runCase compares the sides round by round: a drift that both have is no difference', async () => {
  const [mine, its] = [
    [1, 20, 300],
    [10, 100, 400],
  ];
  const one = aCase(
    { [SKERRY]: () => ({ perSec: Number(mine?.pop()) }), peer: () => ({ perSec: Number(its?.pop()) }) },
    { targets: [timesPeer('perSec', 0.2, 'peer'), timesPeer('perSec', 0.21, 'peer')] },
  );
  const { ratios, verdicts } = await runCase(one, form, silent);
  assert.equal(ratios.peer?.perSec, 0.2);
  assert.deepEqual(
    verdicts.map(({ isMet }) => isMet),
    [true, false],
  );
});

test('runCase leaves out a side that cannot run and says why', async () => {
  const one = aCase({ [SKERRY]: () => ({ perSec: 1 }) });
  const missing = { name: 'peer', promise: '', whyMissing: () => 'not installed', run: one.sides[0]!.run };
  const { sides } = await runCase({ ...one, sides: [...one.sides, missing] }, form, silent);
  assert.deepEqual(
    sides.map(({ missing: why, rounds }) => [why, rounds.length]),
    [
      ['', 3],
      ['not installed', 0],
    ],
  );
});

test('mediansOf takes the middle of each figure, and the mean of the middle two', () => {
  assert.deepEqual(mediansOf([{ a: 1, b: 9 }, { a: 5 }, { a: 2 }]), { a: 2, b: 9 });
  assert.equal(medianOf([4, 1, 2, 3]), 2.5);
});

test('cpuSecsOf counts the time of all threads, threadCpuSecsOf splits it', () => {
  const before = cpuSecsOf(process.pid);
  while (cpuSecsOf(process.pid) - before < 0.05);
  const threads = [...threadCpuSecsOf(process.pid).values()];
  const sum = threads.reduce((all, secs) => all + secs, 0);
  assert.ok(sum <= cpuSecsOf(process.pid) + 0.05 && sum > 0.05);
  const { now, anonymous, peak } = rssMbOf(process.pid);
  assert.ok(anonymous < now && now <= peak && now > 20);
});

test('deviations finds a metric with another count or another sum', () => {
  const sums = [10.5, 20.25];
  const store = (count: number, sum: number) =>
    new Map([
      ['metric_0', { count: 4, sum: 10.5 }],
      ['metric_1', { count, sum }],
    ]);
  assert.equal(deviations(store(4, 20.25), 4, sums), 0);
  assert.equal(deviations(store(3, 20.25), 4, sums), 1);
  assert.equal(deviations(store(4, 20.27), 4, sums), 1);
  assert.equal(deviations(new Map(), 4, sums), 2);
});
