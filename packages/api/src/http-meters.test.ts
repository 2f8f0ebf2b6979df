import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMeter } from '@skerry/kernel';
import { HttpMeters } from './http-meters.ts';

test('HttpMeters counts by method, route and class of status, and times what is no stream', () => {
  const meter = createMeter();
  const meters = new HttpMeters(meter);
  const request = { method: 'GET', route: '/api/v1/devices', status: 200, seconds: 0.02, isStream: false };
  meters.answered(request);
  meters.answered({ ...request, status: 503 });
  meters.answered({ ...request, method: 'BREW', route: undefined, status: 501 });
  meters.answered({ ...request, route: '/api/v1/live', seconds: 3_600, isStream: true });
  const [requests, times] = meter.snapshot();
  const devices = { method: 'GET', route: '/api/v1/devices' };
  assert.deepEqual(requests?.samples, [
    { labels: { ...devices, status: '2xx' }, value: 1 },
    { labels: { ...devices, status: '5xx' }, value: 1 },
    { labels: { method: 'other', route: '', status: '5xx' }, value: 1 },
    { labels: { method: 'GET', route: '/api/v1/live', status: '2xx' }, value: 1 },
  ]);
  assert.deepEqual(
    times?.samples.map(({ labels, value, sum }) => [labels, value, sum]),
    [
      [devices, 2, 0.04],
      [{ method: 'other', route: '' }, 1, 0.02],
    ],
  );
});
