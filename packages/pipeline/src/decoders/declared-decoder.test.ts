import assert from 'node:assert/strict';
import { test } from 'node:test';
import { zstdCompressSync } from 'node:zlib';
import { parseStagesDocument } from '@skerry/model';
import { auditLedger } from '../audit.ts';
import { MemoryAuditSource } from '../memory-audit-source.ts';
import { DEFAULT_ROUTES } from '../routes.ts';
import { goldenBytes } from '../testing/golden-payloads.ts';
import { Rig } from '../testing/rig.ts';
import { aPipeline, applyRecord } from '../testing/stage-documents.ts';

const LAYOUT = {
  length: 3,
  fields: [
    { name: 'temp', at: 0, type: 'i16', scale: 0.1, unit: 'Cel' },
    { name: 'open', at: 2, type: 'u8', bits: { from: 0 } },
  ],
};

test('a declared layout and compression read records, samples and an audit alike, units in the hands of stages', async () => {
  const rig = new Rig();
  const source = new MemoryAuditSource(rig.store);
  const pipeline = await rig.open({ store: source.store });
  const topic = 'iot/t/p/plc/telemetry';
  const decode = { contentType: 'application/octet-stream', contentEncoding: 'zstd', layout: LAYOUT };
  const stages = [{ name: 'unit', type: 'Transform', set: { unit: 'attributes["unit:temp"]' } }];
  const payload = zstdCompressSync(Buffer.from('00d701', 'hex'));
  const declared = aPipeline('plc', stages, { match: { topics: [topic] }, decode });
  const { document } = parseStagesDocument(declared);
  assert.ok(document);
  rig.journal.append(applyRecord(declared));
  rig.journal.append(
    { topic, payload },
    { topic, payload: Buffer.from('00d701', 'hex') },
    { topic: 'iot/t/p/json/telemetry' },
  );
  await pipeline.flush();
  const place = { tenant: 't', project: 'p' };
  const latest = (device: string) =>
    pipeline.latest({ ...place, device })?.map(({ metric, value }) => [metric, value]);
  assert.deepEqual(latest('plc'), [
    ['temp', 21.5],
    ['open', true],
    ['unit', 'Cel'],
  ]);
  assert.deepEqual(latest('json'), [['v', 1]]);
  const [letter] = await pipeline.deadLetters({ limit: 9 });
  assert.match(String(letter?.detail), /cannot be decompressed as zstd/);
  const [tried, cbor] = await pipeline.stages.trial({
    samples: [
      { topic, payload },
      {
        topic: 'iot/t/p/other/telemetry',
        payload: goldenBytes('cborCanonical'),
        contentType: 'application/cbor',
      },
    ],
  });
  assert.deepEqual(tried?.outputs[0]?.metrics, { temp: 21.5, open: true, unit: 'Cel' });
  assert.equal(cbor?.outputs[0]?.metrics.big, 1900000000000000001n);
  const shadow = await pipeline.stages.shadow('s', document, { fromOffset: 0 });
  assert.deepEqual([shadow.records, shadow.undecodable], [2, 1]);
  await pipeline[Symbol.asyncDispose]();
  const journal = Object.assign(rig.journal, { receivedBefore: () => [] });
  const { signal } = new AbortController();
  for await (const step of auditLedger({ journal, source, routes: DEFAULT_ROUTES, signal }))
    if (step.kind === 'result') assert.deepEqual(step.report.findings, []);
});
