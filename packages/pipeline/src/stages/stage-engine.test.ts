import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseStagesDocument } from '@skerry/model';
import fc from 'fast-check';
import { LIMITS } from '../limits.ts';
import { SAMPLE_MICROS } from '../testing/record-builder.ts';
import { aPipeline } from '../testing/stage-documents.ts';
import { asAggregate, compilePipeline } from './compiled-pipeline.ts';
import { StageEngine } from './stage-engine.ts';
import type { StageMessage } from './stage-message.ts';
import { type StagePlan, StageSet } from './stage-set.ts';

const RUNS = { numRuns: Number(process.env.SKERRY_PROPERTY_RUNS ?? 200) };
const STAGES = [
  {
    name: 'slide',
    type: 'Aggregate',
    window: { size: '20s', every: '10s' },
    lateness: '5s',
    functions: ['count', 'sum', 'min', 'max', 'first', 'last', 'p50'],
    late: 'deadLetter',
    keepInput: true,
  },
  {
    name: 'all',
    type: 'Aggregate',
    window: { size: '30s' },
    groupBy: "'all'",
    functions: ['mean'],
    keepInput: true,
  },
  { name: 'check', type: 'Filter', keep: '!has(metrics.v) || metrics.fine' },
];

/** Stages of their own, with everything that they keep. */
function engineWith(stages: readonly object[]) {
  const { document } = parseStagesDocument(aPipeline('x', stages));
  assert.ok(document?.kind === 'Pipeline');
  const { pipeline, faults } = compilePipeline(document, []);
  assert.ok(pipeline, JSON.stringify(faults));
  const plan: StagePlan | undefined = new StageSet([pipeline]).plan('t', 'p', 'x');
  assert.ok(plan);
  const engine = new StageEngine();
  const kept = () => pipeline.stages.flatMap((stage) => asAggregate(stage)?.state.takeRows() ?? []);
  return { engine, plan, kept };
}

interface Sent {
  readonly device: string;
  readonly secs: number;
  readonly v: number;
  readonly isFine: boolean;
}

function messageOf({ device, secs, v, isFine }: Sent): StageMessage {
  const micros = SAMPLE_MICROS + secs * 1_000_000;
  return {
    tenant: 't',
    project: 'p',
    device,
    topic: 'x',
    timeMicros: micros,
    receivedMicros: micros,
    metrics: new Map<string, number | boolean>(
      isFine
        ? [
            ['v', v],
            ['fine', true],
          ]
        : [['v', v]],
    ),
    attributes: new Map(),
    textUnits: 0,
    isResult: false,
  };
}

const sent: fc.Arbitrary<Sent> = fc.record({
  device: fc.constantFrom('a', 'b'),
  secs: fc.nat(90),
  v: fc.oneof(fc.integer({ min: -9, max: 9 }), fc.double({ noNaN: true, min: -1e9, max: 1e9 })),
  isFine: fc.boolean(),
});
const record = fc.record({
  messages: fc.array(sent, { minLength: 1, maxLength: 3 }),
  isTakenBack: fc.boolean(),
});

const shown = (messages: readonly StageMessage[]) =>
  messages.map(({ device, timeMicros, metrics, isResult }) => [device, timeMicros, [...metrics], isResult]);

test('a record that is refused or taken back leaves every window as if it had never come', () => {
  let refused = 0;
  fc.assert(
    fc.property(fc.array(record, { maxLength: 30 }), (records) => {
      const one = engineWith(STAGES);
      const other = engineWith(STAGES);
      for (const [offset, { messages, isTakenBack }] of records.entries()) {
        const outcome = one.engine.judge(one.plan, offset, messages.map(messageOf));
        if ('detail' in outcome || isTakenBack) {
          if ('detail' in outcome) refused++;
          else one.engine.rollBack();
          continue;
        }
        const found = shown(outcome.messages);
        one.engine.settle();
        const expected = other.engine.judge(other.plan, offset, messages.map(messageOf));
        assert.ok('messages' in expected);
        assert.deepEqual(found, shown(expected.messages));
        other.engine.settle();
      }
      const text = (rows: ReturnType<typeof one.kept>) =>
        rows
          .filter(({ body }) => body !== undefined)
          .map(({ part, body }) => `${part} ${body}`)
          .sort();
      assert.deepEqual(text(one.kept()), text(other.kept()));
    }),
    RUNS,
  );
  assert.ok(refused > 0, 'no run refused a record');
});

