import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeHeaders, HEADER } from '@skerry/journal';
import { parseStagesDocument, type StagesDocument } from '@skerry/model';
import { SAMPLE_MICROS, type SampleRecord } from '../testing/record-builder.ts';
import { Rig, until } from '../testing/rig.ts';
import { aPipeline, applyRecord, aTable, changeRecord } from '../testing/stage-documents.ts';

const parsed = (value: unknown): StagesDocument => {
  const { document, faults } = parseStagesDocument(value);
  assert.ok(document, JSON.stringify(faults));
  return document;
};

const sample = (v: number): SampleRecord => ({ payload: JSON.stringify({ v }) });
const keepAbove = (least: number) =>
  aPipeline('f', [
    { name: 'keep', type: 'Filter', keep: `metrics.v > ${least}` },
    { name: 'twice', type: 'Transform', scale: { v: 'value * 2' } },
  ]);

test('list and get tell what is in force, its figures and every version with author and time', async () => {
  const rig = new Rig();
  await using pipeline = await rig.open();
  rig.journal.append(
    applyRecord(keepAbove(1)),
    applyRecord(aTable('sites', 'id,site\nd,north\n')),
    sample(1),
    sample(2),
    applyRecord(keepAbove(5)),
    changeRecord({ action: 'undo', kind: 'Pipeline', name: 'f' }),
    changeRecord({ action: 'remove', kind: 'LookupTable', name: 'sites' }),
  );
  await pipeline.flush();
  const [first, table] = pipeline.stages.list();
  assert.deepEqual([first?.kind, first?.name, first?.isInForce], ['LookupTable', 'sites', false]);
  assert.deepEqual([table?.kind, table?.name, table?.version, table?.offset], ['Pipeline', 'f', 3, 5]);
  assert.deepEqual(
    table?.stages.map(({ name, in: came, out, takenOut }) => [name, came, out, takenOut]),
    [
      ['keep', 2, 1, 1],
      ['twice', 1, 1, 0],
    ],
  );
  const detail = pipeline.stages.get('Pipeline', 'f');
  assert.deepEqual(detail?.document, parsed(keepAbove(1)));
  assert.deepEqual(
    detail?.versions.map(({ version, action, author, changedMicros, of }) => [
      version,
      action,
      author,
      changedMicros,
      of,
    ]),
    [
      [3, 'undo', 'ann', SAMPLE_MICROS, 1],
      [2, 'apply', 'ann', SAMPLE_MICROS, 2],
      [1, 'apply', 'ann', SAMPLE_MICROS, 1],
    ],
  );
  assert.equal(pipeline.stages.get('Pipeline', 'g'), undefined);
});

test('outcome tells who asks what became of a change, whenever they ask', async () => {
  const rig = new Rig();
  await using pipeline = await rig.open();
  const early = pipeline.stages.outcome('one');
  const usesTable = aPipeline('e', [{ name: 'site', type: 'Enrich', table: 'sites' }]);
  rig.journal.append(
    applyRecord(keepAbove(1), 'one'),
    applyRecord(keepAbove(1), 'two'),
    applyRecord(usesTable, 'three'),
    changeRecord({ id: 'four', action: 'remove', kind: 'Pipeline', name: 'g' }),
    applyRecord(aTable('sites', 'id,site\nd,north\n'), 'five'),
    applyRecord(usesTable, 'six'),
    changeRecord({ id: 'seven', action: 'remove', kind: 'LookupTable', name: 'sites' }),
    changeRecord({ id: 'eight', action: 'remove', kind: 'Pipeline', name: 'f', expected: 3 }),
  );
  await pipeline.flush();
  assert.deepEqual(await early, { id: 'one', state: 'done', detail: '', faults: [], version: 1, offset: 0 });
  const states = [];
  for (const id of ['two', 'three', 'four', 'five', 'six', 'seven', 'eight'])
    states.push((await pipeline.stages.outcome(id)).state);
  assert.deepEqual(states, ['unchanged', 'refused', 'not-found', 'done', 'done', 'refused', 'conflict']);
  const { faults } = await pipeline.stages.outcome('three');
  assert.equal(faults[0]?.path, 'spec.stages[0].table');
  const inUse = await pipeline.stages.outcome('seven');
  assert.equal(inUse.faults[0]?.path, 'e: spec.stages[0].table');
});

test('trial takes a letter of a bound publisher for the device it is bound to, as the pipeline does', async () => {
  const rig = new Rig();
  await using pipeline = await rig.open();
  const bytes = (text: string) => new TextEncoder().encode(text);
  const headers = encodeHeaders([{ key: HEADER.boundDevice, value: bytes('own') }]);
  const sample = { topic: 'iot/t/p/d/telemetry', payload: bytes('{"v":4}'), headers };
  const [outcome] = pipeline.stages.trial({ samples: [sample] });
  assert.deepEqual(
    outcome?.outputs.map(({ device }) => device),
    ['own'],
  );
});

test('trial is refused when its samples cost too much together: it holds up the pipeline', async () => {
  const rig = new Rig();
  await using pipeline = await rig.open();
  const many = JSON.stringify(Array.from({ length: 90 }, (_, v) => ({ v })));
  const sample = { topic: 'iot/t/p/d/telemetry', payload: new TextEncoder().encode(many) };
  const keep = `[${'1,'.repeat(40)}2].all(a, [1,2,3,4,5,6].all(b, b > 0))`;
  const trial = (stages: number, samples: number) =>
    pipeline.stages.trial({
      document: parsed(
        aPipeline(
          'dear',
          Array.from({ length: stages }, (_, i) => ({ name: `f${i}`, type: 'Filter', keep })),
        ),
      ),
      samples: Array.from({ length: samples }, () => sample),
    });
  assert.equal(trial(6, 1).length, 1);
  assert.throws(() => trial(6, 100), { code: 'stages-refused', message: /at most 2000000 are spent on one/ });
});

