import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SeededRandom } from '@skerry/kernel/testing';
import { openPublisher, type Publisher } from '../publisher.ts';
import { aScene } from '../testing/broker-scene.ts';
import { MemoryIngress } from '../testing/memory-ingress.ts';
import { subscribeInto } from './ingress-consumer.ts';

const MESSAGES = 300;
const SEEDS = 8;
const TOPIC = 'iot/t/p/d/telemetry';

for (const level of [4, 5] as const) {
  test(`Subscriber at level ${level} loses nothing and keeps the order over a network that fails and an ingress that stalls`, async () => {
    let repeated = 0;
    let reconnects = 0;
    for (let seed = 1; seed <= SEEDS; seed++) {
      const outcome = await receiveOverLosses(seed, level);
      repeated += outcome.repeated;
      reconnects += outcome.reconnects;
    }
    assert.ok(repeated > 20 && reconnects > SEEDS, `too quiet: ${repeated} again, ${reconnects} reconnects`);
  });
}

async function receiveOverLosses(seed: number, level: 4 | 5) {
  await using scene = await aScene({ seed });
  const random = new SeededRandom(`subscriber losses ${seed}`);
  const { net, clock, meter } = scene;
  const { address } = scene.broker;
  const ingress = new MemoryIngress();
  ingress.isWaiting = true;
  const options = { name: 'up', clientId: 's', level, filters: [{ filter: 'iot/#' }], receiveMaximum: 20 };
  const dial = (signal: AbortSignal) => net.connect(address, signal);
  await using subscriber = await subscribeInto(ingress, options, { dial, clock, random, meter });
  await scene.until(() => subscriber.state().filters.every(({ state }) => state === 'granted'));
  await using publisher = await openPublisher({ address, clientId: 'p', window: 20 }, { net, clock, random });
  let next = 0;
  const taken = (): Set<string> => new Set(ingress.kept.map(({ payload }) => payload));
  for (let step = 0; taken().size < MESSAGES; step++) {
    assert.ok(step < 20_000, `seed ${seed} came to a standstill at ${taken().size}`);
    next = publishSome(publisher, next, random.int(8));
    if (next < MESSAGES && random.chance(0.05)) for (const link of net.links) link.reset();
    if (random.chance(0.05)) ingress.refuse('backlog');
    else if (random.chance(0.3)) ingress.resume();
    if (ingress.pending > 0 && random.chance(0.5)) ingress.confirm(random.between(1, ingress.pending));
    await scene.settle();
    clock.advance(50);
    if (next === MESSAGES) ingress.resume();
  }
  ingress.confirm();
  await scene.settle();
  assert.deepEqual([...taken()], numbers(), `seed ${seed}: each the first time, in order`);
  assert.equal(subscriber.state().unacked, 0);
  const again = ingress.kept.length - MESSAGES;
  const reconnects = meter.counter(
    'iot_subscriber_reconnects_total',
    'Connections to an external broker after the first, by source.',
    { source: 'up' },
  );
  return { repeated: again, reconnects: reconnects.value };
}

function publishSome(publisher: Publisher, from: number, count: number): number {
  let next = from;
  while (next < MESSAGES && next < from + count) {
    if (!publisher.publish(TOPIC, new TextEncoder().encode(String(next)))) break;
    next++;
  }
  return next;
}

function numbers(): string[] {
  return Array.from({ length: MESSAGES }, (_, index) => String(index));
}
