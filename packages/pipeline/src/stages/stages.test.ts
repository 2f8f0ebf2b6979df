import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RECORD_KIND } from '@skerry/journal';
import type { PointPage } from '@skerry/series';
import { LIMITS } from '../limits.ts';
import type { Pipeline } from '../pipeline.ts';
import { SAMPLE_MICROS, type SampleRecord } from '../testing/record-builder.ts';
import { Rig } from '../testing/rig.ts';
import { aPipeline, applyRecord, aTable, changeRecord } from '../testing/stage-documents.ts';

const SECOND = 1_000_000;

async function pointsOf(pipeline: Pipeline, device: string, metric: string) {
  const page = await pipeline.points({
    series: { tenant: 't', project: 'p', device, metric },
    fromMicros: 0,
    toMicros: 2 ** 52,
    shape: { kind: 'raw', after: undefined, limit: 10_000, newestFirst: false },
    deadlineMs: 10_000,
  });
  const points = page as PointPage | undefined; // a raw query is answered with points
  return Array.from(points?.times ?? [], (time, i) => [
    (time - SAMPLE_MICROS) / SECOND,
    points?.values[i],
    points?.offsets[i],
    points?.ordinals[i],
  ]);
}

const at = (secs: number, fields: object, device = 'd'): SampleRecord => ({
  topic: `iot/t/p/${device}/telemetry`,
  payload: JSON.stringify({ ts: SAMPLE_MICROS / SECOND + secs, ...fields }),
  receivedMicros: SAMPLE_MICROS + secs * SECOND,
});

const totalsOf = (pipeline: Pipeline) => {
  const { received, stored, filtered, deduplicated, deadLettered, pending } = pipeline.ledger().totals;
  assert.deepEqual(pipeline.ledger().imbalances, []);
  return { received, stored, filtered, deduplicated, deadLettered, pending };
};

test('Filter takes out what its expression does not keep, from the record behind its own on', async () => {
  const rig = new Rig();
  await using pipeline = await rig.open();
  const hot = aPipeline('hot', [{ name: 'warm', type: 'Filter', keep: 'metrics.t > 20' }]);
  rig.journal.append(at(0, { t: 1 }), applyRecord(hot), at(1, { t: 2 }), at(2, { t: 30 }));
  await pipeline.flush();
  assert.deepEqual(await pointsOf(pipeline, 'd', 't'), [
    [0, 1, 0, 0],
    [2, 30, 3, 0],
  ]);
  assert.deepEqual(totalsOf(pipeline), {
    received: 3,
    stored: 2,
    filtered: 1,
    deduplicated: 0,
    deadLettered: 0,
    pending: 0,
  });
  assert.equal(pipeline.device({ tenant: 't', project: 'p', device: 'd' })?.accounts.filtered, 1);
});

test('Filter sets a record aside whose number is beyond the range of int, and lets the others by', async () => {
  const rig = new Rig();
  await using pipeline = await rig.open();
  const whole = aPipeline('whole', [{ name: 'three', type: 'Filter', keep: 'int(metrics.t) == 3' }]);
  rig.journal.append(applyRecord(whole), at(1, { t: 1e300 }), at(2, { t: 3.5 }), at(3, { t: 4 }));
  rig.journal.append(at(4, { t: -(2 ** 63) }), at(5, { t: '3' }));
  await pipeline.flush();
  const letters = await pipeline.deadLetters({ limit: 9 });
  assert.deepEqual(
    letters.map(({ offset, reason }) => [offset, reason]),
    [
      [1, 'stage-failed'],
      [4, 'stage-failed'],
    ],
  );
  assert.match(String(letters[0]?.detail), /int\(\) of 1e\+300 is beyond the range of int/);
  const { stored, filtered, deadLettered } = totalsOf(pipeline);
  assert.deepEqual([stored, filtered, deadLettered], [2, 1, 2]);
});

