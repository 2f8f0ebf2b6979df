import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LivePull } from './live-subscription.ts';
import type { Mailbox } from './mailbox.ts';
import { PipelineClient } from './pipeline-client.ts';
import { servePipeline } from './pipeline-thread.ts';
import { Rig, until } from './testing/rig.ts';
import { aPipeline, applyRecord } from './testing/stage-documents.ts';

/** Two ends of a channel that copies what it carries, as between threads. */
function channel(): [Mailbox, Mailbox] {
  const { port1, port2 } = new MessageChannel();
  const mailboxOf = (port: MessagePort): Mailbox => ({
    post: (message, transfer = []) => port.postMessage(message, [...transfer]),
    onMessage: (listener) => {
      port.onmessage = ({ data }) => listener(data);
    },
  });
  channels.push(port1);
  return [mailboxOf(port1), mailboxOf(port2)];
}
const channels: MessagePort[] = [];
test.after(() => {
  for (const port of channels) port.close();
});

async function opened() {
  const rig = new Rig();
  const pipeline = await rig.open();
  const [near, far] = channel();
  const server = servePipeline(far, pipeline, rig);
  return { rig, pipeline, server, client: new PipelineClient(near) };
}

test('PipelineClient asks and is answered with copies', async () => {
  const { rig, pipeline, client } = await opened();
  rig.journal.append({ payload: '{"v":9007199254740993,"s":"x"}' }, { payload: 'x' });
  assert.equal(await client.request('flush'), 2);
  const key = { tenant: 't', project: 'p', device: 'd' };
  const page = await client.request('points', {
    series: { ...key, metric: 'v' },
    fromMicros: 0,
    toMicros: 2 ** 52,
    shape: { kind: 'raw', after: undefined, limit: 10, newestFirst: false },
    deadlineMs: 1000,
  });
  assert.deepEqual(page?.kind === 'points' && page.values, [9007199254740993n]);
  assert.equal((await client.request('latest', key))?.length, 2);
  assert.equal(
    (await client.request('deadLetter', 1))?.detail,
    'Byte 0 begins "x"; a JSON value was expected.',
  );
  assert.equal((await client.request('figures')).ledger.balanced, true);
  assert.ok((await client.request('metrics')).some((family) => family.name === 'iot_ledger_imbalance'));
  assert.equal(await client.request('device', { ...key, device: 'nobody' }), undefined);
  await pipeline[Symbol.asyncDispose]();
});

test('PipelineClient asks for the document of a scope, not only of a name', async () => {
  const { rig, pipeline, client } = await opened();
  const keep = [{ name: 'keep', type: 'Filter', keep: 'true' }];
  rig.journal.append(applyRecord(aPipeline('hot', keep, { match: { tenant: 'a' } })));
  await client.request('flush');
  assert.equal((await client.request('stageGet', 'Pipeline', 'hot', { tenant: 'a' }))?.version, 1);
  assert.equal(await client.request('stageGet', 'Pipeline', 'hot', { tenant: 'b' }), undefined);
  assert.equal(await client.request('stageGet', 'Pipeline', 'hot', {}), undefined);
  await pipeline[Symbol.asyncDispose]();
});

test('PipelineClient is given points as they become visible, one message at a time', async () => {
  const { rig, pipeline, client } = await opened();
  const over = new AbortController();
  const got: LivePull[] = [];
  const reading = (async () => {
    for await (const pull of client.subscribe([{ device: 'd' }], undefined, over.signal)) got.push(pull);
  })();
  await until(() => got.length === 1);
  assert.equal(got[0]?.rows, 0);
  for (let i = 1; i <= 3; i++) {
    rig.journal.append({ payload: `{"v":${i}}` });
    await until(() => pipeline.position === i);
    await until(() => {
      rig.clock.advance(100);
      return got.length === i + 1;
    });
  }
  assert.deepEqual(
    got.flatMap((pull) => pull.devices.flatMap((one) => one.points.map((point) => point.value))),
    [1, 2, 3],
  );
  over.abort();
  await reading;
  await pipeline[Symbol.asyncDispose]();
});

test('PipelineClient tells faults with their codes', async () => {
  const { pipeline, client } = await opened();
  const feed = client.subscribe([{}], 'nonsense', new AbortController().signal);
  await assert.rejects(feed.next(), { code: 'cursor-invalid', advice: 'give-up' });
  await pipeline[Symbol.asyncDispose]();
  await client.ended;
  await assert.rejects(client.request('devices', { limit: 1 }), { code: 'pipeline-closed' });
});
