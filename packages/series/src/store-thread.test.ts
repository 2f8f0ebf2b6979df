import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { MemoryStore } from './memory/index.ts';
import { type Mailbox, serveStore, ThreadedStore } from './store-thread.ts';
import { aDeadLetter, aHeadView, aSeal, hasCode, NOON, StepClock, testSeriesStore } from './testing/index.ts';

const breathe = () => new Promise<void>((resolve) => setImmediate(resolve));

function mailboxOf(port: MessagePort): Mailbox {
  return {
    post: (message, transfer = []) => port.postMessage(message, [...transfer]),
    onMessage: (callback) => void port.on('message', callback),
  };
}

function serveMemory(
  store = new MemoryStore({ clock: new StepClock(), breathe, failpoint: () => undefined }),
) {
  const { port1, port2 } = new MessageChannel();
  const failures: unknown[] = [];
  serveStore(mailboxOf(port2), store, { breathe, onWorkFailed: (error) => failures.push(error) });
  return { client: new ThreadedStore(mailboxOf(port1)), memory: store, failures, close: () => port1.close() };
}

testSeriesStore('ThreadedStore', async () => {
  const clock = new StepClock();
  const memory = new MemoryStore({ clock, breathe, failpoint: () => undefined });
  let served = serveMemory(memory);
  return {
    clock,
    get store() {
      return served.client;
    },
    reopen: async () => {
      served.close();
      memory.rollBack();
      served = serveMemory(memory);
    },
    [Symbol.asyncDispose]: async () => {
      await served.client[Symbol.asyncDispose]();
      served.close();
    },
  };
});

test('ThreadedStore hands heads over by reference and faults with their code', async () => {
  const { client, close } = serveMemory();
  await client.load();
  const head = aHeadView(1, [{ series: 1, time: NOON, value: 1, offset: 1, ordinal: 0 }]);
  const query = { series: 1, fromMicros: 0, toMicros: 2 * NOON, deadlineMs: 1e9 };
  const shape = { kind: 'raw', after: undefined, limit: 10, newestFirst: false } as const;
  const asked = client.query({ ...query, shape }, [head]);
  head.columns.value[0] = 42;
  const page = await asked;
  assert.deepEqual(page.kind === 'points' && page.values, [42]);
  await assert.rejects(client.seal(aSeal(5, [])), hasCode('seal-out-of-order'));
  close();
});

test('ThreadedStore sends the bytes of a dead letter and not the batch behind them', async () => {
  const sent: unknown[] = [];
  const store = new ThreadedStore({ post: (message) => sent.push(message), onMessage: () => undefined });
  const batch = new Uint8Array(1_000_000);
  void store.seal(aSeal(1, [], { deadLetters: [aDeadLetter(1, { payload: batch.subarray(5, 8) })] }));
  const call = sent[0] as { args: [{ deadLetters: { payload: Uint8Array }[] }] }; // what was posted just now
  assert.equal(call.args[0].deadLetters[0]?.payload.buffer.byteLength, 3);
});

test('serveStore works in the background after a seal, and reports work that fails', async () => {
  const store = new MemoryStore({ clock: new StepClock(), breathe, failpoint: () => undefined });
  let left = 3;
  const worked = Promise.withResolvers<void>();
  store.work = async () => {
    left--;
    if (left === 0) {
      worked.resolve();
      throw new Error('disk');
    }
    return true;
  };
  const { client, failures, close } = serveMemory(store);
  await client.seal(aSeal(1, []));
  await worked.promise;
  await client.figures();
  assert.equal(failures.length, 1);
  close();
});
