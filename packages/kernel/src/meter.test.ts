import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMeter, partMeter } from './meter.ts';
import { mergeFamilies } from './prometheus.ts';

test('createMeter gives the same instrument for the same name and labels', () => {
  const meter = createMeter();
  meter.counter('iot_a_total', 'A.', { way: 'in' }).add(2);
  meter.counter('iot_a_total', 'A.', { way: 'in' }).add(3);
  meter.counter('iot_a_total', 'A.', { way: 'out' }).add(1);
  const [family] = meter.snapshot();
  assert.deepEqual(family?.samples, [
    { labels: { way: 'in' }, value: 5 },
    { labels: { way: 'out' }, value: 1 },
  ]);
});

test('createMeter snapshot keeps families in order of registration and is plain values', () => {
  const meter = createMeter();
  meter.gauge('iot_b', 'B.').set(1);
  meter.counter('iot_a_total', 'A.').add(1);
  const before = meter.snapshot();
  meter.gauge('iot_b', 'B.').set(9);
  assert.deepEqual(
    before.map(({ name, kind, samples }) => [name, kind, samples[0]?.value]),
    [
      ['iot_b', 'gauge', 1],
      ['iot_a_total', 'counter', 1],
    ],
  );
});

test('createMeter histogram counts cumulatively, a bound belonging to its own bucket', () => {
  const meter = createMeter();
  const histogram = meter.histogram('iot_h_seconds', 'H.', [1, 5]);
  histogram.observe(1);
  histogram.observe(3, 2);
  histogram.observe(9);
  const [sample] = meter.snapshot()[0]?.samples ?? [];
  assert.deepEqual(sample, {
    labels: {},
    value: 4,
    sum: 16,
    buckets: [
      { le: 1, count: 1 },
      { le: 5, count: 3 },
    ],
  });
});

test('partMeter keeps gauges of parts apart and lets counters go on beyond a part', () => {
  const meter = createMeter();
  const [one, other] = [partMeter(meter), partMeter(meter)];
  one.gauge('iot_open', 'Open.').set(3);
  other.gauge('iot_open', 'Open.').set(0);
  one.counter('iot_done_total', 'Done.').add(2);
  other.counter('iot_done_total', 'Done.').add(1);
  const sum = mergeFamilies([meter.snapshot(), one.snapshot(), other.snapshot()]);
  assert.equal(sum.find(({ name }) => name === 'iot_open')?.samples[0]?.value, 3);
  const left = mergeFamilies([meter.snapshot(), other.snapshot()]);
  assert.equal(left.find(({ name }) => name === 'iot_open')?.samples[0]?.value, 0);
  assert.equal(left.find(({ name }) => name === 'iot_done_total')?.samples[0]?.value, 3);
});
