import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { RECORD_KIND } from '@skerry/journal';
import { encode } from 'cborg';
import fc from 'fast-check';
import { auditLedger } from './audit.ts';
import type { RebirthWanted } from './decoders/sparkplug-book.ts';
import { MemoryAuditSource } from './memory-audit-source.ts';
import { goldenBytes } from './testing/golden-payloads.ts';
import { SPARKPLUG_ROUTES } from './testing/payload-source.ts';
import { SAMPLE_MICROS, type SampleRecord } from './testing/record-builder.ts';
import { Rig, until } from './testing/rig.ts';
import { sparkplugBytes } from './testing/sparkplug-payload.ts';
import { aPipeline, applyRecord } from './testing/stage-documents.ts';

const SECOND = 1_000_000;
const PLACE = { tenant: 'acme', project: 'plant' };

function message(type: string, payload: Uint8Array, device = 'd'): SampleRecord {
  const topic = `spBv1.0/g/${type}/e${type.startsWith('D') ? `/${device}` : ''}`;
  return { ...PLACE, topic, payload, receivedMicros: SAMPLE_MICROS + 500 * SECOND };
}

/** Random messages of one edge node and two devices, in and out of order, beside payloads of other formats. */
const record: fc.Arbitrary<SampleRecord> = fc.oneof(
  {
    weight: 10,
    arbitrary: fc
      .record({
        type: fc.constantFrom('NBIRTH', 'DBIRTH', 'NDATA', 'NDATA', 'DDATA', 'DDATA', 'NDEATH', 'DDEATH'),
        device: fc.constantFrom('d', 'd:2'),
        seq: fc.oneof(fc.nat(6), fc.constantFrom(200, 255)),
        bdSeq: fc.nat(2),
        millis: fc.nat(400_000).map((ms) => SAMPLE_MICROS / 1000 + ms),
        alias: fc.nat(4),
        value: fc.nat(9),
      })
      .map(({ type, device, seq, bdSeq, millis, alias, value }) => {
        const isBirth = type.endsWith('BIRTH');
        const birth = [0, 1, 2].map((i) => ({ name: `m${(i + alias) % 3}`, alias: i, type: 10, value }));
        const numbered = type.startsWith('N') && !type.endsWith('DATA') ? { bdSeq } : {};
        const metrics = isBirth ? birth : [{ alias, value }];
        const bytes = sparkplugBytes({
          millis,
          ...numbered,
          ...(type === 'NDEATH' ? {} : { seq: type === 'NBIRTH' ? 0 : seq }),
          ...(type.endsWith('DEATH') ? {} : { metrics }),
        });
        return message(type, bytes, device);
      }),
  },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 30 }).map((bytes) => message('NDATA', bytes)) },
  {
    weight: 1,
    arbitrary: fc.nat(9).map((v) => ({
      payload: gzipSync(encode({ v, seq: v })),
      contentType: 'application/cbor',
      user: { 'content-encoding': 'gzip' },
    })),
  },
  {
    weight: 2,
    arbitrary: fc.nat(30).map((replayOf) => ({ kind: RECORD_KIND.replay, replayOf, author: 'ann' })),
  },
);

const step = fc.record({
  records: fc.array(record, { minLength: 1, maxLength: 8 }),
  ending: fc.constantFrom('nothing', 'flush', 'kill'),
});

interface Step {
  readonly records: readonly SampleRecord[];
  readonly ending: string;
}

async function run(steps: readonly Step[], isCalm: boolean) {
  const rig = new Rig({ sealPoints: isCalm ? 1_000_000 : 5, routes: SPARKPLUG_ROUTES });
  const sent = steps.flatMap(({ records }) => records);
  const audited = new MemoryAuditSource(rig.store);
  const { store } = audited;
  let pipeline = await rig.open({ store });
  for (const { records, ending } of steps) {
    rig.journal.append(...records.map((one) => asReplay(one, sent)));
    if (isCalm || ending === 'nothing') continue;
    const { end } = rig.journal;
    if (ending === 'flush') await pipeline.flush();
    else {
      await until(() => pipeline.position === end);
      await rig.kill(pipeline);
      pipeline = await rig.open({ store });
    }
  }
  await pipeline.flush();
  const { imbalances, totals } = pipeline.ledger();
  const gaps = pipeline.gaps({ limit: 1_000 });
  await pipeline[Symbol.asyncDispose]();
  return { imbalances, totals, gaps, findings: await findingsOf(rig, audited), ...(await knowledge(rig)) };
}

