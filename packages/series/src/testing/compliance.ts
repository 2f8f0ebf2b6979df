import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { AccountColumns } from '../account-columns.ts';
import type { SeriesFault } from '../errors.ts';
import { SeriesError } from '../errors.ts';
import type { DeviceAccount, PointPage, SeriesQuery, SeriesStore } from '../store.ts';
import {
  aDeadLetter,
  aHeadView,
  aSeal,
  NOON,
  type SamplePoint,
  type StepClock,
  someSeries,
} from './builders.ts';
import { testIntegers } from './integer-compliance.ts';
import { naiveBuckets, naiveExtremes, naivePoints } from './naive.ts';
import { testSessions } from './session-compliance.ts';
import { testSums } from './sum-compliance.ts';

/** A store under test. `reopen` ends it and opens it again on what it had made durable. */
export interface StoreHarness extends AsyncDisposable {
  readonly clock: StepClock;
  readonly store: SeriesStore;
  reopen(): Promise<void>;
}

const SECOND = 1_000_000;
const HOUR = 3600 * SECOND;
const DEVICE = { tenant: 't1', project: 'p1', device: 'd1' };

/** The promises of `SeriesStore`, as tests; every adapter runs them. */
export function testSeriesStore(name: string, open: () => Promise<StoreHarness>): void {
  testStates(name, open);
  testSeals(name, open);
  testIntegers(name, open);
  testSums(name, open);
  testSessions(name, open);
  testQueries(name, open);
  testAgainstNaive(name, open);
}

/** Does all background work that is due. */
export async function workAll(store: SeriesStore): Promise<void> {
  while (await store.work());
}

/** A test of a rejected promise's code. */
export function hasCode(code: SeriesFault): (error: unknown) => boolean {
  return (error) => error instanceof SeriesError && error.code === code;
}

