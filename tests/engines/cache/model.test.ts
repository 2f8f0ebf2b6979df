// The cache of newest values on a real Redis against a model of PostgreSQL: whatever happens in between, no answer lacks
// what was committed before the look that it rests on.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createMeter, type Meter, silentLogger } from '@skerry/kernel';
import { nodeClock, nodeRandom } from '@skerry/kernel/node';
import { SeededRandom } from '@skerry/kernel/testing';
import type { DeviceKey, PointValue, SeriesDefinition } from '@skerry/model';
import type { PlacedLatest } from '@skerry/series/postgres';
import { CachedLatest, LatestFeed, RedisLink } from '@skerry/series/redis';
import { aSeal } from '@skerry/series/testing';
import { type Engine, runTool, startRedis } from '@skerry/testkit/engines';
import { until } from '../../e2e/condition.ts';

const SOURCES = [1, 2, 3];
const DEVICES = ['a', 'b', 'c', 'd', 'e', 'f'];
const METRICS = ['speed', 'on', 'name', 'count'];
const LONGER_THAN_BELIEVED_MS = 1_001;

let redis: Engine;

before(async () => {
  redis = await startRedis();
});

after(async () => {
  await redis?.[Symbol.asyncDispose]();
});

/** Real time that can be moved on. */
class MovedClock {
  #movedMs = 0;
  readonly #real = nodeClock();
  monotonicMs = () => this.#real.monotonicMs() + this.#movedMs;
  sleep = this.#real.sleep.bind(this.#real);
  startTimer = this.#real.startTimer.bind(this.#real);
  move(ms: number): void {
    this.#movedMs += ms;
  }
}

/** What PostgreSQL has: newest points by series, and how far each source is. */
class Truth {
  readonly points = new Map<string, Map<string, PlacedLatest>>();
  readonly seals = new Map<number, number>();
  readonly #offsets = new Map<string, number>();

  commit(source: number, device: string, point: PlacedLatest): void {
    const own = this.points.get(device) ?? new Map<string, PlacedLatest>();
    this.points.set(device, own);
    this.#offsets.set(`${device} ${point.metric} ${point.value}`, point.offset);
    const known = own.get(point.metric);
    if (!known || point.timeMicros >= known.timeMicros) own.set(point.metric, point);
    this.seals.set(source, (this.seals.get(source) ?? 0) + 1);
  }

  /** Whether this value was committed behind an offset. */
  isLater(device: string, value: Pick<PlacedLatest, 'metric' | 'value'>, offset: number): boolean {
    return Number(this.#offsets.get(`${device} ${value.metric} ${value.value}`)) > offset;
  }

  newest(device: string): readonly PlacedLatest[] | undefined {
    const own = this.points.get(device);
    return own && [...own.values()].sort((a, b) => (a.metric < b.metric ? -1 : 1));
  }
}

/** A writer of one source. */
interface Writer {
  readonly source: number;
  feed: LatestFeed;
}

/** A site with its writers and one cloud. */
class World implements AsyncDisposable {
  readonly truth = new Truth();
  readonly clock = new MovedClock();
  readonly meter: Meter = createMeter();
  readonly random: SeededRandom;
  readonly writers: Writer[];
  readonly cache: CachedLatest;
  readonly #link: RedisLink;
  readonly #site: string;
  #asked = 0;
  /** A standby that lags: what it has of each device. */
  readonly #standby = new Map<string, readonly PlacedLatest[] | undefined>();
  /** Whether the last answer came from it: it is as old as that is. */
  #isBehind = false;
  /** Rises over all sources, so that among equals in time the one committed last is the newest. */
  #offset = 1;