/** A replay carries topic, payload and headers of its original. */
function asReplay(one: SampleRecord, sent: readonly SampleRecord[]): SampleRecord {
  const original = one.replayOf === undefined ? undefined : sent[one.replayOf];
  return original && original.kind === undefined ? { ...original, ...one } : one;
}

/** `start`: what lies before is trimmed. */
async function findingsOf(rig: Rig, source: MemoryAuditSource, start = 0): Promise<unknown> {
  const before = { tenant: PLACE.tenant, project: PLACE.project, received: start, receivedQos0: 0 };
  const journal = Object.assign(rig.journal, { start, receivedBefore: () => (start > 0 ? [before] : []) });
  const { signal } = new AbortController();
  for await (const step of auditLedger({ journal, source, routes: SPARKPLUG_ROUTES, signal }))
    if (step.kind === 'result') return step.report.findings;
  return undefined;
}

/** Everything the store keeps, in an order of its own. */
async function knowledge(rig: Rig) {
  const { series, accounts, deadLetters, stages, sessions, position } = await rig.store.load();
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
    clients: [...sessions.clients].sort(byText),
    speaking: [...sessions.devices].sort(byText),
  };
}

test('Sparkplug comes to the same points, gaps, births and connections however often it is killed, and audits clean', async () => {
  const met = { stored: 0, letters: 0, births: 0, gaps: 0, deduplicated: 0 };
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 12 }), async (steps) => {
      const calm = await run(steps, true);
      assert.deepEqual(calm.imbalances, []);
      assert.deepEqual(calm.findings, []);
      met.stored += calm.totals.stored;
      met.letters += calm.totals.deadLettered;
      met.deduplicated += calm.totals.deduplicated;
      met.births += calm.stages.length;
      met.gaps += calm.gaps.length;
      assert.deepEqual(await run(steps, false), calm);
    }),
    { numRuns: 60 },
  );
  for (const [what, count] of Object.entries(met)) assert.ok(count > 0, `no run had ${what}`);
});

test('a gap in the numbers of an edge node is listed at its device, and its births are asked for once', async () => {
  const rig = new Rig({ routes: SPARKPLUG_ROUTES });
  const wanted: RebirthWanted[] = [];
  const rebirthWanted = (node: RebirthWanted) => void wanted.push(node);
  const millis = SAMPLE_MICROS / 1000;
  const data = (seq: number) =>
    message('NDATA', sparkplugBytes({ seq, millis: millis + seq, metrics: [{ alias: 10, value: seq }] }));
  {
    await using pipeline = await rig.open({ rebirthWanted });
    rig.journal.append(message('NBIRTH', goldenBytes('nodeBirth')), data(1), data(4), data(8));
    await pipeline.flush();
    const epoch = '7.1767225600000';
    const gap = { ...PLACE, device: 'g:e', epoch };
    assert.deepEqual(pipeline.gaps({ limit: 9 }), [
      { ...gap, from: 2, to: 3 },
      { ...gap, from: 5, to: 7 },
    ]);
    assert.deepEqual(wanted, [{ ...PLACE, group: 'g', node: 'e', reason: 'sequence-gap' }]);
    rig.journal.append(data(6));
    await pipeline.flush();
    assert.deepEqual(pipeline.gaps({ limit: 9 }).slice(1), [
      { ...gap, from: 5, to: 5 },
      { ...gap, from: 7, to: 7 },
    ]);
    assert.equal(wanted.length, 1);
  }
  await using again = await rig.open({ rebirthWanted });
  assert.equal(wanted.length, 2, 'whoever begins anew asks for what is still wanted');
  const birth = sparkplugBytes({
    seq: 0,
    millis: millis + 60_000,
    bdSeq: 8,
    metrics: [{ name: 'm', type: 10, alias: 1 }],
  });
  rig.journal.append(message('NBIRTH', birth));
  await again.flush();
  assert.equal(wanted.length, 2);
});

