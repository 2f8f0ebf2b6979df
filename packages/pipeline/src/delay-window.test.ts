import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DelayWindow } from './delay-window.ts';

test('DelayWindow tells median and 99th percentile of the last minute within a tenth', () => {
  const window = new DelayWindow();
  assert.equal(window.figures(0), undefined);
  window.note(5000, 1000, 500);
  for (let i = 0; i < 98; i++) window.note(10, 10, 61_000 + i);
  window.note(200, 20, 61_500);
  const { p50Ms = 0, p99Ms = 0 } = window.figures(62_000) ?? {};
  assert.ok(Math.abs(p50Ms - 10) < 1, String(p50Ms));
  assert.ok(Math.abs(p99Ms - 200) < 20, String(p99Ms));
  assert.equal(window.figures(130_000), undefined);
});
