import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { CASES } from './cases/all-cases.ts';
import { MISSED_TARGETS, type Reasons } from './cases/missed-targets.ts';
import { atLeast, atRate, type BenchCase } from './frame/case.ts';
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

test('atRate: figures at less than 98 % of the rate that was asked for are missed', () => {
  const isHeld = (perSec: number) => atRate('perSec', 5_000).judge({ skerry: { perSec } }, {})?.isMet;
  assert.deepEqual([isHeld(4_899), isHeld(4_900), isHeld(5_000)], [false, true, true]);
  for (const name of ['gateway-rss', 'roles-memory', 'roles-visible'])
    assert.match(
      formatPage(CASES, () => undefined),
      new RegExp(`\\| ${name} \\|[^|]*\\| \\w+ >= \\d+ messages/s of \\d+ asked for`),
    );
});

test('formatPage states what was measured, the machine and that a target was missed', async () => {
  const result = await runCase(ONE, { ...ONE.short, isFull: false }, () => undefined);
  const page = formatPage([ONE], () => result);
  assert.match(page, /\| 1,500 msg\/s \| \*\*no\*\* \| short \| 1 of 1 s \|/);
  assert.ok(page.includes(result.machine.cpu) && page.includes('everything'));
});

test('formatPage tells each missed target with its distance and its reason, and whose reason is wanting', async () => {
  const result = await runCase(ONE, { ...ONE.short, isFull: false }, () => undefined);
  const wanted = 'perSec >= 2000 msg/s';
  const page = (reasons: Reasons) => formatPage([ONE], () => result, reasons);
  const line = `- **a-case**, ${wanted}: 1,500 msg/s, 25 % below.`;
  assert.ok(page({ 'a-case': { [wanted]: 'The disk is slow.' } }).includes(`${line} The disk is slow.`));
  assert.ok(page({}).includes(`${line} Why is not written down yet`));
  assert.match(page({}), /\| \*\*no\*\* \| short \| 1 of 1 s \|/);
  const met = { ...result, verdicts: result.verdicts.map((one) => ({ ...one, isMet: true })) };
  assert.match(
    formatPage([ONE], () => met),
    /why\n\nNone of those measured\./,
  );
});

test('MISSED_TARGETS names targets that there are', () => {
  for (const [name, reasons] of Object.entries(MISSED_TARGETS)) {
    const targets = CASES.find((one) => one.name === name)?.targets.map(({ wanted }) => wanted) ?? [];
    for (const wanted of Object.keys(reasons)) assert.ok(targets.includes(wanted), `${name}: ${wanted}`);
  }
});

test('docs/PERFORMANCE.md is what bench/results say', () => {
  assert.equal(
    readFileSync(join(ROOT, 'docs/PERFORMANCE.md'), 'utf8'),
    formatPage(CASES, readResult),
    'write it anew: npm run bench -- --page',
  );
});