test('trial shows each stage before and after, what was taken out, and faults; nothing is stored', async () => {
  const rig = new Rig();
  await using pipeline = await rig.open();
  const payload = (text: string) => new TextEncoder().encode(text);
  const topic = 'iot/t/p/d/telemetry';
  const outcomes = pipeline.stages.trial({
    document: parsed(keepAbove(3)),
    samples: [
      { topic, payload: payload('{"v":4}') },
      { topic, payload: payload('{"v":2}') },
      { topic, payload: payload('{"w":2}') },
      { topic, payload: payload('{"v":') },
      { topic, payload: payload('[{"n":"v","v":7}]'), contentType: 'application/senml+json' },
      { topic: 'chat', payload: payload('hello') },
      {
        topic,
        payload: payload('[{"n":"v","v":9}]'),
        headers: encodeHeaders([
          { key: HEADER.contentType, value: payload('application/senml+json') },
          { key: HEADER.userProperty, value: payload('site\u0000north') },
        ]),
      },
    ],
  });
  assert.deepEqual(
    outcomes.map(({ verdict, fault }) => [verdict, fault?.stage]),
    [
      ['stored', undefined],
      ['filtered', undefined],
      ['deadLettered', 'f/keep'],
      ['deadLettered', 'decode'],
      ['stored', undefined],
      ['notTelemetry', undefined],
      ['stored', undefined],
    ],
  );
  assert.deepEqual(outcomes[6]?.outputs[0]?.attributes, { site: 'north' });
  assert.deepEqual(
    outcomes[0]?.steps.map(({ stage, before, after, isTakenOut }) => [
      stage,
      before.metrics,
      after.metrics,
      isTakenOut,
    ]),
    [
      ['keep', { v: 4 }, { v: 4 }, false],
      ['twice', { v: 4 }, { v: 8 }, false],
    ],
  );
  assert.deepEqual(
    outcomes[1]?.steps.map(({ isTakenOut }) => isTakenOut),
    [true],
  );
  assert.deepEqual(
    outcomes[4]?.outputs.map(({ metrics }) => metrics),
    [{ v: 14 }],
  );
  await pipeline.flush();
  assert.equal(pipeline.figures().series, 0);
});

test('shadow compares a document with what is in force over recorded records, and leaves both as they are', async () => {
  const rig = new Rig();
  await using pipeline = await rig.open();
  rig.journal.append(applyRecord(keepAbove(10)));
  for (let i = 0; i < 30; i++) rig.journal.append(sample(i));
  rig.journal.append({ payload: 'x' });
  await pipeline.flush();
  const before = pipeline.stages.list();
  const report = await pipeline.stages.shadow('s', parsed(keepAbove(20)), { fromOffset: 1 });
  const { records, undecodable, changed, isCut, fromOffset, toOffset } = report;
  assert.deepEqual(
    { records, undecodable, changed, isCut, fromOffset, toOffset },
    { records: 31, undecodable: 1, changed: 10, isCut: false, fromOffset: 1, toOffset: 32 },
  );
  assert.deepEqual([report.inForce.stored, report.inForce.filtered], [19, 11]);
  assert.deepEqual([report.candidate.stored, report.candidate.filtered], [9, 21]);
  assert.deepEqual(report.differences[0], {
    offset: 12,
    topic: 'iot/t/p/d/telemetry',
    inForce: {
      verdict: 'stored',
      detail: '',
      outputs: [
        { device: 'd', timeMicros: SAMPLE_MICROS, metrics: { v: 22 }, attributes: {}, isResult: false },
      ],
    },
    candidate: { verdict: 'filtered', detail: '', outputs: [] },
  });
  assert.deepEqual(
    report.stages.map(({ stage, in: came, takenOut }) => [stage, came, takenOut]),
    [
      ['keep', 30, 21],
      ['twice', 9, 0],
    ],
  );
  assert.deepEqual(pipeline.stages.list(), before);
  const lastTwo = await pipeline.stages.shadow('t', parsed(keepAbove(20)), { lastRecords: 2 });
  assert.deepEqual([lastTwo.fromOffset, lastTwo.records], [30, 2]);
});

test('shadow ends early when it is cancelled, and finds a time by the batches of the journal', async () => {
  const rig = new Rig();
  await using pipeline = await rig.open();
  for (let i = 0; i < 20; i++)
    rig.journal.append({ ...sample(i), receivedMicros: SAMPLE_MICROS + i * 1_000_000 });
  await until(() => pipeline.position === 20);
  const { fromOffset, toOffset } = await pipeline.stages.shadow('a', parsed(keepAbove(1)), {
    fromMicros: SAMPLE_MICROS + 5_500_000,
    toMicros: SAMPLE_MICROS + 9_000_000,
  });
  assert.deepEqual([fromOffset, toOffset], [6, 9]);
  const running = pipeline.stages.shadow('b', parsed(keepAbove(1)), { fromOffset: 0 });
  pipeline.stages.cancelShadow('b');
  const report = await running;
  assert.equal(report.isCancelled, true);
  assert.equal(report.isCut, true);
});
