import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { LIMITS } from '../limits.ts';
import { type GOLDEN, goldenBytes } from '../testing/golden-payloads.ts';
import { type Outcome, PayloadProbe } from '../testing/payload-source.ts';
import { SAMPLE_MICROS } from '../testing/record-builder.ts';
import { SparkplugBook, type SparkplugOutcome } from './sparkplug-book.ts';

/** A host that hears one edge node. */
class Host {
  readonly probe = new PayloadProbe();

  /** Takes a message of the edge node `e` of the group `g`, or of its device `d`. */
  hear(type: string, bytes: Uint8Array): Outcome & SparkplugOutcome {
    const topic = `spBv1.0/g/${type}/e${type.startsWith('D') ? '/d' : ''}`;
    const outcome = this.probe.read(bytes, {}, undefined, topic);
    const step = this.probe.reader.sparkplug?.step;
    assert.ok(step);
    return { ...outcome, ...this.probe.book.commit(step, this.probe.offset - 1) };
  }

  golden(type: string, name: keyof typeof GOLDEN): Outcome & SparkplugOutcome {
    return this.hear(type, goldenBytes(name));
  }
}

/** A payload with one double by its alias. */
function dataOf(seq: number, alias = 10, value = 0.5): Uint8Array {
  const metric = new BinaryWriter()
    .tag(2, WireType.Varint)
    .uint64(alias)
    .tag(13, WireType.Bit64)
    .double(value);
  return payloadOf(seq, [metric]);
}

function payloadOf(seq: number, metrics: readonly BinaryWriter[], timestamp = 1_767_225_600_000): Uint8Array {
  const payload = new BinaryWriter().tag(1, WireType.Varint).uint64(timestamp);
  for (const metric of metrics) payload.tag(2, WireType.LengthDelimited).bytes(metric.finish());
  return payload.tag(3, WireType.Varint).uint64(seq).finish();
}

/** A metric of a birth. */
function born(name: string, type: number, alias: number): BinaryWriter {
  const named = new BinaryWriter().tag(1, WireType.LengthDelimited).string(name);
  return named.tag(2, WireType.Varint).uint64(alias).tag(4, WireType.Varint).uint32(type);
}

test('SparkplugBook reads every data type of a birth of another encoder', () => {
  const { elements, fault, lives } = new Host().golden('NBIRTH', 'nodeBirth');
  assert.equal(fault, undefined);
  assert.deepEqual(lives, [{ deviceId: 'g:e', kind: 'connected', reason: 'sparkplug-birth' }]);
  assert.deepEqual(elements, [
    {
      device: undefined,
      micros: SAMPLE_MICROS,
      metrics: {
        'Node Control/Rebirth': false,
        i8: -5,
        i16: -300,
        i32: -2147483648,
        i64: -9223372036854775807n,
        u8: 250,
        u16: 65535,
        u32: 4294967295,
        u64: 18446744073709551615n,
        float: Math.fround(25.3),
        double: 0.1,
        boolean: true,
        string: 'grün',
        when: 1767225600000,
        uuid: 'f81d4fae-7dec-11d0-a765-00a0c91e6bf6',
        bytes: 'AQL_',
        table: '{"columns":["a","b"],"rows":[[1,"x"],[-2,"y"]]}',
        'pump.rpm': 900,
        'pump.on': true,
      },
    },
  ]);
});

test('SparkplugBook follows a life from birth to death: aliases, times of metrics, devices', () => {
  const host = new Host();
  host.golden('NBIRTH', 'nodeBirth');
  const data = host.golden('NDATA', 'nodeData');
  assert.deepEqual(data.elements, [
    { device: undefined, micros: SAMPLE_MICROS + 1e6, metrics: { i8: -6, i64: -42 } },
    { device: undefined, micros: SAMPLE_MICROS + 9e5, metrics: { float: 1.5 } },
    { device: undefined, micros: SAMPLE_MICROS + 1e6, metrics: { nothing: 7 } },
    { device: undefined, micros: SAMPLE_MICROS - 60e6, metrics: { double: 9.5 } },
  ]);
  assert.deepEqual(data.number, { epoch: '7.1767225600000', seq: 1 });
  assert.deepEqual(host.golden('DBIRTH', 'deviceBirth').elements[0]?.metrics, { temp: 20.5, count: 1 });
  const device = host.golden('DDATA', 'deviceData');
  assert.deepEqual(device.elements[0]?.metrics, { temp: 21.25, count: 2 });
  assert.deepEqual(device.number, { epoch: '7.1767225600000', seq: 3 });
  assert.deepEqual(host.golden('NDEATH', 'oldDeath').lives, [], 'a death of an earlier session');
  assert.deepEqual(host.golden('NDEATH', 'nodeDeath').lives, [
    { deviceId: 'g:e', kind: 'disconnected', reason: 'sparkplug-death' },
    { deviceId: 'g:e:d', kind: 'disconnected', reason: 'sparkplug-death' },
  ]);
  assert.deepEqual(host.golden('NDEATH', 'nodeDeath').lives, [], 'nobody dies twice');
  const late = host.hear('DDATA', dataOf(4, 100));
  assert.match(String(late.fault), /alias 100 has no meaning: no birth of g:e:d is in force/);
  assert.equal(late.wanted?.reason, 'no-birth');
});

