import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseTraceParent, traceParentOf } from './trace-context.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const SPAN = '00f067aa0ba902b7';

test('parseTraceParent reads the example of W3C Trace Context, sampled or not', () => {
  const told = { traceId: TRACE, spanId: SPAN };
  assert.deepEqual(parseTraceParent(`00-${TRACE}-${SPAN}-01`), { ...told, isSampled: true });
  assert.deepEqual(parseTraceParent(`00-${TRACE}-${SPAN}-00`), { ...told, isSampled: false });
  assert.deepEqual(parseTraceParent(`00-${TRACE}-${SPAN}-03`), { ...told, isSampled: true });
});

test('parseTraceParent reads a later version as far as the first goes', () => {
  assert.equal(parseTraceParent(`cc-${TRACE}-${SPAN}-01-what-comes`)?.traceId, TRACE);
  assert.equal(parseTraceParent(`cc-${TRACE}-${SPAN}-01.what`), undefined);
});

test('parseTraceParent takes nothing else', () => {
  const wrong = [
    '',
    '00-abc',
    `ff-${TRACE}-${SPAN}-01`,
    `00-${TRACE}-${SPAN}-01-more`,
    `00-${'0'.repeat(32)}-${SPAN}-01`,
    `00-${TRACE}-${'0'.repeat(16)}-01`,
    `00-${TRACE.toUpperCase()}-${SPAN}-01`,
    `00-${TRACE}-${SPAN}-1`,
    ` 00-${TRACE}-${SPAN}-01`,
  ];
  for (const text of wrong) assert.equal(parseTraceParent(text), undefined, text);
});

test('traceParentOf writes what parseTraceParent reads, sampled', () => {
  const text = traceParentOf({ traceId: TRACE, spanId: SPAN, traceState: 'a=b' });
  assert.equal(text, `00-${TRACE}-${SPAN}-01`);
});
