import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { notRun, OPT_IN } from './opt-in.ts';
import { ROOT } from './packages.ts';
import { allSuites, filesOf } from './suites.ts';

const suites = allSuites({
  kills: 0,
  cuts: 0,
  simulationCpuSecs: 0,
  propertyRuns: 0,
  seed: 0,
  patience: 1,
  long: { soakSecs: 1, mutants: 1, roleRuns: 1 },
});
const filesIn = (wanted: string): string[] => suites.filter(({ name }) => name === wanted).flatMap(filesOf);

test('notRun names each engine that nothing names, with the variable that would', () => {
  const lines = notRun(filesIn('engines'), {});
  assert.equal(lines.length, 3);
  assert.match(
    String(lines[0]),
    /^not run: TimescaleDB \(set SKERRY_TIMESCALE_URL to .+timescale\.test\.ts\)$/,
  );
  const some = { SKERRY_TIMESCALE_URL: 'postgres://x', SKERRY_INFLUX3_URL: 'http://x' };
  assert.deepEqual(
    notRun(filesIn('engines'), some).map((line) => line.slice(0, 19)),
    ['not run: InfluxDB 2'],
  );
});

test('notRun tells of no part whose file is of another suite', () => {
  assert.deepEqual(
    suites.filter((suite) => notRun(filesOf(suite), {}).length > 0).map(({ name }) => name),
    ['engines'],
  );
});

test('OPT_IN has every test file that reads the address of an engine from the environment', () => {
  const found = globSync('tests/**/*.test.ts', { cwd: ROOT }).flatMap((file) =>
    [...readFileSync(join(ROOT, file), 'utf8').matchAll(/process\.env\.(SKERRY_\w+_URL)\b/g)].map(
      ([, variable]) => `${file} ${variable}`,
    ),
  );
  assert.deepEqual(
    [...new Set(found)].sort(),
    OPT_IN.map(({ file, variable }) => `${file} ${variable}`).sort(),
  );
});
