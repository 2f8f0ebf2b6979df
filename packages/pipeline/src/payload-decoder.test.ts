import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { DecodeFault } from './decode-fault.ts';
import { DecodedRecord } from './decoded-record.ts';
import { PayloadDecoder } from './payload-decoder.ts';

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

const record = new DecodedRecord();
const decoder = new PayloadDecoder(record);

function decode(payload: string | Uint8Array, prefix = '') {
  const bytes = Buffer.from(payload);
  const fault = decoder.decode(bytes, 0, bytes.length, prefix);
  if (fault) return fault;
  let at = 0;
  const elements = record.elements.slice(0, record.elementCount).map((element) => {
    const points: [string, unknown][] = [];
    for (; at < element.end; at++) points.push([record.nodes[at]?.name ?? '', record.value(at)]);
    return { device: element.device, time: element.time, points };
  });
  return { elements, messageId: record.messageId, seq: record.seq, epoch: record.epoch };
}

function points(payload: string | Uint8Array, prefix = ''): [string, unknown][] {
  const found = decode(payload, prefix);
  if (found instanceof DecodeFault) assert.fail(found.detail);
  return found.elements.flatMap((element) => element.points);
}

function fault(payload: string | Uint8Array): DecodeFault {
  const found = decode(payload);
  assert.ok(found instanceof DecodeFault, `${payload.slice(0, 40)} was decoded`);
  return found;
}

test('PayloadDecoder nests objects by dots and keeps numbers, booleans and texts', () => {
  const payload =
    '{"deviceId":"sensor-001","timestamp":1732715160,"temperature":25.3,"on":true,"s":"a\\nß","n":null,"a":{"b":{"c":-0}},"e":-1.5E-3}';
  assert.deepEqual(decode(payload), {
    elements: [
      {
        device: 'sensor-001',
        time: 1732715160,
        points: [
          ['temperature', 25.3],
          ['on', true],
          ['s', 'a\nß'],
          ['a.b.c', -0],
          ['e', -0.0015],
        ],
      },
    ],
    messageId: undefined,
    seq: undefined,
    epoch: undefined,
  });
});

test('PayloadDecoder keeps integers beyond 2^53 exact and smaller ones as numbers', () => {
  assert.deepEqual(points('[{"a":9007199254740993,"b":-9007199254740993},{"a":9007199254740992}]'), [
    ['a', 9007199254740993n],
    ['b', -9007199254740993n],
    ['a', 9007199254740992],
  ]);
  assert.equal(fault(`{"a":${'9'.repeat(79)}}`).reason, 'undecodable');
  assert.equal(fault('{"a":1e400}').reason, 'undecodable');
  for (const id of ['.', '..'])
    assert.match(fault(`{"deviceId":"${id}","a":1}`).detail, /is \. or \.\.; 1 to 128 .* were expected/);
});

test('PayloadDecoder takes the ids of device, message, sequence and epoch out of the metrics', () => {
  const found = decode(
    '{"id":1900000000000000001,"messageId":"m-1","seq":7,"bootId":3,"ts":"2025-11-28","v":1}',
  );
  assert.ok(!(found instanceof DecodeFault));
  assert.equal(found.elements[0]?.device, '1900000000000000001');
  assert.equal(found.elements[0]?.time, '2025-11-28');
  assert.deepEqual([found.messageId, found.seq, found.epoch], ['m-1', 7, '3']);
  assert.deepEqual(found.elements[0]?.points, [['v', 1]]);
});

test('PayloadDecoder prefers deviceId to device_id to id, wherever they stand', () => {
  const found = decode('{"id":"c","deviceId":"a","device_id":"b"}');
  assert.ok(!(found instanceof DecodeFault));
  assert.equal(found.elements[0]?.device, 'a');
  assert.deepEqual(found.elements[0]?.points, []);
});

test('PayloadDecoder keeps values that do not fit their reserved key as metrics', () => {
  assert.deepEqual(points('{"id":{"x":1},"seq":-3,"time":true}'), [
    ['id.x', 1],
    ['seq', -3],
    ['time', true],
  ]);
});

test('PayloadDecoder gives each element of an array its own device and time', () => {
  const found = decode('[{"deviceId":"a","ts":1,"v":1,"seq":4},{"deviceId":"b","v":2,"w":3},{}]');
  assert.ok(!(found instanceof DecodeFault));
  assert.deepEqual(found.elements, [
    { device: 'a', time: 1, points: [['v', 1]] },
    {
      device: 'b',
      time: undefined,
      points: [
        ['v', 2],
        ['w', 3],
      ],
    },
    { device: undefined, time: undefined, points: [] },
  ]);
  assert.equal(found.seq, undefined);
});

