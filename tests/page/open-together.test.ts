import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openTogether } from './browser.ts';

/** Something that is opened after `opened` settles, and tells when it is closed. */
async function aThing(opened: Promise<unknown>, closed: () => void): Promise<AsyncDisposable> {
  await opened;
  return { [Symbol.asyncDispose]: async () => closed() };
}

test('openTogether closes the one that opens late when the other cannot be opened', async () => {
  const later = Promise.withResolvers<void>();
  let closings = 0;
  const fails = () => Promise.reject<AsyncDisposable>(new TypeError('no server'));
  const opens = () => aThing(later.promise, () => closings++);
  const both = [openTogether(fails(), opens()), openTogether(opens(), fails())];
  later.resolve();
  for (const one of both) await assert.rejects(one, /no server/);
  assert.equal(closings, 2);
});

test('openTogether gives both, in their order, and closes none', async () => {
  let closings = 0;
  const [one, other] = [
    aThing(Promise.resolve(), () => closings++),
    aThing(Promise.resolve(), () => closings++),
  ];
  assert.deepEqual(await openTogether(one, other), [await one, await other]);
  assert.equal(closings, 0);
});
