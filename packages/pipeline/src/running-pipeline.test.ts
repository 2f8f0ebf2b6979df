import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RECORD_KIND } from '@skerry/journal';
import type { PointPage } from '@skerry/series';
import { SeriesError } from '@skerry/series';
import { PipelineError } from './errors.ts';
import type { Pipeline } from './pipeline.ts';
import { SAMPLE_MICROS, type SampleRecord } from './testing/record-builder.ts';
import { Rig, turn, until } from './testing/rig.ts';
import { SampleJournal } from './testing/sample-journal.ts';

async function pointsOf(pipeline: Pipeline, device: string, metric = 'v', tenant = 't', project = 'p') {
  const page = await pipeline.points({
    series: { tenant, project, device, metric },
    fromMicros: 0,
    toMicros: 2 ** 52,
    shape: { kind: 'raw', after: undefined, limit: 10_000, newestFirst: false },
    deadlineMs: 10_000,
  });
  // a raw query is answered with points
  const points = page as PointPage | undefined;
  return Array.from(points?.times ?? [], (time, i) => [
    time,
    points?.values[i],
    points?.offsets[i],
    points?.ordinals[i],
  ]);
}

const numbered = (seq: number, fields: object = {}): SampleRecord => ({
  payload: JSON.stringify({ seq, epoch: 'e', v: seq, ...fields }),
});

test('openPipeline shows points before they are sealed and after', async () => {
  const rig = new Rig();
  await using pipeline = await rig.open();
  rig.journal.append({ payload: '{"ts":1767225601,"v":1.5,"w":"x"}' }, { payload: '{"v":2}' });
  await until(() => pipeline.position === 2);
  const expected = [
    [SAMPLE_MICROS, 2, 1, 0],
    [1_767_225_601_000_000, 1.5, 0, 0],
  ];
  assert.deepEqual(await pointsOf(pipeline, 'd'), expected);
  assert.equal(pipeline.committedPosition, 0);
  assert.equal(await pipeline.flush(), 2);
  assert.deepEqual(await pointsOf(pipeline, 'd'), expected);
  assert.deepEqual(rig.journal.committed.at(-1), {
    name: 'pipeline/default',
    isMandatory: true,
    position: 2,
  });
  assert.deepEqual(pipeline.latest({ tenant: 't', project: 'p', device: 'd' }), [
    { metric: 'v', timeMicros: 1_767_225_601_000_000, value: 1.5 },
    { metric: 'w', timeMicros: 1_767_225_601_000_000, value: 'x' },
  ]);
});

test('openPipeline seals after a second without input and after the age of a head', async () => {
  const rig = new Rig();
  await using pipeline = await rig.open();
  rig.journal.append({});
  await until(() => pipeline.position === 1);
  rig.clock.advance(900);
  await turn();
  assert.equal(pipeline.committedPosition, 0);
  rig.clock.advance(300);
  await until(() => pipeline.committedPosition === 1);
  for (let i = 0; i < 16; i++) {
    rig.journal.append({});
    await until(() => pipeline.position === 2 + i);
    if (i < 15) rig.clock.advance(950);
  }
  rig.clock.advance(950);
  await until(() => pipeline.committedPosition > 1);
});

test('openPipeline does not cut in two what the journal has when a head is of age, unless it is late', async () => {
  // due between two ticks
  const rig = new Rig({ sealAgeMs: 130 });
  await using pipeline = await rig.open();
  rig.journal.append({});
  await until(() => pipeline.position === 1);
  rig.clock.advance(120);
  for (let i = 0; i < 3; i++) rig.journal.append({});
  rig.clock.advance(15);
  await until(() => pipeline.committedPosition > 0);
  assert.equal(pipeline.committedPosition, 4);
  rig.journal.append({});
  await until(() => pipeline.position === 5);
  rig.clock.advance(115);
  for (let i = 0; i < 3; i++) rig.journal.append({});
  rig.clock.advance(65);
  await until(() => pipeline.committedPosition > 4);
  assert.equal(pipeline.committedPosition, 6, 'more than 50 ms late it waits for nothing');
});

