import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { CASES } from './cases/all-cases.ts';
import { atLeast, type BenchCase } from './frame/case.ts';
import { runCase } from './frame/contest.ts';
import { ROOT } from './frame/machine.ts';
import { readResult } from './frame/result-files.ts';
import { formatPage } from './page.ts';

const ONE: BenchCase = {
  name: 'a-case',
  title: 'A case',
  sides: [{ name: 'skerry', promise: 'everything', run: async () => ({ perSec: 1_500 }) }],
  targets: [atLeast('perSec', 2_000, 'msg/s')],
  short: { rounds: 1, secs: 1 },
  full: { rounds: 1, secs: 1 },
  notes: [],
};

test('formatPage says what was not measured', () => {
  assert.match(
    formatPage([ONE], () => undefined),
    /\| a-case \| A case \| perSec >= 2000 msg\/s \| not measured \|/,
  );
});

test('formatPage states what was measured, the machine and that a target was missed', async () => {
  const result = await runCase(ONE, { ...ONE.short, isFull: false }, () => undefined);
  const page = formatPage([ONE], () => result);
  assert.match(page, /\| 1,500 msg\/s \| \*\*no\*\* \| short \|/);
  assert.ok(page.includes(result.machine.cpu) && page.includes('everything'));
});

test('docs/PERFORMANCE.md is what bench/results say', () => {
  assert.equal(
    readFileSync(join(ROOT, 'docs/PERFORMANCE.md'), 'utf8'),
    formatPage(CASES, readResult),
    'write it anew: npm run bench -- --page',
  );
});
