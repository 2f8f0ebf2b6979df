import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nightlyPage, readNightlyPage } from './nightly-page.ts';
import { allSuites } from './suites.ts';

test('nightlyPage says of a suite that was never run so, and what it says of the others is read back', () => {
  const run = { day: '2026-11-25', seed: 7, result: '3 passed, 0 failed, 4.0 s', figures: 'a | b' };
  const page = nightlyPage([
    { suite: 'soak', about: 'long', run },
    { suite: 'mutation', about: 'changes', run: undefined },
  ]);
  assert.match(page, /\n\| soak \| long \| 2026-11-25 \| 7 \| 3 passed, 0 failed, 4\.0 s \| a \\\| b \|\n/);
  assert.match(page, /\n\| mutation \| changes \| not run yet \|/);
  assert.deepEqual(readNightlyPage(page), new Map([['soak', run]]));
});

test('the suites of the nightly run alone get their extent and a deadline that patience does not stretch', () => {
  const extent = { kills: 1, cuts: 1, simulationCpuSecs: 1, propertyRuns: 1, seed: 5, patience: 40 };
  assert.deepEqual(
    allSuites(extent).filter((suite) => suite.isNightlyOnly),
    [],
  );
  const [engines, page, soak, coverage, mutation, roles, ...others] = allSuites({
    ...extent,
    long: { soakSecs: 1_800, mutants: 400, roleRuns: 210 },
  }).filter((suite) => suite.isNightlyOnly);
  assert.deepEqual(others, []);
  assert.deepEqual([engines?.name, page?.name], ['engines-long', 'page-long']);
  assert.deepEqual(soak?.command, ['tests/soak/main.ts', '--secs', '1800', '--seed', '5']);
  assert.deepEqual(mutation?.command, ['tools/mutation/main.ts', '--mutants', '400', '--seed', '5']);
  assert.deepEqual(roles?.command, ['tests/roles/main.ts', '--runs', '210', '--seed', '5']);
  assert.deepEqual(coverage?.command, ['tests/simulation/coverage.ts', '30']);
  assert.ok(soak.deadlineSecs > 1_800 && soak.deadlineSecs < 3 * 3_600);
  assert.ok(mutation.deadlineSecs < 12 * 3_600);
});
