import assert from 'node:assert/strict';
import { mkdtempDisposableSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { MessageChannel } from 'node:worker_threads';
import { silentLogger } from '@skerry/kernel';
import { startThread } from './thread-host.ts';

const SIDE = new URL('./thread-side.ts', import.meta.url).href;

/** A thread with this body, an expression of `(options, needs) => Promise`; `cells` is shared with it. */
async function aThread(body: string, cells: Int32Array, signal?: AbortSignal, closeMs = 20_000) {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'skerry-thread-'));
  const script = join(folder.path, 'body.mjs');
  writeFileSync(script, `import { runThread } from ${JSON.stringify(SIDE)};\nawait runThread(${body});\n`);
  // the other end goes with the thread that would have answered
  const { port1, port2 } = new MessageChannel();
  port1.close();
  return await startThread({
    name: 'test',
    script: pathToFileURL(script),
    ports: { other: port2 },
    failpoint: undefined,
    logger: silentLogger,
    options: cells,
    closeMs,
    ...(signal ? { signal } : {}),
  });
}

test('startThread: a thread that waits for another that is gone does not end by itself', async () => {
  const cells = new Int32Array(new SharedArrayBuffer(8));
  const body = `async (cells, { port }) => {
    port('other');
    Atomics.store(cells, 0, 1);
    await Atomics.waitAsync(cells, 1, 0).value;
    return { facts: 'went on', figures: () => 1, close: async () => undefined };
  }`;
  const starting = aThread(body, cells);
  while (Atomics.load(cells, 0) === 0) await turn();
  // an idle thread would be gone after its own turn
  for (let i = 0; i < 2_000; i++) await turn();
  Atomics.store(cells, 1, 1);
  Atomics.notify(cells, 1);
  await using thread = await starting;
  assert.equal(thread.facts, 'went on');
});

test('startThread: a thread that waits in vain while it starts is ended by its signal', async () => {
  const cells = new Int32Array(new SharedArrayBuffer(8));
  const controller = new AbortController();
  const body = `async (cells) => {
    Atomics.store(cells, 0, 1);
    await new Promise(() => undefined);
  }`;
  const starting = aThread(body, cells, controller.signal);
  while (Atomics.load(cells, 0) === 0) await turn();
  controller.abort();
  await assert.rejects(starting, { code: 'thread-ended' });
});

test('startThread tells the fault of the body with its code', async () => {
  const body = `async () => { throw Object.assign(new Error('no room'), { code: 'disk-full', advice: 'retry', facts: {} }) }`;
  await assert.rejects(aThread(body, new Int32Array(1)), /no room/);
});

test('Thread: one that is stuck in its own work is ended by force when its time to close is over', async () => {
  const cells = new Int32Array(new SharedArrayBuffer(4));
  const body = `async (cells) => ({
    facts: undefined,
    figures: () => { Atomics.store(cells, 0, 1); for (;;); },
    close: async () => undefined,
  })`;
  const thread = await aThread(body, cells, undefined, 20);
  const report = thread.report();
  while (Atomics.load(cells, 0) === 0) await turn();
  await thread[Symbol.asyncDispose]();
  assert.equal(await report, undefined);
});
