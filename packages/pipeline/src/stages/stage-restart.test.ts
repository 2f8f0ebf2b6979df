import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RECORD_KIND } from '@skerry/journal';
import fc from 'fast-check';
import { auditLedger } from '../audit.ts';
import { MemoryAuditSource } from '../memory-audit-source.ts';
import { DEFAULT_ROUTES } from '../routes.ts';
import { SAMPLE_MICROS, type SampleRecord } from '../testing/record-builder.ts';
import { Rig, until } from '../testing/rig.ts';
import { aPipeline, applyRecord, aTable, changeRecord } from '../testing/stage-documents.ts';

const RUNS = Number(process.env.SKERRY_PROPERTY_RUNS ?? 60);
const SECOND = 1_000_000;

const filter = { name: 'keep', type: 'Filter', keep: '!has(metrics.v) || metrics.v != 3' };
const scale = { name: 'scale', type: 'Transform', scale: { v: 'value * 2' } };
const minute = {
  name: 'minute',
  type: 'Aggregate',
  window: { size: '20s' },
  lateness: '5s',
  functions: ['count', 'sum', 'p95', 'first', 'last'],
};
const slide = {
  name: 'slide',
  type: 'Aggregate',
  window: { size: '30s', every: '10s' },
  groupBy: "'all'",
  functions: ['max', 'mean'],
  late: 'deadLetter',
  keepInput: true,
};
const enrich = { name: 'site', type: 'Enrich', table: 'sites', into: 'metrics' };

const change: fc.Arbitrary<SampleRecord> = fc.oneof(
  fc.constantFrom(
    applyRecord(aPipeline('a', [filter, minute])),
    applyRecord(aPipeline('a', [scale, minute])),
    applyRecord(aPipeline('a', [{ ...minute, keepInput: true }, filter])),
    applyRecord(aPipeline('b', [slide], { match: { topics: ['iot/+/+/d/#'] } })),
    applyRecord(aPipeline('b', [slide, { ...minute, window: { size: '1m' } }])),
    applyRecord(aPipeline('c', [enrich])),
    applyRecord(aTable('sites', 'id,north\nd,1\n')),
    applyRecord(aTable('sites', 'id,north\nd,2\ne,3\n')),
    applyRecord(aPipeline('bad', [{ ...filter, keep: 'metrics.' }])),
  ),
  fc
    .record({
      action: fc.constantFrom('undo' as const, 'remove' as const),
      name: fc.constantFrom('a', 'b', 'c'),
    })
    .map((one) => changeRecord({ ...one, kind: 'Pipeline' })),
);

const telemetry = fc
  .record({
    device: fc.constantFrom('d', 'e'),
    v: fc.constantFrom(1, 2, 3, 4.5, -7, 'text'),
    secs: fc.nat(200),
    seq: fc.option(fc.nat(9), { nil: undefined }),
  })
  .map(
    ({ device, v, secs, seq }): SampleRecord => ({
      topic: `iot/t/p/${device}/telemetry`,
      payload: JSON.stringify({ v, seq, ts: SAMPLE_MICROS / SECOND + secs }),
      receivedMicros: SAMPLE_MICROS + 201 * SECOND,
    }),
  );

const record = fc.oneof(
  { weight: 12, arbitrary: telemetry },
  { weight: 2, arbitrary: change },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant(RECORD_KIND.replay), replayOf: fc.nat(30) }),
  },
);

const step = fc.record({
  records: fc.array(record, { minLength: 1, maxLength: 8 }),
  ending: fc.constantFrom('nothing', 'flush', 'kill', 'kill halfway'),
});

