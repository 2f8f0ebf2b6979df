import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SeriesKey } from '@skerry/model';
import fc from 'fast-check';
import { aHeadView, NOON, type SamplePoint } from '../testing/builders.ts';
import { LineMemory, lineAt, type PointLines, pointLines } from './line-writer.ts';

const KEY: SeriesKey = { tenant: 't1', project: 'p1', device: 'd1', metric: 'flow' };

function linesOf(points: readonly Partial<SamplePoint>[], key: Partial<SeriesKey> = {}, measurement = '') {
  const view = aHeadView(1, points.map(whole));
  return told(pointLines({ view, nameOf: () => ({ ...KEY, ...key }) }, { measurement }));
}

const whole = (point: Partial<SamplePoint>): SamplePoint => ({
  series: 1,
  time: NOON,
  value: 1,
  offset: 5,
  ordinal: 0,
  ...point,
});

const told = (made: PointLines) => ({ ...made, lines: Array.from(made.ends, (_, i) => lineAt(made, i)) });

test('pointLines: each type has a field of its own, an exact integer its rounded value too', () => {
  const values = [1.5, -0, 1e300, true, false, 'a"\\b\n', 7n, -(2n ** 63n), 2n ** 63n];
  const { lines } = linesOf(values.map((value, ordinal) => ({ value, ordinal, offset: ordinal })));
  assert.deepEqual(
    lines.map((line) => line.slice('flow,device=d1,project=p1,tenant=t1 '.length, line.lastIndexOf(' '))),
    [
      'value=1.5',
      'value=-0',
      'value=1e+300',
      'flag=t',
      'flag=f',
      'text="a\\"\\\\b\n"',
      'exact=7i,value=7',
      'exact=-9223372036854775808i,value=-9223372036854776000',
      'digits="9223372036854775808",value=9223372036854776000',
    ],
  );
});

test('pointLines: names are escaped, and a tag without a value is left out', () => {
  const [line] = linesOf([{}], { device: 'a b,c=d', metric: '#m x,y=z', project: '' }).lines;
  assert.equal(
    line,
    `\\#m\\ x\\,y=z,device=a\\ b\\,c\\=d,tenant=t1 value=1 ${NOON}000`.replace(/000$/, '755'),
  );
  const [one] = linesOf([{}], {}, 'telemetry').lines;
  assert.equal(one, `telemetry,device=d1,metric=flow,project=p1,tenant=t1 value=1 ${NOON}755`);
});

test('pointLines: what line protocol cannot say is refused with its place, and the others are written', () => {
  const { lines, unsayable, offsets, ordinals } = linesOf([
    { offset: 1 },
    { offset: 2, ordinal: 3, value: Number.POSITIVE_INFINITY },
    { offset: 3, time: 2 ** 53 },
    { offset: 4, ordinal: 9 },
  ]);
  assert.equal(lines.length, 2);
  assert.deepEqual([offsets[1], ordinals[1]], [4, 9]);
  assert.deepEqual(
    unsayable.map(({ offset, ordinal, reason }) => [offset, ordinal, reason.slice(0, 20)]),
    [
      [2, 3, 'found Infinity, want'],
      [3, 0, 'found the time 90071'],
    ],
  );
  for (const device of ['a\nb', 'a\\', 'a\\,b', 'a\u0000']) {
    const { lines: none, unsayable: all } = linesOf([{}], { device });
    assert.deepEqual([none.length, all.length], [0, 1], JSON.stringify(device));
  }
  assert.equal(linesOf([{}], { device: 'a\\b' }).lines.length, 1);
  for (const metric of ['a\\"b', '\\#a', '_series', '_name']) {
    const [refused] = linesOf([{}], { metric }).unsayable;
    assert.match(String(refused?.reason), /found the measurement ".+", wanted one without/, metric);
    assert.equal(linesOf([{}], { metric, device: metric }, 'all').lines.length, 1, metric);
    assert.equal(linesOf([{}], {}, metric).unsayable.length, 1, metric);
  }
});

/** What InfluxDB knows a point by: everything but its fields. */
function identityOf(line: string): string {
  return line.replace(/ \S+ (-?\d+)$/, ' $1');
}

