import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { allOwned } from './all-owned.ts';

test('allOwned owns what came into being after another had failed, and tells the fault', async () => {
  const ended: string[] = [];
  const aThing = (name: string) => ({
    async [Symbol.asyncDispose]() {
      ended.push(name);
    },
  });
  const late = async () => {
    await turn();
    await turn();
    return aThing('late');
  };
  const start = async () => {
    await using stack = new AsyncDisposableStack();
    return await allOwned(stack, [
      Promise.resolve(aThing('early')),
      Promise.reject(new TypeError('planted')),
      late(),
    ]);
  };
  await assert.rejects(start(), /planted/);
  assert.deepEqual(ended.sort(), ['early', 'late']);
});

test('allOwned gives what has started in the order of the starts', async () => {
  await using stack = new AsyncDisposableStack();
  const aThing = (name: string) => ({ name, async [Symbol.asyncDispose]() {} });
  const made = await allOwned(stack, [turn(aThing('a')), Promise.resolve(aThing('b'))]);
  assert.deepEqual(
    made.map(({ name }) => name),
    ['a', 'b'],
  );
});
