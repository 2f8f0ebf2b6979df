import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMeter } from '@skerry/kernel';
import { InflationGate } from './inflation-gate.ts';
import { IntakeRoom } from './request-body.ts';

const { signal } = new AbortController();

test('IntakeRoom keeps room for others when one sender has used its share, and gives all of it back', () => {
  const gauge = createMeter().gauge('held', '');
  const room = new IntakeRoom(gauge, { bytesMax: 100, senderBytesMax: 50 });
  {
    using ann = room.enter('ann');
    using annToo = room.enter('ann');
    using bob = room.enter('bob');
    using eve = room.enter('eve');
    ann.take(30);
    assert.throws(() => annToo.take(21), { code: 'intake-refused', message: /of this sender/ });
    annToo.take(20);
    bob.take(45);
    assert.throws(() => eve.take(6), { code: 'intake-refused', message: /^bodies of 95 bytes are/ });
    ann.replace(10);
    eve.take(6);
    assert.equal(gauge.value, 81);
  }
  assert.equal(gauge.value, 0);
  using again = room.enter('ann');
  again.take(50);
});

test('InflationGate bounds what runs, and a sender with many waiting does not keep another one waiting', async () => {
  const gate = new InflationGate(2);
  const order: string[] = [];
  const ends: (() => void)[] = [];
  const work = (name: string) => () => {
    order.push(name);
    const { promise, resolve } = Promise.withResolvers<void>();
    ends.push(resolve);
    return promise;
  };
  const runs = ['ann', 'ann', 'ann', 'ann', 'bob'].map((name) => gate.run(name, signal, work(name)));
  await turn();
  assert.deepEqual(order, ['ann', 'ann']);
  ends[0]?.();
  await turn();
  assert.deepEqual(order, ['ann', 'ann', 'bob']);
  for (const at of [1, 2, 3, 4]) {
    ends[at]?.();
    await turn();
  }
  await Promise.all(runs);
  assert.deepEqual(order, ['ann', 'ann', 'bob', 'ann', 'ann']);
});

test('InflationGate forgets who went away while waiting, and goes on after work that failed', async () => {
  const gate = new InflationGate(1);
  const failure = Promise.withResolvers<void>();
  const failing = gate.run('ann', signal, () => failure.promise);
  const leaving = new AbortController();
  const gone = gate.run('bob', leaving.signal, async () => assert.fail('is not wanted any more'));
  const kept = gate.run('eve', signal, async () => 'done');
  leaving.abort();
  await assert.rejects(gone, { code: 'request-aborted' });
  failure.reject(new TypeError('broken'));
  await assert.rejects(failing, TypeError);
  assert.equal(await kept, 'done');
});

function turn(): Promise<void> {
  return new Promise((done) => setImmediate(done));
}
