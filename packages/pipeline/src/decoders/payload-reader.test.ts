import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import { LIMITS } from '../limits.ts';
import { GOLDEN, goldenBytes } from '../testing/golden-payloads.ts';
import { PayloadProbe } from '../testing/payload-source.ts';
import { SAMPLE_MICROS } from '../testing/record-builder.ts';
import { formatOf } from './payload-format.ts';

const CBOR = { contentType: 'application/cbor' };
const MSGPACK = { contentType: 'application/msgpack' };
const LINES = { contentType: 'application/vnd.influxdb.line-protocol' };

/** What every golden document of the kind says. */
const DOCUMENT = {
  temp: 20.5,
  half: 1.5,
  big: 1900000000000000001n,
  neg: -9223372036854775808n,
  ok: true,
  name: 'grün',
  tags: '["a","b"]',
  'xyz.0': 1,
  'xyz.1': 2,
  'xyz.2': 3.5,
  'nested.deep.v': -0,
  raw: 'AQL_',
};

test('PayloadReader reads the CBOR of another encoder, numbers exact, NaN no point', () => {
  const { elements, fault } = new PayloadProbe().read(goldenBytes('cbor'), CBOR);
  assert.equal(fault, undefined);
  assert.deepEqual(elements, [
    {
      device: 'd1',
      micros: SAMPLE_MICROS,
      metrics: { ...DOCUMENT, huge: 2n ** 70n, at: '2026-01-01T00:00:00Z' },
    },
  ]);
  assert.ok(Object.is(elements[0]?.metrics['nested.deep.v'], -0));
  const canonical = new PayloadProbe().read(goldenBytes('cborCanonical'), CBOR);
  assert.deepEqual(canonical.elements, [{ device: 'd1', micros: SAMPLE_MICROS, metrics: DOCUMENT }]);
});

test('PayloadReader reads examples of RFC 8949, Appendix A', () => {
  const read = (hex: string) => {
    const { fault, elements } = new PayloadProbe().read(Buffer.from(hex, 'hex'), CBOR);
    return fault ?? elements[0]?.metrics;
  };
  for (const [hex, wanted] of [
    ['00', { value: 0 }],
    ['1903e8', { value: 1000 }],
    ['1bffffffffffffffff', { value: 18446744073709551615n }],
    ['c249010000000000000000', { value: 18446744073709551616n }],
    ['3bffffffffffffffff', { value: -18446744073709551616n }],
    ['c349010000000000000000', { value: -18446744073709551617n }],
    ['f93c00', { value: 1 }],
    ['f90001', { value: 2 ** -24 }],
    ['fb7e37e43c8800759c', { value: 1e300 }],
    ['f97c00', {}],
    ['f97e00', {}],
    ['f6', {}],
    ['64f0908591', { value: '𐅑' }],
    ['4401020304', { value: 'AQIDBA' }],
    ['83010203', { 'value.0': 1, 'value.1': 2, 'value.2': 3 }],
    ['9f010203ff', { 'value.0': 1, 'value.1': 2, 'value.2': 3 }],
    ['bf6346756ef563416d7421ff', { Fun: true, Amt: -2 }],
    ['a201020304', { 1: 2, 3: 4 }],
    ['a56161614161626142616361436164614461656145', { a: 'A', b: 'B', c: 'C', d: 'D', e: 'E' }],
  ] as const)
    assert.deepEqual(read(hex), wanted, hex);
  for (const [hex, words] of [
    ['f0', /simple|not supported|cannot be read/i],
    ['c48221196ab3', /The tag 4 stands before/],
    ['62ff', /cannot be read/],
    ['62fffe', /not UTF-8/],
    ['0000', /ends at byte 1 of 2/],
    ['a1', /ends at byte 1 inside of an item/],
    ['', /ends at byte 0/],
    ['9b7fffffffffffffff', /CBOR/],
    ['81'.repeat(100_000), /deeper than 32/],
    ['c1'.repeat(100_000), /deeper than 32/],
  ] as const)
    assert.match(String(read(hex)), words, hex.slice(0, 40));
});

test('PayloadReader reads the MessagePack of another encoder, numbers exact, NaN no point', () => {
  const { elements, fault } = new PayloadProbe().read(goldenBytes('messagePack'), MSGPACK);
  assert.equal(fault, undefined);
  assert.deepEqual(elements, [
    {
      device: 'd1',
      micros: SAMPLE_MICROS,
      metrics: { ...DOCUMENT, u64: 18446744073709551615n, single: '2026-01-01T00:00:00.000000005Z' },
    },
  ]);
});

