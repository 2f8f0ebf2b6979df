import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { ApiError } from '@skerry/api';
import { FakeClock } from '@skerry/kernel/testing';
import { PipelineClient } from '@skerry/pipeline';
import { LIMITS } from '../limits.ts';
import { WatchedPipeline } from './watched-pipeline.ts';

/** A pipeline's thread that answers every request with `[]`, or nothing while it is stuck. */
function aThread() {
  const clock = new FakeClock();
  const held: { id: number }[] = [];
  const thread = {
    isStuck: false,
    listener: (_: unknown): void => undefined,
    goOn: (): void => {
      thread.isStuck = false;
      for (const { id } of held.splice(0)) thread.listener({ type: 'answer', id, value: [] });
    },
  };
  const client = new PipelineClient({
    post: (message) => {
      held.push(message as { id: number }); // a request, as nothing else is asked for here
      if (!thread.isStuck) queueMicrotask(thread.goOn);
    },
    onMessage: (listener) => {
      thread.listener = listener;
    },
  });
  const watched = new WatchedPipeline(client, clock);
  const pass = async (secs: number): Promise<void> => {
    for (let i = 0; i < secs; i++) {
      clock.advance(1_000);
      await turn();
    }
  };
  return { thread, watched, pass };
}

test('WatchedPipeline: a thread that is silent fails every request and is told until it goes on', async () => {
  const { thread, watched, pass } = aThread();
  using _ = watched;
  const secs = LIMITS.pipelineSilentMs.value / 1_000;
  await pass(2 * secs);
  assert.deepEqual(watched.reasons, []);
  assert.deepEqual(await watched.request('alarms'), []);
  thread.isStuck = true;
  const early = watched.request('devices', { limit: 1 });
  const refused = assert.rejects(early, { code: 'unavailable', message: /has not answered for \d+ s/ });
  await pass(secs);
  assert.deepEqual(watched.reasons, []);
  await pass(2);
  await refused;
  assert.deepEqual(
    watched.reasons.map(({ code }) => code),
    ['pipeline-stuck'],
  );
  await assert.rejects(watched.request('figures'), { code: 'unavailable' });
  thread.goOn();
  await turn();
  assert.deepEqual(watched.reasons, []);
  assert.deepEqual(await watched.request('alarms'), []);
});

test('WatchedPipeline: a store that is away is told by its code until it answers again', async () => {
  const clock = new FakeClock();
  const store = { isThere: true };
  const asked = {
    ended: new Promise<void>(() => undefined),
    request: async () => {
      if (!store.isThere) throw new ApiError('unavailable', 'PostgreSQL has gone');
      return [];
    },
    subscribe: () => assert.fail('nobody subscribes'),
  };
  using watched = new WatchedPipeline(asked as unknown as PipelineClient, clock); // it is asked for its alarms only
  const beat = async (): Promise<void> => {
    clock.advance(1_000);
    await turn();
  };
  store.isThere = false;
  await beat();
  assert.deepEqual(watched.reasons, [{ code: 'unavailable', detail: 'PostgreSQL has gone' }]);
  store.isThere = true;
  await beat();
  assert.deepEqual(watched.reasons, []);
});
