import assert from 'node:assert/strict';
import { test } from 'node:test';
import { aSeal, hasCode, NOON, StepClock, testSeriesStore } from '../testing/index.ts';
import { MemoryStore, type MemoryStoreNeeds } from './memory-store.ts';

const breathe = () => new Promise<void>((resolve) => setImmediate(resolve));

testSeriesStore('MemoryStore', async () => {
  const clock = new StepClock();
  const store = new MemoryStore({ clock, breathe, failpoint: () => undefined });
  return {
    clock,
    store,
    reopen: async () => store.rollBack(),
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  };
});

test('MemoryStore rollBack ends a seal before its commit and keeps those committed', async () => {
  const gate = Promise.withResolvers<void>();
  let delay: MemoryStoreNeeds['commitDelay'] = async () => undefined;
  const store = new MemoryStore({
    clock: new StepClock(),
    breathe,
    failpoint: () => undefined,
    commitDelay: () => delay?.() ?? Promise.resolve(),
  });
  const points = [{ series: 1, time: NOON, value: 1, offset: 1, ordinal: 0 }];
  await store.seal(aSeal(1, points));
  delay = () => gate.promise;
  const running = store.seal(aSeal(2, points));
  store.rollBack();
  gate.resolve();
  await assert.rejects(running, hasCode('store-closed'));
  assert.equal((await store.load()).sealNumber, 1);
  assert.equal((await store.figures()).points, 1);
});