test('SparkplugBook asks for a birth once: of a node that it does not know, behind a gap, for an unknown alias', () => {
  const stranger = new Host();
  const first = stranger.hear('NDATA', dataOf(9));
  assert.deepEqual(first.wanted, {
    tenant: 'acme',
    project: 'plant',
    group: 'g',
    node: 'e',
    reason: 'no-birth',
  });
  assert.equal(stranger.hear('NDATA', dataOf(10)).wanted, undefined);
  assert.equal(stranger.probe.book.wanted.length, 1);
  stranger.golden('NBIRTH', 'nodeBirth');
  assert.deepEqual(stranger.probe.book.wanted, []);
  const known = stranger.hear('NDATA', dataOf(1, 99));
  assert.match(String(known.fault), /alias 99 is not among the metrics that g:e was born with/);
  assert.equal(known.wanted?.reason, 'unknown-alias');
  const gapped = new Host();
  gapped.golden('NBIRTH', 'nodeBirth');
  const gap = gapped.hear('NDATA', dataOf(4));
  assert.deepEqual([gap.number?.seq, gap.wanted?.reason, gap.fault], [4, 'sequence-gap', undefined]);
});

test('SparkplugBook counts on over 255, and takes a small step back for a late message', () => {
  const host = new Host();
  host.golden('NBIRTH', 'nodeBirth');
  for (let i = 1; i <= 600; i++) assert.equal(host.hear('NDATA', dataOf(i % 256)).number?.seq, i);
  assert.equal(host.hear('NDATA', dataOf(603 % 256)).number?.seq, 603);
  assert.equal(host.hear('NDATA', dataOf(602 % 256)).number?.seq, 602);
  assert.equal(host.hear('NDATA', dataOf(604 % 256)).number?.seq, 604);
  assert.equal(host.hear('NDATA', dataOf(604 % 256)).number, undefined, 'the same number again');
});

test('SparkplugBook keeps no birth that comes twice, and forgets devices with a new one', () => {
  const host = new Host();
  host.golden('NBIRTH', 'nodeBirth');
  host.hear('NDATA', dataOf(1));
  assert.deepEqual(host.golden('NBIRTH', 'nodeBirth').lives, []);
  assert.deepEqual(host.hear('NDATA', dataOf(2)).number?.seq, 2, 'numbers are not set back');
  host.hear('DBIRTH', payloadOf(3, [born('t', 10, 5)]));
  assert.deepEqual(host.hear('DDATA', dataOf(4, 5)).elements[0]?.metrics, { t: 0.5 });
  host.hear('NBIRTH', payloadOf(0, [born('t', 10, 1)], 1_767_225_700_000));
  assert.match(String(host.hear('DDATA', dataOf(1, 5)).fault), /no birth of g:e:d is in force/);
  assert.match(
    String(host.hear('NDATA', dataOf(2, 10)).fault),
    /not among the metrics/,
    'aliases of the birth before',
  );
});

test('SparkplugBook takes metrics by name, with the type of the birth or one of their own', () => {
  const named = (name: string, type: number | undefined, value: number) => {
    const metric = new BinaryWriter().tag(1, WireType.LengthDelimited).string(name);
    if (type !== undefined) metric.tag(4, WireType.Varint).uint32(type);
    return metric.tag(10, WireType.Varint).uint32(value);
  };
  const host = new Host();
  host.hear('NBIRTH', payloadOf(0, [born('a', 1, 1), born('b', 5, 2)]));
  const { elements } = host.hear(
    'NDATA',
    payloadOf(1, [named('a', undefined, 0xff), named('b', undefined, 0xff), named('c', 2, 0xffff)]),
  );
  assert.deepEqual(elements[0]?.metrics, { a: -1, b: 255, c: -1 });
  assert.match(String(host.hear('NDATA', payloadOf(2, [named('d', undefined, 1)])).fault), /The metric "d"/);
  assert.deepEqual(new Host().hear('NDATA', payloadOf(1, [named('c', 2, 1)])).elements[0]?.metrics, { c: 1 });
});

