import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMeter } from '@skerry/kernel';
import { FakeClock, hasCode } from '@skerry/kernel/testing';
import { Attempts } from './attempts.ts';
import { LIMITS } from './limits.ts';

const THROTTLED = hasCode('too-many-attempts');

function begin() {
  const clock = new FakeClock();
  return { clock, attempts: new Attempts(clock, createMeter()) };
}

/** Milliseconds until a refused attempt would be taken; 0 for one that is taken. */
function waitOf(attempts: Attempts, address: string, name: string): number {
  try {
    attempts.take(address, name);
    return 0;
  } catch (fault) {
    if (!THROTTLED(fault)) throw fault;
    return Number((fault as { facts: { retryAfterMs: number } }).facts.retryAfterMs);
  }
}

test('Attempts lets a name wait longer after each wrong password beyond the first few, up to the lock-out', () => {
  const { clock, attempts } = begin();
  const free = LIMITS.failuresPerNameMax.value;
  const waits: number[] = [];
  for (let i = 0; i < free + 12; i++) {
    const from = `10.0.${i}.1`;
    const waitMs = waitOf(attempts, from, 'ann');
    waits.push(waitMs);
    clock.advance(waitMs);
    if (waitMs > 0) attempts.take(from, 'ann');
  }
  assert.deepEqual(waits.slice(0, free), Array(free).fill(0));
  assert.deepEqual(waits.slice(free, free + 4), [1_000, 2_000, 4_000, 8_000]);
  assert.equal(waits.at(-1), LIMITS.lockOutMs.value);
});

test('Attempts forgets wrong passwords with a right one, and after the lock-out', () => {
  const { clock, attempts } = begin();
  for (let i = 0; i < LIMITS.failuresPerNameMax.value; i++) attempts.take(`10.0.0.${i}`, 'ann');
  assert.ok(waitOf(attempts, '10.0.9.9', 'ann') > 0);
  assert.equal(waitOf(attempts, '10.0.9.9', 'bob'), 0, 'another name');
  attempts.succeeded('10.0.9.9', 'ann');
  assert.equal(waitOf(attempts, '10.0.8.8', 'ann'), 0);
  for (let i = 0; i < LIMITS.failuresPerNameMax.value; i++) waitOf(attempts, `10.1.0.${i}`, 'ann');
  assert.ok(waitOf(attempts, '10.0.8.8', 'ann') > 0);
  clock.advance(LIMITS.lockOutMs.value + 1);
  assert.equal(waitOf(attempts, '10.0.8.8', 'ann'), 0);
  assert.equal(waitOf(attempts, '10.0.8.8', 'ann'), 0, 'counted from one again');
});

test('Attempts gives an address a bucket that refills, whatever names it tries', () => {
  const { clock, attempts } = begin();
  const most = LIMITS.attemptsPerAddressMax.value;
  for (let i = 0; i < most; i++) attempts.take('192.0.2.7', `name-${i}`);
  assert.equal(waitOf(attempts, '192.0.2.7', 'fresh'), LIMITS.attemptRefillMs.value);
  assert.equal(waitOf(attempts, '192.0.2.8', 'fresh'), 0, 'another address');
  clock.advance(LIMITS.attemptRefillMs.value);
  assert.equal(waitOf(attempts, '192.0.2.7', 'fresh'), 0);
  assert.ok(waitOf(attempts, '192.0.2.7', 'fresh') > 0);
});

test('Attempts counts an IPv6 /64 as one, and an IPv4 address in IPv6 dress as itself', () => {
  const { attempts } = begin();
  for (let i = 0; i < LIMITS.attemptsPerAddressMax.value; i++) {
    attempts.take(
      i % 2 ? `2001:db8:0:1::${i.toString(16)}` : `2001:0db8::1:0:0:0:${i.toString(16)}`,
      `n-${i}`,
    );
  }
  assert.ok(waitOf(attempts, '2001:db8:0:1:ffff::1', 'x') > 0);
  assert.equal(waitOf(attempts, '2001:db8:0:2::1', 'x'), 0);
  for (let i = 0; i < LIMITS.attemptsPerAddressMax.value; i++) attempts.take('::ffff:192.0.2.1', `m-${i}`);
  assert.ok(waitOf(attempts, '192.0.2.1', 'x') > 0);
});

test('Attempts does not let an address wait for the wrong passwords of others once it has signed in, for some days', () => {
  const { clock, attempts } = begin();
  const guess = (address: string) => {
    for (let i = 0; i <= LIMITS.failuresPerNameMax.value; i++) waitOf(attempts, address, 'ann');
  };
  attempts.succeeded('192.0.2.1', 'ann');
  guess('203.0.113.5');
  assert.ok(waitOf(attempts, '203.0.113.9', 'ann') > 0, 'an address that nobody knows');
  assert.equal(waitOf(attempts, '192.0.2.1', 'ann'), 0);
  assert.ok(waitOf(attempts, '192.0.2.2', 'ann') > 0, 'its neighbour');
  attempts.succeeded('192.0.2.1', 'ann');
  assert.ok(waitOf(attempts, '203.0.113.9', 'ann') > 0, 'a sign-in elsewhere gives nobody further guesses');
  guess('192.0.2.1');
  assert.ok(waitOf(attempts, '192.0.2.1', 'ann') > 0, 'its own wrong passwords count');
  clock.advance(LIMITS.knownAddressMs.value + 1);
  guess('203.0.113.5');
  assert.ok(waitOf(attempts, '192.0.2.1', 'ann') > 0, 'it is known no more');
});
