import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { BatchBuilder, RECORD_KIND } from '@skerry/journal';
import { MemoryJournal } from '@skerry/journal/memory';
import { createMeter, noFailpoints, silentLogger } from '@skerry/kernel';
import { nodeClock, nodeRandom } from '@skerry/kernel/node';
import { DEFAULT_ROUTES, openPipeline, type Pipeline } from '@skerry/pipeline';
import type { SeriesStore } from '@skerry/series';
import { openPostgresReadings, type PostgresPool, type PostgresReadings } from '@skerry/series/postgres';
import { aSeal, workAll } from '@skerry/series/testing';
import { startPostgres } from '@skerry/testkit/engines';
import { aPool, aSchema, aStore, breathe } from './scene.ts';

const server = await startPostgres();
after(() => server[Symbol.asyncDispose]());

const clock = nodeClock();
const BASE = Date.UTC(2026, 10, 24, 10) * 1000;

/** A pipeline over a journal in memory and a store in PostgreSQL: what one partition of a writer is. */
class Partition implements AsyncDisposable {
  readonly journal = new MemoryJournal({ clock, random: nodeRandom() });
  readonly store: SeriesStore;
  readonly pipeline: Pipeline;
  readonly #builder = new BatchBuilder();
  #received = BASE;

  private constructor(store: SeriesStore, pipeline: Pipeline, journal: MemoryJournal) {
    this.store = store;
    this.pipeline = pipeline;
    this.journal = journal;
  }

  static async open(pool: PostgresPool): Promise<Partition> {
    const journal = new MemoryJournal({ clock, random: nodeRandom() });
    const store = await aStore(pool, { journalId: journal.id });
    const needs = {
      journal,
      store,
      clock,
      logger: silentLogger,
      meter: createMeter(),
      failpoint: noFailpoints,
    };
    return new Partition(
      store,
      await openPipeline({ routes: DEFAULT_ROUTES }, { ...needs, breathe }),
      journal,
    );
  }

  /** Appends records as one batch. */
  async append(
    records: readonly { topic: string; payload: string; kind?: 1 | 2 | 4; client?: string }[],
  ): Promise<void> {
    const bytes = (text: string) => new TextEncoder().encode(text);
    for (const { topic, payload, kind = RECORD_KIND.telemetry, client = 'c1' } of records) {
      this.#received += 250_000;
      const [, tenant = 't', project = 'p'] = topic.split('/');
      this.#builder.add({
        kind,
        qos: 1,
        retain: false,
        project: kind === RECORD_KIND.session ? -1 : this.#builder.project(tenant, project),
        receivedMicros: this.#received,
        topic: bytes(topic),
        client: bytes(client),
        payload: bytes(payload),
        headers: new Uint8Array(0),
      });
    }
    const batch = this.#builder.close();
    if (batch) await this.journal.append(batch);
  }

  async settle(): Promise<void> {
    await this.pipeline.flush();
    await workAll(this.store);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.pipeline[Symbol.asyncDispose]();
    await this.store[Symbol.asyncDispose]();
  }
}

function someRecords(count: number, of: string) {
  return Array.from({ length: count }, (_, i) => {
    const device = `${of}-${i % 7}`;
    const topic = `iot/t${i % 2}/p${i % 3}/${device}/telemetry`;
    if (i % 23 === 5) return { topic, payload: '{"broken":' };
    if (i % 29 === 7)
      return { topic: `iot/t${i % 2}/p${i % 3}/x`, payload: '{}', kind: RECORD_KIND.misrouted };
    if (i % 17 === 3) return { topic, payload: '{"on":true,"mode":"é\\u0000x","big":9007199254740993}' };
    // every ninth number of a device's own is left out
    const seq = Math.floor(i / 7) + Math.floor(i / 63);
    return { topic, payload: JSON.stringify({ v: (i * 37) % 101, w: i / 8, seq, epoch: 'e1' }) };
  });
}

const readings = (pool: PostgresPool): PostgresReadings => openPostgresReadings(pool, { clock, breathe });
const everything = { limit: 1000 };