function testStates(name: string, open: () => Promise<StoreHarness>): void {
  test(`${name} load of a new store is empty`, async () => {
    await using harness = await open();
    const state = await harness.store.load();
    assert.deepEqual(
      { ...state },
      {
        journalId: undefined,
        sealNumber: 0,
        position: 0,
        telemetryPosition: 0,
        logTimeMicros: 0,
        series: [],
        latest: [],
        accounts: [],
        dedupe: [],
        gaps: [],
        deadLetters: [],
        stages: [],
        sessions: { clients: [], devices: [] },
      },
    );
  });

  test(`${name} load gives back what seals carried, as of the last one`, async () => {
    await using harness = await open();
    await harness.store.load();
    const account = {
      ...DEVICE,
      stored: 5,
      deduplicated: 1,
      filtered: 2,
      deadLettered: 3,
      discarded: 4,
      expired: 6,
      timeCorrected: 7,
      seqResets: 8,
      lastSeenMicros: 9,
    };
    const dedupe = { ...DEVICE, count: 2, newestMicros: NOON, bytes: Uint8Array.of(1, 2, 3) };
    const gaps = { ...DEVICE, epoch: 'e1', highest: 9, gaps: [{ from: 3, to: 4 }] };
    const definition = { id: 7, ...DEVICE, metric: 'speed' };
    await harness.store.seal(
      aSeal(1, [{ series: 7, time: NOON + 5, value: 1.5, offset: 1, ordinal: 0 }], {
        series: [definition],
        accounts: [account],
        dedupe: [dedupe],
        gaps: [gaps, { ...gaps, epoch: 'e2' }],
        deadLetters: [aDeadLetter(3), aDeadLetter(4)],
        stages: [
          { pipeline: 'Pipeline/a', part: 'version:1', body: '{"ü":1}' },
          { pipeline: 'Pipeline/a', part: 'group:x', body: 'old' },
          { pipeline: 'Pipeline/b', part: 'group:x', body: 'gone' },
        ],
      }),
    );
    await harness.store.seal(
      aSeal(2, [{ series: 7, time: NOON + 4, value: 'late', offset: 101, ordinal: 0 }], {
        accounts: [{ ...account, stored: 6 }],
        dedupe: [{ ...dedupe, bytes: Uint8Array.of(4) }],
        gaps: [{ ...gaps, gaps: [] }],
        deadLetterChanges: [{ offset: 3, state: 'discarded', author: 'ann', changedMicros: NOON + 9 }],
        stages: [
          { pipeline: 'Pipeline/b', part: 'group:x', body: undefined },
          { pipeline: 'Pipeline/a', part: 'group:x', body: 'new' },
        ],
      }),
    );
    await harness.reopen();
    const state = await harness.store.load();
    assert.equal(state.journalId, aSeal(1, []).journalId);
    assert.equal(state.sealNumber, 2);
    assert.equal(state.position, 200);
    assert.equal(state.telemetryPosition, 180);
    assert.equal(state.logTimeMicros, NOON + 2 * SECOND);
    assert.deepEqual(state.series, [definition]);
    assert.deepEqual(state.latest, [{ series: 7, timeMicros: NOON + 5, value: 1.5 }]);
    assert.deepEqual(state.accounts, [{ ...account, stored: 6 }]);
    assert.deepEqual(
      state.dedupe.map((one) => ({ ...one, bytes: [...one.bytes] })),
      [
        { ...dedupe, bytes: [1, 2, 3] },
        { ...dedupe, bytes: [4] },
      ],
    );
    assert.deepEqual(state.gaps, [{ ...gaps, gaps: [] }]);
    assert.deepEqual(
      state.deadLetters.map((one) => one.offset),
      [4],
    );
    assert.deepEqual(state.stages, [
      { pipeline: 'Pipeline/a', part: 'version:1', body: '{"ü":1}' },
      { pipeline: 'Pipeline/a', part: 'group:x', body: 'new' },
    ]);
  });

  test(`${name} load gives back the accounts and series of many devices, given as columns or one by one`, async () => {
    await using harness = await open();
    await harness.store.load();
    const series = Array.from({ length: 200 }, (_, id) => ({
      id,
      tenant: 't',
      project: `p${id % 3}`,
      device: `d${id >> 2}`,
      metric: `m${id % 4}`,
    }));
    const accounts = Array.from({ length: 77 }, (_, i) => anAccount(i, 100));
    await harness.store.seal(aSeal(1, [], { series, accounts: AccountColumns.of(accounts) }));
    // from the other end, some for the first time
    const later = Array.from({ length: 50 }, (_, i) => anAccount(99 - i, 200));
    await harness.store.seal(aSeal(2, [], { accounts: later }));
    await harness.reopen();
    const state = await harness.store.load();
    assert.deepEqual(state.series, series);
    const byDevice = (a: DeviceAccount, b: DeviceAccount) => a.stored - b.stored;
    const wanted = [...accounts.slice(0, 50), ...later].sort(byDevice);
    assert.deepEqual([...state.accounts].sort(byDevice), wanted);
  });

  test(`${name} load keeps the dedupe entries that the window needs, oldest first`, async () => {
    await using harness = await open();
    await harness.store.load();
    for (let number = 1; number <= 60; number++) {
      const logTimeMicros = NOON + number * 60 * SECOND;
      const entry = { ...DEVICE, count: 200, newestMicros: logTimeMicros, bytes: Uint8Array.of(number) };
      await harness.store.seal(aSeal(number, [], { logTimeMicros, dedupe: [entry] }));
    }
    await harness.reopen();
    const numbers = (await harness.store.load()).dedupe.map((one) => Number(one.bytes[0]));
    const needed = Array.from({ length: 20 }, (_, i) => 41 + i);
    assert.deepEqual(numbers.slice(-20), needed);
    assert.ok(numbers.length < 60, `${numbers.length} rows are kept`);
    assert.deepEqual(
      numbers,
      [...numbers].sort((a, b) => a - b),
    );
  });

  test(`${name} deadLetters filters and pages by offset, deadLetter gives the bytes`, async () => {
    await using harness = await open();
    await harness.store.load();
    const letters = [1, 2, 3, 4, 5].map((offset) =>
      aDeadLetter(offset, offset % 2 === 0 ? { reason: 'unknown-topic', project: 'p2' } : {}),
    );
    await harness.store.seal(aSeal(1, [], { deadLetters: letters }));
    const offsets = async (filter: object) =>
      (await harness.store.deadLetters({ limit: 10, ...filter })).map((one) => one.offset);
    assert.deepEqual(await offsets({}), [1, 2, 3, 4, 5]);
    assert.deepEqual(await offsets({ after: 2, limit: 2 }), [3, 4]);
    assert.deepEqual(await offsets({ reason: 'unknown-topic', project: 'p2', state: 'open' }), [2, 4]);
    assert.deepEqual(await offsets({ state: 'expired' }), []);
    assert.deepEqual((await harness.store.deadLetter(3))?.payload, letters[2]?.payload);
    assert.equal(await harness.store.deadLetter(9), undefined);
    const headers = Uint8Array.of(9, 1, 0, 68);
    await harness.store.seal(aSeal(2, [], { deadLetters: [{ ...aDeadLetter(101), headers }] }));
    await harness.reopen();
    await harness.store.load();
    assert.deepEqual((await harness.store.deadLetter(101))?.headers, headers);
    assert.equal((await harness.store.deadLetter(3))?.headers, undefined);
    assert.equal((await harness.store.deadLetters({ limit: 1 }))[0]?.payloadBytes, 3);
  });
}

