import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RECORD_KIND } from '@skerry/journal';
import { boundDeviceOf, type Grant } from '@skerry/model';
import fc from 'fast-check';
import { type AuditReport, auditLedger } from './audit.ts';
import type { AuditJournal } from './audit-source.ts';
import { MemoryAuditSource } from './memory-audit-source.ts';
import type { Pipeline } from './pipeline.ts';
import { compileRoutes, DEFAULT_ROUTES } from './routes.ts';
import type { SampleRecord } from './testing/record-builder.ts';
import { Rig } from './testing/rig.ts';
import { compileTopicRights } from './topic-rights.ts';

const GRANT: Grant = { role: 'device', tenant: 't', project: 'p', device: 'D' };
const SUBJECT = { grants: [GRANT] };
const RIGHTS = compileTopicRights(DEFAULT_ROUTES.templates);
const route = compileRoutes(DEFAULT_ROUTES);
const RUNS = { numRuns: Number(process.env.SKERRY_PROPERTY_RUNS ?? 30) };

const anyId = fc.constantFrom('D', 'E', 'telemetry', 'D ', 'd', '-', 'Ü');
const anyTopic = fc
  .tuple(
    fc.constantFrom('mtic/msg/client/realtime/t/p', 'mtic/msg/client/realtime/t/q', 'iot/t/p', 'iot/t/q'),
    fc.array(fc.constantFrom('D', 'E', 'motor', 'telemetry', ''), { maxLength: 3 }),
  )
  .map(([head, levels]) => [head, ...levels].join('/'));
const anyElement = fc.record(
  { deviceId: anyId, device: anyId, id: anyId, v: fc.integer(), name: fc.string(), seq: fc.nat(3) },
  { requiredKeys: [] },
);
const anyJson = fc.oneof(anyElement, fc.array(anyElement, { maxLength: 3 }), fc.integer());
const anySenml = fc.array(fc.record({ bn: anyId, n: fc.constantFrom('a', 'b'), v: fc.integer() }), {
  minLength: 1,
  maxLength: 3,
});
const anyRecord: fc.Arbitrary<SampleRecord> = fc.oneof(
  fc.record({ topic: anyTopic, payload: anyJson.map((value) => JSON.stringify(value)) }),
  fc.record({ topic: anyTopic, payload: fc.string() }),
  fc.record({
    topic: anyTopic,
    payload: anySenml.map((value) => JSON.stringify(value)),
    contentType: fc.constant('application/senml+json'),
  }),
);

/** What the broker would let the bound subject publish as telemetry. */
function isGranted({ topic = '' }: SampleRecord): boolean {
  const { kind } = route(topic);
  return kind === 'telemetry' && RIGHTS.mayPublish(SUBJECT, topic, kind);
}

/** Devices that were written to or counted for, as `tenant/project/device`. */
function writtenTo(pipeline: Pipeline): string[] {
  return pipeline
    .devices({ limit: 100 })
    .entries.map(({ tenant, project, device }) => `${tenant}/${project}/${device}`);
}

async function settled(
  records: readonly SampleRecord[],
): Promise<{ written: string[]; report: AuditReport }> {
  const rig = new Rig();
  const memory = new MemoryAuditSource(rig.store);
  await using pipeline = await rig.open({ store: memory.store });
  if (records.length > 0) rig.journal.append(...records);
  await pipeline.flush();
  // every letter is offered again with its headers, as the desk does
  for (const { offset } of await pipeline.deadLetters({ limit: 100 })) {
    const letter = await pipeline.deadLetter(offset);
    if (!letter) continue;
    const { topic, payload, headers = new Uint8Array(0) } = letter;
    rig.journal.append({
      kind: RECORD_KIND.replay,
      replayOf: offset,
      author: 'ann',
      topic,
      payload,
      headers,
    });
  }
  await pipeline.flush();
  const written = writtenTo(pipeline);
  const journal: AuditJournal = Object.assign(rig.journal, { receivedBefore: () => [] });
  const { signal } = new AbortController();
  const parts = { journal, source: memory, routes: DEFAULT_ROUTES, signal };
  for await (const step of auditLedger(parts))
    if (step.kind === 'result') return { written, report: step.report };
  assert.fail('The audit gave no result.');
}

test('boundDevice: no topic and no payload that a bound subject may publish writes to another device', async () => {
  let taken = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(anyRecord, { maxLength: 6 }), async (sent) => {
      const records = sent.filter(isGranted).map((record) => ({ ...record, boundDevice: 'D' }));
      taken += records.length;
      const { written, report } = await settled(records);
      assert.deepEqual(
        written.filter((one) => one !== 't/p/D'),
        [],
      );
      assert.deepEqual(report.findings, []);
    }),
    RUNS,
  );
  assert.ok(taken > 0, 'nothing was granted');
});

test('boundDevice: without the header the same records do write to others, so that the property can fail', async () => {
  const { written } = await settled([
    { topic: 'mtic/msg/client/realtime/t/p', payload: '{"deviceId":"E","v":1}' },
  ]);
  assert.deepEqual(written, ['t/p/E']);
});

test('boundDevice keeps a device that the payload names as a text, and a dead letter is bound in its replay', async () => {
  const rig = new Rig();
  await using pipeline = await rig.open();
  const topic = 'mtic/msg/client/realtime/t/p';
  rig.journal.append({ topic, payload: '{"deviceId":"E","v":1}', boundDevice: 'D' });
  rig.journal.append({ topic, payload: 'broken', boundDevice: 'D' });
  await pipeline.flush();
  const values = pipeline.latest({ tenant: 't', project: 'p', device: 'D' }) ?? [];
  assert.deepEqual(values.map(({ metric, value }) => [metric, value]).sort(), [
    ['deviceId', 'E'],
    ['v', 1],
  ]);
  const letter = await pipeline.deadLetter(1);
  assert.deepEqual([letter?.device, Buffer.from(letter?.headers ?? []).toString('hex')], ['D', '09010044']);
});

test('boundDeviceOf is the one device that all scopes of telemetry:write name', () => {
  const of = (...grants: Grant[]) => boundDeviceOf({ grants })?.device;
  assert.equal(of(GRANT), 'D');
  assert.equal(of(GRANT, { ...GRANT, role: 'operator' }), 'D');
  assert.equal(of(GRANT, { role: 'viewer', tenant: 't' }), 'D');
  assert.equal(of(GRANT, { ...GRANT, device: 'E' }), undefined);
  assert.equal(of(GRANT, { ...GRANT, project: 'q' }), undefined);
  assert.equal(of({ role: 'device', tenant: 't', project: 'p' }), undefined);
  assert.equal(of({ role: 'viewer', tenant: 't', project: 'p', device: 'D' }), undefined);
});
