import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SeededRandom } from '@skerry/kernel/testing';
import { openPublisher, type Publisher } from './publisher.ts';
import { aScene, type BrokerScene } from './testing/broker-scene.ts';

const MESSAGES = 400;
const SEEDS = 8;

for (const level of [4, 5] as const) {
  test(`Publisher at level ${level} loses nothing and keeps the order over a broker and a network that fail`, async () => {
    let resent = 0;
    let reconnects = 0;
    for (let seed = 1; seed <= SEEDS; seed++) {
      const figures = await publishOverLosses(seed, level);
      resent += figures.resent;
      reconnects += figures.reconnects;
    }
    assert.ok(resent > 50 && reconnects > SEEDS, `too quiet: ${resent} sent again, ${reconnects} reconnects`);
  });
}

async function publishOverLosses(seed: number, level: 4 | 5) {
  await using scene = await aScene({ seed });
  const random = new SeededRandom(`losses ${seed}`);
  const { net, clock } = scene;
  const acked: string[] = [];
  const onAck = ({ payload }: { readonly payload: Uint8Array }) => acked.push(textOf(payload));
  const address = scene.broker.address;
  const options = { address, clientId: 'p', level, window: 20, cleanStart: random.chance(0.5), onAck };
  await using publisher = await openPublisher(options, { net, clock, random });
  let next = 0;
  for (let step = 0; acked.length < MESSAGES; step++) {
    assert.ok(step < 20_000, `seed ${seed} came to a standstill: ${JSON.stringify(publisher.figures())}`);
    next = publishSome(publisher, next, random.int(8));
    disturb(scene, random, next === MESSAGES);
    await scene.settle();
    clock.advance(50);
  }
  await publisher.drained();
  const firsts = [...new Set(scene.ingress.kept.map(({ payload }) => payload))];
  const wanted = Array.from({ length: MESSAGES }, (_, index) => String(index));
  assert.deepEqual(firsts, wanted, `seed ${seed}: what the broker took, each the first time`);
  assert.deepEqual(acked, wanted, `seed ${seed}: what was acknowledged`);
  return publisher.figures();
}

function publishSome(publisher: Publisher, from: number, count: number): number {
  let next = from;
  while (next < MESSAGES && next < from + count) {
    if (!publisher.publish('iot/t/p/d/telemetry', new TextEncoder().encode(String(next)))) break;
    next++;
  }
  return next;
}

/** Now and then the connection breaks, or the journal keeps the broker waiting for a while. */
function disturb(scene: BrokerScene, random: SeededRandom, isLast: boolean): void {
  if (random.chance(0.05)) for (const link of scene.net.links) link.reset();
  const { ingress } = scene;
  if (isLast || random.chance(0.2)) ingress.isWaiting = false;
  else if (random.chance(0.3)) ingress.isWaiting = true;
  if (!ingress.isWaiting) ingress.confirm();
  else if (ingress.pending > 0 && random.chance(0.3)) ingress.confirm(random.between(1, ingress.pending));
}

function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
