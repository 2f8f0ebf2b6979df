import assert from 'node:assert/strict';
import { test } from 'node:test';
import { growthPerMs, retentionOf } from './forecast.ts';

const at = (second: number, bytes: number) => ({ time: new Date(second * 1_000).toISOString(), bytes });
const bytes = (sample: { readonly bytes: number }) => sample.bytes;

test('growthPerMs is the growth from the first sample to the last, and none before a minute has passed', () => {
  assert.equal(growthPerMs([at(0, 0), at(30, 500), at(100, 1_000)], bytes), 0.01);
  assert.equal(growthPerMs([at(0, 1_000), at(100, 0)], bytes), -0.01);
  assert.equal(growthPerMs([at(0, 0), at(59, 500)], bytes), undefined);
  assert.equal(growthPerMs([], bytes), undefined);
});

test('retentionOf reads the days of raw points', () => {
  assert.equal(retentionOf({ series: { rawDays: 3 } }), 259_200_000);
  assert.equal(retentionOf({ series: 3 }), undefined);
  assert.equal(retentionOf(undefined), undefined);
});
