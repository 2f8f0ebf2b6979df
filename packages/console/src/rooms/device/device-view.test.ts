import assert from 'node:assert/strict';
import { test } from 'node:test';
import { moved, readView, writeCompared, writeFixed, writeMetrics } from './device-view.ts';

const read = (query: Readonly<Record<string, string>>) => readView(new URLSearchParams(query));

test('readView reads what was written into the address', () => {
  const compared = [{ tenant: 'a,b', project: 'p/q', device: 'd e' }];
  const metrics = ['flow', 'a,b', '100%'];
  const view = read({
    metrics: writeMetrics(metrics),
    compare: writeCompared(compared),
    ...writeFixed(1_700_000_000, 1_700_000_600),
  });
  assert.deepEqual(view, {
    time: { kind: 'fixed', from: 1_700_000_000, to: 1_700_000_600 },
    metrics,
    compared,
  });
  assert.deepEqual(read({ metrics: writeMetrics([]) }).metrics, []);
});

test('readView takes no range that is none', () => {
  assert.deepEqual(read({}), { time: { kind: 'tail', range: 'auto' }, metrics: undefined, compared: [] });
  assert.deepEqual(read({ range: '6h' }).time, { kind: 'tail', range: '6h' });
  assert.deepEqual(read({ range: 'x', from: '2026-01-02', to: '2026-01-01' }).time, {
    kind: 'tail',
    range: 'auto',
  });
});

test('moved zooms around the middle and goes back and forth', () => {
  const range = { from: 100, to: 200 };
  assert.deepEqual(moved(range, 0.5, 0), { from: 125, to: 175 });
  assert.deepEqual(moved(range, 2, 0), { from: 50, to: 250 });
  assert.deepEqual(moved(range, 1, -0.5), { from: 50, to: 150 });
});
