import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SeriesKey } from '@skerry/model';
import { aHeadView, NOON, type SamplePoint } from '../testing/builders.ts';
import { pointLines } from './line-writer.ts';

const KEY: SeriesKey = { tenant: 't1', project: 'p1', device: 'd1', metric: 'flow' };

function linesOf(points: readonly Partial<SamplePoint>[], key: Partial<SeriesKey> = {}, measurement = '') {
  const whole = points.map((point) => ({ series: 1, time: NOON, value: 1, offset: 5, ordinal: 0, ...point }));
  return pointLines({ view: aHeadView(1, whole), nameOf: () => ({ ...KEY, ...key }) }, { measurement });
}

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
    `\\#m\\ x\\,y=z,device=a\\ b\\,c\\=d,tenant=t1 value=1 ${NOON}000`.replace(/000$/, '500'),
  );
  const [one] = linesOf([{}], {}, 'telemetry').lines;
  assert.equal(one, `telemetry,device=d1,metric=flow,project=p1,tenant=t1 value=1 ${NOON}500`);
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
});

test('pointLines: points of one series, time and record have times that differ, whatever lies between them', () => {
  const twins = Array.from({ length: 100 }, (_, ordinal) => ({
    ordinal,
    time: NOON + (ordinal % 2) * 1_000,
  }));
  const times = linesOf(twins).lines.map((line) => line.slice(line.lastIndexOf(' ')));
  assert.equal(new Set(times).size, 100);
});
