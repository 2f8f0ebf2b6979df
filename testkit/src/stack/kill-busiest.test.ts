import assert from 'node:assert/strict';
import { test } from 'node:test';
import { killBusiest } from './kill-busiest.ts';

/** Processes whose counters go through the values given, the last of them for ever. */
function aScene(...counters: number[][]) {
  const killed: number[] = [];
  const said: string[] = [];
  const over = new AbortController();
  let looks = 0;
  const roles = counters.map((values, i) => ({
    pid: 100 + i,
    metric: async () => {
      looks += 1;
      return values.length > 1 ? values.shift() : values[0];
    },
    killWorker: () => void killed.push(i + 1),
  }));
  const kill = () =>
    killBusiest({
      role: 'writer',
      roles,
      metric: 'm',
      afterSecs: 0,
      signal: over.signal,
      say: (line) => said.push(line),
    });
  return { killed, said, over, kill, looks: () => looks };
}

test('killBusiest kills whose counter grew most since it began, and says how much each had', async () => {
  const scene = aScene([1_000, 1_001], [5, 20]);
  assert.equal(await scene.kill(), undefined);
  assert.deepEqual(scene.killed, [2]);
  assert.deepEqual(scene.said, [
    'writer 2 is killed (process 101); records until then: writer 1: 1, writer 2: 15',
  ]);
});

test('killBusiest waits until one has work', async () => {
  const scene = aScene([7, 7, 7, 8], [0]);
  assert.equal(await scene.kill(), undefined);
  assert.deepEqual([scene.killed, scene.looks()], [[1], 8]);
});

test('killBusiest kills nobody when the work is over, and says that this is wrong', async () => {
  const scene = aScene([7], [0]);
  const end = scene.kill();
  scene.over.abort();
  assert.match(String(await end), /^no writer was killed: everything was sent before one had work$/);
  assert.deepEqual(scene.killed, []);
});
