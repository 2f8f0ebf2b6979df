import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DecodeFault } from '../decode-fault.ts';
import { DecodedRecord } from '../decoded-record.ts';
import { SenmlDecoder } from './senml-decoder.ts';

const RECEIVED = 1_767_225_600_000_000;

function decode(pack: unknown, device?: string, prefix = '') {
  const record = new DecodedRecord();
  const text = typeof pack === 'string' ? pack : JSON.stringify(pack);
  const bytes = new TextEncoder().encode(`##${text}`);
  const place = { prefix, device, receivedMicros: RECEIVED };
  const fault = new SenmlDecoder(record).decode(bytes, 2, bytes.length, place);
  if (fault instanceof DecodeFault) return fault.detail;
  const found = [];
  let at = 0;
  for (const { device: id, time, end } of record.elements.slice(0, record.elementCount)) {
    const points = [];
    for (; at < end; at++) points.push([record.nodes[at]?.name, record.value(at)]);
    found.push({ device: id, time, points });
  }
  return { found, units: Object.fromEntries(record.units) };
}

test('a pack of RFC 8428, 5.1.3: base name, base time and relative times', () => {
  const pack = [
    {
      bn: 'urn:dev:ow:10e2073a0108006:',
      bt: 1.276020076001e9,
      bu: 'A',
      bver: 5,
      n: 'voltage',
      u: 'V',
      v: 120.1,
    },
    { n: 'current', t: -5, v: 1.2 },
    { n: 'current', t: -4, v: 1.3 },
    { n: 'current', v: 1.7 },
  ];
  assert.deepEqual(decode(pack), {
    found: [
      { device: 'urn:dev:ow:10e2073a0108006', time: 1_276_020_076_001_000, points: [['voltage', 120.1]] },
      { device: 'urn:dev:ow:10e2073a0108006', time: 1_276_020_071_001_000, points: [['current', 1.2]] },
      { device: 'urn:dev:ow:10e2073a0108006', time: 1_276_020_072_001_000, points: [['current', 1.3]] },
      { device: 'urn:dev:ow:10e2073a0108006', time: 1_276_020_076_001_000, points: [['current', 1.7]] },
    ],
    units: { 'unit:voltage': 'V', 'unit:current': 'A' },
  });
});

test('the device of the topic wins; a time below 2^28 s is relative to the receipt', () => {
  const pack = [
    { bn: 'd-', n: 't', v: 21 },
    { n: 'on', vb: true },
    { n: 'name', vs: 'ü', t: -60 },
    { n: 'bytes', vd: 'aGk', t: -60 },
  ];
  assert.deepEqual(decode(pack, 'x', 'hall'), {
    found: [
      {
        device: undefined,
        time: RECEIVED,
        points: [
          ['hall.t', 21],
          ['hall.on', true],
        ],
      },
      {
        device: undefined,
        time: RECEIVED - 60_000_000,
        points: [
          ['hall.name', 'ü'],
          ['hall.bytes', 'aGk'],
        ],
      },
    ],
    units: {},
  });
});

test('base value, base sum, sums, names without a record name, several base names and exact integers', () => {
  assert.deepEqual(decode([{ bn: 'm', bv: 100, bs: 5, v: 1, s: 2 }], 'x'), {
    found: [
      {
        device: undefined,
        time: RECEIVED,
        points: [
          ['value', 101],
          ['value.sum', 7],
        ],
      },
    ],
    units: {},
  });
  const two = [
    { bn: 'a/1/', n: 't', v: 1 },
    { bn: 'b:', n: 't', v: 2 },
  ];
  assert.deepEqual(decode(two, 'x'), {
    found: [
      {
        device: undefined,
        time: RECEIVED,
        points: [
          ['a/1/t', 1],
          ['b:t', 2],
        ],
      },
    ],
    units: {},
  });
  assert.deepEqual(decode(two), {
    found: [
      { device: 'a.1', time: RECEIVED, points: [['t', 1]] },
      { device: 'b', time: RECEIVED, points: [['t', 2]] },
    ],
    units: {},
  });
  assert.deepEqual(decode('[{"n":"big","v":9007199254740993}]'), {
    found: [{ device: undefined, time: RECEIVED, points: [['big', 9007199254740993n]] }],
    units: {},
  });
});

test('what RFC 8428 forbids is refused in words', () => {
  const refused: readonly (readonly [unknown, RegExp])[] = [
    [{ n: 'a', v: 1 }, /is no array/],
    [[], /no record/],
    [[1], /Record 0 .* no object/],
    [[{ n: 'a' }], /no value/],
    [[{ v: 1 }], /name "" of record 0/],
    [[{ n: 'a b', v: 1 }], /name "a b"/],
    [[{ n: 'a', v: 'x' }], /field v of record 0 is a string; a number/],
    [[{ n: 'a', v: 1, vs: 'x' }], /2 values/],
    [[{ n: 'a', v: 1, x_: 1 }], /field x_/],
    [[{ bver: 11, n: 'a', v: 1 }], /version 11/],
    ['[{"n":"a","v":1e999}]', /too large/],
    ['[{"n":', /cannot be read/],
  ];
  for (const [pack, words] of refused) assert.match(String(decode(pack)), words);
  assert.deepEqual(decode([{ bn: 'a' }]), {
    found: [{ device: undefined, time: undefined, points: [] }],
    units: {},
  });
});
