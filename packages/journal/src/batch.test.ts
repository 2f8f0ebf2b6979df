import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hasCode } from '@skerry/kernel/testing';
import fc from 'fast-check';
import { HEADER, RECORD_KIND, type RecordInput } from './batch.ts';
import { BatchBuilder } from './batch-builder.ts';
import { decodeHeaders, encodeHeaders } from './record-headers.ts';
import { RecordReader, readBatch } from './record-reader.ts';
import { aBatch, aRecord } from './testing/records.ts';

const KINDS = Object.values(RECORD_KIND);
const COUNTED: readonly number[] = [RECORD_KIND.telemetry, RECORD_KIND.misrouted];

const bytes = fc.uint8Array({ maxLength: 300 });
const name = fc.string({ unit: 'grapheme', maxLength: 12 });

/** A record beside its builder, with tenant and project by name; `undefined` is a record without. */
const record = fc.record({
  kind: fc.constantFrom(...KINDS),
  qos: fc.constantFrom(0, 1, 2),
  retain: fc.boolean(),
  owner: fc.option(fc.tuple(fc.constantFrom('t', 'u', 'Ω'), name), { nil: undefined }),
  receivedMicros: fc.nat({ max: Number.MAX_SAFE_INTEGER }),
  topic: bytes,
  client: bytes,
  payload: fc.uint8Array({ maxLength: 2000 }),
  headers: bytes,
});

type Sample = typeof record extends fc.Arbitrary<infer T> ? T : never;

function inputOf(builder: BatchBuilder, sample: Sample): RecordInput {
  const { owner, ...rest } = sample;
  return { ...rest, project: owner ? builder.project(...owner) : -1 };
}

test('BatchBuilder and RecordReader give back every field of every record, batch after batch', () => {
  fc.assert(
    fc.property(
      fc.array(fc.array(record, { minLength: 1, maxLength: 20 }), { minLength: 1, maxLength: 4 }),
      (batches) => {
        const builder = new BatchBuilder();
        let firstOffset = 7;
        const closed = batches.map((samples) => {
          for (const sample of samples) builder.add(inputOf(builder, sample));
          return builder.close();
        });
        for (const [i, batch] of closed.entries()) {
          const samples = batches[i] ?? [];
          assert.ok(batch);
          assert.equal(batch.count, samples.length);
          const counted = samples.filter((one) => COUNTED.includes(one.kind));
          assert.equal(batch.telemetryCount, counted.length);
          const reader = readBatch({ body: batch.bytes, firstOffset, count: batch.count });
          for (const [k, sample] of samples.entries()) {
            assert.equal(reader.next(), true);
            assert.deepEqual(fieldsOf(reader), { ...fieldsOfSample(sample), offset: firstOffset + k });
          }
          assert.equal(reader.next(), false);
          assert.equal(reader.end, batch.tableStart);
          const received = reader.projects.reduce((sum, one) => sum + one.received, 0);
          const receivedQos0 = reader.projects.reduce((sum, one) => sum + one.receivedQos0, 0);
          const owned = counted.filter((one) => one.owner);
          assert.deepEqual(
            [received, receivedQos0],
            [owned.length, owned.filter((one) => one.qos === 0).length],
          );
          firstOffset += batch.count;
        }
      },
    ),
    { numRuns: 150 },
  );
});

function fieldsOf(reader: RecordReader) {
  const { kind, qos, retain, receivedMicros, offset, tenant, project } = reader;
  const [topic, client, headers, payload] = [reader.topic, reader.client, reader.headers, reader.payload].map(
    hexOf,
  );
  return { kind, qos, retain, receivedMicros, offset, tenant, project, topic, client, headers, payload };
}

function fieldsOfSample({ owner, ...rest }: Sample) {
  const [topic, client, headers, payload] = [rest.topic, rest.client, rest.headers, rest.payload].map(hexOf);
  const { kind, qos, retain, receivedMicros } = rest;
  const [tenant = '', project = ''] = owner ?? [];
  return { kind, qos, retain, receivedMicros, tenant, project, topic, client, headers, payload };
}

function hexOf(view: Uint8Array): string {
  return Buffer.from(view).toString('hex');
}

