import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const { SKERRY_SIMULATION_CPU_SECS: cpuSecs = '5', SKERRY_SEED: seed = '1' } = process.env;

test('simulate finds nothing under seeded faults, and each seed run twice gives one digest', (t) => {
  const main = fileURLToPath(new URL('./main.ts', import.meta.url));
  const end = spawnSync(process.execPath, [main, '--seed', seed, '--cpu-secs', cpuSecs], {
    encoding: 'utf8',
  });
  t.diagnostic(end.stdout);
  assert.equal(end.status, 0, `${end.stdout}${end.stderr}`);
  // a run in which nothing happened would prove nothing
  for (const how of ['power-cut', 'kill', 'exit stop', 'exit sync-failed', 'exit journal-failed'])
    assert.match(end.stdout, new RegExp(`${how}: \\d`));
});
