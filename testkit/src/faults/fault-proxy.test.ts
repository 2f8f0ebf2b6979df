import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openAckSink } from '../load/ack-sink.ts';
import { type LoadPlan, LoadRun, type LoadState } from '../load/load-run.ts';
import { FaultProxy } from './fault-proxy.ts';

function aPlan(port: number, rest: Partial<LoadPlan> = {}): LoadPlan {
  return {
    port,
    connections: 3,
    window: 10,
    devices: 3,
    rate: 0,
    protocol: 4,
    tenant: 't',
    project: 'p',
    epoch: 1,
    shape: { kind: 'marks', metrics: 0, payloadBytes: 150 },
    ackTimeoutMs: 200,
    count: 300,
    ...rest,
  };
}

const isDone = ({ acked }: LoadState) => acked === 300;

test('FaultProxy passes bytes on whole, in slices and late', async () => {
  for (const faults of [{}, { sliceBytes: 7 }, { delayMs: 3 }, { delayMs: 1, sliceBytes: 40 }]) {
    const payloads: string[] = [];
    await using sink = await openAckSink({ onPublish: (_, payload) => payloads.push(payload.toString()) });
    await using proxy = await FaultProxy.open(sink.port);
    proxy.faults = faults;
    using run = new LoadRun(aPlan(proxy.port, { ackTimeoutMs: 10_000 }));
    run.start();
    await run.until(isDone);
    assert.equal(new Set(payloads).size, 300);
    assert.ok(payloads.every((text) => JSON.parse(text).epoch === 1));
  }
});

test('FaultProxy swallows bytes until it is told otherwise, and the sender comes back', async () => {
  await using sink = await openAckSink();
  await using proxy = await FaultProxy.open(sink.port);
  proxy.faults = { isBlackHole: true };
  using run = new LoadRun(aPlan(proxy.port));
  run.start();
  await run.until(() => proxy.connections === 3);
  assert.equal(sink.count, 0);
  proxy.faults = {};
  proxy.reset();
  await run.until(isDone);
  assert.equal(run.state().acked, 300);
});

test('FaultProxy resets connections and closes half of them; nothing is left unacknowledged', async () => {
  let heard = 0;
  await using sink = await openAckSink({
    onPublish: () => {
      heard += 1;
      if (heard === 50) proxy.reset();
      if (heard === 150) proxy.halfClose();
    },
  });
  await using proxy = await FaultProxy.open(sink.port);
  using run = new LoadRun(aPlan(proxy.port));
  run.start();
  await run.until(isDone);
  assert.ok(run.result().connectionsLost >= 3);
});
