import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  compatibilityPartitioner,
  createRecordsBatch,
  Reader,
  readRecordsBatches,
} from '@platformatic/kafka';
import { hasCode } from '@skerry/kernel/testing';
import fc from 'fast-check';
import { HeaderList, headerName } from './header-list.ts';
import { partitionOf } from './murmur2.ts';
import { FetchedRecords, readRecordSets } from './record-set-reader.ts';
import { RecordSetWriter, soleRecordSetBytes, stampRecordSet } from './record-set-writer.ts';

const anyBytes = fc.uint8Array({ maxLength: 300 });
const anyRecord = fc.record(
  {
    timestampMs: fc.integer({ min: 0, max: 2 ** 45 }),
    key: fc.option(anyBytes, { nil: undefined }),
    value: anyBytes,
    headers: fc.array(fc.tuple(anyBytes, anyBytes), { maxLength: 5 }),
  },
  { noNullPrototype: true },
);
type Sample = typeof anyRecord extends fc.Arbitrary<infer T> ? T : never;
const whole = (bytes: Uint8Array) => ({ bytes, start: 0, end: bytes.length });

function listOf(headers: Sample['headers']): HeaderList {
  const list = new HeaderList();
  for (const [name, value] of headers) list.add(headerName(name), value);
  return list;
}

function written(records: readonly Sample[]): Buffer {
  const writer = new RecordSetWriter();
  for (const { timestampMs, key, value, headers } of records)
    writer.add(timestampMs, key && whole(key), whole(value), listOf(headers));
  const set = writer.close();
  assert.ok(set);
  stampRecordSet(set, { producerId: 7n, producerEpoch: 1, sequence: 9 });
  return set.bytes;
}

function readBack(bytes: Buffer): Sample[] {
  const found: Sample[] = [];
  const cursor = new FetchedRecords();
  for (const set of readRecordSets(bytes)) {
    cursor.begin(set);
    while (cursor.next()) {
      const cut = (start: number, end: number) => Uint8Array.from(cursor.bytes.subarray(start, end));
      const headers: [Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>][] = [];
      cursor.eachHeader((a, b, c, d) => headers.push([cut(a, b), cut(c, d)]));
      const { timestampMs, keyStart, keyEnd, valueStart, valueEnd } = cursor;
      const key = keyStart < 0 ? undefined : cut(keyStart, keyEnd);
      found.push({ timestampMs, key, value: cut(valueStart, valueEnd), headers });
    }
  }
  return found;
}

test('RecordSetWriter writes what the library reads, byte for byte, and FetchedRecords reads it too', () => {
  fc.assert(
    fc.property(fc.array(anyRecord, { minLength: 1, maxLength: 20 }), (records) => {
      const bytes = written(records);
      const [batch] = readRecordsBatches(Reader.from(bytes));
      assert.deepEqual(
        [batch?.producerId, batch?.producerEpoch, batch?.firstSequence, batch?.records.length],
        [7n, 1, 9, records.length],
      );
      for (const [i, { timestampMs, key, value, headers }] of records.entries()) {
        const found = batch?.records[i];
        assert.equal(Number(batch?.firstTimestamp) + Number(found?.timestampDelta), timestampMs);
        assert.deepEqual(found?.key ?? undefined, key && Buffer.from(key));
        assert.deepEqual(found?.value ?? Buffer.alloc(0), Buffer.from(value));
        assert.equal(found?.headers.length, headers.length);
      }
      assert.deepEqual(readBack(bytes), records);
    }),
  );
});

test('readRecordSets reads what the library writes, compressed in every way', () => {
  for (const compression of ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const) {
    const messages = [1, 2, 3].map((i) => ({
      topic: 't',
      partition: 0,
      timestamp: BigInt(1000 + i),
      key: Buffer.from(`k${i}`),
      value: Buffer.from('v'.repeat(100)),
      headers: new Map([[Buffer.from('h'), Buffer.from(`${i}`)]]),
    }));
    const { buffer } = createRecordsBatch(messages, { compression });
    const found = readBack(buffer).map((one) => [
      one.timestampMs,
      Buffer.from(one.key ?? []).toString(),
      one.value.length,
    ]);
    assert.deepEqual(
      found,
      [1, 2, 3].map((i) => [1000 + i, `k${i}`, 100]),
    );
  }
});

test('readRecordSets leaves out a last batch that is cut anywhere, and refuses one that is damaged', () => {
  const bytes = written([{ timestampMs: 1, key: undefined, value: Uint8Array.of(1, 2, 3), headers: [] }]);
  for (let cut = 0; cut < bytes.length; cut++)
    assert.equal(readRecordSets(Buffer.concat([bytes, bytes.subarray(0, cut)])).length, 1);
  for (let at = 21; at < bytes.length; at++) {
    const damaged = Buffer.from(bytes);
    damaged[at] = Number(damaged[at]) ^ 1;
    assert.throws(() => readRecordSets(damaged), hasCode('journal-damaged'));
  }
});

test('soleRecordSetBytes is the size of a batch of that record', () => {
  fc.assert(
    fc.property(anyRecord, (record) => {
      const { key, value, headers } = record;
      assert.equal(
        soleRecordSetBytes(key && whole(key), whole(value), listOf(headers)),
        written([record]).length,
      );
    }),
  );
});

test('partitionOf picks the partition that the library picks as Kafka in Java does', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), fc.integer({ min: 1, max: 100 }), (key, partitions) => {
      const wanted =
        Number(compatibilityPartitioner({ topic: 't', value: key }, Buffer.from(key))) % partitions;
      assert.equal(partitionOf(key, partitions), wanted);
      const padded = Uint8Array.of(9, ...key, 9);
      assert.equal(partitionOf(padded, partitions, 1, key.length + 1), wanted);
    }),
  );
  // of Kafka's own UtilsTest
  assert.equal(partitionOf(Buffer.from('21'), 2 ** 30), (-973932308 & 0x7fffffff) % 2 ** 30);
  assert.equal(partitionOf(Buffer.from('foobar'), 2 ** 30), (-790332482 & 0x7fffffff) % 2 ** 30);
});

test('RecordSetWriter writes in the bytes that were given back, of two batches at a time', () => {
  const writer = new RecordSetWriter();
  const none = listOf([]);
  const batch = (text: string) => {
    writer.add(1, undefined, whole(Buffer.from(text)), none);
    const set = writer.close();
    assert.ok(set);
    return set;
  };
  const [first, second] = [batch('first'), batch('second')];
  const open = batch('third').bytes.buffer;
  for (const set of [first, second]) writer.giveBack(set);
  const later = [batch('4'), batch('5'), batch('6')].map(({ bytes }) => bytes.buffer);
  assert.deepEqual(
    [first.bytes.buffer, second.bytes.buffer].map((one) => later.includes(one)),
    [true, true],
  );
  assert.equal(later.includes(open), false, 'not given back');
});