test('BatchBuilder writes the bytes of docs/formats/segment.md', () => {
  const builder = new BatchBuilder();
  const headers = encodeHeaders([{ key: HEADER.contentType, value: Buffer.from('x') }]);
  const sample = {
    qos: 0,
    topic: 'ab',
    client: 'c',
    payload: '{}',
    headers,
    receivedMicros: 0x0001_0203_0405_06,
  };
  builder.add(aRecord(builder, sample));
  builder.add(
    aRecord(builder, {
      kind: RECORD_KIND.session,
      project: null,
      topic: '',
      client: '',
      payload: '',
      retain: true,
    }),
  );
  const batch = builder.close();
  assert.ok(batch);
  assert.equal(
    hexOf(batch.bytes),
    [
      '1d000000', // bytes that follow: 20 + 2 + 1 + 4 + 2
      '01', // telemetry
      '00', // QoS 0
      '0000', // first project of the table
      '0605040302010000', // received
      '0200',
      '0100',
      '04000000',
      '6162',
      '63',
      '01010078', // content type, one byte, x
      '7b7d',
      '14000000',
      '04', // session
      '05', // QoS 1, retain
      'ffff', // no project
      '0040204648470600', // 1767225600000000
      '0000',
      '0000',
      '00000000',
      '0100', // one project
      '01000000', // received
      '01000000', // of these QoS 0
      '0100',
      '0100',
      '74',
      '70',
    ].join(''),
  );
  assert.deepEqual(
    [batch.tableStart, batch.count, batch.telemetryCount, batch.hasRetained],
    [57, 2, 1, false],
  );
});

test('BatchBuilder marks a batch with a retained message, but not for a session', () => {
  assert.equal(aBatch({ retain: true, kind: RECORD_KIND.message }).hasRetained, true);
  assert.equal(aBatch({ retain: true }).hasRetained, true);
  assert.equal(aBatch({ retain: true, kind: RECORD_KIND.session }).hasRetained, false);
  assert.equal(aBatch({}).hasRetained, false);
});

test('BatchBuilder is full by bytes and by records', () => {
  const byRecords = new BatchBuilder({ batchRecordsMax: 3 });
  const byBytes = new BatchBuilder({ batchBytesMax: 150 });
  for (let i = 0; i < 3; i++) {
    assert.equal(byRecords.isFull, false);
    byRecords.add(aRecord(byRecords));
    byBytes.add(aRecord(byBytes));
  }
  assert.equal(byRecords.isFull, true);
  assert.ok(byBytes.isFull && byBytes.byteLength >= 150);
  assert.equal(byBytes.close()?.bytes.byteLength, 3 * (24 + 19 + 1 + 1) + 2 + 14);
  assert.deepEqual([byBytes.count, byBytes.isFull, byBytes.close()], [0, false, undefined]);
});

test('BatchBuilder is full at exactly the bytes and records that it may have', () => {
  const isFullAt = (limits: { batchBytesMax?: number; batchRecordsMax?: number }): boolean => {
    const builder = new BatchBuilder(limits);
    builder.add(aRecord(builder));
    return builder.isFull;
  };
  const { byteLength } = aBatch().bytes;
  assert.deepEqual(
    [byteLength - 1, byteLength, byteLength + 1].map((batchBytesMax) => isFullAt({ batchBytesMax })),
    [true, true, false],
  );
  assert.deepEqual(
    [1, 2].map((batchRecordsMax) => isFullAt({ batchRecordsMax })),
    [true, false],
  );
});

test('BatchBuilder is full by projects, and refuses one more in the open batch', () => {
  const builder = new BatchBuilder({ batchBytesMax: 2 ** 30, batchRecordsMax: 65_535 });
  const input = { ...aRecord(builder, { project: null }), topic: new Uint8Array(0) };
  for (let i = 0; i < 65_534; i++) builder.add({ ...input, project: builder.project('t', String(i)) });
  assert.equal(builder.isFull, true);
  const project = builder.project('t', 'one more');
  assert.throws(() => builder.add({ ...input, project }), hasCode('too-many-projects'));
  assert.equal(builder.close()?.count, 65_534);
  builder.add({ ...input, project });
});

test('BatchBuilder gives one project one number, and each open batch a table of its own projects', () => {
  const builder = new BatchBuilder();
  const numbers = ['a', 'b', 'a'].map((project) => builder.project('t', project));
  assert.deepEqual(numbers, [0, 1, 0]);
  const projectsOf = (...projects: string[]): (readonly [string, number])[] => {
    for (const project of projects) builder.add(aRecord(builder, { project }));
    const batch = builder.close();
    assert.ok(batch);
    return readBatch({ body: batch.bytes, firstOffset: 0, count: batch.count }).projects.map((one) => [
      one.project,
      one.received,
    ]);
  };
  assert.deepEqual(projectsOf('b', 'a', 'b'), [
    ['b', 2],
    ['a', 1],
  ]);
  assert.deepEqual(projectsOf('a'), [['a', 1]]);
});