function testSeals(name: string, open: () => Promise<StoreHarness>): void {
  test(`${name} seal refuses a number twice and a number too far, and changes nothing`, async () => {
    await using harness = await open();
    await harness.store.load();
    const points = [{ series: 1, time: NOON, value: 1, offset: 1, ordinal: 0 }];
    await harness.store.seal(aSeal(1, points));
    await assert.rejects(harness.store.seal(aSeal(1, points)), hasCode('seal-out-of-order'));
    await assert.rejects(harness.store.seal(aSeal(3, points)), hasCode('seal-out-of-order'));
    await assert.rejects(
      harness.store.seal(aSeal(2, points, { journalId: 'other' })),
      hasCode('journal-changed'),
    );
    assert.equal((await harness.store.figures()).points, 1);
    await harness.store.seal(aSeal(2, points));
    assert.equal((await harness.store.load()).sealNumber, 2);
  });

  test(`${name} seal keeps two messages of one second as two points`, async () => {
    await using harness = await open();
    await harness.store.load();
    const points = [1, 2].map((offset) => ({ series: 1, time: NOON, value: 20, offset, ordinal: 0 }));
    await harness.store.seal(aSeal(1, points));
    const page = await rawPage(harness.store, { series: 1 });
    assert.deepEqual([...page.offsets], [1, 2]);
    assert.deepEqual([...page.times], [NOON, NOON]);
  });

  test(`${name} query leaves out heads that are committed and adds those that are not`, async () => {
    await using harness = await open();
    await harness.store.load();
    const first = [{ series: 1, time: NOON, value: 1, offset: 1, ordinal: 0 }];
    const second = [{ series: 1, time: NOON - 5, value: 2, offset: 101, ordinal: 0 }];
    const heads = [aHeadView(1, first), aHeadView(2, second)];
    const offsets = async () => [...(await rawPage(harness.store, { series: 1 }, heads)).offsets];
    assert.deepEqual(await offsets(), [101, 1]);
    await harness.store.seal(aSeal(1, first));
    assert.deepEqual(await offsets(), [101, 1]);
    await harness.store.seal(aSeal(2, second));
    assert.deepEqual(await offsets(), [101, 1]);
  });
}