test('PayloadDecoder names bare values by the prefix, else value', () => {
  assert.deepEqual(points('23.5'), [['value', 23.5]]);
  assert.deepEqual(points(' true ', 'hall.lamp'), [['hall.lamp', true]]);
  assert.deepEqual(points('"on"', 'lamp'), [['lamp', 'on']]);
  assert.deepEqual(points('{"x":1}', 'lamp'), [['lamp.x', 1]]);
  assert.deepEqual(points('[1,2]'), [
    ['value.0', 1],
    ['value.1', 2],
  ]);
  assert.deepEqual(points('[]'), []);
  assert.deepEqual(points('{}'), []);
});

test('PayloadDecoder keeps arrays of up to 16 numbers by index and others as text', () => {
  const numbers = Array.from({ length: 16 }, (_, i) => i);
  assert.equal(points(JSON.stringify({ a: numbers })).length, 16);
  assert.deepEqual(points(JSON.stringify({ a: [...numbers, 16] })), [
    ['a', JSON.stringify([...numbers, 16])],
  ]);
  assert.deepEqual(points('{"a":[1,"x", {"b":[null,true]}],"c":1}'), [
    ['a', '[1,"x", {"b":[null,true]}]'],
    ['c', 1],
  ]);
  assert.deepEqual(points('{"a":[]}'), [['a', '[]']]);
});

test('PayloadDecoder lets the last of equal keys count', () => {
  assert.deepEqual(points('{"a":1,"b":2,"a":3}'), [
    ['b', 2],
    ['a', 3],
  ]);
  assert.deepEqual(points('{"a":{"x":1,"y":1},"a":{"y":2}}'), [['a.y', 2]]);
  assert.deepEqual(points('{"a":1,"a":null}'), []);
});

test('PayloadDecoder takes __proto__ and constructor as plain names', () => {
  assert.deepEqual(points('{"__proto__":{"polluted":1},"constructor":{"prototype":2}}'), [
    ['__proto__.polluted', 1],
    ['constructor.prototype', 2],
  ]);
  assert.equal(Reflect.get({}, 'polluted'), undefined);
});

test('PayloadDecoder says what it found and where for broken payloads', () => {
  for (const broken of [
    '',
    '{',
    '{"a"',
    '{"a":',
    '{"a":1',
    '{"a":1,',
    '{"a":1,}',
    '{a:1}',
    '{"a":01}',
    '{"a":.5}',
  ])
    assert.equal(fault(broken).reason, 'undecodable');
  for (const broken of [
    '{"a":NaN}',
    '{"a":Infinity}',
    '{"a":-Infinity}',
    'NaN',
    '{"a":1}x',
    '{"a":"\\x"}',
    '{"a":"\t"}',
  ])
    assert.equal(fault(broken).reason, 'undecodable');
  for (const broken of [
    '[1,]',
    '[{},1]',
    '{"a":[1,}',
    '{"a":1.}',
    '{"a":1e}',
    '{"a":-}',
    'tru',
    '{"":1}',
    "{'a':1}",
  ])
    assert.equal(fault(broken).reason, 'undecodable');
  assert.match(fault('{"a":NaN}').detail, /Byte 5 begins "NaN}"/);
});

test('PayloadDecoder takes no word for another, and none that goes on behind the payload', () => {
  for (const broken of ['trxe', 'truE', 'falsy', 'nulx', '{"a":trve}', '[{"a":nill}]'])
    assert.equal(fault(broken).reason, 'undecodable', broken);
  for (const [whole, length] of [
    ['true', 3],
    ['false', 4],
    ['12345', 3],
    ['{"a":true}', 8],
  ] as const) {
    const found = decoder.decode(Buffer.from(whole), 0, length, '');
    if (whole !== '12345') assert.ok(found instanceof DecodeFault, whole);
    else assert.deepEqual([found, record.value(0)], [undefined, 123]);
  }
});

test('PayloadDecoder finds the byte that is not UTF-8', () => {
  assert.match(fault(Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])).detail, /Byte 2 /);
  assert.match(fault(Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22])).detail, /Byte 1 /);
  decode('{"€":1}');
  assert.match(fault(Buffer.from('{"€":1,"b":"\xff"}', 'latin1')).detail, /UTF-8|begins/);
});