test('aggregates say of a window what its values say', () => {
  const functions = ['count', 'sum', 'min', 'max', 'mean', 'first', 'last', 'p50', 'p95', 'p99'];
  const value = fc.oneof(fc.double({ noNaN: true, min: -1e6, max: 1e6 }), fc.integer({ min: 0, max: 5 }));
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(59), value), { minLength: 1, maxLength: 80 }), (points) => {
      const { engine, plan } = engineWith([
        { name: 'm', type: 'Aggregate', window: { size: '1m' }, functions },
      ]);
      const take = (secs: number, v: number) => {
        const outcome = engine.judge(plan, 0, [messageOf({ device: 'a', secs, v, isFine: false })]);
        assert.ok('messages' in outcome);
        engine.settle();
        return outcome.messages;
      };
      for (const [secs, v] of points) assert.deepEqual(take(secs, v), []);
      const [result] = take(60, 0);
      const found = (name: string) => Number(result?.metrics.get(`v.${name}`));
      const values = points.map(([, v]) => v);
      const sorted = [...values].sort((a, b) => a - b);
      const byTime = points
        .map((point, i) => ({ point, i }))
        .sort((a, b) => a.point[0] - b.point[0] || a.i - b.i);
      assert.equal(found('count'), values.length);
      assert.equal(
        found('sum'),
        values.reduce((sum, v) => sum + v, 0),
      );
      assert.equal(found('min'), sorted[0]);
      assert.equal(found('max'), sorted.at(-1));
      assert.equal(found('mean'), found('sum') / values.length);
      assert.equal(found('first'), byTime[0]?.point[1]);
      assert.equal(found('last'), byTime.at(-1)?.point[1]);
      for (const [name, share] of [
        ['p50', 0.5],
        ['p95', 0.95],
        ['p99', 0.99],
      ] as const) {
        const exact = Number(sorted[Math.max(1, Math.ceil(share * sorted.length)) - 1]);
        assert.ok(
          Math.abs(found(name) - exact) <= Math.abs(exact) * 0.0101 + 1e-9,
          `${name}: ${found(name)} for ${exact}`,
        );
      }
    }),
    RUNS,
  );
});

test('a sum beyond a double has no result, and the other functions keep theirs', () => {
  const { engine, plan } = engineWith([
    { name: 'm', type: 'Aggregate', window: { size: '1m' }, functions: ['sum', 'max'] },
  ]);
  for (const secs of [1, 2]) {
    engine.judge(plan, secs, [messageOf({ device: 'a', secs, v: 1.5e308, isFine: false })]);
    engine.settle();
  }
  const outcome = engine.judge(plan, 3, [messageOf({ device: 'a', secs: 61, v: 0, isFine: false })]);
  assert.ok('messages' in outcome);
  assert.deepEqual([...(outcome.messages[0]?.metrics ?? [])], [['v.max', 1.5e308]]);
});

test('one group more than a tenant has room for closes the windows of the one of its project not heard of for longest', () => {
  const { engine, plan, kept } = engineWith([
    { name: 'm', type: 'Aggregate', window: { size: '1m' }, functions: ['max'] },
  ]);
  const take = (device: string, offset: number) => {
    const outcome = engine.judge(plan, offset, [messageOf({ device, secs: 1, v: offset, isFine: false })]);
    assert.ok('messages' in outcome);
    engine.settle();
    return outcome.messages;
  };
  const most = LIMITS.tenantGroupsMax.value;
  for (let i = 0; i < most; i++) assert.deepEqual(take(`d${i}`, i), []);
  assert.deepEqual(take('d0', most), []);
  const closed = take('new', most + 1);
  assert.deepEqual(
    closed.map(({ device, metrics }) => [device, [...metrics]]),
    [['d1', [['v.max', 1]]]],
  );
  const gone = kept().filter(({ body }) => body === undefined);
  assert.deepEqual(
    gone.map(({ part }) => part),
    ['group:["m","t","p","d1"]'],
  );
  const judge = (tenant: string, project: string, offset: number) => {
    const message = { ...messageOf({ device: 'x', secs: 1, v: 1, isFine: false }), tenant, project };
    const outcome = engine.judge(plan, offset, [message]);
    engine.settle();
    return 'detail' in outcome ? outcome.detail : outcome.messages;
  };
  assert.deepEqual(judge('u', 'p', most + 2), []);
  assert.match(
    String(judge('t', 'q', most + 3)),
    /no room for a group of t\/q, which has none yet; at most 50000/,
  );
  assert.equal(kept().filter(({ body }) => body === undefined).length, 0);
});
