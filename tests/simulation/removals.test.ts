import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { REMOVALS } from './removals.ts';

test('REMOVALS each make a seed fail that does not fail with everything in place', (t) => {
  const main = fileURLToPath(new URL('./removals-main.ts', import.meta.url));
  const end = spawnSync(process.execPath, [main, '--cpu-secs', '25'], { encoding: 'utf8' });
  t.diagnostic(end.stdout);
  assert.equal(end.status, 0, `${end.stdout}${end.stderr}`);
  for (const { name } of REMOVALS) assert.match(end.stdout, new RegExp(`^${name}: seed \\d+`, 'm'));
});