test('openPostgresReadings: answers of one source are those of its pipeline', async () => {
  const schema = aSchema();
  await using pool = aPool(server.url(), schema);
  await using one = await Partition.open(pool);
  const session = (kind: string) => ({
    topic: '',
    kind: RECORD_KIND.session,
    client: 'c1',
    payload: JSON.stringify({
      kind,
      reason: 'client',
      user: 'ann',
      remote: '10.0.0.1:5',
      protocol: '5.0',
      listener: 'mqtt',
      isEncrypted: false,
      scopes: [{}],
    }),
  });
  await one.append([session('connected'), ...someRecords(300, 'd')]);
  await one.settle();
  await one.append([...someRecords(120, 'e'), session('disconnected'), session('connected')]);
  await one.settle();
  const { pipeline } = one;
  const asked = readings(pool);
  for (const query of [
    everything,
    { limit: 3, skip: 2 },
    { limit: 5, search: 'E-' },
    { limit: 9, tenant: 't1', project: 'p2' },
    { limit: 9, scopes: [{ tenant: 't0' }, { tenant: 't1', project: 'p1' }] },
    { limit: 9, scopes: [] },
    { limit: 50, order: { by: 'metrics', isDescending: true } },
    { limit: 50, order: { by: 'lastSeen', isDescending: true } },
    { limit: 50, order: { by: 'device', isDescending: true } },
    { limit: 4, after: { tenant: 't0', project: 'p1', device: 'd-2' } },
    { limit: 50, seenFromMicros: BASE + 70_000_000 },
    { limit: 50, seenBeforeMicros: BASE + 70_000_000 },
  ] as const) {
    const wanted = pipeline.devices(query);
    const found = await asked.devices(query);
    assert.deepEqual(found, { total: wanted.total, entries: [...wanted.entries] }, JSON.stringify(query));
  }
  const { entries } = pipeline.devices(everything);
  assert.ok(entries.length > 10);
  const seenFromMicros = BASE + 70_000_000;
  assert.deepEqual(
    await asked.census(seenFromMicros),
    [...Map.groupBy(entries, ({ tenant }) => tenant)].map(([tenant, { length }]) => {
      const fresh = pipeline.devices({ limit: 1, tenant, seenFromMicros }).total;
      return { tenant, model: '', devices: length, fresh };
    }),
  );
  for (const key of entries) {
    const plain = (list: readonly { metric: string; type: string }[]) =>
      list.map(({ metric, type }) => `${metric} ${type}`).sort();
    const wanted = pipeline.device(key);
    const found = await asked.device(key);
    assert.ok(wanted && found);
    assert.deepEqual(
      { ...found, metricList: plain(found.metricList) },
      { ...wanted, metricList: plain(wanted.metricList) },
    );
    const byMetric = (a: { metric: string }, b: { metric: string }) => (a.metric < b.metric ? -1 : 1);
    assert.deepEqual(
      [...((await asked.latest(key)) ?? [])].sort(byMetric),
      pipeline.latest(key)?.sort(byMetric),
    );
    const range = { fromMicros: 0, toMicros: BASE * 2, limit: 10 };
    assert.deepEqual(
      await asked.connectivity({ device: key, ...range }),
      await pipeline.connectivity({ device: key, ...range }),
    );
  }
  assert.deepEqual(await asked.gaps(everything), pipeline.gaps(everything));
  const third = pipeline.gaps(everything)[2];
  assert.ok(third);
  const behind = { limit: 2, tenant: 't1', after: third };
  assert.deepEqual(await asked.gaps(behind), pipeline.gaps(behind));
  assert.deepEqual(await asked.deadLetterReasons({}), pipeline.deadLetterReasons({}));
  const filter = { limit: 5, tenant: 't1', state: 'open' } as const;
  const numbered = (await pipeline.deadLetters(filter)).map((letter) => ({
    ...letter,
    offset: letter.offset * 4096,
  }));
  assert.deepEqual(await asked.deadLetters(filter), numbered);
  const next = { ...filter, after: Number(numbered[1]?.offset), limit: 2 };
  assert.deepEqual(await asked.deadLetters(next), numbered.slice(2, 4));
  const letter = await asked.deadLetter(Number(numbered[0]?.offset));
  assert.deepEqual(letter?.payload, (await pipeline.deadLetter(Number(numbered[0]?.offset) / 4096))?.payload);
  const { projects, telemetryPosition } = await asked.ledger();
  const wanted = pipeline.ledger();
  assert.ok(wanted.balanced, String(wanted.imbalances));
  const verdicts = wanted.projects.map(({ received: _, receivedQos0: _q, pending: _p, ...rest }) => ({
    ...rest,
    repeated: 0,
  }));
  assert.deepEqual(projects, verdicts);
  assert.equal(telemetryPosition, wanted.totals.received);
  const figures = await asked.figures();
  assert.deepEqual(
    [figures.devices, figures.series, figures.deadLettersOpen, figures.sources[0]?.position],
    [entries.length, pipeline.figures().series, pipeline.figures().deadLettersOpen, one.journal.end],
  );
});

