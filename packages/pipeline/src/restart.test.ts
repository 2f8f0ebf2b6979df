import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RECORD_KIND } from '@skerry/journal';
import fc from 'fast-check';
import { auditLedger } from './audit.ts';
import { MemoryAuditSource } from './memory-audit-source.ts';
import type { Pipeline } from './pipeline.ts';
import { DEFAULT_ROUTES } from './routes.ts';
import { SAMPLE_MICROS, type SampleRecord } from './testing/record-builder.ts';
import { Rig, until } from './testing/rig.ts';

const payload = fc.oneof(
  fc.constantFrom(
    '{}',
    '{"v":NaN}',
    '[]',
    '"text"',
    '{"v":9007199254740993,"on":true}',
    '[{"id":"a","v":1},{"id":"b"}]',
  ),
  fc
    .record({
      v: fc.double({ noNaN: true, noDefaultInfinity: true }),
      seq: fc.nat(12),
      epoch: fc.constantFrom('e', 'f'),
      pad: fc.nat(1),
    })
    .map((one) => JSON.stringify(one)),
  fc.record({ messageId: fc.constantFrom('m1', 'm2', 'm3'), v: fc.nat(1) }).map((one) => JSON.stringify(one)),
  fc
    .record({ ts: fc.constantFrom(1, 1_767_225_600, '2026-01-01T00:00:00', 4_102_444_800), w: fc.nat() })
    .map((one) => JSON.stringify(one)),
);

const record: fc.Arbitrary<SampleRecord> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      topic: fc.constantFrom(
        'iot/t/p/d/telemetry',
        'iot/t/p/e/telemetry',
        'mtic/msg/client/realtime/t/p',
        'mtic/msg/client/realtime/t/p/x/y',
      ),
      payload,
      qos: fc.constantFrom(0, 1),
      receivedMicros: fc.nat(3_600).map((secs) => SAMPLE_MICROS + secs * 1_000_000),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom<SampleRecord>(
      { kind: RECORD_KIND.misrouted, topic: 'mtic/msg/client/realtime/t', tenant: '', project: '' },
      { kind: RECORD_KIND.misrouted, topic: 'iot/t/p/m/telemetry', payload: '{"messageId":"m1","v":1}' },
      {
        kind: RECORD_KIND.misrouted,
        topic: 'mtic/msg/client/realtime/t/p',
        payload: '[{"v":1},{"id":"q","w":2}]',
      },
      { kind: RECORD_KIND.message, topic: 'chat' },
    ),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constantFrom(RECORD_KIND.replay, RECORD_KIND.discard),
      replayOf: fc.nat(40),
      payload: fc.constantFrom('{"v":7}', 'x'),
      author: fc.constant('ann'),
    }),
  },
);

/** What a pipeline does between batches. */
const step = fc.record({
  records: fc.array(record, { minLength: 1, maxLength: 8 }),
  ending: fc.constantFrom('nothing', 'flush', 'kill', 'kill halfway'),
});

/** Everything the store knows, in an order of its own. */
async function knowledge(rig: Rig) {
  const {
    series,
    accounts,
    dedupe: _dedupe,
    gaps,
    deadLetters,
    latest: _latest,
    sealNumber: _number,
    ...rest
  } = await rig.store.load();
  const points = [];
  for (const one of series) {
    const page = await rig.store.query(
      {
        series: one.id,
        fromMicros: 0,
        toMicros: 2 ** 52,
        shape: { kind: 'raw', after: undefined, limit: 10_000, newestFirst: false },
        deadlineMs: 10_000,
      },
      [],
    );
    points.push(page);
  }
  const byText = (a: unknown, b: unknown) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1);
  const used = accounts.filter((one) =>
    Object.values(one).some((value) => typeof value === 'number' && value !== 0),
  );
  return { ...rest, series, points, accounts: used.sort(byText), gaps: [...gaps].sort(byText), deadLetters };
}

async function run(
  steps: readonly { readonly records: readonly SampleRecord[]; readonly ending: string }[],
  isCalm: boolean,
) {
  const rig = new Rig({ sealPoints: isCalm ? 1_000_000 : 5 });
  const audited = new MemoryAuditSource(rig.store);
  const { store } = audited;
  const sent = steps.flatMap((one) => one.records);
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
  return { imbalances, totals, findings: await auditOf(rig, audited), ...(await knowledge(rig)) };
}

/** A replay carries topic and payload of its original. */
function asReplay(record: SampleRecord, sent: readonly SampleRecord[]): SampleRecord {
  const original = record.replayOf === undefined ? undefined : sent[record.replayOf];
  const { topic, payload: bytes } = original ?? {};
  return {
    ...record,
    ...(topic === undefined ? {} : { topic }),
    ...(bytes === undefined ? {} : { payload: bytes }),
  };
}

async function auditOf(rig: Rig, source: MemoryAuditSource): Promise<unknown> {
  const journal = Object.assign(rig.journal, { receivedBefore: () => [] });
  const { signal } = new AbortController();
  for await (const step of auditLedger({ journal, source, routes: DEFAULT_ROUTES, signal }))
    if (step.kind === 'result') return step.report.findings;
  return undefined;
}

test('openPipeline comes to the same store and ledger however often it is killed', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 12 }), async (steps) => {
      const calm = await run(steps, true);
      assert.deepEqual(calm.imbalances, []);
      assert.deepEqual(calm.findings, []);
      assert.deepEqual(await run(steps, false), calm);
    }),
    { numRuns: 100 },
  );
});

test('after a restart a device was heard when its last record came, whatever its clock says', async () => {
  const rig = new Rig();
  const at = (device: string, minute: number, ts: number): SampleRecord => ({
    topic: `iot/t/p/${device}/telemetry`,
    payload: `{"v":1,"timestamp":${ts}}`,
    receivedMicros: SAMPLE_MICROS + minute * 60e6,
  });
  const secs = SAMPLE_MICROS / 1e6;
  const seen = [
    ['behind', SAMPLE_MICROS + 120e6],
    ['ahead', SAMPLE_MICROS + 60e6],
    ['many-1', SAMPLE_MICROS + 180e6],
    ['many-2', SAMPLE_MICROS + 180e6],
  ];
  {
    await using pipeline = await rig.open();
    rig.journal.append(at('ahead', 1, secs + 72_000), at('behind', 2, secs - 86_400), {
      topic: 'mtic/msg/client/realtime/t/p',
      payload: '[{"id":"many-1","v":1},{"id":"many-2","v":2}]',
      receivedMicros: SAMPLE_MICROS + 180e6,
    });
    await pipeline.flush();
    assert.deepEqual(heard(pipeline), seen.toSorted());
  }
  await using pipeline = await rig.open();
  assert.deepEqual(heard(pipeline), seen.toSorted());
});

function heard(pipeline: Pipeline): (readonly [string, number])[] {
  const { entries } = pipeline.devices({ limit: 9 });
  return entries.map(({ device, lastSeenMicros }) => [device, lastSeenMicros] as const);
}

test('what a restart reads again is no delay', async () => {
  const rig = new Rig();
  rig.journal.append({ receivedMicros: SAMPLE_MICROS }, { receivedMicros: SAMPLE_MICROS });
  const again = new Rig({ seenEnd: rig.journal.end });
  again.journal = rig.journal;
  await using pipeline = await again.open();
  await pipeline.flush();
  assert.equal(pipeline.figures().delay, undefined);
  rig.journal.append({ receivedMicros: again.clock.nowMicros() - 40_000 });
  await pipeline.flush();
  assert.equal(Math.round(Number(pipeline.figures().delay?.p50Ms) / 10), 4, 'the new record alone');
});