test('BatchBuilder refuses a topic or client that is too long, and an unknown project, adding nothing', () => {
  const builder = new BatchBuilder();
  const long = new Uint8Array(65_536);
  for (const field of ['topic', 'client'] as const) {
    const input = { ...aRecord(builder), [field]: long };
    assert.throws(() => builder.add(input), hasCode('record-too-large'));
  }
  assert.throws(() => builder.add({ ...aRecord(builder), project: 9 }), RangeError);
  assert.equal(builder.count, 0);
  builder.add({ ...aRecord(builder), topic: long.subarray(1) });
  const batch = builder.close();
  assert.ok(batch);
  const reader = readBatch({ body: batch.bytes, firstOffset: 0, count: 1 });
  assert.ok(reader.next());
  assert.equal(reader.topic.byteLength, 65_535);
});

test('BatchBuilder hands over bytes that later records do not change', () => {
  const builder = new BatchBuilder();
  builder.add(aRecord(builder, { payload: 'x'.repeat(60_000) }));
  const first = builder.close();
  assert.ok(first);
  const kept = hexOf(first.bytes);
  for (let i = 0; i < 20; i++) builder.add(aRecord(builder, { payload: 'y'.repeat(60_000) }));
  builder.close();
  assert.equal(hexOf(first.bytes), kept);
});

test('RecordReader refuses every truncation of a batch, and reads inside it whatever stands there', () => {
  const batch = aBatch({ payload: 'abc' }, { project: 'q', qos: 0 });
  for (let length = 0; length < batch.bytes.byteLength; length++) {
    const body = batch.bytes.slice(0, length);
    assert.throws(
      () => drain({ body, firstOffset: 0, count: 2 }),
      hasCode('batch-malformed'),
      `${length} bytes`,
    );
  }
  fc.assert(
    fc.property(
      fc.nat({ max: batch.bytes.byteLength - 1 }),
      fc.integer({ min: 1, max: 255 }),
      (at, change) => {
        const body = batch.bytes.slice();
        body[at] = Number(body[at]) ^ change;
        try {
          drain({ body, firstOffset: 0, count: 2 });
        } catch (error) {
          hasCode('batch-malformed')(error);
        }
      },
    ),
  );
});

function drain(batch: ConstructorParameters<typeof RecordReader>[0]): void {
  const reader = new RecordReader(batch);
  while (reader.next()) assert.ok(reader.end <= batch.body.byteLength);
}

test('encodeHeaders and decodeHeaders round trip; a value that is too long and a block that ends early are refused', () => {
  const value = fc.uint8Array({ maxLength: 400 });
  const header = fc
    .tuple(fc.integer({ min: 1, max: 255 }), value)
    .map(([key, bytes]) => ({ key, value: bytes }));
  fc.assert(
    fc.property(fc.array(header), (headers) => {
      assert.deepEqual(decodeHeaders(encodeHeaders(headers)), headers);
    }),
  );
  assert.throws(
    () => encodeHeaders([{ key: 1, value: new Uint8Array(65_536) }]),
    hasCode('record-too-large'),
  );
  const block = encodeHeaders([{ key: 1, value: Uint8Array.of(1, 2) }]);
  for (let length = 1; length < block.byteLength; length++)
    assert.throws(() => decodeHeaders(block.subarray(0, length)), hasCode('batch-malformed'));
});

test('BatchBuilder writes again in the bytes that come back, and frees what it has no use for', () => {
  const builder = new BatchBuilder();
  const filled = () => {
    builder.add(aRecord(builder, { payload: 'x'.repeat(40_000) }));
    const batch = builder.close();
    assert.ok(batch);
    return batch.bytes.buffer;
  };
  const batches = Array.from({ length: 100 }, filled);
  for (const bytes of batches) builder.reuse(bytes);
  const kept = batches.filter((bytes) => bytes.byteLength > 0);
  assert.equal(kept.length, 64, '4 MiB of 64 KiB each');
  const later = Array.from({ length: kept.length + 1 }, filled);
  assert.equal(later.filter((bytes) => kept.includes(bytes)).length, kept.length);
});
