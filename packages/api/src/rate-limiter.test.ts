import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMeter } from '@skerry/kernel';
import { FakeClock } from '@skerry/kernel/testing';
import { RateLimiter } from './rate-limiter.ts';

function aLimiter(bounds: { burstMax: number; perSecond: number; subjectsMax?: number }) {
  const clock = new FakeClock();
  const refused = createMeter().counter('refused', '');
  return { clock, refused, limiter: new RateLimiter(clock, refused, bounds) };
}

test('RateLimiter lets a burst through, then so many a second, and says when', () => {
  const { clock, refused, limiter } = aLimiter({ burstMax: 20, perSecond: 10 });
  assert.equal(limiter.policy, '"subject";q=20;w=2');
  assert.equal(limiter.take('a').field, '"subject";r=19;t=1');
  for (let i = 1; i < 20; i++) assert.equal(limiter.take('a').refusal, undefined);
  const { field, refusal } = limiter.take('a');
  assert.equal(field, '"subject";r=0;t=2');
  assert.deepEqual(
    [refusal?.code, refusal?.status, refusal?.facts.retryAfterMs],
    ['too-many-requests', 429, 100],
  );
  assert.equal(refused.value, 1);
  clock.advance(100);
  assert.equal(limiter.take('a').refusal, undefined);
  assert.ok(limiter.take('a').refusal);
  clock.advance(60_000);
  assert.equal(limiter.take('a').field, '"subject";r=19;t=1', 'never more than the burst');
});

test('RateLimiter counts each by itself, and forgets the one that was silent longest', () => {
  const { limiter } = aLimiter({ burstMax: 1, perSecond: 1, subjectsMax: 2 });
  assert.equal(limiter.take('a').refusal, undefined);
  assert.equal(limiter.take('b').refusal, undefined);
  assert.ok(limiter.take('a').refusal);
  assert.equal(limiter.take('c').refusal, undefined);
  assert.ok(limiter.take('a').refusal, 'a asked after b');
  assert.equal(limiter.take('b').refusal, undefined, 'b was forgotten');
});