test('an expression that fails sets the whole record aside under the name of its stage, and a replay goes through the stages of its own time', async () => {
  const rig = new Rig();
  await using pipeline = await rig.open();
  const needs = (metric: string) =>
    applyRecord(aPipeline('hot', [{ name: 'warm', type: 'Filter', keep: `metrics.${metric} > 20` }]));
  const lost = at(1, { t: 30 });
  rig.journal.append(needs('missing'), lost);
  await pipeline.flush();
  const [letter] = await pipeline.deadLetters({ limit: 10 });
  assert.equal(letter?.reason, 'stage-failed');
  assert.equal(letter?.stage, 'hot/warm');
  assert.match(letter?.detail ?? '', /metrics\.missing > 20 failed: No such key: missing/);
  assert.equal(letter?.device, 'd');
  const replay: SampleRecord = { ...lost, kind: RECORD_KIND.replay, replayOf: 1, author: 'ann' };
  rig.journal.append(replay, needs('t'), replay, replay);
  await pipeline.flush();
  assert.deepEqual(await pointsOf(pipeline, 'd', 't'), [[1, 30, 1, 0]]);
  assert.deepEqual(totalsOf(pipeline).stored, 1);
});

test('Transform scales, sets, renames and drops in this order', async () => {
  const rig = new Rig();
  await using pipeline = await rig.open();
  const stage = {
    name: 'units',
    type: 'Transform',
    scale: { 'power.*': 'value / 1000', t: 'value + 1' },
    set: { tf: 'metrics.t * 9 / 5 + 32', site: "device + '!'", none: 'null', big: 'metrics.big' },
    rename: { 'power.a': 'kw' },
    drop: ['raw*'],
  };
  rig.journal.append(
    applyRecord(aPipeline('u', [stage])),
    at(0, { t: 19, power: { a: 1500, b: 500 }, raw1: 1, none: 3, big: 3 }),
  );
  await pipeline.flush();
  const latest = pipeline.latest({ tenant: 't', project: 'p', device: 'd' });
  assert.deepEqual(latest?.map(({ metric, value }) => [metric, value]).sort(), [
    ['big', 3],
    ['kw', 1.5],
    ['power.b', 0.5],
    ['site', 'd!'],
    ['t', 20],
    ['tf', 68],
  ]);
});

test('Enrich adds the columns of a table inside the document and of one that was uploaded', async () => {
  const rig = new Rig();
  await using pipeline = await rig.open();
  const inline = {
    name: 'site',
    type: 'Enrich',
    csv: 'device,site,limit\nd,"north, 1",5\n',
    into: 'metrics',
  };
  const named = { name: 'model', type: 'Enrich', table: 'models', missing: 'filter' };
  const last = {
    name: 'out',
    type: 'Transform',
    set: { model: 'attributes.model', over: 'metrics.v > metrics.limit' },
  };
  rig.journal.append(
    applyRecord(aTable('models', 'id,model\nd,V90\n')),
    applyRecord(aPipeline('e', [inline, named, last])),
    at(0, { v: 7 }),
    at(0, { v: 7 }, 'other'),
  );
  await pipeline.flush();
  const latest = pipeline.latest({ tenant: 't', project: 'p', device: 'd' });
  assert.deepEqual(latest?.map(({ metric, value }) => [metric, value]).sort(), [
    ['limit', 5],
    ['model', 'V90'],
    ['over', true],
    ['site', 'north, 1'],
    ['v', 7],
  ]);
  assert.equal(totalsOf(pipeline).filtered, 1);
});

const MINUTE = {
  name: 'minute',
  type: 'Aggregate',
  window: { size: '1m' },
  lateness: '10s',
  functions: ['count', 'mean', 'max', 'first', 'last'],
};

test('Aggregate closes a window by event time plus lateness; its results belong to the record that closed it', async () => {
  const rig = new Rig();
  await using pipeline = await rig.open();
  rig.journal.append(
    applyRecord(aPipeline('a', [MINUTE])),
    at(5, { v: 1 }),
    at(50, { v: 5 }),
    at(65, { v: 100 }),
    at(55, { v: 3 }),
    at(70, { v: 200 }),
    at(56, { v: 99 }),
  );
  await pipeline.flush();
  assert.deepEqual(await pointsOf(pipeline, 'd', 'v.count'), [[0, 3, 5, 0]]);
  assert.deepEqual(await pointsOf(pipeline, 'd', 'v.mean'), [[0, 3, 5, 1]]);
  assert.deepEqual(await pointsOf(pipeline, 'd', 'v.max'), [[0, 5, 5, 2]]);
  assert.deepEqual(await pointsOf(pipeline, 'd', 'v.first'), [[0, 1, 5, 3]]);
  assert.deepEqual(await pointsOf(pipeline, 'd', 'v.last'), [[0, 3, 5, 4]]);
  assert.deepEqual(await pointsOf(pipeline, 'd', 'v'), []);
  assert.equal(totalsOf(pipeline).filtered, 6);
});

