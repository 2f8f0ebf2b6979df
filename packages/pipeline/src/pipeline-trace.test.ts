import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeHeaders, HEADER } from '@skerry/journal';
import { LIMITS as KERNEL_LIMITS, type Span, type TraceContext, type Tracer } from '@skerry/kernel';
import { createHead } from '@skerry/series';
import { PipelineTrace, type PipelineTracing } from './pipeline-trace.ts';
import { RecordCursor } from './record-cursor.ts';
import { SealDraft } from './seal-draft.ts';
import { bodyOf, type SampleRecord } from './testing/record-builder.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const PUBLISHER = `00-${TRACE}-00f067aa0ba902b7-01`;
const TAKER = `00-${TRACE}-1111111111111111-01`;

/** A tracer that remembers, and begins traces when it is told to. */
class NotedTracer implements Tracer {
  readonly spans: Span[] = [];
  isBeginning = false;
  #count = 0;

  begins(): boolean {
    return this.isBeginning;
  }

  open(parent?: TraceContext): TraceContext {
    const spanId = String(++this.#count).padStart(16, '0');
    return parent ? { ...parent, spanId } : { traceId: spanId.repeat(2), spanId };
  }

  finish(span: Span): void {
    this.spans.push(span);
  }
}

function aTrace(mayBegin = true) {
  const tracer = new NotedTracer();
  let micros = 1_000;
  const tracing: PipelineTracing = {
    tracer,
    record: { name: 'process', kind: 'consumer', attributes: {}, offset: 'at', mayBegin },
    store: { 'db.operation.name': 'COPY', 'db.collection.name': 'points' },
  };
  const trace = new PipelineTrace(tracing, { nowMicros: () => micros++ });
  const judge = (records: readonly SampleRecord[], verdict: 'stored' | 'deadLettered' = 'stored') => {
    const draft = new SealDraft(1, 0, createHead(16, 16), 0);
    const cursor = new RecordCursor();
    const body = bodyOf(records);
    cursor.begin({
      body,
      firstOffset: 0,
      count: records.length,
      telemetryBefore: 0,
      telemetryCount: records.length,
    } as Parameters<RecordCursor['begin']>[0]); // what a cursor reads of a batch
    while (cursor.next()) {
      trace.begin(cursor);
      draft.verdict(verdict);
      trace.judged(cursor, draft);
    }
  };
  return { tracer, trace, judge };
}

function parents(spans: readonly Span[]): (readonly [string, string | undefined])[] {
  return spans.map(({ name, parent }) => [name, parent?.spanId]);
}

test('PipelineTrace follows a record below the span that took it in, else below its publisher', () => {
  const { tracer, trace, judge } = aTrace();
  const headers = encodeHeaders([{ key: HEADER.trace, value: new TextEncoder().encode(TAKER) }]);
  judge([
    { headers, user: { traceparent: PUBLISHER, tracestate: 'v=1' } },
    { user: { traceparent: PUBLISHER } },
  ]);
  assert.equal(tracer.spans.length, 0, 'nothing is told before the transaction is durable');
  trace.sealing(7);
  trace.sealed();
  const records = tracer.spans.filter(({ name }) => name === 'process');
  assert.deepEqual(parents(records), [
    ['process', '1111111111111111'],
    ['process', '00f067aa0ba902b7'],
  ]);
  assert.equal(records[0]?.context.traceState, 'v=1');
  assert.equal(records[1]?.attributes?.at, 1);
});

test('PipelineTrace leaves alone what is not sampled, and what a gateway has decided about', () => {
  const { tracer, trace, judge } = aTrace();
  tracer.isBeginning = true;
  judge([
    { user: { traceparent: PUBLISHER.replace(/01$/, '00') } },
    { origin: `${'a'.repeat(32)}/0/0` },
    { user: { traceparentish: PUBLISHER } },
  ]);
  assert.ok(trace.sealing(1));
  trace.sealed();
  const records = tracer.spans.filter(({ name }) => name === 'process');
  assert.deepEqual(
    records.map(({ attributes, parent }) => [attributes?.at, parent]),
    [[2, undefined]],
  );
});

test('PipelineTrace begins no trace where somebody before it decides', () => {
  const { tracer, trace, judge } = aTrace(false);
  tracer.isBeginning = true;
  judge([{}]);
  assert.equal(trace.sealing(1), undefined);
  trace.sealed();
  assert.deepEqual(tracer.spans, []);
});

test('PipelineTrace tells of one transaction: it names its records, 128 at most, and each of them names it', () => {
  const { tracer, trace, judge } = aTrace();
  const count = KERNEL_LIMITS.spanLinksMax.value + 2;
  judge(Array.from({ length: count }, () => ({ user: { traceparent: PUBLISHER } })));
  const context = trace.sealing(3);
  judge([{ user: { traceparent: PUBLISHER } }]);
  trace.sealed();
  const seal = tracer.spans.filter(({ parent }) => parent === undefined);
  assert.equal(seal.length, 1);
  assert.equal(seal[0]?.context, context);
  assert.equal(seal[0]?.links?.length, KERNEL_LIMITS.spanLinksMax.value);
  assert.equal(seal[0]?.linksDropped, 2);
  const own = tracer.spans.filter(({ name, parent }) => name === 'COPY points' && parent);
  assert.equal(own.length, count, 'the record that came behind the seal is not in it');
  assert.ok(own.every(({ links }) => links?.length === 1 && links[0] === context));
});

test('PipelineTrace says why a transaction failed, and why a record was set aside', () => {
  const { tracer, trace, judge } = aTrace();
  judge([{ user: { traceparent: PUBLISHER } }]);
  trace.sealing(1);
  trace.sealed('store-fenced: another has it');
  assert.deepEqual(
    tracer.spans.map(({ name, fault }) => [name, fault]),
    [
      ['process', 'store-fenced: another has it'],
      ['decode', undefined],
      ['COPY points', 'store-fenced: another has it'],
      ['COPY points', 'store-fenced: another has it'],
    ],
  );
});

test('PipelineTrace follows so many records of a seal and no more', () => {
  const { tracer, trace, judge } = aTrace();
  const most = KERNEL_LIMITS.spanRecordsMax.value;
  judge(Array.from({ length: most + 5 }, () => ({ user: { traceparent: PUBLISHER } })));
  trace.sealing(1);
  trace.sealed();
  assert.equal(tracer.spans.filter(({ name }) => name === 'process').length, most);
});