test('openPipeline gives each kind of record its verdict and the ledger balances', async () => {
  const rig = new Rig();
  await using pipeline = await rig.open();
  rig.journal.append(
    numbered(1),
    numbered(1),
    { payload: '{}', qos: 0 },
    { payload: '{"v":NaN}' },
    { topic: 'mtic/msg/client/realtime/t', kind: RECORD_KIND.misrouted, tenant: '', project: '' },
    { kind: RECORD_KIND.message, topic: 'chat' },
    { kind: RECORD_KIND.session, payload: '{"kind":"connected"}', client: 'c1' },
    { tenant: 't2', topic: 'iot/t2/p/x/telemetry' },
  );
  await pipeline.flush();
  const report = pipeline.ledger();
  assert.deepEqual(report.imbalances, []);
  const { received, stored, deduplicated, deadLettered, pending } = report.totals;
  assert.deepEqual([received, stored, deduplicated, deadLettered, pending], [6, 3, 1, 2, 0]);
  assert.equal(report.projects.find((one) => one.tenant === 't' && one.project === 'p')?.receivedQos0, 1);
  assert.deepEqual(
    (await pipeline.deadLetters({ limit: 10 })).map(({ offset, reason, stage }) => [offset, reason, stage]),
    [
      [3, 'undecodable', 'decode'],
      [4, 'unknown-topic', 'route'],
    ],
  );
});

test('openPipeline takes the device from topic, payload, optional level or the project itself', async () => {
  const rig = new Rig();
  await using pipeline = await rig.open();
  const base = 'mtic/msg/client/realtime/t/p';
  rig.journal.append(
    { topic: base, payload: '{"deviceId":"a","v":1}' },
    { topic: `${base}/b`, payload: '{"v":2}' },
    { topic: `${base}/b`, payload: '{"id":"c","v":3}' },
    { topic: base, payload: '{"v":4}' },
    { topic: 'iot/t/p/d/telemetry', payload: '{"deviceId":"a","v":5}' },
    { topic: `${base}/b/hall/lamp`, payload: '21.5' },
    { topic: base, payload: '[{"id":"a","v":6},{"id":"e","v":7}]' },
  );
  await pipeline.flush();
  assert.deepEqual(
    pipeline.devices({ limit: 10 }).entries.map((one) => one.device),
    ['-', 'a', 'b', 'c', 'd', 'e'],
  );
  const valuesOf = async (device: string, metric?: string) =>
    (await pointsOf(pipeline, device, metric)).map((point) => point[1]);
  assert.deepEqual(await valuesOf('a'), [1, 6]);
  assert.deepEqual(await valuesOf('d'), [5]);
  assert.deepEqual(await valuesOf('d', 'deviceId'), ['a']);
  assert.deepEqual(await valuesOf('b', 'hall.lamp'), [21.5]);
  assert.deepEqual(await valuesOf('-'), [4]);
});

test('openPipeline goes on after a kill with the same ids, windows and gaps', async () => {
  const rig = new Rig();
  const first = await rig.open();
  rig.journal.append(numbered(1), numbered(2), numbered(5));
  await first.flush();
  rig.journal.append(numbered(6));
  await until(() => first.position === 4);
  await rig.kill(first);
  await using second = await rig.open();
  rig.journal.append(numbered(5), numbered(6), numbered(4), numbered(2, { v: 'other' }));
  await second.flush();
  const detail = second.device({ tenant: 't', project: 'p', device: 'd' });
  assert.deepEqual([detail?.accounts.stored, detail?.accounts.deduplicated, detail?.seqResets], [6, 2, 1]);
  assert.deepEqual(
    second.gaps({ limit: 10 }).map(({ epoch, from, to }) => [epoch, from, to]),
    [['e', 3, 3]],
  );
  assert.ok(second.ledger().balanced);
});

test('openPipeline takes ids from user properties before the payload', async () => {
  const rig = new Rig();
  await using pipeline = await rig.open();
  const user = { 'skerry-message-id': 'm1', 'skerry-epoch': 'e' };
  rig.journal.append(
    { user },
    { user },
    { user: { ...user, 'skerry-epoch': 'f' } },
    { user: { 'skerry-seq': '7' } },
    { user: { 'skerry-seq': '9' } },
  );
  await pipeline.flush();
  assert.equal(pipeline.ledger().totals.deduplicated, 1);
  assert.deepEqual(
    pipeline.gaps({ limit: 9 }).map(({ from, to }) => [from, to]),
    [[8, 8]],
  );
});