  constructor(seed: number) {
    this.#site = `seed-${seed}`;
    this.random = new SeededRandom(seed);
    const place = { url: `redis://127.0.0.1:${redis.port}`, name: 'model' };
    this.#link = new RedisLink(place, { clock: this.clock, logger: silentLogger, meter: this.meter });
    this.writers = SOURCES.map((source) => ({ source, feed: this.#feedOf(source) }));
    const plain = async ({ device }: DeviceKey) =>
      this.truth.newest(device)?.map(({ metric, timeMicros, value }) => ({ metric, timeMicros, value }));
    this.cache = new CachedLatest(60_000, {
      link: this.#link,
      latest: plain,
      newest: async ({ device }) => {
        this.#asked++;
        const isPrimary = this.random.uint32() % 8 > 0;
        this.#isBehind = !isPrimary;
        const points = isPrimary ? this.truth.newest(device) : this.#standby.get(device);
        // what is committed while it is on its way is not in it
        await this.clock.sleep(this.random.uint32() % 3);
        return { points, isPrimary };
      },
      marks: async () => ({ site: this.#site, seals: new Map(this.truth.seals) }),
      clock: this.clock,
      random: nodeRandom(),
      meter: this.meter,
    });
  }

  /** Questions that filled, or tried to. */
  get asked(): number {
    return this.#asked;
  }

  count(name: string, outcome?: string): number {
    const family = this.meter.snapshot().find((one) => one.name === name);
    return family?.samples.find(({ labels }) => labels.outcome === outcome)?.value ?? 0;
  }

  async ready(): Promise<void> {
    await until('Redis answers', () => this.#link.isReady);
  }

  pick<T>(all: readonly T[]): T {
    return all[this.random.uint32() % all.length] as T; // an index of it
  }

  /** Commits a point, and tells the cache unless the writer is killed before it can. */
  async commit(writer: Writer, device: string, isKilled = false): Promise<void> {
    const { source } = writer;
    if (this.random.uint32() % 2 === 0) this.#standby.set(device, this.truth.newest(device));
    const metric = this.pick(METRICS);
    const timeMicros = 1_000_000 + (this.random.uint32() % 50);
    const number = (this.truth.seals.get(source) ?? 0) + 1;
    const point = { metric, timeMicros, offset: this.#offset++, ordinal: 0, value: this.#value(metric) };
    const store = { seal: async () => this.truth.commit(source, device, point) };
    if (isKilled) {
      await store.seal();
      this.kill(writer);
      return;
    }
    const series = idOf(device, metric);
    const seal = aSeal(
      number,
      [{ series, time: timeMicros, value: point.value, offset: point.offset, ordinal: 0 }],
      { series: seriesOf([[device, metric]]) },
    );
    await writer.feed.feeding(store).seal(seal);
  }

  /** The writer is gone without a word, and another takes its source over. */
  kill(writer: Writer): void {
    writer.feed = this.#feedOf(writer.source);
  }

  /** What the cloud answers must be what is committed, a look later. */
  async check(device: string): Promise<void> {
    this.clock.move(LONGER_THAN_BELIEVED_MS);
    const wanted = this.truth.newest(device);
    this.#isBehind = false;
    const found = await this.cache.latest({ tenant: 't', project: 'p', device });
    if (this.#isBehind) return;
    assert.deepEqual(
      found,
      wanted?.map(({ metric, timeMicros, value }) => ({ metric, timeMicros, value })),
    );
  }

  /** Points are committed while the cloud asks: it must not go back behind what was committed before. */
  async race(device: string): Promise<void> {
    this.clock.move(LONGER_THAN_BELIEVED_MS);
    const before = this.truth.newest(device) ?? [];
    const commits = this.writers.map(async (writer, i) => {
      await this.clock.sleep(i);
      await this.commit(writer, device);
      await this.commit(writer, device);
    });
    this.#isBehind = false;
    const found = await this.cache.latest({ tenant: 't', project: 'p', device });
    await Promise.all(commits);
    if (this.#isBehind) return;
    for (const old of before) {
      const now = found?.find(({ metric }) => metric === old.metric);
      assert.ok(now && now.timeMicros >= old.timeMicros, `${old.metric} went back: ${now?.timeMicros}`);
      if (now.timeMicros === old.timeMicros && now.value !== old.value)
        assert.ok(this.truth.isLater(device, now, old.offset), `${old.metric} went back to ${now.value}`);
    }
    await this.check(device);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { feed } of this.writers) await feed[Symbol.asyncDispose]();
    this.#link[Symbol.dispose]();
  }

  #feedOf(source: number): LatestFeed {
    const seal = this.truth.seals.get(source) ?? 0;
    const series = seriesOf(DEVICES.flatMap((device) => METRICS.map((metric) => [device, metric] as const)));
    return new LatestFeed(
      { site: this.#site, source, seal },
      { series },
      { link: this.#link, clock: this.clock, meter: this.meter },
    );
  }

  #value(metric: string): PointValue {
    const number = this.random.uint32();
    if (metric === 'on') return number % 2 === 1;
    if (metric === 'count') return BigInt(number) * 2n ** 40n;
    return metric === 'name' ? `é:\n${number}` : number / 7;
  }
}

function idOf(device: string, metric: string): number {
  return DEVICES.indexOf(device) * METRICS.length + METRICS.indexOf(metric);
}

function seriesOf(names: readonly (readonly [device: string, metric: string])[]): SeriesDefinition[] {
  return names.map(([device, metric]) => ({
    id: idOf(device, metric),
    tenant: 't',
    project: 'p',
    device,
    metric,
    unit: undefined,
  }));
}

function tool(...words: string[]): Promise<string> {
  return runTool('redis-cli', ['-p', String(redis.port), ...words]);
}

const EVICT = `local keys = redis.call('KEYS', '{skerry:seed-*')
if #keys > 0 then redis.call('UNLINK', keys[1 + ARGV[1] % #keys]) end`;
const LEFT = `local ttls = {}
for i, key in ipairs(redis.call('KEYS', '{skerry:seed-*')) do ttls[i] = redis.call('PTTL', key) end
return ttls`;

/** One thing that happens in a world. */
async function step(world: World): Promise<void> {
  const writer = world.pick(world.writers);
  const chance = world.random.uint32() % 100;
  if (chance < 45) await world.commit(writer, world.pick(DEVICES));
  else if (chance < 55) await world.race(world.pick(DEVICES));
  else if (chance < 90) await world.check(world.pick(DEVICES));
  else if (chance < 92) await world.commit(writer, world.pick(DEVICES), true);
  else if (chance < 94) world.kill(writer);
  else if (chance < 96) await tool('FLUSHALL');
  else {
    // what Redis evicts is gone as a whole
    const nth = String(world.random.uint32() % 1_000);
    await tool('EVAL', EVICT, '0', nth);
  }
}

test('an answer out of the cache has everything that was committed, over flushes, evictions and killed writers', async () => {
  let hits = 0;
  for (let seed = 1; seed <= 5; seed++) {
    await tool('FLUSHALL');
    await using world = new World(seed);
    await world.ready();
    for (let n = 0; n < 120; n++) {
      await step(world).catch((cause: unknown) => {
        throw new Error(`Seed ${seed}, step ${n}: ${String(cause)}`, { cause });
      });
    }
    hits += world.count('iot_cache_reads_total', 'hit');
  }
  assert.ok(hits > 30, `only ${hits} answers came out of the cache`);
});

test('what is asked for again is answered by the cache alone, with what writers have put there meanwhile', async () => {
  await tool('FLUSHALL');
  await using world = new World(99);
  await world.ready();
  const [writer] = world.writers;
  assert.ok(writer);
  await world.commit(writer, 'a');
  await until('the device is in the cache', async () => {
    await world.check('a');
    return world.count('iot_cache_reads_total', 'hit') > 0;
  });
  const before = world.asked;
  const hits = world.count('iot_cache_reads_total', 'hit');
  for (let n = 0; n < 20; n++) {
    await world.commit(writer, 'a');
    await until('the cache has come as far', () => world.count('iot_cache_lag_seals') === 0);
    await world.check('a');
  }
  assert.equal(world.asked, before);
  assert.equal(world.count('iot_cache_reads_total', 'hit'), hits + 20);
});

test('everything in Redis expires, and is a miss then', async () => {
  const ttls = (await tool('EVAL', LEFT, '0')).trim().split('\n').map(Number);
  assert.ok(ttls.length >= 2, `${ttls.length} keys`);
  assert.ok(
    ttls.every((ttl) => ttl > 0 && ttl <= 60_000),
    ttls.join(', '),
  );
});
