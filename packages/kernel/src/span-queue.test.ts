import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LIMITS } from './limits.ts';
import { createMeter } from './meter.ts';
import { SpanQueue } from './span-queue.ts';
import { SeededRandom } from './testing/index.ts';
import type { Span, Tracer } from './tracer.ts';

function aQueue(ratio = 1) {
  const meter = createMeter();
  const queue = new SpanQueue(ratio, { random: new SeededRandom(7), meter });
  const count = (name: string, reason?: string) =>
    meter
      .snapshot()
      .find((family) => family.name === name)
      ?.samples.find(({ labels }) => labels.reason === reason)?.value;
  return { queue, count };
}

function aSpan(tracer: Tracer): Span {
  const context = tracer.open();
  return { name: 'n', kind: 'internal', context, parent: undefined, startMicros: 1, endMicros: 2 };
}

test('SpanQueue begins a trace for the configured share of records', () => {
  const shares = [0, 0.001, 0.1, 0.5, 1].map((ratio) => {
    const { queue } = aQueue(ratio);
    let begun = 0;
    for (let i = 0; i < 100_000; i++) if (queue.begins()) begun++;
    return begun / 100_000;
  });
  assert.deepEqual([shares[0], shares[4]], [0, 1]);
  for (const [i, wanted, room] of [
    [1, 0.001, 0.0005],
    [2, 0.1, 0.005],
    [3, 0.5, 0.01],
  ] as const)
    assert.ok(Math.abs(Number(shares[i]) - wanted) < room, `found ${shares[i]}, wanted ${wanted}`);
});

test('SpanQueue opens a span in the trace of its parent, and the first of another without one', () => {
  const { queue } = aQueue();
  const first = queue.open();
  const below = queue.open({ ...first, traceState: 'vendor=1' });
  assert.match(`${first.traceId} ${first.spanId}`, /^[0-9a-f]{32} [0-9a-f]{16}$/);
  assert.equal(below.traceId, first.traceId);
  assert.equal(below.traceState, 'vendor=1');
  assert.notEqual(below.spanId, first.spanId);
  assert.notEqual(queue.open().traceId, first.traceId);
});

test('SpanQueue drops and counts what it has no room for, and keeps what came first', () => {
  const { queue, count } = aQueue();
  const most = LIMITS.spansQueuedMax.value;
  const first = aSpan(queue);
  queue.finish(first);
  for (let i = 1; i < most + 3; i++) queue.finish(aSpan(queue));
  assert.equal(queue.length, most);
  assert.equal(count('iot_tracing_spans_dropped_total', 'queue-full'), 3);
  assert.equal(count('iot_tracing_spans_queued'), most);
  assert.deepEqual(queue.take(1), [first]);
  assert.equal(count('iot_tracing_spans_queued'), most - 1);
});