test('openPipeline replays a dead letter once, under its own offset, however often it is asked', async () => {
  const rig = new Rig({ nodeSeriesMax: 1 });
  await using pipeline = await rig.open();
  rig.journal.append({}, { payload: '{"w":5}', receivedMicros: SAMPLE_MICROS + 5 });
  await pipeline.flush();
  assert.equal((await pipeline.deadLetters({ state: 'open', limit: 5 }))[0]?.reason, 'series-limit');
  await rig.kill(pipeline);
  const wider = new Rig();
  Object.assign(wider, { journal: rig.journal, store: rig.store });
  await using second = await wider.open();
  using live = second.subscribe([{}], undefined);
  const replay: SampleRecord = { kind: RECORD_KIND.replay, replayOf: 1, payload: '{"w":5}', author: 'ann' };
  rig.journal.append(replay, replay);
  rig.journal.append({ kind: RECORD_KIND.discard, replayOf: 1, author: 'bob' });
  await until(() => second.position === 5);
  assert.equal((await second.deadLetter(1))?.state, 'replayed');
  await second.flush();
  assert.deepEqual(await pointsOf(second, 'd', 'w'), [[SAMPLE_MICROS + 5, 5, 1, 0]]);
  const letter = await second.deadLetter(1);
  assert.deepEqual([letter?.state, letter?.author], ['replayed', 'ann']);
  const { received, stored, deadLettered, discarded } = second.ledger().totals;
  assert.deepEqual([received, stored, deadLettered, discarded], [2, 2, 0, 0]);
  assert.ok(second.ledger().balanced);
  assert.equal(live.pull().rows, 1);
});

test('openPipeline discards a dead letter with its author', async () => {
  const rig = new Rig();
  await using pipeline = await rig.open();
  rig.journal.append({ payload: 'x' }, { payload: 'y' });
  rig.journal.append({ kind: RECORD_KIND.discard, replayOf: 0, author: 'ann' });
  await until(() => pipeline.position === 3);
  assert.deepEqual(
    (await pipeline.deadLetters({ state: 'open', limit: 5 })).map((one) => one.offset),
    [1],
  );
  await pipeline.flush();
  assert.deepEqual(
    (await pipeline.deadLetters({ state: 'discarded', limit: 5 })).map((one) => [one.offset, one.author]),
    [[0, 'ann']],
  );
  assert.deepEqual([pipeline.ledger().totals.discarded, pipeline.ledger().totals.deadLettered], [1, 1]);
  assert.ok(pipeline.ledger().balanced);
});

test('openPipeline keeps the device of the topic in a dead letter of a device that stored nothing, also after a restart', async () => {
  const rig = new Rig();
  const first = await rig.open();
  const topic = 'iot/t/p/new/telemetry';
  rig.journal.append({ topic, payload: 'x' }, { topic, payload: '{"v":1' }, { topic, payload: 'y' });
  await first.flush();
  rig.journal.append({ kind: RECORD_KIND.discard, replayOf: 0, author: 'ann' });
  await until(() => first.position === 4);
  await rig.kill(first);
  const second = await rig.open();
  rig.journal.append({ kind: RECORD_KIND.replay, replayOf: 1, topic, payload: '{"v":1}', author: 'ann' });
  await second.flush();
  await second[Symbol.asyncDispose]();
  await using third = await rig.open();
  const open = await third.deadLetters({ device: 'new', limit: 9 });
  assert.deepEqual(
    open.map(({ offset, state, device }) => [offset, state, device]),
    [
      [0, 'discarded', 'new'],
      [1, 'replayed', 'new'],
      [2, 'open', 'new'],
    ],
  );
  const { stored, deadLettered, discarded } = third.device({ tenant: 't', project: 'p', device: 'new' })
    ?.accounts ?? { stored: -1, deadLettered: -1, discarded: -1 };
  assert.deepEqual([stored, deadLettered, discarded], [1, 1, 1]);
  assert.ok(third.ledger().balanced);
});

test('openPipeline counts dead letters without a device when a flood of ids has used their room', async () => {
  const rig = new Rig();
  await using pipeline = await rig.open();
  for (let from = 0; from < 100_000; from += 5_000) {
    const elements = Array.from({ length: 5_000 }, (_, i) => ({ id: `d${from + i}` }));
    rig.journal.append({ topic: 'mtic/msg/client/realtime/t/p', payload: JSON.stringify(elements) });
  }
  rig.journal.append(
    { topic: 'iot/t/p/new/telemetry', payload: 'x' },
    { topic: 'iot/t/p/d99999/telemetry', payload: 'x' },
    { topic: 'iot/t/p/new/telemetry', payload: '{"v":1}' },
    { topic: 'iot/t/p/new/telemetry', payload: 'x' },
  );
  await pipeline.flush();
  assert.deepEqual(
    (await pipeline.deadLetters({ limit: 9 })).map(({ offset, device }) => [offset, device]),
    [
      [20, ''],
      [21, 'd99999'],
      [23, 'new'],
    ],
  );
  assert.ok(pipeline.ledger().balanced);
});

