import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Mutant, mutantsOf } from './mutants.ts';
import { type Bench, Trials, tryAll, UnsoundTest } from './trials.ts';
import type { TestRun } from './workshop.ts';

type End = TestRun['end'];

/** A bench whose tests end as told, with and without a mutant, and that remembers what it ran. */
function aBench(tests: Readonly<Record<string, { plain?: End; changed?: End; secs?: number }>>) {
  const ran: string[] = [];
  let isChanged = false;
  const bench: Bench = {
    withMutant: async (_mutant, act) => {
      isChanged = true;
      try {
        return await act();
      } finally {
        isChanged = false;
      }
    },
    runTest: async (name, mostSecs) => {
      const { plain = 'passed', changed = 'passed', secs = 1 } = tests[name] ?? {};
      ran.push(`${name} ${isChanged ? 'changed' : 'plain'} ${mostSecs}`);
      return { end: isChanged ? changed : plain, secs, said: 'its words' };
    },
  };
  return { ran, trials: new Trials(bench, new AbortController().signal) };
}

const [mutant, other] = mutantsOf('x.ts', 'go(); x = a && b;');
const A: Mutant = mutant ?? assert.fail();
const B: Mutant = other ?? assert.fail();

test('judge stops at the first test that notices, and runs each test once as it is, for its time limit', async () => {
  const { ran, trials } = aBench({ a: { secs: 5 }, b: { changed: 'failed' }, c: {} });
  assert.equal(await trials.judge(A, ['a', 'b', 'c']), 'killed');
  assert.deepEqual(ran, ['a plain 120', 'a changed 20', 'b plain 120', 'b changed 10']);
  ran.length = 0;
  assert.equal(await trials.judge(B, ['a', 'b', 'c']), 'killed');
  assert.deepEqual(ran, ['a changed 20', 'b changed 10']);
});

test('judge tells a mutant that no test notices from one that runs on and on', async () => {
  assert.equal(await aBench({ a: {}, b: {} }).trials.judge(A, ['a', 'b']), 'survived');
  assert.equal(await aBench({ a: { changed: 'timed out' } }).trials.judge(A, ['a']), 'timed out');
});

test('judge takes no verdict from a test that fails without a change', async () => {
  const { trials } = aBench({ a: { plain: 'failed', changed: 'failed' } });
  await assert.rejects(trials.judge(A, ['a']), (error) => {
    assert.ok(error instanceof UnsoundTest);
    assert.match(error.message, /^a failed without a change:\nits words/);
    return true;
  });
});

test('tryAll counts fates and describes survivors', async () => {
  const { fates, survivors } = await tryAll(aBench({ a: {} }).trials, [A, B], ['a']);
  assert.deepEqual([...fates], [['survived', 2]]);
  assert.deepEqual(survivors, ['x.ts:1 drop call: go(); -> ;', 'x.ts:1 swap logic: && -> ||']);
});
