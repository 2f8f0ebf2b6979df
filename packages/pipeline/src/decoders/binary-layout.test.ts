import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type LayoutDocument, type LayoutField, type PointValue, parseStagesDocument } from '@skerry/model';
import fc from 'fast-check';
import { LIMITS } from '../limits.ts';
import { compileLayout } from './binary-layout.ts';
import { scalingOf } from './decimal-scaling.ts';

/** A layout of these fields, read as a document. */
function aLayout(fields: readonly object[], rest: object = {}): LayoutDocument {
  const { document, faults } = parseStagesDocument({
    apiVersion: 'skerry.dev/v1alpha1',
    kind: 'Pipeline',
    metadata: { name: 'binary' },
    spec: {
      decode: { contentType: 'application/octet-stream', layout: { fields, ...rest } },
      stages: [{ name: 'all', type: 'Filter', keep: 'true' }],
    },
  });
  assert.deepEqual(faults, []);
  assert.ok(document?.kind === 'Pipeline' && document.spec.decode.layout);
  return document.spec.decode.layout;
}

function metricsOf(layout: LayoutDocument, hex: string, prefix = ''): Record<string, PointValue> {
  return Object.fromEntries(compileLayout(layout, prefix)(Buffer.from(hex, 'hex')).message.metrics);
}

test('compileLayout reads every type in both orders, exact', () => {
  const types = ['u8', 'i8', 'u16', 'i16', 'u24', 'i24', 'u32', 'i32', 'u64', 'i64'];
  const fields = types.map((type) => ({ name: type, at: 0, type }));
  assert.deepEqual(metricsOf(aLayout(fields), 'fffefdfcfbfaf9f8'), {
    u8: 255,
    i8: -1,
    u16: 65534,
    i16: -2,
    u24: 16776957,
    i24: -259,
    u32: 4294901244,
    i32: -66052,
    u64: 18446460386757245432n,
    i64: -283686952306184,
  });
  assert.deepEqual(metricsOf(aLayout(fields, { endian: 'little' }), '0100000000000080'), {
    u8: 1,
    i8: 1,
    u16: 1,
    i16: 1,
    u24: 1,
    i24: 1,
    u32: 1,
    i32: 1,
    u64: 9223372036854775809n,
    i64: -9223372036854775807n,
  });
  const reals = aLayout([
    { name: 'a', at: 0, type: 'f32' },
    { name: 'b', at: 4, type: 'f64', endian: 'little' },
  ]);
  assert.deepEqual(metricsOf(reals, '3f8000009a9999999999b93f'), { a: 1, b: 0.1 });
  assert.deepEqual(metricsOf(reals, '7fc00000000000000000f07f'), {}, 'NaN and infinity are no point');
});

test('compileLayout takes bits, scales, adds, texts, times and numbers of a message', () => {
  const layout = aLayout([
    { name: 'time', at: 0, type: 'u32', role: 'time' },
    { name: 'count', at: 4, type: 'u16', role: 'seq' },
    { name: 'temp', at: 6, type: 'i16', scale: 0.1, add: -40, unit: 'Cel' },
    { name: 'door', at: 8, type: 'u8', bits: { from: 7 } },
    { name: 'mode', at: 8, type: 'u8', bits: { from: 1, count: 3 } },
    { name: 'level', at: 8, type: 'u8', bits: { from: 0, count: 1 }, scale: 5 },
    { name: 'name', at: 9, type: 'text', length: 4 },
  ]);
  const { message, seq, units } = compileLayout(
    layout,
    'p',
  )(Buffer.from('6955b90001020003' + '8d' + '61c3bc00', 'hex'));
  assert.deepEqual(Object.fromEntries(message.metrics), {
    'p.temp': -39.7,
    'p.door': true,
    'p.mode': 6,
    'p.level': 5,
    'p.name': 'aü',
  });
  assert.deepEqual([message.time, seq, [...units]], [1767225600, 258, [['unit:p.temp', 'Cel']]]);
});

test('compileLayout wants the length it was told, and says what it found', () => {
  const exact = aLayout([{ name: 'a', at: 1, type: 'u16' }]);
  assert.equal(exact.length, 3);
  assert.throws(() => metricsOf(exact, '0102'), { detail: /has 2 bytes; the layout wants exactly 3/ });
  assert.throws(() => metricsOf(exact, '01020304'), { detail: /has 4 bytes/ });
  const longer = aLayout([{ name: 'a', at: 1, type: 'u16' }], { allowLonger: true, length: 4 });
  assert.deepEqual(metricsOf(longer, '0000010203'), { a: 1 });
  assert.throws(() => metricsOf(longer, '000001'), { detail: /at least 4/ });
  const text = aLayout([{ name: 'a', at: 0, type: 'text', length: 2 }]);
  assert.throws(() => metricsOf(text, 'fffe'), { detail: /not UTF-8/ });
  assert.deepEqual(metricsOf(text, '0041'), { a: '' });
  const nan = aLayout([{ name: 't', at: 0, type: 'f32', role: 'time' }]);
  assert.throws(() => metricsOf(nan, '7fc00000'), { detail: /The field t is no number; time was expected/ });
  const seq = aLayout([{ name: 's', at: 0, type: 'i8', role: 'seq' }]);
  assert.throws(() => metricsOf(seq, 'ff'), { detail: /is -1; a sequence number was expected/ });
  assert.throws(() => compileLayout(exact, 'x'.repeat(LIMITS.metricNameCharsMax.value)), {
    detail: /metric name/,
  });
});

test('compileLayout never throws but a fault, whatever fields and bytes', () => {
  const field = fc.record({
    at: fc.nat(20),
    type: fc.constantFrom<LayoutField['type']>('u8', 'i24', 'u64', 'i64', 'f32', 'f64', 'text'),
    scale: fc.option(fc.double({ noNaN: true, noDefaultInfinity: true }), { nil: undefined }),
  });
  fc.assert(
    fc.property(
      fc.array(field, { minLength: 1, maxLength: 9 }),
      fc.uint8Array({ maxLength: 40 }),
      (parts, bytes) => {
        const fields = parts.map(({ scale, ...one }, i): LayoutField => {
          if (one.type === 'text') return { ...one, name: `f${i}`, length: 3 };
          return { ...one, name: `f${i}`, ...(scale === undefined ? {} : { scale }) };
        });
        const read = compileLayout({ length: 28, allowLonger: true, endian: 'big', fields }, '');
        try {
          for (const value of read(Buffer.from(bytes)).message.metrics.values())
            assert.ok(typeof value !== 'number' || Number.isFinite(value));
        } catch (fault) {
          assert.ok(fault instanceof Error || Reflect.has(Object(fault), 'reason'));
          if (fault instanceof Error) throw fault;
        }
      },
    ),
  );
});

test('scalingOf gives the double nearest to the decimal result', () => {
  for (const [raw, scale, add, wanted] of [
    [3, 0.1, 0, 0.3],
    [-257, 0.01, -40, -42.57],
    [7, 1e-3, 0.5, 0.507],
    [12, 2.5, 0, 30],
    [1, 1e21, 0, 1e21],
  ] as const)
    assert.equal(scalingOf(scale, add)(raw), wanted);
  fc.assert(
    fc.property(fc.integer({ min: -32768, max: 32767 }), fc.constantFrom(1, 2, 3, 4), (raw, places) => {
      assert.equal(scalingOf(Number(`1e-${places}`), 0)(raw), Number(`${raw}e-${places}`) + 0);
    }),
  );
});