/** Everything the store keeps, in an order of its own. */
async function knowledge(rig: Rig) {
  const { series, accounts, deadLetters, stages, position } = await rig.store.load();
  const byText = (a: unknown, b: unknown) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1);
  const points = [];
  for (const one of series) {
    const shape = { kind: 'raw', after: undefined, limit: 10_000, newestFirst: false } as const;
    const query = { series: one.id, fromMicros: 0, toMicros: 2 ** 52, shape, deadlineMs: 10_000 };
    points.push([one, await rig.store.query(query, [])]);
  }
  return {
    position,
    points,
    accounts: [...accounts].sort(byText),
    deadLetters,
    stages: [...stages].sort(byText),
  };
}

interface Step {
  readonly records: readonly SampleRecord[];
  readonly ending: string;
}

async function run(steps: readonly Step[], isCalm: boolean) {
  const rig = new Rig({ sealPoints: isCalm ? 1_000_000 : 5 });
  const sent = steps.flatMap(({ records }) => records);
  const audited = new MemoryAuditSource(rig.store);
  const { store } = audited;
  let pipeline = await rig.open({ store });
  for (const { records, ending } of steps) {
    rig.journal.append(...records.map((one) => asReplay(one, sent)));
    if (isCalm || ending === 'nothing') continue;
    const { end } = rig.journal;
    if (ending === 'flush') await pipeline.flush();
    else if (ending === 'kill') await until(() => pipeline.position === end);
    if (ending === 'flush') continue;
    await rig.kill(pipeline);
    pipeline = await rig.open({ store });
  }
  await pipeline.flush();
  const { imbalances, totals } = pipeline.ledger();
  await pipeline[Symbol.asyncDispose]();
  return { imbalances, totals, findings: await findingsOf(rig, audited), ...(await knowledge(rig)) };
}

async function findingsOf(rig: Rig, source: MemoryAuditSource): Promise<unknown> {
  const journal = Object.assign(rig.journal, { receivedBefore: () => [] });
  const { signal } = new AbortController();
  for await (const step of auditLedger({ journal, source, routes: DEFAULT_ROUTES, signal }))
    if (step.kind === 'result') return step.report.findings;
  return undefined;
}

/** A replay carries topic and payload of its original. */
function asReplay(one: SampleRecord, sent: readonly SampleRecord[]): SampleRecord {
  const { topic, payload } = (one.replayOf === undefined ? undefined : sent[one.replayOf]) ?? {};
  return {
    ...one,
    ...(topic === undefined ? {} : { topic }),
    ...(payload === undefined ? {} : { payload }),
  };
}

test('stages come to the same points, ledger, documents and windows however often the pipeline is killed', async () => {
  let windows = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 12 }), async (steps) => {
      const calm = await run(steps, true);
      assert.deepEqual(calm.imbalances, []);
      assert.deepEqual(calm.findings, []);
      windows += calm.stages.filter(({ part }) => part.startsWith('group:')).length;
      assert.deepEqual(await run(steps, false), calm);
    }),
    { numRuns: RUNS },
  );
  assert.ok(windows > 0, 'no run had an open window to carry over');
});

test('a kill at every seal boundary gives the points of an uninterrupted run', async () => {
  const records: SampleRecord[] = [applyRecord(aPipeline('a', [scale, minute, filter]))];
  for (let i = 0; i < 40; i++) {
    records.push({
      topic: `iot/t/p/${i % 3 === 0 ? 'e' : 'd'}/telemetry`,
      payload: JSON.stringify({ v: i, w: -i, ts: SAMPLE_MICROS / SECOND + ((i * 7) % 90) + i }),
      receivedMicros: SAMPLE_MICROS + 500 * SECOND,
    });
  }
  const steps = records.map((one): Step => ({ records: [one], ending: 'flush' }));
  const calm = await run(steps, true);
  assert.ok(calm.totals.filtered > 0 && calm.points.length > 0);
  assert.deepEqual(calm.findings, []);
  for (let boundary = 0; boundary < steps.length; boundary++) {
    const killed = steps.map((one, i): Step => (i === boundary ? { ...one, ending: 'kill' } : one));
    assert.deepEqual(await run(killed, false), calm, `killed at ${boundary}`);
  }
});