test('PayloadDecoder counts room for at least as many bytes of text as it keeps', () => {
  const integer = `-${'9'.repeat(78)}`;
  points(`{"a":${integer},"b":"€€","c":9007199254740993}`);
  assert.ok(record.textBytes >= 2 * integer.length + 6, `${record.textBytes}`);
  points('{"a":1}');
  assert.equal(record.textBytes, 0);
});

test('PayloadDecoder takes as many levels as its limit says', () => {
  const objects = (levels: number) => `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`;
  const arrays = (levels: number) => `{"a":${'['.repeat(levels)}${']'.repeat(levels)}}`;
  assert.deepEqual(points(objects(32)), [[Array(32).fill('a').join('.'), 1]]);
  assert.match(fault(objects(33)).detail, /deeper than 32/);
  assert.deepEqual(points(arrays(31)), [['a', `${'['.repeat(31)}${']'.repeat(31)}`]]);
  assert.match(fault(arrays(32)).detail, /deeper than 32/);
});

test('PayloadDecoder holds its limits', () => {
  assert.match(fault(`${'['.repeat(1000)}${']'.repeat(1000)}`).detail, /deeper than 32/);
  assert.match(fault(`${'{"a":'.repeat(1000)}1${'}'.repeat(1000)}`).detail, /deeper than 32/);
  assert.match(fault(JSON.stringify({ a: 'x'.repeat(1_000_000) })).detail, /1000000 bytes/);
  assert.match(fault(JSON.stringify({ ['x'.repeat(257)]: 1 })).detail, /257 characters/);
  const many = Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [`m${i}`, i]));
  assert.equal(fault(JSON.stringify(many)).reason, 'too-many-points');
  assert.equal(fault(`[${'{},'.repeat(10_000)}{}]`).reason, 'too-many-points');
});

test('PayloadDecoder decodes the next payload rightly after any broken one', () => {
  fc.assert(
    fc.property(fc.json(), fc.nat(), (json, cut) => {
      const bytes = Buffer.from(json);
      decode(bytes.subarray(0, cut % (bytes.length + 1)));
      assert.deepEqual(points('{"a":1,"b":{"c":"x"}}'), [
        ['a', 1],
        ['b.c', 'x'],
      ]);
    }),
  );
});

const PLAIN_KEY = fc
  .string({ unit: 'binary', minLength: 1, maxLength: 8 })
  .filter(
    (key) =>
      !/[\p{Cc}]/u.test(key) &&
      !/^(deviceId|device_id|id|timestamp|ts|time|messageId|seq|epoch|bootId)$/.test(key),
  );
const { tree } = fc.letrec<{ tree: Json; object: { [key: string]: Json } }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 4 },
    fc.constant(null),
    fc.boolean(),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.string({ unit: 'binary' }),
    fc.array(tie('tree'), { maxLength: 18 }),
    tie('object'),
  ),
  object: fc.dictionary(PLAIN_KEY, tie('tree'), { maxKeys: 6 }),
}));
const object = fc.dictionary(PLAIN_KEY, tree, { maxKeys: 8 });

test('PayloadDecoder finds what a naive walk over JSON.parse finds, in any object', () => {
  fc.assert(
    fc.property(object, (value) => {
      const json = JSON.stringify(value);
      assert.deepEqual(points(json), naive(JSON.parse(json) as Json, ''));
    }),
    { numRuns: 500 },
  );
});

function naive(value: Json, name: string): [string, unknown][] {
  if (value === null) return [];
  if (Array.isArray(value)) {
    const isSmall = value.length > 0 && value.length <= 16 && value.every((one) => typeof one === 'number');
    if (isSmall) return value.map((one, i) => [`${name}.${i}`, exact(Number(one))]);
    return [[name, JSON.stringify(value)]];
  }
  if (typeof value === 'object')
    return Object.entries(value).flatMap(([key, one]) => naive(one, name === '' ? key : `${name}.${key}`));
  return [[name, typeof value === 'number' ? exact(value) : value]];
}

/** What the decoder makes of a double as JSON.stringify writes it: without an exponent it is an integer. */
function exact(value: number): number | bigint {
  return Math.abs(value) > 2 ** 53 && !String(value).includes('e') ? BigInt(String(value)) : value;
}
