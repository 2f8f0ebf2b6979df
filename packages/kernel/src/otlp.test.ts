import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeOtlp, rejectedSpans } from './otlp.ts';

test('encodeOtlp writes a request of OTLP/HTTP with JSON', () => {
  const trace = '4bf92f3577b34da6a3ce929d0e0e4736';
  const text = encodeOtlp(
    [
      {
        name: 'send iot.telemetry',
        kind: 'producer',
        context: { traceId: trace, spanId: '00f067aa0ba902b7', traceState: 'a=b' },
        parent: { traceId: trace, spanId: '1111111111111111' },
        startMicros: 1_700_000_000_123_456,
        endMicros: 1_700_000_000_123_400,
        attributes: { text: 'é', whole: 7, part: 0.5, yes: true, none: undefined },
        links: [{ traceId: trace, spanId: '2222222222222222' }],
        linksDropped: 2,
        fault: 'it was refused',
      },
    ],
    { resource: { 'service.name': 'skerry-up' }, version: '1.2.3' },
  );
  assert.deepEqual(JSON.parse(text), {
    resourceSpans: [
      {
        resource: { attributes: [{ key: 'service.name', value: { stringValue: 'skerry-up' } }] },
        scopeSpans: [
          {
            scope: { name: 'skerry', version: '1.2.3' },
            spans: [
              {
                traceId: trace,
                spanId: '00f067aa0ba902b7',
                traceState: 'a=b',
                parentSpanId: '1111111111111111',
                flags: 1,
                name: 'send iot.telemetry',
                kind: 4,
                startTimeUnixNano: '1700000000123456000',
                endTimeUnixNano: '1700000000123456000',
                attributes: [
                  { key: 'text', value: { stringValue: 'é' } },
                  { key: 'whole', value: { intValue: '7' } },
                  { key: 'part', value: { doubleValue: 0.5 } },
                  { key: 'yes', value: { boolValue: true } },
                ],
                links: [{ traceId: trace, spanId: '2222222222222222', flags: 1 }],
                droppedLinksCount: 2,
                status: { code: 2, message: 'it was refused' },
              },
            ],
            schemaUrl: 'https://opentelemetry.io/schemas/1.37.0',
          },
        ],
        schemaUrl: 'https://opentelemetry.io/schemas/1.37.0',
      },
    ],
  });
});

test('rejectedSpans reads a partial success, and nothing out of anything else', () => {
  const partial = { partialSuccess: { rejectedSpans: '3', errorMessage: 'too old' } };
  assert.deepEqual(rejectedSpans(JSON.stringify(partial)), { count: 3, why: 'too old' });
  for (const text of ['', '{}', 'null', '<html>', '{"partialSuccess":{"rejectedSpans":-1}}'])
    assert.equal(rejectedSpans(text).count, 0, text);
});