test('SparkplugBook keeps the types of template members from births, over a restart, and sets aside what has none', () => {
  type Member = readonly [
    name: string,
    type: number | undefined,
    value: bigint | undefined,
    inner?: BinaryWriter,
  ];
  const templateOf = (into: BinaryWriter, ...members: Member[]): BinaryWriter => {
    const template = new BinaryWriter();
    for (const [name, type, value, inner] of members) {
      const member = inner ?? new BinaryWriter();
      member.tag(1, WireType.LengthDelimited).string(name);
      if (type !== undefined) member.tag(4, WireType.Varint).uint32(type);
      if (value !== undefined)
        member.tag(type === 3 || name === 'a' ? 10 : 11, WireType.Varint).uint64(value);
      template.tag(2, WireType.LengthDelimited).bytes(member.finish());
    }
    return into.tag(18, WireType.LengthDelimited).bytes(template.finish());
  };
  const [low, high] = [0xffff_ffffn, 0xffff_ffff_ffff_ffffn];
  const pump = () => new BinaryWriter().tag(2, WireType.Varint).uint64(1);
  const birth = templateOf(
    born('pump', 19, 1),
    ['a', 3, low],
    ['b', 4, high],
    ['motor', 19, undefined, templateOf(new BinaryWriter(), ['a', 3, low])],
  );
  const host = new Host();
  const values = { 'pump.a': -1, 'pump.b': -1, 'pump.motor.a': -1 };
  assert.deepEqual(host.hear('NBIRTH', payloadOf(0, [birth])).elements[0]?.metrics, values);
  const data = (...members: Member[]) => payloadOf(1, [templateOf(pump(), ...members)]);
  const untyped: Member[] = [
    ['a', undefined, low],
    ['b', undefined, high],
    ['motor', undefined, undefined, templateOf(new BinaryWriter(), ['a', undefined, low])],
  ];
  assert.equal(host.probe.book.size.metrics, 5);
  assert.deepEqual(host.hear('NDATA', data(...untyped)).elements[0]?.metrics, values);
  const restored = new PayloadProbe();
  restored.book.restore(host.probe.book.takeRows());
  restored.offset = host.probe.offset;
  Object.assign(host, { probe: restored });
  assert.equal(host.probe.book.size.metrics, 5);
  untyped[2] = ['motor', undefined, undefined, templateOf(new BinaryWriter(), ['a', undefined, low])];
  assert.deepEqual(host.hear('NDATA', data(...untyped)).elements[0]?.metrics, values);
  const stranger = host.hear('NDATA', data(['c', undefined, low]));
  assert.deepEqual(stranger.elements, []);
  assert.match(String(stranger.fault), /"pump.c" holds a whole number without a data type/);
  assert.equal(stranger.wanted?.reason, 'unknown-alias');
  assert.deepEqual(host.hear('NDATA', data(['c', 7, low])).elements[0]?.metrics, { 'pump.c': 4294967295 });
});

test('SparkplugBook reads packed arrays of Sparkplug 3.0, and NaN as no point', () => {
  const arrayOf = (name: string, type: number, bytes: readonly number[]) =>
    born(name, type, 1).tag(16, WireType.LengthDelimited).bytes(Uint8Array.from(bytes));
  const nan = born('nan', 9, 3).tag(12, WireType.Bit32).float(Number.NaN);
  const { elements, fault } = new Host().hear(
    'NBIRTH',
    payloadOf(0, [
      // the examples of the specification, 6.4.17
      arrayOf('int8', 22, [0xef, 0x7b]),
      arrayOf('int16', 23, [0x30, 0x8a, 0x30, 0x75]),
      arrayOf('uint32', 28, [0x34, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff]),
      arrayOf('uint64', 29, [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]),
      arrayOf('boolean', 32, [0x0c, 0x00, 0x00, 0x00, 0x34, 0xb0]),
      arrayOf('string', 33, [0x41, 0x42, 0x43, 0x00, 0x68, 0x65, 0x6c, 0x6c, 0x6f, 0x00]),
      nan,
    ]),
  );
  assert.equal(fault, undefined);
  assert.deepEqual(elements[0]?.metrics, {
    'int8.0': -17,
    'int8.1': 123,
    'int16.0': -30160,
    'int16.1': 30000,
    'uint32.0': 52,
    'uint32.1': 4294967295,
    'uint64.0': 18446744073709551615n,
    boolean: '[false,false,true,true,false,true,false,false,true,false,true,true]',
    string: '["ABC","hello"]',
  });
});