test('openPipeline dead-letters a record over the series limit whole', async () => {
  const rig = new Rig();
  await using pipeline = await rig.open();
  const metrics = (count: number, from = 0) =>
    JSON.stringify(Object.fromEntries(Array.from({ length: count }, (_, i) => [`m${from + i}`, i])));
  rig.journal.append(
    { payload: metrics(513) },
    { payload: metrics(512) },
    { payload: metrics(2, 511) },
    { payload: metrics(10_000) },
  );
  await pipeline.flush();
  assert.deepEqual(
    (await pipeline.deadLetters({ limit: 5 })).map(({ offset, reason, device }) => [offset, reason, device]),
    [
      [0, 'series-limit', 'd'],
      [2, 'series-limit', 'd'],
      [3, 'too-many-points', 'd'],
    ],
  );
  assert.equal(pipeline.device({ tenant: 't', project: 'p', device: 'd' })?.metrics, 512);
  assert.equal((await pointsOf(pipeline, 'd', 'm511')).length, 1);
  assert.ok(pipeline.ledger().balanced);
});

test('openPipeline leaves room for the series of others, whatever one tenant sends, over a restart too', async () => {
  const rig = new Rig({ nodeSeriesMax: 800 });
  const metrics = (tenant: string, count: number) =>
    Array.from({ length: count }, (_, i) => ({
      topic: `iot/${tenant}/p/d${i % 3}/telemetry`,
      payload: `{"m${i}":1}`,
    }));
  {
    await using pipeline = await rig.open();
    rig.journal.append(...metrics('acme', 900), ...metrics('beta', 20));
    await pipeline.flush();
    assert.equal(pipeline.ledger().totals.deadLettered, 200);
    assert.equal(pipeline.device({ tenant: 'beta', project: 'p', device: 'd0' })?.metrics, 7);
  }
  await using again = await rig.open();
  rig.journal.append(...metrics('beta', 30), { topic: 'iot/acme/p/d0/telemetry', payload: '{"more":1}' });
  await again.flush();
  const last = (await again.deadLetters({ limit: 500 })).at(-1);
  assert.equal(again.ledger().totals.deadLettered, 201);
  assert.match(
    String(last?.detail),
    /^The store has 730 series, 700 of the tenant acme; it has no room for 1 more of this tenant\.$/,
  );
});

test('openPipeline replaces times out of range by the receipt, and survives its own clock in 1970 and 2038', async () => {
  const rig = new Rig();
  await using pipeline = await rig.open();
  const y2038 = 2_147_483_648_000_000;
  rig.journal.append(
    { payload: '{"ts":5,"v":1}' },
    { payload: '{"ts":"2099-01-01T00:00:00Z","v":2}' },
    { payload: '{"ts":1767225000,"v":3}', receivedMicros: 1000 },
    { payload: '{"v":4}', receivedMicros: y2038 },
    { payload: 'x', receivedMicros: y2038 },
    { payload: 'y' },
  );
  await pipeline.flush();
  rig.journal.append({ payload: '{"v":5}' });
  await pipeline.flush();
  assert.deepEqual(
    (await pointsOf(pipeline, 'd')).map(([time, value]) => [time, value]),
    [
      [1000, 3],
      [SAMPLE_MICROS, 1],
      [SAMPLE_MICROS, 2],
      [SAMPLE_MICROS, 5],
      [y2038, 4],
    ],
  );
  assert.equal(pipeline.device({ tenant: 't', project: 'p', device: 'd' })?.timeCorrected, 3);
  assert.equal((await pipeline.deadLetters({ state: 'open', limit: 9 })).length, 2);
  assert.ok(pipeline.ledger().balanced);
});

test('openPipeline says once that the ledger does not balance', async () => {
  const rig = new Rig();
  await using pipeline = await rig.open();
  rig.journal.append({}, {});
  await pipeline.flush();
  assert.deepEqual(pipeline.alarms(), []);
  rig.journal.miscount('t', 'p', -1);
  for (let i = 0; i < 3; i++) rig.clock.advance(1100);
  assert.equal(pipeline.alarms()[0]?.code, 'ledger-imbalance');
  assert.match(pipeline.ledger().imbalances[0] ?? '', /t\/p has 2 verdicts for 1 received/);
  assert.equal(rig.log.filter((entry) => entry.message === 'The ledger does not balance').length, 1);
  assert.equal(rig.meter.gauge('iot_ledger_imbalance', '').value, pipeline.ledger().imbalances.length);
});