test('deaths disconnect the devices of a node, whoever carried their messages', async () => {
  const rig = new Rig({ routes: SPARKPLUG_ROUTES });
  await using pipeline = await rig.open();
  const now = (device: string) => pipeline.device({ ...PLACE, device })?.connected;
  rig.journal.append(
    message('NBIRTH', goldenBytes('nodeBirth')),
    message('DBIRTH', goldenBytes('deviceBirth')),
    message('DBIRTH', goldenBytes('deviceBirth'), 'other'),
  );
  await pipeline.flush();
  assert.deepEqual([now('g:e'), now('g:e:d'), now('g:e:other')], ['connected', 'connected', 'connected']);
  rig.journal.append(message('DDEATH', goldenBytes('deviceDeath'), 'other'));
  await pipeline.flush();
  assert.deepEqual([now('g:e'), now('g:e:d'), now('g:e:other')], ['connected', 'connected', 'disconnected']);
  rig.journal.append(message('NDEATH', goldenBytes('oldDeath')));
  await pipeline.flush();
  assert.equal(now('g:e'), 'connected');
  rig.journal.append(message('NDEATH', goldenBytes('nodeDeath')));
  await pipeline.flush();
  assert.deepEqual([now('g:e'), now('g:e:d')], ['disconnected', 'disconnected']);
  const range = { fromMicros: 0, toMicros: 2 ** 52, limit: 9 };
  const told = await pipeline.connectivity({ device: { ...PLACE, device: 'g:e:d' }, ...range });
  assert.deepEqual(
    told?.events.map(({ kind, reason }) => [kind, reason]),
    [
      ['connected', 'sparkplug-birth'],
      ['disconnected', 'sparkplug-death'],
    ],
  );
  assert.equal(pipeline.ledger().totals.deadLettered, 0);
});

test('a dead letter is replayed with the births that were in force for it, and with no others', async () => {
  const rig = new Rig({ routes: SPARKPLUG_ROUTES });
  await using pipeline = await rig.open();
  const millis = SAMPLE_MICROS / 1000;
  const data = message('NDATA', sparkplugBytes({ seq: 1, millis, metrics: [{ alias: 10, value: 4 }] }));
  const refuse = { ...aPipeline('x', [{ name: 'f', type: 'Filter', keep: 'metrics.nowhere > 0' }]) };
  rig.journal.append(data, message('NBIRTH', goldenBytes('nodeBirth')), applyRecord(refuse), data);
  await pipeline.flush();
  const open = async () =>
    (await pipeline.deadLetters({ limit: 9 })).map(({ offset, state }) => [offset, state]);
  assert.deepEqual(await open(), [
    [0, 'open'],
    [3, 'open'],
  ]);
  rig.journal.append({
    kind: RECORD_KIND.pipeline,
    payload: JSON.stringify({ id: 'r', action: 'remove', kind: 'Pipeline', name: 'x' }),
    author: 'ann',
  });
  const replay = (replayOf: number) => ({ ...data, kind: RECORD_KIND.replay, replayOf, author: 'ann' });
  rig.journal.append(replay(0), replay(3));
  await pipeline.flush();
  assert.deepEqual(await open(), [
    [0, 'open'],
    [3, 'replayed'],
  ]);
  assert.deepEqual(
    pipeline.latest({ ...PLACE, device: 'g:e' })?.find(({ metric }) => metric === 'double')?.value,
    4,
  );
});

test('a publisher that is bound to a device cannot speak for the nodes and devices of Sparkplug', async () => {
  const rig = new Rig({ routes: SPARKPLUG_ROUTES });
  await using pipeline = await rig.open();
  rig.journal.append(
    { ...message('NBIRTH', goldenBytes('nodeBirth')), boundDevice: 'g:e' },
    { ...message('NDEATH', goldenBytes('nodeDeath')), boundDevice: 'x' },
  );
  await pipeline.flush();
  assert.equal(pipeline.device({ ...PLACE, device: 'g:e' })?.connected, 'connected');
  const [letter] = await pipeline.deadLetters({ limit: 1 });
  assert.match(String(letter?.detail), /bound to the device x, and the topic is of g:e/);
});

test('an audit of a journal whose births were trimmed takes what they named as unknown, and judges what follows a birth', async () => {
  const rig = new Rig({ routes: SPARKPLUG_ROUTES });
  const source = new MemoryAuditSource(rig.store);
  const millis = SAMPLE_MICROS / 1000;
  const data = (seq: number) =>
    message('NDATA', sparkplugBytes({ seq, millis: millis + seq, metrics: [{ alias: 10, value: seq }] }));
  const metrics = [{ name: 'again', type: 10, alias: 10, value: 1 }];
  const birth = message('NBIRTH', sparkplugBytes({ seq: 0, millis: millis + 9, bdSeq: 8, metrics }));
  const pipeline = await rig.open({ store: source.store });
  rig.journal.append(message('NBIRTH', goldenBytes('nodeBirth')));
  rig.journal.append(data(1));
  rig.journal.append(birth, data(1));
  await pipeline.flush();
  await pipeline[Symbol.asyncDispose]();
  assert.deepEqual(await findingsOf(rig, source, 1), []);
  assert.deepEqual(await findingsOf(rig, source, 2), []);
});