test('Aggregate over sliding windows, by an expression, keeping its input', async () => {
  const rig = new Rig();
  await using pipeline = await rig.open();
  const sliding = {
    name: 'slide',
    type: 'Aggregate',
    window: { size: '1m', every: '30s' },
    groupBy: "device.startsWith('d') ? 'farm' : 'rest'",
    functions: ['sum'],
    keepInput: true,
    output: { device: 'all-{group}', metric: '{metric}-{function}', time: 'end' },
  };
  rig.journal.append(
    applyRecord(aPipeline('a', [sliding])),
    at(10, { v: 1 }, 'd1'),
    at(40, { v: 2 }, 'd2'),
    at(100, { v: 4 }, 'd1'),
  );
  await pipeline.flush();
  assert.deepEqual(await pointsOf(pipeline, 'all-farm', 'v-sum'), [
    [30, 1, 2, 1],
    [60, 3, 3, 1],
    [90, 2, 3, 2],
  ]);
  assert.deepEqual(await pointsOf(pipeline, 'd1', 'v'), [
    [10, 1, 1, 0],
    [100, 4, 3, 0],
  ]);
  assert.equal(totalsOf(pipeline).stored, 3);
});

test('Aggregate sets a record aside whose label fits no key, whatever the device of the results, and goes on', async () => {
  const rig = new Rig();
  await using pipeline = await rig.open();
  const errors = {
    ...MINUTE,
    groupBy: 'metrics.msg',
    output: { device: 'errors', metric: '{metric}.{function}' },
  };
  const most = LIMITS.groupKeyBytesMax.value;
  // its stage, tenant and project with their brackets take 18 bytes
  const name = JSON.stringify(['minute', 't', 'p', '']).length;
  const labels = [
    'x'.repeat(4_800),
    'x'.repeat(most - name),
    'x'.repeat(most - name + 1),
    '\uf8f0'.repeat(400),
  ];
  rig.journal.append(
    applyRecord(aPipeline('a', [errors])),
    ...labels.map((msg, i) => at(i, { v: 1, msg })),
    at(9, { v: 1, msg: 'ok' }),
  );
  await pipeline.flush();
  const letters = await pipeline.deadLetters({ limit: 10 });
  assert.deepEqual(
    letters.map(({ offset, reason, stage }) => [offset, reason, stage]),
    [1, 3, 4].map((offset) => [offset, 'stage-failed', 'a/minute']),
  );
  assert.match(letters[0]?.detail ?? '', /a text of 4800 characters, .* 1280 at most were expected/);
  assert.equal(totalsOf(pipeline).filtered, 2);
});

test('a message sent twice is deduplicated before the stages, also where they took the first one out', async () => {
  const rig = new Rig();
  await using pipeline = await rig.open();
  const sum = { ...MINUTE, functions: ['count'] };
  const numbered = at(1, { v: 1, seq: 4 });
  rig.journal.append(applyRecord(aPipeline('a', [sum])), numbered, numbered, at(100, { v: 1, seq: 5 }));
  await pipeline.flush();
  assert.deepEqual(await pointsOf(pipeline, 'd', 'v.count'), [[0, 1, 3, 0]]);
  assert.equal(totalsOf(pipeline).deduplicated, 1);
});

