import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMeter } from './meter.ts';
import { mergeFamilies, renderPrometheus } from './prometheus.ts';

test('renderPrometheus writes help, type and samples, and escapes them', () => {
  const meter = createMeter();
  meter.counter('iot_a_total', 'Back\\slash and\nline.', { path: 'a"b\\c\nd' }).add(3);
  meter.gauge('iot_b', 'B.').set(0.5);
  assert.equal(
    renderPrometheus(meter.snapshot()),
    [
      '# HELP iot_a_total Back\\\\slash and\\nline.',
      '# TYPE iot_a_total counter',
      'iot_a_total{path="a\\"b\\\\c\\nd"} 3',
      '# HELP iot_b B.',
      '# TYPE iot_b gauge',
      'iot_b 0.5',
      '',
    ].join('\n'),
  );
});

test('renderPrometheus writes a histogram with buckets up to +Inf, sum and count', () => {
  const meter = createMeter();
  const histogram = meter.histogram('iot_h_seconds', 'H.', [0.1, 1], { way: 'in' });
  histogram.observe(0.05);
  histogram.observe(2);
  assert.deepEqual(renderPrometheus(meter.snapshot()).trimEnd().split('\n').slice(2), [
    'iot_h_seconds_bucket{way="in",le="0.1"} 1',
    'iot_h_seconds_bucket{way="in",le="1"} 1',
    'iot_h_seconds_bucket{way="in",le="+Inf"} 2',
    'iot_h_seconds_sum{way="in"} 2.05',
    'iot_h_seconds_count{way="in"} 2',
  ]);
});

test('mergeFamilies adds samples of equal labels, whatever their order, and keeps the others', () => {
  const one = createMeter();
  one.counter('iot_a_total', 'A.', { x: '1', y: '2' }).add(1);
  const two = createMeter();
  two.gauge('iot_only', 'Only.').set(7);
  two.counter('iot_a_total', 'A.', { y: '2', x: '1' }).add(2);
  two.counter('iot_a_total', 'A.', { x: '9' }).add(4);
  const merged = mergeFamilies([one.snapshot(), two.snapshot()]);
  assert.deepEqual(
    merged.map(({ name, samples }) => [name, samples.map(({ value }) => value)]),
    [
      ['iot_a_total', [3, 4]],
      ['iot_only', [7]],
    ],
  );
});

test('mergeFamilies adds histograms bucket by bucket, also over different bounds', () => {
  const one = createMeter();
  one.histogram('iot_h', 'H.', [1, 10]).observe(0.5);
  const two = createMeter();
  two.histogram('iot_h', 'H.', [5, 10]).observe(3);
  const [sample] = mergeFamilies([one.snapshot(), two.snapshot()])[0]?.samples ?? [];
  assert.deepEqual(sample, {
    labels: {},
    value: 2,
    sum: 3.5,
    buckets: [
      { le: 1, count: 1 },
      { le: 5, count: 2 },
      { le: 10, count: 2 },
    ],
  });
});