test('openPostgresReadings: points of all sources come in one order with numbers of their own', async () => {
  const schema = aSchema();
  await using pool = aPool(server.url(), schema);
  await using one = await Partition.open(pool);
  await using two = await Partition.open(pool);
  const key = { tenant: 't', project: 'p', device: 'd', metric: 'v' };
  const record = (v: number, time: number) => ({
    topic: 'iot/t/p/d/telemetry',
    payload: JSON.stringify({ v, timestamp: time }),
  });
  const start = Math.floor(BASE / 1e6);
  await one.append(Array.from({ length: 40 }, (_, i) => record(i, start + i)));
  await two.append(Array.from({ length: 40 }, (_, i) => record(100 + i, start + i)));
  await Promise.all([one.settle(), two.settle()]);
  const asked = readings(pool);
  const range = { series: key, fromMicros: BASE, toMicros: BASE + 60_000_000, deadlineMs: 10_000 };
  const values: unknown[] = [];
  let cursor: { timeMicros: number; offset: number; ordinal: number } | undefined;
  do {
    const page = await asked.points({
      ...range,
      shape: { kind: 'raw', after: cursor, limit: 7, newestFirst: false },
    });
    assert.ok(page?.kind === 'points');
    values.push(...page.values);
    cursor = page.next;
  } while (cursor);
  // at each second the points of both records, by the number of the record, which ends in the source
  assert.deepEqual(
    values,
    Array.from({ length: 80 }, (_, i) => (i % 2 === 0 ? i / 2 : 100 + (i - 1) / 2)),
  );
  const buckets = await asked.points({ ...range, shape: { kind: 'buckets', stepMicros: 10_000_000 } });
  assert.ok(buckets?.kind === 'buckets');
  assert.deepEqual(
    buckets.buckets.map(({ count, min, max }) => [count, min, max]),
    [0, 10, 20, 30].map((from) => [20, from, 109 + from]),
  );
  const extremes = await asked.points({ ...range, shape: { kind: 'extremes', points: 8 } });
  assert.ok(extremes?.kind === 'points');
  assert.deepEqual(extremes.values, [0, 129, 30, 139]);
  assert.equal(
    await asked.points({
      ...range,
      series: { ...key, metric: 'none' },
      shape: { kind: 'extremes', points: 8 },
    }),
    undefined,
  );
  const ledger = await asked.ledger();
  assert.equal(ledger.projects[0]?.stored, 80);
});

test('openPostgresReadings: changes gives every point of what is committed once, in bounded steps, and tells what is gone', async () => {
  const schema = aSchema();
  await using pool = aPool(server.url(), schema);
  await using one = await Partition.open(pool);
  const asked = readings(pool);
  let cursor = await asked.now();
  await using two = await Partition.open(pool);
  const found: string[] = [];
  const follow = async (filter = {}) => {
    for (let isMore = true; isMore; ) {
      const changes = await asked.changes(cursor, filter, 10);
      assert.ok(changes.points.length <= 20, `${changes.points.length} points at once`);
      assert.deepEqual(changes.gaps, []);
      found.push(
        ...changes.points.map(
          ({ device, metric, offset, ordinal }) => `${offset} ${ordinal} ${device} ${metric}`,
        ),
      );
      ({ cursor, isMore } = changes);
    }
  };
  for (let round = 0; round < 8; round++) {
    for (const [of, partition] of [one, two].entries()) {
      await partition.append(someRecords(9, `r${of}-${round}`));
      await partition.pipeline.flush();
    }
    if (round % 3 === 0) await follow();
  }
  await follow();
  const numbers = await server.sql(`SELECT count(*) FROM "${schema}".points`);
  assert.equal(found.length, Number(numbers));
  assert.equal(new Set(found).size, found.length);
  assert.deepEqual((await asked.changes(cursor, {}, 10)).points, []);
  const old = 'p1.0:1_1:1';
  const onlyOne = await asked.changes(old, { tenant: 't1', scopes: [{ project: 'p1' }] }, 1000);
  assert.ok(
    onlyOne.points.length > 0 &&
      onlyOne.points.every(({ tenant, project }) => tenant === 't1' && project === 'p1'),
  );
  await server.sql(`DELETE FROM "${schema}".seals WHERE seal <= 3`);
  assert.equal((await asked.changes(old, {}, 10)).gaps.length, 1);
  await assert.rejects(asked.changes('v1.abc', {}, 10), /was not given out by this store/);
});

test('openPostgresReadings: seals of one log time are told apart, by changes and by rollups', async () => {
  const schema = aSchema();
  await using pool = aPool(server.url(), schema);
  await using store = await aStore(pool);
  await store.load();
  const asked = readings(pool);
  let cursor = await asked.now();
  for (let number = 1; number <= 5; number++) {
    const points = [{ series: 1, time: BASE + number, value: number, offset: number, ordinal: 0 }];
    // the log time stands still, and goes back once
    await store.seal(aSeal(number, points, { logTimeMicros: number === 4 ? BASE - 5 : BASE }));
    const changes = await asked.changes(cursor, {}, 100);
    assert.deepEqual(
      changes.points.map(({ value }) => value),
      [number],
    );
    ({ cursor } = changes);
    await workAll(store);
    const rolled = `SELECT sum(count), sum(sum) FROM "${schema}".rollups WHERE step = 60`;
    assert.equal(await server.sql(rolled), `${number}|${(number * (number + 1)) / 2}`);
  }
});