test('pointLines: points of one series, time and record are told apart, whatever lies between them', () => {
  const twins = Array.from({ length: 100 }, (_, ordinal) => ({
    ordinal,
    time: NOON + (ordinal % 2) * 1_000,
  }));
  const { lines } = linesOf(twins);
  assert.equal(new Set(lines.map(identityOf)).size, 100);
  assert.equal(lines[0], `flow,device=d1,project=p1,tenant=t1 value=1 ${NOON}755`);
  assert.equal(lines[2], `flow,device=d1,project=p1,tenant=t1,twin=0.1 value=1 ${NOON}755`);
});

test('pointLines: records of one seal and time are told apart at every distance, and again the same in a page of seals', () => {
  const offsets = Array.from({ length: 1_500 }, (_, i) => 400 + i);
  const at = (time: number) => offsets.map((offset) => ({ offset, time }));
  const burst = at(NOON + 1);
  const mixed = offsets.flatMap((offset) => [
    { offset, ordinal: 0, time: NOON + 1 },
    { offset, ordinal: 1, time: NOON - 1 },
    { offset, ordinal: 2, time: NOON + 1 },
  ]);
  for (const points of [burst, mixed]) {
    const { lines } = linesOf(points);
    assert.equal(new Set(lines.map(identityOf)).size, points.length);
    const page = { view: aHeadView(9, [...points, ...points].map(whole)), nameOf: () => KEY };
    const { lines: both } = told(pointLines({ ...page, seals: [points.length] }, { measurement: '' }));
    assert.deepEqual(both, [...lines, ...lines]);
    const isWanted = (row: number) => row % 7 === 3;
    const some = told(pointLines({ ...page, seals: [points.length], isWanted }, { measurement: '' }));
    assert.deepEqual(
      some.lines,
      both.filter((_, row) => isWanted(row)),
    );
    assert.equal(some.points, some.lines.length);
  }
});

test('pointLines: of two seals, points of one series and time are one only a multiple of the slots apart', () => {
  const part = (from: number, count: number, time: number) =>
    Array.from({ length: count }, (_, i) => ({ offset: from + i, time }));
  for (const [time, slots] of [
    [NOON, 2_500_000],
    [NOON + 1_000, 250_000],
    [NOON + 1, 500],
  ] as const) {
    const seals = [part(100, 700, time), part(800, 700, time), part(100 + slots, 3, time)];
    const places = new Map<string, number[]>();
    for (const points of seals)
      for (const [i, line] of linesOf(points).lines.entries()) {
        const known = places.get(identityOf(line)) ?? [];
        places.set(identityOf(line), [...known, Number(points[i]?.offset)]);
      }
    const met = [...places.values()].filter(({ length }) => length > 1);
    assert.ok(met.length >= 3, `${slots}: those that are a whole lap apart`);
    for (const [first = 0, ...others] of met)
      for (const other of others) assert.equal((other - first) % slots, 0, `${first} and ${other}`);
  }
});

test('pointLines: a number is written as JavaScript writes it', () => {
  const numbers = fc.oneof(
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.integer().map((value) => value / 1_000),
    fc.integer({ min: -99_999, max: 99_999 }).map((value) => value / 100),
    fc.constantFrom(0, -0, 0.001, -0.5, 2 ** 31 / 1_000, 2 ** 31, 2_147_483.647, 5e-7, 1e21),
  );
  fc.assert(
    fc.property(fc.array(numbers, { maxLength: 20 }), (values) => {
      const { lines } = linesOf(values.map((value, ordinal) => ({ value, ordinal, offset: ordinal })));
      assert.deepEqual(
        lines.map((line) => / value=(\S+) /.exec(line)?.[1]),
        values.map((value) => (Object.is(value, -0) ? '-0' : String(value))),
      );
    }),
  );
});

test('pointLines: lines of one caller are the same however often it has written before', () => {
  const memory = new LineMemory();
  const name = { ...KEY };
  const points = Array.from({ length: 8 }, (_, i) => ({
    series: 3 * i,
    time: NOON,
    value: i,
    offset: 7,
    ordinal: i,
  }));
  const sink = { view: aHeadView(1, points), nameOf: () => name };
  const [first, second] = [0, 1].map(() => pointLines(sink, { measurement: '' }, memory));
  assert.deepEqual(second, first);
});
