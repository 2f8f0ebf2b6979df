import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LiveEvent, Platform, PointPosition, RangeQuery } from '../platform.ts';
import type { MemoryRecord } from './memory-platform.ts';

/** A platform under test. */
export interface PlatformUnderTest extends AsyncDisposable {
  readonly platform: Platform;
  /** Sends records as one device would; resolves when all are visible, with the offset of the first. */
  publish(records: readonly MemoryRecord[]): Promise<number>;
}

const KEY = { tenant: 't', project: 'p', device: 'd1' };
const START = 1_777_636_800_000_000;
const never = new AbortController().signal;

const series = (range: Partial<RangeQuery> = {}): RangeQuery => ({
  series: { ...KEY, metric: 'v' },
  fromMicros: START,
  toMicros: START + 100_000_000,
  deadlineMs: 10_000,
  signal: never,
  ...range,
});

const aRecord = (second: number, value: number, device = KEY.device): MemoryRecord => ({
  ...KEY,
  device,
  timeMicros: START + second * 1_000_000,
  values: { v: value },
});

/** The promises of `Platform`, for every implementation. `open` gives an empty one. */
export function testPlatform(name: string, open: () => Promise<PlatformUnderTest>): void {
  testPoints(name, open);
  testDevices(name, open);
  testLetters(name, open);
  testLive(name, open);
}

async function valuesOf(platform: Platform, query: Partial<Parameters<Platform['points']>[0]> = {}) {
  const values: unknown[] = [];
  const whole = { ...series(), newestFirst: false, after: undefined, limit: undefined, ...query };
  for await (const rows of platform.points(whole)) values.push(...rows.values);
  return values;
}

function testPoints(name: string, open: () => Promise<PlatformUnderTest>): void {
  test(`${name}: points are in order, from inclusive to exclusive, both of one time`, async () => {
    await using under = await open();
    await under.publish([aRecord(3, 3), aRecord(1, 1), aRecord(2, 2), aRecord(2, 2.5), aRecord(100, 9)]);
    assert.deepEqual(await valuesOf(under.platform), [1, 2, 2.5, 3]);
    assert.deepEqual(await valuesOf(under.platform, { newestFirst: true, limit: 2 }), [3, 2.5]);
  });

  test(`${name}: points continue after a position without repeating it`, async () => {
    await using under = await open();
    await under.publish([aRecord(1, 1), aRecord(1, 2), aRecord(1, 3)]);
    const first = { ...series(), newestFirst: false, after: undefined, limit: 2 };
    let last: PointPosition | undefined;
    for await (const rows of under.platform.points(first)) {
      const at = rows.times.length - 1;
      const ordinal = Number(rows.ordinals[at]);
      last = { timeMicros: Number(rows.times[at]), offset: Number(rows.offsets[at]), ordinal };
    }
    assert.deepEqual(await valuesOf(under.platform, { after: last }), [3]);
  });

  test(`${name}: points of a series nobody sent are none`, async () => {
    await using under = await open();
    assert.deepEqual(await valuesOf(under.platform), []);
    assert.deepEqual((await under.platform.buckets({ ...series(), stepMicros: 1_000_000 })).buckets, []);
    assert.equal((await under.platform.extremes({ ...series(), points: 10 })).times.length, 0);
  });

  test(`${name}: buckets are aligned to multiples of the step`, async () => {
    await using under = await open();
    await under.publish([aRecord(9, 1), aRecord(10, 2), aRecord(19, 4)]);
    const { buckets } = await under.platform.buckets({ ...series(), stepMicros: 10_000_000 });
    assert.deepEqual(
      buckets.map(({ startMicros, count, min, max, sum, first, last }) => [
        (startMicros - START) / 1_000_000,
        count,
        min,
        max,
        sum,
        first,
        last,
      ]),
      [
        [0, 1, 1, 1, 1, 1, 1],
        [10, 2, 2, 4, 6, 2, 4],
      ],
    );
  });

  test(`${name}: extremes keep the smallest and the largest within the number asked for`, async () => {
    await using under = await open();
    const records = Array.from({ length: 99 }, (_, i) => aRecord(i, i === 40 ? 900 : i === 41 ? -900 : i));
    await under.publish(records);
    const rows = await under.platform.extremes({ ...series(), points: 20 });
    assert.ok(rows.times.length <= 20);
    assert.ok(rows.values.includes(900) && rows.values.includes(-900));
  });

  test(`${name}: extremes are of numbers, points of every type`, async () => {
    await using under = await open();
    const sent = [aRecord(1, 1), { ...aRecord(2, 0), values: { v: true } }];
    await under.publish([...sent, { ...aRecord(3, 0), values: { v: 'text' } }]);
    const { values } = await under.platform.extremes({ ...series(), points: 10 });
    assert.deepEqual([...values], [1]);
    assert.deepEqual(await valuesOf(under.platform), [1, true, 'text']);
  });
}

