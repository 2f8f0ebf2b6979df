import assert from 'node:assert/strict';
import { test } from 'node:test';
import { diskFullIn, growthPerMs, retentionOf } from './forecast.ts';

const at = (second: number, bytes: number) => ({ time: new Date(second * 1_000).toISOString(), bytes });
const bytes = (sample: { readonly bytes: number }) => sample.bytes;

test('growthPerMs is the growth from the first sample to the last, and none before a minute has passed', () => {
  assert.equal(growthPerMs([at(0, 0), at(30, 500), at(100, 1_000)], bytes), 0.01);
  assert.equal(growthPerMs([at(0, 1_000), at(100, 0)], bytes), -0.01);
  assert.equal(growthPerMs([at(0, 0), at(59, 500)], bytes), undefined);
  assert.equal(growthPerMs([], bytes), undefined);
});

test('diskFullIn is when free bytes end, as far as journal and series go on growing', () => {
  const load = { freeBytes: 1_000, journalRoomBytes: 500, journalPerMs: 1, storePerMs: 1, retentionMs: 600 };
  // 500 ms of both take 1,000 bytes
  assert.equal(diskFullIn(load), 500);
  // the journal ends at 500 ms with 1,000 taken, 100 ms of series are left
  assert.equal(diskFullIn({ ...load, freeBytes: 1_050 }), 550);
  assert.equal(diskFullIn({ ...load, freeBytes: 1_101 }), undefined);
  // raw points that are kept for ever fill any disk
  assert.equal(diskFullIn({ ...load, freeBytes: 5_000, retentionMs: undefined }), 4_500);
  assert.equal(diskFullIn({ ...load, journalPerMs: -1, storePerMs: 0 }), undefined);
  // series stop growing first
  assert.equal(diskFullIn({ ...load, freeBytes: 700, retentionMs: 300, journalRoomBytes: 900 }), 400);
});

test('retentionOf reads the days of raw points', () => {
  assert.equal(retentionOf({ series: { rawDays: 3 } }), 259_200_000);
  assert.equal(retentionOf({ series: 3 }), undefined);
  assert.equal(retentionOf(undefined), undefined);
});
