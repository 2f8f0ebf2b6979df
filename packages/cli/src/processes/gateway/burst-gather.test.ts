import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock } from '@skerry/kernel/testing';
import { BurstGather } from './burst-gather.ts';

/** Records that are gathered as an appender does: they wait until `confirm`. */
class Scene {
  readonly clock = new FakeClock();
  /** Records of each batch, and when it went. */
  readonly batches: { readonly ms: number; readonly count: number }[] = [];
  readonly #gather = new BurstGather(this.clock);
  #open = 0;
  #waiting = 0;

  async add(count: number): Promise<void> {
    for (let i = 0; i < count; i++) {
      this.#open++;
      this.#waiting++;
      const isFirst = this.#open === 1;
      this.#gather.added(this.#waiting);
      if (isFirst) this.#gather.begin(() => this.#send());
    }
    await undefined; // what goes at the end of a read goes in a microtask
    await undefined;
  }

  confirm(): void {
    this.#waiting = this.#open;
  }

  /** A window that is sent at once, and acknowledged when it has gone. */
  async window(count: number): Promise<number> {
    const { length } = this.batches;
    await this.add(count);
    const beganMs = this.clock.monotonicMs();
    while (this.batches.length === length) this.clock.advance(0.5);
    this.confirm();
    return Number(this.batches.at(-1)?.ms) - beganMs;
  }

  #send(): void {
    this.batches.push({ ms: this.clock.monotonicMs(), count: this.#open });
    this.#open = 0;
  }
}

test('BurstGather lets records go when nothing came for a moment', async () => {
  const scene = new Scene();
  await scene.add(1);
  scene.clock.advance(0.9);
  await scene.add(3);
  scene.clock.advance(0.2);
  assert.deepEqual(scene.batches, [], 'they came within the moment');
  scene.clock.advance(1);
  assert.deepEqual(scene.batches, [{ ms: 2, count: 4 }]);
});

test('BurstGather keeps none for longer than its limit, however they come', async () => {
  const scene = new Scene();
  for (let i = 0; i < 40; i++) {
    await scene.add(7);
    scene.clock.advance(0.5);
  }
  assert.ok(scene.batches.length >= 3 && scene.batches.length <= 5, JSON.stringify(scene.batches));
  assert.equal(scene.batches[0]?.ms, 5);
});

test('BurstGather learns a window: it goes as soon as it is full, together with what came in the same read', async () => {
  const scene = new Scene();
  assert.deepEqual([await scene.window(20), await scene.window(20)], [2, 2]);
  assert.deepEqual([await scene.window(20), await scene.window(20)], [0, 0]);
  assert.deepEqual(
    scene.batches.map(({ count }) => count),
    [20, 20, 20, 20],
  );
  assert.equal(await scene.window(30), 0, 'more than the window came at once');
  assert.equal(await scene.window(30), 2, 'the window is not that');
});

test('BurstGather takes single messages for no window', async () => {
  const scene = new Scene();
  for (let i = 0; i < 5; i++) assert.equal(await scene.window(1), 1);
});