function testDevices(name: string, open: () => Promise<PlatformUnderTest>): void {
  test(`${name}: devices come by name after the one given, and an unknown one is undefined`, async () => {
    await using under = await open();
    await under.publish(['d3', 'd1', 'D2'].map((device) => aRecord(1, 1, device)));
    const names = async (after?: string) => {
      const place = after === undefined ? {} : { after: { ...KEY, device: after } };
      return (await under.platform.devices({ ...place, limit: 10 })).entries.map((entry) => entry.device);
    };
    assert.deepEqual(await names(), ['D2', 'd1', 'd3']);
    assert.deepEqual(await names('d1'), ['d3']);
    const found = (await under.platform.devices({ search: 'd2', limit: 10 })).entries;
    assert.equal(found[0]?.device, 'D2');
    const order = { by: 'device', isDescending: true } as const;
    const cut = await under.platform.devices({ order, skip: 1, limit: 1 });
    assert.deepEqual([cut.total, cut.entries[0]?.device], [3, 'd1']);
    const unseen = await under.platform.devices({ seenBeforeMicros: 1, limit: 1 });
    assert.deepEqual(unseen, { total: 0, entries: [] });
    assert.equal(await under.platform.device({ ...KEY, device: 'absent' }), undefined);
    assert.equal(await under.platform.latest({ ...KEY, device: 'absent' }), undefined);
  });

  test(`${name}: latest is the newest by event time, whatever the order of arrival`, async () => {
    await using under = await open();
    await under.publish([aRecord(5, 5), aRecord(2, 2)]);
    const latest = await under.platform.latest(KEY);
    assert.deepEqual(latest, [{ metric: 'v', timeMicros: START + 5_000_000, value: 5 }]);
  });
}

function testLetters(name: string, open: () => Promise<PlatformUnderTest>): void {
  test(`${name}: a dead letter keeps its bytes, and what is done to it counts once`, async () => {
    await using under = await open();
    const payload = Uint8Array.of(0x7b, 0xff, 0x00);
    const offset = await under.publish([{ ...KEY, values: undefined, payload }]);
    const [listed] = await under.platform.deadLetters({ state: 'open', limit: 10 });
    assert.equal(listed?.offset, offset);
    assert.equal(listed?.payloadBytes, 3);
    assert.deepEqual([...((await under.platform.deadLetter(offset))?.payload ?? [])], [...payload]);
    const discard = () => under.platform.discardDeadLetters({ offset }, 'somebody');
    assert.deepEqual(await discard(), { changed: 1, failedAgain: 0, undecided: 0, unchanged: 0 });
    assert.equal((await under.platform.ledger()).balanced, true);
  });
}

function testLive(name: string, open: () => Promise<PlatformUnderTest>): void {
  test(`${name}: a live feed resumes after its id without gap or duplicate`, async () => {
    await using under = await open();
    const first = new AbortController();
    const feed = follow(under.platform, undefined, first.signal);
    const begun = feed.next();
    await under.publish([aRecord(1, 1)]);
    const { value } = await begun;
    first.abort();
    assert.deepEqual(liveValues(value), [1]);
    await under.publish([aRecord(2, 2)]);
    await under.publish([aRecord(3, 3)]);
    const second = new AbortController();
    const seen: unknown[] = [];
    for await (const event of follow(under.platform, value?.id, second.signal)) {
      seen.push(...liveValues(event));
      if (seen.length >= 2) second.abort();
    }
    assert.deepEqual(seen, [2, 3]);
  });

  test(`${name}: a live feed begins with a gap when its id cannot be continued from`, async () => {
    await using under = await open();
    const stop = new AbortController();
    const { value } = await follow(under.platform, 'v1.nobody.17', stop.signal).next();
    stop.abort();
    assert.equal(value?.event, 'gap');
  });
}

async function* follow(
  platform: Platform,
  afterId: string | undefined,
  signal: AbortSignal,
): AsyncGenerator<LiveEvent> {
  for await (const batch of platform.live([KEY], afterId, signal)) yield* batch;
}

function liveValues(event: LiveEvent | undefined): unknown[] {
  return event?.event === 'points' ? event.data.flatMap((one) => one.points.map((point) => point.value)) : [];
}
