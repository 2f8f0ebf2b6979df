import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMeter, silentLogger } from '@skerry/kernel';
import { SeriesError } from './errors.ts';
import { LIMITS } from './limits.ts';
import type { PointSink, PreparedPoints, SinkBook, SinkPoints, SinkStep } from './sink.ts';
import { feedSinks } from './sink-feed.ts';
import { SinkRun } from './sink-run.ts';
import { aHeadView, aSeal, NOON, someSeries } from './testing/builders.ts';

interface Copied extends PreparedPoints {
  readonly seal: number;
}

/** A sink that remembers what it took, and waits while its gate is shut. */
class GatedSink implements PointSink<Copied> {
  readonly name = 'gated';
  readonly trouble = undefined;
  readonly taken: number[] = [];
  bytesEach = 10;
  fault: Error | undefined;
  #gate = Promise.resolve();
  open: () => void = () => undefined;

  shut(): void {
    this.#gate = new Promise((resolve) => {
      this.open = resolve;
    });
  }

  prepare({ view }: SinkPoints): Copied {
    return { points: view.rows, bytes: this.bytesEach, seal: view.sealNumber };
  }

  async write(prepared: readonly Copied[]): Promise<[]> {
    await this.#gate;
    if (this.fault) throw this.fault;
    this.taken.push(...prepared.map(({ seal }) => seal));
    return [];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.open();
  }
}

function pointsOf(seal: number): SinkPoints {
  const view = aHeadView(seal, [{ series: 1, time: NOON, value: seal, offset: seal, ordinal: 0 }]);
  const [name] = someSeries([1]);
  return { view, nameOf: () => name };
}

/** A book over a primary that has committed up to `committed()`. */
function aBook(committed: () => number, oldest = 1) {
  const steps: SinkStep[] = [];
  const reads: number[] = [];
  const book: SinkBook = {
    seal: 0,
    readAfter: async (after) => {
      reads.push(after);
      const seal = Math.max(after + 1, oldest);
      if (seal > committed()) return undefined;
      return { seal, points: pointsOf(seal), missed: seal - after - 1 };
    },
    advance: async (step) => {
      steps.push(step);
    },
  };
  return { book, steps, reads };
}

const clock = { sleep: () => new Promise<void>((resolve) => setImmediate(resolve)) };
const needs = () => ({ clock, logger: silentLogger, meter: createMeter() });

async function reached(run: SinkRun<Copied>, seal: number): Promise<void> {
  while (run.position < seal) await new Promise((resolve) => setImmediate(resolve));
}

test('SinkRun: seals that are offered go in order and once, and are not read from the primary', async () => {
  const { book, steps, reads } = aBook(() => 0);
  const sink = new GatedSink();
  await using run = new SinkRun({ sink, book, committed: 0 }, needs());
  for (let seal = 1; seal <= 5; seal++) run.offer(seal, pointsOf(seal));
  await reached(run, 5);
  assert.deepEqual(sink.taken, [1, 2, 3, 4, 5]);
  assert.deepEqual(reads, []);
  assert.equal(steps.at(-1)?.seal, 5);
  assert.equal(
    steps.reduce((sum, { points }) => sum + points, 0),
    5,
  );
});

test('SinkRun: what it did not take in time is let go of and read from the primary, in order', async () => {
  let committed = 0;
  const { book, reads } = aBook(() => committed);
  const sink = new GatedSink();
  sink.bytesEach = LIMITS.sinkBehindBytes.value / 2;
  sink.shut();
  await using run = new SinkRun({ sink, book, committed }, needs());
  for (committed = 1; committed <= 20; committed++) run.offer(committed, pointsOf(committed));
  committed = 20;
  await new Promise((resolve) => setImmediate(resolve));
  sink.open();
  await reached(run, 20);
  assert.deepEqual(
    sink.taken,
    Array.from({ length: 20 }, (_, i) => i + 1),
  );
  assert.ok(reads.length >= 10, `it read ${reads.length} times`);
  run.offer(21, pointsOf(21));
  await reached(run, 21);
  assert.equal(reads.length, new Set(reads).size, 'nothing is read twice');
  assert.equal(sink.taken.at(-1), 21);
});

test('SinkRun: it begins behind its book, and counts what retention removed', async () => {
  const { book, steps } = aBook(() => 9, 7);
  const sink = new GatedSink();
  await using run = new SinkRun({ sink, book, committed: 9 }, needs());
  await reached(run, 9);
  assert.deepEqual(sink.taken, [7, 8, 9]);
  assert.deepEqual(
    steps.map(({ missed }) => missed),
    [6, 0, 0],
  );
});

test('SinkRun: a fault of the sink is told, and what was in hand is read again', async () => {
  const { book } = aBook(() => 2);
  const sink = new GatedSink();
  sink.fault = new TypeError('the sink is broken');
  await using run = new SinkRun({ sink, book, committed: 0 }, needs());
  run.offer(1, pointsOf(1));
  run.offer(2, pointsOf(2));
  while (!run.trouble) await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(run.trouble, { code: 'internal', detail: 'sink gated: the sink is broken' });
  sink.fault = undefined;
  await reached(run, 2);
  assert.deepEqual(sink.taken, [1, 2]);
  assert.equal(run.trouble, undefined);
});

test('SinkRun: a primary that is away is told, and asked again', async () => {
  const { book, steps } = aBook(() => 0);
  let faults = 3;
  const failing: SinkBook = {
    ...book,
    advance: async (step) => {
      if (faults-- > 0) throw new SeriesError('store-unreachable', 'no PostgreSQL');
      await book.advance(step);
    },
  };
  const sink = new GatedSink();
  await using run = new SinkRun({ sink, book: failing, committed: 0 }, needs());
  run.offer(1, pointsOf(1));
  while (!run.trouble) await new Promise((resolve) => setImmediate(resolve));
  assert.equal(run.trouble?.code, 'store-unreachable');
  await reached(run, 1);
  assert.deepEqual(sink.taken, [1], 'it was written once');
  assert.equal(steps.length, 1);
});

test('feedSinks: a seal that fails reaches no sink; one that is committed does, with its names', async () => {
  const { book } = aBook(() => 0);
  const names: unknown[] = [];
  const sink = new GatedSink();
  sink.prepare = ({ view, nameOf }) => {
    names.push(nameOf(1));
    return { points: view.rows, bytes: 1, seal: view.sealNumber };
  };
  await using run = new SinkRun({ sink, book, committed: 0 }, needs());
  let isFailing = true;
  const store = {
    seal: async () => {
      if (isFailing) throw new SeriesError('store-full', 'no room');
    },
  };
  const fed = feedSinks(store, { series: [] }, [run]);
  const seal = aSeal(1, [{ series: 1, time: NOON, value: 1, offset: 1, ordinal: 0 }]);
  await assert.rejects(fed.seal(seal), /no room/);
  assert.equal(names.length, 0);
  isFailing = false;
  await fed.seal(seal);
  await reached(run, 1);
  assert.deepEqual(names, [seal.series.find(({ id }) => id === 1)]);
});