test('PayloadReader says what MessagePack cannot be, before it makes room for it', () => {
  for (const [hex, words] of [
    ['', /ends at byte 0/],
    ['c1', /0xc1/],
    ['ddffffffff', /needs 4294967300 bytes at least; 5 are left/],
    ['91'.repeat(100_000), /deeper than 32/],
    ['a2fffe', /not UTF-8/],
    ['c702050000', /extension of the type 5/],
    ['0101', /ends at byte 1 of 2/],
    ['81c001', /cannot be read/],
    ['c70cff000000007fffffffffffffff', /MessagePack/],
  ] as const)
    assert.match(
      String(new PayloadProbe().read(Buffer.from(hex, 'hex'), MSGPACK).fault),
      words,
      hex.slice(0, 40),
    );
});

test('PayloadReader reads the line protocol of another encoder', () => {
  const { elements, fault } = new PayloadProbe().read(goldenBytes('lineProtocol'), LINES);
  assert.equal(fault, undefined);
  assert.deepEqual(elements, [
    {
      device: 'web 01',
      micros: SAMPLE_MICROS,
      metrics: {
        'cpu,cpu=cpu0.n': 9007199254740993n,
        'cpu,cpu=cpu0.note': 'say "hi", a=b\\ c',
        'cpu,cpu=cpu0.up': true,
        'cpu,cpu=cpu0.usage_idle': 97.5,
      },
    },
    {
      device: undefined,
      micros: SAMPLE_MICROS,
      metrics: { 'wea,ther station,lo=c=at,h ome.te mp': -1.5e-7 },
    },
  ]);
});

test('PayloadReader reads every form of a line, and tells the line that it cannot read', () => {
  const read = (text: string, topic?: string) =>
    new PayloadProbe().read(Buffer.from(text), LINES, undefined, topic);
  const forms = read('# a comment\r\n\nm a=1i,b=2u,c=t,d=FALSE,e="x\ny",f=-1e3,g=.5,h=1.\r\n\n');
  assert.deepEqual(forms.elements, [
    {
      device: undefined,
      micros: undefined,
      metrics: {
        'm.a': 1,
        'm.b': 2,
        'm.c': true,
        'm.d': false,
        'm.e': 'x\ny',
        'm.f': -1000,
        'm.g': 0.5,
        'm.h': 1,
      },
    },
  ]);
  // a device of the topic leaves every tag in the series
  const named = read('m,host=a v=1', 'iot/t/p/d/telemetry');
  assert.deepEqual(named.elements[0]?.metrics, { 'm,host=a.v': 1 });
  assert.equal(read('m,deviceId=x,host=y v=1').elements[0]?.device, 'x');
  for (const [text, words] of [
    ['m v=1\nm v', /Line 2 of the line protocol holds "" where "=" was expected/],
    ['m v=9223372036854775808i', /the integer 9223372036854775808/],
    ['m v=-1u', /v=-1u/],
    ['m v=NaN', /v=NaN/],
    ['m v=1e999', /v=1e999/],
    ['m v="a', /a text without an end/],
    ['m,a=1,a=2 v=1', /the tag a=2/],
    ['m,a= v=1', /the tag a=/],
    [',a=b v=1', /without a measurement/],
    ['m v=1 12x', /the time 12x/],
    ['m v=1 12 13', /"1"/],
    ['m', /where " " was expected/],
    [`m v="${'x'.repeat(LIMITS.textBytesMax.value + 1)}"`, /more than 65536 bytes/],
  ] as const)
    assert.match(String(read(text).fault), words, text.slice(0, 40));
  assert.match(
    String(new PayloadProbe().read(Buffer.from([0x6d, 0xff]), LINES).fault),
    /Byte 1 of the payload/,
  );
  assert.match(
    String(read('m v=1\n'.repeat(LIMITS.recordPointsMax.value + 1)).fault),
    /more than 8192 lines/,
  );
});

test('PayloadReader takes a number as long as a payload in one go', () => {
  const long = Buffer.from(`m v=${'1'.repeat(2 ** 20)}x`);
  assert.match(String(new PayloadProbe().read(long, LINES).fault), /Line 1 of the line protocol holds v=111/);
});

test('PayloadReader decompresses what others compressed, told by property, by content type, or by a pipeline', () => {
  const wanted = [{ device: undefined, micros: undefined, metrics: { temp: 21.5 } }];
  const probe = new PayloadProbe();
  for (const name of ['gzip', 'zstd', 'zstandard'] as const) {
    const encoding = name === 'gzip' ? 'gzip' : 'zstd';
    const bytes = goldenBytes(name);
    assert.deepEqual(probe.read(bytes, { contentEncoding: encoding }).elements, wanted, name);
    assert.deepEqual(probe.read(bytes, { contentType: `application/json+${encoding}` }).elements, wanted);
    assert.deepEqual(probe.read(bytes, { contentType: `application/${encoding}` }).elements, wanted);
    const declared = { contentType: 'auto', contentEncoding: encoding } as const;
    assert.deepEqual(probe.read(bytes, {}, declared).elements, wanted);
  }
  const packed = gzipSync(goldenBytes('cborCanonical'));
  assert.deepEqual(probe.read(packed, { ...CBOR, contentEncoding: 'GZIP' }).elements[0]?.metrics, DOCUMENT);
});

