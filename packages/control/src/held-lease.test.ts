import assert from 'node:assert/strict';
import { test } from 'node:test';
import { silentLogger } from '@skerry/kernel';
import { FakeClock } from '@skerry/kernel/testing';
import { ControlError } from './errors.ts';
import { holdLease, waitForLease } from './held-lease.ts';
import type { Claim } from './lease-book.ts';
import { MemoryLeaseBook } from './memory/memory-lease-book.ts';
import { testLeaseBook } from './testing/lease-suite.ts';

testLeaseBook('MemoryLeaseBook', async () => {
  const clock = new FakeClock();
  const book = new MemoryLeaseBook(clock);
  return {
    book,
    pass: async (ms) => clock.advance(ms),
    [Symbol.asyncDispose]: () => book[Symbol.asyncDispose](),
  };
});

/** A book that can be out of reach. */
class FlakyBook extends MemoryLeaseBook {
  isAway = false;
  renewals = 0;

  override async renew(claim: Claim, time: number): Promise<boolean> {
    if (this.isAway) throw new ControlError('leases-unreachable', 'Nobody answers.', {});
    this.renewals++;
    return await super.renew(claim, time);
  }

  override async claim(group: string, number: number, owner: string, time: number) {
    if (this.isAway) throw new ControlError('leases-unreachable', 'Nobody answers.', {});
    return await super.claim(group, number, owner, time);
  }
}

function rig() {
  const clock = new FakeClock();
  const book = new FlakyBook(clock);
  return { clock, book, needs: { clock, book, logger: silentLogger } };
}

const WISH = { group: 'g', number: 0, owner: 'a', leaseMs: 900 } as const;

/** Lets time pass in small steps, and what waits for it run. */
async function pass(clock: FakeClock, ms: number): Promise<void> {
  for (let at = 0; at < ms; at += 50) {
    clock.advance(50);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

test('a lease is renewed three times in its time, and given back at the end', async () => {
  const { clock, book, needs } = rig();
  {
    await using lease = await holdLease(WISH, needs);
    await pass(clock, 9_000);
    assert.ok(lease && !lease.lost.aborted);
    assert.ok(book.renewals >= 29, `${book.renewals} renewals`);
    assert.equal(await holdLease({ ...WISH, owner: 'b' }, needs), undefined);
  }
  assert.deepEqual(await book.orphans('g'), [0]);
  await using heir = await holdLease({ ...WISH, owner: 'b' }, needs);
  assert.ok(heir?.claim.isTakenOver);
  heir.close();
});

test('a book that is away for less than the time of the lease costs nothing, for longer the lease', async () => {
  const { clock, book, needs } = rig();
  await using lease = await holdLease(WISH, needs);
  assert.ok(lease);
  book.isAway = true;
  await pass(clock, 500);
  book.isAway = false;
  await pass(clock, 1_000);
  assert.ok(!lease.lost.aborted);
  book.isAway = true;
  await pass(clock, 500);
  assert.ok(!lease.lost.aborted, 'its time is not over');
  await pass(clock, 500);
  assert.ok(lease.lost.aborted, 'it may belong to somebody else by now');
});

test('a lease that others arbitrate is kept while the book is away, and claimed again unless somebody has it', async () => {
  const { clock, book, needs } = rig();
  await using lease = await holdLease({ ...WISH, isArbitrated: true }, needs);
  assert.ok(lease);
  book.isAway = true;
  await pass(clock, 5_000);
  assert.ok(!lease.lost.aborted);
  assert.match(String(lease.doubt), /Nobody answers/);
  book.isAway = false;
  await pass(clock, 600);
  assert.deepEqual([lease.doubt, lease.claim.epoch], [undefined, 2]);
  book.isAway = true;
  await pass(clock, 1_000);
  book.isAway = false;
  assert.ok(await book.claim('g', 0, 'b', 60_000), 'its time is over');
  await pass(clock, 600);
  assert.ok(lease.lost.aborted && lease.isTaken);
});

test('a lease that is left runs out instead of being given back', async () => {
  const { clock, book, needs } = rig();
  {
    await using lease = await holdLease(WISH, needs);
    lease?.leave();
  }
  assert.equal(await holdLease({ ...WISH, owner: 'b' }, needs), undefined);
  assert.equal((await book.claimAny('g', 'a', 900)).number, 0, 'the owner has it again');
  await pass(clock, 1_000);
  assert.deepEqual(await book.orphans('g'), [0]);
});

test('whoever waits for a number has it as soon as it is free, over a book that is away', async () => {
  const { clock, book, needs } = rig();
  const lease = await holdLease(WISH, needs);
  const giveUp = new AbortController();
  const waiting = waitForLease({ ...WISH, owner: 'b' }, needs, giveUp.signal);
  await pass(clock, 2_000);
  book.isAway = true;
  await pass(clock, 300);
  book.isAway = false;
  await lease?.[Symbol.asyncDispose]();
  await pass(clock, 400);
  await using heir = await waiting;
  assert.deepEqual([heir?.claim.owner, heir?.claim.epoch], ['b', 2]);
  const third = waitForLease({ ...WISH, owner: 'c' }, needs, giveUp.signal);
  giveUp.abort();
  await pass(clock, 50);
  assert.equal(await third, undefined);
});