test('SparkplugBook says what a payload cannot be, and goes on counting', () => {
  const host = new Host();
  host.golden('NBIRTH', 'nodeBirth');
  const broken: [Uint8Array, RegExp][] = [
    [Buffer.from([0x12, 0x7f]), /cannot be read/],
    [Buffer.from([0x08, 0xff]), /cannot be read/],
    [Buffer.from([0x0a, 0x00]), /field 1 of the Sparkplug payload has the wire type 2; 0 was expected/],
    [payloadOf(256, []), /sequence number is 256/],
    [payloadOf(1, [born('x', 99, 50).tag(10, WireType.Varint).uint32(1)]), /data type 99/],
    [payloadOf(2, [born('x', 12, 50).tag(10, WireType.Varint).uint32(1)]), /a number as String/],
    [payloadOf(3, [born('x', 22, 50).tag(10, WireType.Varint).uint32(1)]), /a number as an array/],
  ];
  for (const [bytes, words] of broken) assert.match(String(host.hear('NDATA', bytes).fault), words);
  assert.deepEqual(host.hear('NDATA', dataOf(4)).wanted, undefined, 'no gap: what could be counted was');
  const nameless = new BinaryWriter().tag(2, WireType.Varint).uint64(1);
  assert.match(String(host.hear('DBIRTH', payloadOf(5, [nameless])).fault), /has no name/);
  const many = Array.from({ length: LIMITS.recordPointsMax.value + 1 }, () => nameless);
  assert.match(String(host.hear('NDATA', payloadOf(6, many)).fault), /more than 8192 metrics/);
  let nested = new BinaryWriter();
  for (let i = 0; i < 20; i++) {
    const template = new BinaryWriter().tag(2, WireType.LengthDelimited).bytes(nested.finish());
    nested = new BinaryWriter().tag(18, WireType.LengthDelimited).bytes(template.finish());
  }
  assert.match(String(host.hear('NDATA', payloadOf(7, [nested])).fault), /beyond 8 levels/);
});

test('SparkplugBook that is restored from its rows goes on as the one that wrote them', () => {
  const host = new Host();
  const other = new Host();
  for (const one of [host, other]) {
    one.golden('NBIRTH', 'nodeBirth');
    one.golden('NDATA', 'nodeData');
    one.golden('DBIRTH', 'deviceBirth');
    one.golden('DDATA', 'deviceData');
  }
  const rows = [...host.probe.book.takeRows()];
  assert.deepEqual(host.probe.book.takeRows(), [], 'told once');
  const restored = new PayloadProbe();
  assert.deepEqual(
    restored.book.restore([{ pipeline: 'origins', part: 'x', body: '{}' }, ...rows]).length,
    1,
  );
  restored.offset = other.probe.offset;
  Object.assign(host, { probe: restored });
  assert.deepEqual(restored.book.size, other.probe.book.size);
  for (const [type, bytes] of [
    ['NDATA', dataOf(4, 9)],
    ['DDATA', dataOf(7, 100, 3)],
    ['DDEATH', goldenBytes('deviceDeath')],
    ['NDEATH', goldenBytes('nodeDeath')],
    ['NDATA', dataOf(8)],
  ] as const)
    assert.deepEqual(host.hear(type, bytes), other.hear(type, bytes), type);
  const [mine, others] = [restored.book.takeRows(), other.probe.book.takeRows()];
  assert.equal(mine.length, 3);
  assert.deepEqual(mine.toSorted(byPart), others.toSorted(byPart));
});

function byPart(a: { readonly part: string }, b: { readonly part: string }): number {
  return a.part < b.part ? -1 : 1;
}

test('SparkplugBook fails with stages-damaged for a row that is none', () => {
  for (const part of ['node:["t","p","g","e"]', 'birth:["[]",""]'])
    assert.throws(() => new SparkplugBook().restore([{ pipeline: 'sparkplug', part, body: '{' }]), {
      code: 'stages-damaged',
    });
});