function testQueries(name: string, open: () => Promise<StoreHarness>): void {
  test(`${name} query answers raw with every type, buckets and extremes with numbers only`, async () => {
    await using harness = await open();
    await harness.store.load();
    const values = [1.5, 9007199254740993n, true, 'Füße', -3, false, '', -9007199254740993n];
    const points = values.map((value, i) => ({ series: 1, time: NOON + i, value, offset: i, ordinal: i }));
    await harness.store.seal(aSeal(1, points));
    const page = await rawPage(harness.store, { series: 1 });
    assert.deepEqual(page.values, values);
    assert.deepEqual([...page.ordinals], [0, 1, 2, 3, 4, 5, 6, 7]);
    const range = { series: 1, fromMicros: NOON, toMicros: NOON + 100, deadlineMs: 1e9 };
    const buckets = await harness.store.query(
      { ...range, shape: { kind: 'buckets', stepMicros: SECOND } },
      [],
    );
    assert.equal(buckets.kind === 'buckets' && buckets.buckets[0]?.count, 4);
    const extremes = await harness.store.query({ ...range, shape: { kind: 'extremes', points: 4 } }, []);
    assert.deepEqual(extremes.kind === 'points' && extremes.values, [
      1.5,
      9007199254740993n,
      -3,
      -9007199254740993n,
    ]);
  });

  test(`${name} query fails with deadline-passed when it takes longer`, async () => {
    await using harness = await open();
    await harness.store.load();
    await harness.store.seal(aSeal(1, [{ series: 1, time: NOON, value: 1, offset: 1, ordinal: 0 }]));
    harness.clock.stepMs = 50;
    await assert.rejects(rawPage(harness.store, { series: 1, deadlineMs: 10 }), hasCode('deadline-passed'));
  });

  test(`${name} query refuses a step and a number of extremes that make no sense`, async () => {
    await using harness = await open();
    await harness.store.load();
    const range = { series: 1, fromMicros: 0, toMicros: NOON, deadlineMs: 1e9 };
    for (const shape of [
      { kind: 'buckets', stepMicros: 0 },
      { kind: 'extremes', points: 3 },
    ] as const) {
      await assert.rejects(harness.store.query({ ...range, shape }, []), hasCode('query-refused'));
    }
  });
}

const value = fc.oneof(
  { weight: 12, arbitrary: fc.integer({ min: -400, max: 400 }).map((quarters) => quarters / 4) },
  { weight: 1, arbitrary: fc.bigInt({ min: 2n ** 53n, max: 2n ** 60n }) },
  { weight: 1, arbitrary: fc.boolean() },
  { weight: 1, arbitrary: fc.constantFrom('on', 'off', 'Füße') },
);

const point = fc.record({
  series: fc.constantFrom(1, 2, 300),
  time: fc.oneof(
    fc.integer({ min: 0, max: 20 }).map((step) => NOON + step * SECOND),
    fc.integer({ min: -30, max: 30 }).map((step) => NOON + step * HOUR * 0.3),
    fc.integer({ min: 0, max: 5 * HOUR }).map((micros) => NOON + micros),
  ),
  value,
  isReplay: fc.boolean(),
});

const seals = fc.array(
  fc.record({
    points: fc.array(point, { maxLength: 40 }),
    minutes: fc.integer({ min: 0, max: 40 }),
    next: fc.constantFrom('work', 'step', 'reopen', 'nothing'),
  }),
  { minLength: 1, maxLength: 25 },
);

const question = fc.record({
  series: fc.constantFrom(1, 2, 300, 5),
  from: fc.integer({ min: -11 * 3600, max: 6 * 3600 }),
  length: fc.integer({ min: 1, max: 12 * 3600 }),
  step: fc.constantFrom(1000, SECOND, 7 * SECOND, 60 * SECOND, HOUR, 24 * HOUR),
  points: fc.integer({ min: 4, max: 40 }),
  limit: fc.integer({ min: 1, max: 15 }),
});

function testAgainstNaive(name: string, open: () => Promise<StoreHarness>): void {
  test(`${name} answers as a naive scan does, over seals, late data, background work and restarts`, async () => {
    const property = fc.asyncProperty(
      seals,
      fc.array(question, { minLength: 4, maxLength: 8 }),
      async (plan, questions) => {
        await using harness = await open();
        await harness.store.load();
        harness.clock.stepMs = 3;
        const all: SamplePoint[] = [];
        let logTimeMicros = NOON;
        for (const [i, step] of plan.entries()) {
          const number = i + 1;
          const points = step.points.map(({ isReplay, ...rest }, ordinal) => ({
            ...rest,
            // exact integers have offsets of their own: first and last are by time and offset, whatever the type
            offset:
              typeof rest.value === 'bigint'
                ? number * 1000 + 500 + ordinal
                : isReplay
                  ? number
                  : number * 1000 + Math.floor(ordinal / 2),
            ordinal,
          }));
          logTimeMicros += step.minutes * 60 * SECOND;
          all.push(...points);
          const series = number === 1 ? { series: someSeries([1, 2, 300]) } : {};
          await harness.store.seal(aSeal(number, points, { logTimeMicros, ...series }));
          if (step.next === 'work') await workAll(harness.store);
          if (step.next === 'step') await harness.store.work();
          if (step.next === 'reopen') await harness.reopen();
          if (step.next === 'reopen') await harness.store.load();
        }
        for (const one of questions) await compare(harness.store, all, one);
        await workAll(harness.store);
        for (const one of questions) await compare(harness.store, all, one);
      },
    );
    await fc.assert(property, { numRuns: 50 });
  });
}

