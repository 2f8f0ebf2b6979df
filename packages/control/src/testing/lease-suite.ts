import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LeaseBook } from '../lease-book.ts';

/** A book under test, and what lets time pass by its clock. */
export interface LeaseHarness extends AsyncDisposable {
  readonly book: LeaseBook;
  /** Resolves when the book judges as if `ms` had passed. */
  pass(ms: number): Promise<void>;
}

const SHORT_MS = 60_000;
const LONG_MS = 600_000;

/** The promises of `LeaseBook`, as tests; every adapter runs them. */
export function testLeaseBook(name: string, open: () => Promise<LeaseHarness>): void {
  test(`${name} gives each owner a number of its own, the lowest that is free`, async () => {
    await using harness = await open();
    const { book } = harness;
    const claims = [];
    for (const owner of ['a', 'b', 'c']) claims.push(await book.claimAny('g', owner, LONG_MS));
    assert.deepEqual(
      claims.map(({ number, owner, epoch, isTakenOver }) => [number, owner, epoch, isTakenOver]),
      [
        [0, 'a', 1, false],
        [1, 'b', 1, false],
        [2, 'c', 1, false],
      ],
    );
    assert.equal((await book.claimAny('other', 'd', LONG_MS)).number, 0);
    const [, second] = claims;
    assert.ok(second);
    await book.release(second, false);
    const next = await book.claimAny('g', 'e', LONG_MS);
    assert.deepEqual([next.number, next.epoch, next.isTakenOver], [1, 2, true]);
  });

  test(`${name} gives a number to one of many who ask at once`, async () => {
    await using harness = await open();
    const owners = Array.from({ length: 8 }, (_, i) => `owner-${i}`);
    const claims = await Promise.all(owners.map((owner) => harness.book.claimAny('g', owner, LONG_MS)));
    assert.deepEqual(
      claims.map(({ number }) => number).sort((a, b) => a - b),
      owners.map((_, i) => i),
    );
    const rivals = await Promise.all(owners.map((owner) => harness.book.claim('one', 0, owner, LONG_MS)));
    assert.equal(rivals.filter((claim) => claim !== undefined).length, 1);
  });

  test(`${name} takes a lease away when its time is over, and whoever had it cannot renew or release it`, async () => {
    await using harness = await open();
    const { book } = harness;
    const old = await book.claimAny('g', 'a', SHORT_MS);
    assert.equal(await book.claim('g', 0, 'b', LONG_MS), undefined);
    await harness.pass(SHORT_MS + 1_000);
    assert.equal(await book.renew(old, LONG_MS), false, 'its time was over');
    const heir = await book.claim('g', 0, 'b', LONG_MS);
    assert.deepEqual([heir?.epoch, heir?.isTakenOver], [2, true]);
    assert.equal(await book.renew(old, LONG_MS), false);
    await book.release(old, true);
    assert.equal(await book.claim('g', 0, 'c', LONG_MS), undefined, 'the heir has lost it');
    assert.ok(heir && (await book.renew(heir, LONG_MS)));
  });

  test(`${name} lets an owner who comes again have its own number, with a new epoch`, async () => {
    await using harness = await open();
    const { book } = harness;
    const first = await book.claim('g', 7, 'pod-7', LONG_MS);
    const again = await book.claim('g', 7, 'pod-7', LONG_MS);
    assert.deepEqual([first?.epoch, again?.epoch], [1, 2]);
    assert.ok(first && !(await book.renew(first, LONG_MS)));
  });

  test(`${name} gives an owner who asks for any number the one that it has, or had last`, async () => {
    await using harness = await open();
    const { book } = harness;
    await book.claimAny('g', 'a', LONG_MS);
    const second = await book.claimAny('g', 'b', LONG_MS);
    const again = await book.claimAny('g', 'b', SHORT_MS);
    assert.deepEqual([second.number, again.number, again.epoch], [1, 1, 2]);
    await book.claimAny('g', 'c', LONG_MS);
    await harness.pass(SHORT_MS + 1_000);
    assert.equal((await book.claimAny('g', 'b', LONG_MS)).number, 1);
  });

  test(`${name} lists what was left behind until somebody closes it`, async () => {
    await using harness = await open();
    const { book } = harness;
    const [left, closed, gone, held] = [
      await book.claimAny('g', 'a', LONG_MS),
      await book.claimAny('g', 'b', LONG_MS),
      await book.claimAny('g', 'c', SHORT_MS),
      await book.claimAny('g', 'd', LONG_MS),
    ];
    await book.release(left, false);
    await book.release(closed, true);
    await harness.pass(SHORT_MS + 1_000);
    assert.deepEqual(await book.orphans('g'), [left.number, gone.number]);
    const heir = await book.claim('g', gone.number, 'd', LONG_MS);
    assert.ok(heir?.isTakenOver);
    await book.release(heir, true);
    assert.deepEqual(await book.orphans('g'), [left.number]);
    assert.ok(await book.renew(held, LONG_MS));
  });
}