test('undo puts the version before in force, remove takes all stages away, a stale expectation refuses', async () => {
  const rig = new Rig();
  await using pipeline = await rig.open();
  const drop = (below: number) =>
    applyRecord(aPipeline('f', [{ name: 'f', type: 'Filter', keep: `metrics.v >= ${below}` }]));
  const change = { kind: 'Pipeline', name: 'f' } as const;
  rig.journal.append(
    drop(10),
    drop(20),
    at(0, { v: 15 }),
    changeRecord({ ...change, action: 'undo' }),
    at(1, { v: 15 }),
    changeRecord({ ...change, action: 'remove', expected: 1 }),
    at(2, { v: 5 }),
    changeRecord({ ...change, action: 'remove', expected: 3 }),
    at(3, { v: 5 }),
    changeRecord({ ...change, action: 'undo' }),
    at(4, { v: 5 }),
  );
  await pipeline.flush();
  assert.deepEqual(await pointsOf(pipeline, 'd', 'v'), [
    [1, 15, 4, 0],
    [3, 5, 8, 0],
  ]);
  assert.deepEqual(totalsOf(pipeline), {
    received: 5,
    stored: 2,
    filtered: 3,
    deduplicated: 0,
    deadLettered: 0,
    pending: 0,
  });
});

test('a message beyond its cost is set aside', async () => {
  const rig = new Rig();
  await using pipeline = await rig.open();
  const keep = 'metrics.all(a, metrics.all(b, a != "x" || b != "y"))';
  const wide = Object.fromEntries(Array.from({ length: 80 }, (_, i) => [`m${i}`, i]));
  rig.journal.append(
    applyRecord(aPipeline('c', [{ name: 'dear', type: 'Filter', keep }])),
    at(0, { a: 1, b: 2 }),
    at(1, wide),
  );
  await pipeline.flush();
  const [letter] = await pipeline.deadLetters({ limit: 10 });
  assert.equal(letter?.offset, 2);
  assert.match(letter?.detail ?? '', /at most 20000 are spent on one/);
  assert.equal(totalsOf(pipeline).stored, 1);
});

test('what each stage does is told as metrics, and a stage that is changed goes on counting', async () => {
  const rig = new Rig();
  await using pipeline = await rig.open();
  const total = (name: string) => {
    const family = rig.meter.snapshot().find((one) => one.name === name);
    return family?.samples.reduce((sum, { value }) => sum + value, 0);
  };
  const keep = (least: number) =>
    applyRecord(aPipeline('f', [{ name: 'f', type: 'Filter', keep: `metrics.v >= ${least}` }, MINUTE]));
  rig.journal.append(keep(2), at(0, { v: 1 }), at(1, { v: 2 }), keep(3), at(2, { v: 2 }), at(100, { v: 9 }));
  await pipeline.flush();
  rig.clock.advance(2_000);
  assert.equal(total('iot_pipeline_stage_in_total'), 4 + 2);
  assert.equal(total('iot_pipeline_stage_taken_out_total'), 2 + 2);
  assert.equal(total('iot_pipeline_stage_results_total'), 1);
  assert.equal(total('iot_pipeline_documents'), 1);
  assert.equal(total('iot_pipeline_stage_groups'), 1);
});

test('stages of two tenants under one name are counted apart, and names without end are not', async () => {
  const rig = new Rig();
  await using pipeline = await rig.open();
  const keep = (match: object, stage = 's') =>
    applyRecord(aPipeline('same', [{ name: stage, type: 'Filter', keep: 'true' }], { match }));
  rig.journal.append(keep({ tenant: 't' }), keep({ tenant: 'other', project: 'p' }), at(0, { v: 1 }));
  await pipeline.flush();
  rig.clock.advance(2_000);
  const samples = (name: string) =>
    rig.meter
      .snapshot()
      .find((one) => one.name === name)
      ?.samples.map(({ labels, value }) => [labels, value]);
  const of = (tenant: string, project: string) => ({ tenant, project, pipeline: 'same', stage: 's' });
  assert.deepEqual(samples('iot_pipeline_stage_in_total'), [
    [of('other', 'p'), 0],
    [of('t', ''), 1],
  ]);
  const most = LIMITS.tenantStageNamesMax.value;
  for (let i = 0; i <= most; i++) {
    rig.journal.append(keep({ tenant: 'other', project: 'p' }, `s${i}`));
    await pipeline.flush();
    rig.clock.advance(2_000);
  }
  const named = samples('iot_pipeline_stage_in_total') ?? [];
  assert.equal(named.length, 1 + most + 1);
  const others = { tenant: 'other', project: '', pipeline: '(others)', stage: '(others)' };
  assert.deepEqual(named.at(-1), [others, 0]);
});