interface Question {
  readonly series: number;
  readonly from: number;
  readonly length: number;
  readonly step: number;
  readonly points: number;
  readonly limit: number;
}

async function compare(store: SeriesStore, all: readonly SamplePoint[], one: Question): Promise<void> {
  const fromMicros = NOON + one.from * SECOND;
  const toMicros = fromMicros + one.length * SECOND;
  const range = { series: one.series, fromMicros, toMicros, deadlineMs: 1e9 };
  const expected = naivePoints(all, one.series, fromMicros, toMicros);
  assert.deepEqual(await allPages(store, range, one.limit, false), expected);
  assert.deepEqual(await allPages(store, range, one.limit, true), [...expected].reverse());
  const extremes = await store.query({ ...range, shape: { kind: 'extremes', points: one.points } }, []);
  assert.deepEqual(
    rows(one.series, extremes),
    naiveExtremes(all, one.series, fromMicros, toMicros, one.points),
  );
  const answer = await store.query({ ...range, shape: { kind: 'buckets', stepMicros: one.step } }, []);
  assert.ok(answer.kind === 'buckets');
  const wanted = naiveBuckets(all, one.series, fromMicros, toMicros, one.step);
  const withoutSum = (bucket: { sum: number }) => ({ ...bucket, sum: 0 });
  assert.deepEqual(answer.buckets.map(withoutSum), wanted.map(withoutSum));
  for (const [i, bucket] of answer.buckets.entries()) {
    const sum = Number(wanted[i]?.sum);
    assert.ok(
      Math.abs(bucket.sum - sum) <= 1e-9 * Math.max(2 ** 60, Math.abs(sum)),
      `${bucket.sum} and ${sum}`,
    );
  }
}

type Range = Omit<SeriesQuery, 'shape'>;

async function allPages(
  store: SeriesStore,
  range: Range,
  limit: number,
  newestFirst: boolean,
): Promise<SamplePoint[]> {
  const all: SamplePoint[] = [];
  let after: PointPage['next'];
  do {
    const page = await store.query({ ...range, shape: { kind: 'raw', after, limit, newestFirst } }, []);
    all.push(...rows(range.series, page));
    after = page.kind === 'points' ? page.next : undefined;
  } while (after);
  return all;
}

function rows(series: number, page: PointPage | { kind: 'buckets' }): SamplePoint[] {
  assert.ok(page.kind === 'points');
  return page.values.map((value, i) => ({
    series,
    time: Number(page.times[i]),
    value,
    offset: Number(page.offsets[i]),
    ordinal: Number(page.ordinals[i]),
  }));
}

async function rawPage(
  store: SeriesStore,
  range: Pick<Range, 'series'> & Partial<Range>,
  heads: Parameters<SeriesStore['query']>[1] = [],
): Promise<PointPage> {
  const shape = { kind: 'raw', after: undefined, limit: 1000, newestFirst: false } as const;
  const page = await store.query(
    { fromMicros: 0, toMicros: 2 * NOON, deadlineMs: 1e9, shape, ...range },
    heads,
  );
  assert.ok(page.kind === 'points');
  return page;
}

/** The account of one of many devices, in three projects and two tenants; every count its own. */
function anAccount(i: number, from: number): DeviceAccount {
  const base = from * 1_000 + i * 8;
  return {
    tenant: `t${i % 2}`,
    project: `p${i % 3}`,
    device: `d${i}`,
    stored: base,
    deduplicated: base + 1,
    filtered: base + 2,
    deadLettered: base + 3,
    discarded: base + 4,
    expired: base + 5,
    timeCorrected: base + 6,
    seqResets: base + 7,
    lastSeenMicros: base + 8,
  };
}