test('PayloadReader refuses a bomb, broken compression and one that is not known, in words', () => {
  const probe = new PayloadProbe();
  const bomb = Buffer.alloc(LIMITS.inflatedBytesMax.value + 1, 0x20);
  for (const [bytes, contentEncoding, words] of [
    [gzipSync(bomb), 'gzip', /holds more than 4194304 bytes/],
    [zstdCompressSync(bomb), 'zstd', /holds more than 4194304 bytes/],
    [Buffer.from('{"temp":1}'), 'gzip', /cannot be decompressed as gzip/],
    [goldenBytes('gzip').subarray(0, 20), 'gzip', /cannot be decompressed as gzip/],
    [goldenBytes('zstd').subarray(0, 20), 'zstd', /cannot be decompressed as zstd/],
    [Buffer.from('{"temp":1}'), 'br', /compressed as "br"; gzip, zstd or identity was expected/],
  ] as const)
    assert.match(String(probe.read(bytes, { contentEncoding }).fault), words);
  assert.equal(
    probe.read(gzipSync(bomb.subarray(1)), { contentEncoding: 'gzip' }).fault?.includes('empty'),
    true,
  );
});

test('formatOf takes Sparkplug topics, then what pipelines declare, then the record, then JSON', () => {
  const label = (contentType: string, contentEncoding = '') => ({ contentType, contentEncoding });
  const cases: [Parameters<typeof formatOf>, string, string][] = [
    [[false, undefined, label('')], 'application/json', 'identity'],
    [[false, undefined, label('text/plain')], 'application/json', 'identity'],
    [
      [false, undefined, label('Application/SenML+JSON; charset=utf-8')],
      'application/senml+json',
      'identity',
    ],
    [[false, undefined, label('application/vnd.msgpack')], 'application/msgpack', 'identity'],
    [[false, undefined, label('application/cbor+zstd')], 'application/cbor', 'zstd'],
    [[false, undefined, label('application/cbor+zstd', 'gzip')], 'application/cbor', 'gzip'],
    [[false, { contentType: 'application/json' }, label('application/cbor')], 'application/json', 'identity'],
    [
      [false, { contentType: 'auto', contentEncoding: 'identity' }, label('application/cbor', 'gzip')],
      'application/cbor',
      'identity',
    ],
    [[true, { contentType: 'application/json' }, label('application/cbor', 'zstd')], 'sparkplug', 'zstd'],
  ];
  for (const [[isSparkplug, decode, told], type, encoding] of cases)
    assert.deepEqual(formatOf(isSparkplug, decode, told), { type, encoding });
});

const LAYOUT = {
  length: 8,
  allowLonger: true,
  endian: 'big',
  fields: [
    { name: 'a', at: 0, type: 'f64' },
    { name: 'b', at: 0, type: 'text', length: 4 },
  ],
} as const;

test('PayloadReader makes points or a fault of any bytes and of any mutation of good ones, never an exception', () => {
  const golden = Object.keys(GOLDEN) as (keyof typeof GOLDEN)[]; // its own keys
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc
      .tuple(
        fc.constantFrom(...golden),
        fc.array(fc.tuple(fc.nat(400), fc.nat(255)), { maxLength: 6 }),
        fc.nat(400),
      )
      .map(([name, changes, cut]) => {
        const mutated = Buffer.from(goldenBytes(name));
        for (const [at, byte] of changes) mutated[at % mutated.length] = byte;
        return mutated.subarray(0, cut < 200 ? mutated.length : cut - 200);
      }),
  );
  const topics = ['NBIRTH/e', 'DBIRTH/e/d', 'NDATA/e', 'DDATA/e/d', 'NDEATH/e', 'DDEATH/e/d'];
  const probe = new PayloadProbe();
  fc.assert(
    fc.property(
      bytes,
      fc.constantFrom('', 'gzip', 'zstd'),
      fc.constantFrom(...topics),
      (found, contentEncoding, topic) => {
        for (const label of [CBOR, MSGPACK, LINES, {}]) probe.read(found, { ...label, contentEncoding });
        probe.read(found, {}, { contentType: 'application/octet-stream', layout: LAYOUT });
        probe.read(found, {}, undefined, `spBv1.0/g/${topic}`);
        const step = probe.reader.sparkplug?.step;
        if (step) probe.book.commit(step, probe.offset);
      },
    ),
    { numRuns: 500 },
  );
});