test('openPipeline finds a record that the journal lost or counts twice', async () => {
  const rig = new Rig();
  await using pipeline = await rig.open();
  rig.journal.append({});
  rig.journal.telemetryEnd++;
  rig.journal.append({});
  await until(() => pipeline.position === 2);
  assert.ok(pipeline.alarms().some((alarm) => alarm.code === 'journal-miscount'));
  assert.ok(pipeline.alarms().some((alarm) => alarm.code === 'ledger-imbalance'));
});

test('openPipeline refuses a foreign journal, one that ends before the store, and one trimmed too far', async () => {
  const rig = new Rig();
  const pipeline = await rig.open();
  rig.journal.append({}, {});
  await pipeline.flush();
  await pipeline[Symbol.asyncDispose]();
  const refused = (code: string) => (fault: unknown) => fault instanceof PipelineError && fault.code === code;
  const foreign = new SampleJournal('b'.repeat(32));
  await assert.rejects(rig.open({ journal: foreign }), refused('journal-foreign'));
  await assert.rejects(rig.open({ journal: new SampleJournal() }), refused('store-ahead'));
  const trimmed = Object.assign(new SampleJournal(), { start: 3, end: 3 });
  await assert.rejects(rig.open({ journal: trimmed }), refused('journal-trimmed-early'));
});

test('openPipeline tries a seal again while the store is full, and stops reading when no head is free', async () => {
  const rig = new Rig({ sealPoints: 10 });
  let isFull = true;
  const store = new Proxy(rig.store, {
    get: (target, name) => {
      if (name === 'seal')
        return async (seal: Parameters<typeof target.seal>[0]) => {
          if (isFull) throw new SeriesError('store-full', 'No room.');
          return target.seal(seal);
        };
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
  await using pipeline = await rig.open({ store });
  const records = Array.from({ length: 20_000 }, () => ({}));
  rig.journal.append(...records);
  await until(() => pipeline.alarms().some((alarm) => alarm.code === 'seal-retry'));
  for (let i = 0; i < 50; i++) await turn();
  assert.ok(pipeline.position < 20_000);
  assert.equal(pipeline.committedPosition, 0);
  isFull = false;
  const flushed = pipeline.flush();
  for (let i = 0; i < 100; i++) {
    rig.clock.advance(1000);
    await turn();
  }
  assert.equal(await flushed, 20_000);
  assert.equal((await pointsOf(pipeline, 'd')).length, 10_000);
  assert.equal(pipeline.ledger().totals.stored, 20_000);
});

test('openPipeline ends when the store refuses a seal for good', async () => {
  const rig = new Rig();
  const pipeline = await rig.open({
    store: new Proxy(rig.store, {
      get: (target, name) => {
        if (name === 'seal')
          return async () => Promise.reject(new SeriesError('store-failed', 'The disk failed.'));
        const value: unknown = Reflect.get(target, name, target);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    }),
  });
  rig.journal.append({});
  await assert.rejects(pipeline.flush(), (fault) => fault instanceof PipelineError);
  await assert.rejects(
    pipeline.ended,
    (fault) => fault instanceof PipelineError && fault.code === 'seal-failed',
  );
  await pipeline[Symbol.asyncDispose]();
});

test('openPipeline takes contiguous batches hot and reads the journal for the others', async () => {
  const rig = new Rig();
  await using pipeline = await rig.open();
  const hidden = new SampleJournal();
  const first = hidden.append({}, {});
  const second = hidden.append({});
  const third = hidden.append({});
  assert.equal(pipeline.offer(second), false);
  assert.equal(pipeline.offer(first), true);
  assert.equal(pipeline.offer(third), false);
  assert.equal(pipeline.offer(second), true);
  await until(() => pipeline.position === 3);
  rig.journal.append({}, {});
  rig.journal.append({});
  rig.journal.append({});
  await until(() => {
    rig.clock.advance(10);
    return pipeline.position === 4;
  });
  assert.equal(await pipeline.flush(), 4);
  assert.equal((await pointsOf(pipeline, 'd')).length, 4);
});
