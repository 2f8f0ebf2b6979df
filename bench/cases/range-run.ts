// The case `range-3days` in a process of its own: `range-run.ts FOLDER SERIES QUERIES`. Fills a store, asks it, compares
// each answer with a naive scan, prints figures as JSON.
import { createHead, type PointPage, type SeriesStore } from '@skerry/series';
import { aSeal } from '@skerry/series/testing';
import { openStore } from '../frame/store-sums.ts';

const DAYS_3 = 259_200;
const SEAL_ROWS = 250_000;
const POINTS = 1_000;
/** Midnight three whole days ago, so that the days of receipt are over. */
const START = (Math.floor((performance.timeOrigin + performance.now()) / 86_400_000) - 3) * 86_400_000_000;

await run(String(process.argv[2]), Number(process.argv[3]), Number(process.argv[4]));

async function run(folder: string, seriesCount: number, queries: number): Promise<void> {
  await using store = await openStore(folder);
  await store.load();
  const filledMs = performance.now();
  await fill(store, seriesCount);
  const fillSecs = (performance.now() - filledMs) / 1_000;
  const times: number[] = [];
  let unequal = 0;
  const cpu = { spent: 0 };
  for (let i = 0; i < queries; i++) {
    const series = ((i * 7_919) % seriesCount) + 1;
    const [before, cpuBefore] = [performance.now(), process.cpuUsage()];
    const page = await store.query(
      {
        series,
        fromMicros: START,
        toMicros: START + DAYS_3 * 1e6,
        shape: { kind: 'extremes', points: POINTS },
        deadlineMs: 60_000,
      },
      [],
    );
    times.push(performance.now() - before);
    const { user, system } = process.cpuUsage(cpuBefore);
    cpu.spent += (user + system) / 1_000;
    if (page.kind !== 'points' || !isEqual(page, naive(series))) unequal++;
  }
  times.sort((a, b) => a - b);
  const at = (share: number): number =>
    Number(times[Math.min(times.length - 1, Math.floor(times.length * share))]);
  const { points, bytes, chunks } = await store.figures();
  const figures = {
    p50Ms: at(0.5),
    p99Ms: at(0.99),
    maxMs: at(1),
    cpuMsPerQuery: cpu.spent / queries,
    unequal,
    points,
    chunks,
    bytesPerPoint: bytes / points,
    fillSecs,
  };
  process.stdout.write(`${JSON.stringify(figures)}\n`);
}

/** Every series has a point each second of three days; seals come as a running server makes them, in order of time. */
async function fill(store: SeriesStore, seriesCount: number): Promise<void> {
  const head = createHead(SEAL_ROWS, 16);
  let [number, offset] = [0, 0];
  const seal = async (second: number): Promise<void> => {
    number++;
    const points = { sealNumber: number, rows: head.rows, columns: head.columns };
    await store.seal(aSeal(number, [], { logTimeMicros: START + second * 1e6, points }));
    while (await store.work());
    head.clear();
  };
  for (let second = 0; second < DAYS_3; second++) {
    for (let series = 1; series <= seriesCount; series++)
      head.append(series, START + second * 1e6, pointAt(series, second), offset++, 0);
    if (!head.hasRoom(seriesCount, 0)) await seal(second);
  }
  if (head.rows > 0) await seal(DAYS_3 - 1);
}

/** A daily wave with noise of two decimals, worked out again for the naive scan. */
function pointAt(series: number, second: number): number {
  const noise = (Math.imul(second * 31 + series, 2_654_435_761) >>> 0) % 500;
  return Math.round(2_000 + series + 1_000 * Math.sin(second / 13_750) + noise) / 100;
}

/** Seconds of the first, least, greatest and last point of equal slices, by one look at every point. */
function naive(series: number): number[] {
  const width = Math.ceil((DAYS_3 * 1e6) / (POINTS / 4));
  const sliceOf = (second: number): number => Math.floor((second * 1e6) / width);
  const picked: number[] = [];
  let [first, min, max] = [0, 0, 0];
  for (let second = 0; second < DAYS_3; second++) {
    if (pointAt(series, second) < pointAt(series, min)) min = second;
    if (pointAt(series, second) > pointAt(series, max)) max = second;
    if (second + 1 < DAYS_3 && sliceOf(second + 1) === sliceOf(first)) continue;
    picked.push(...[...new Set([first, min, max, second])].sort((a, b) => a - b));
    [first, min, max] = [second + 1, second + 1, second + 1];
  }
  return picked;
}

function isEqual(page: PointPage, seconds: readonly number[]): boolean {
  const series = Number(page.offsets[0]); // series - 1 at the first second, by the order of filling
  return (
    page.times.length === seconds.length &&
    seconds.every(
      (second, i) => page.times[i] === START + second * 1e6 && page.values[i] === pointAt(series + 1, second),
    )
  );
}
