import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMeter } from '@skerry/kernel';
import { openProbes } from './probe-server.ts';

test('probes tell health, reasons and metrics, and what else is asked is answered with what is wanted', async () => {
  const meter = createMeter();
  meter.counter('iot_things_total', 'Things.').add(3);
  let reasons = [{ code: 'kafka-away', detail: 'no broker answers' }];
  await using probes = await openProbes(
    { host: '127.0.0.1', port: 0 },
    { readiness: () => reasons, metrics: async () => meter.snapshot() },
  );
  const ask = async (path: string, method = 'GET') => {
    const response = await fetch(`http://127.0.0.1:${probes.address.port}${path}`, { method });
    return [response.status, await response.text()] as const;
  };
  assert.deepEqual(await ask('/health'), [200, '{"status":"ok"}']);
  assert.deepEqual(await ask('/ready'), [
    503,
    '{"ready":false,"reasons":[{"code":"kafka-away","detail":"no broker answers"}]}',
  ]);
  reasons = [];
  assert.deepEqual(await ask('/ready?verbose'), [200, '{"ready":true,"reasons":[]}']);
  assert.match((await ask('/metrics'))[1], /^iot_things_total 3$/m);
  assert.match((await ask('/api/v1/devices'))[1], /found \/api\/v1\/devices, wanted \/health/);
  assert.equal((await ask('/ready', 'POST'))[0], 405);
});

test('a fault of the metrics is an answer, not the end of the process', async () => {
  await using probes = await openProbes(
    { host: '127.0.0.1', port: 0 },
    { readiness: () => [], metrics: () => Promise.reject(new Error('the thread is gone')) },
  );
  const response = await fetch(`http://127.0.0.1:${probes.address.port}/metrics`);
  assert.equal(response.status, 500);
  assert.match(await response.text(), /the thread is gone/);
});
