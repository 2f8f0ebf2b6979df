import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Generator, runGenerator } from './generator.ts';
import { openAckSink } from './load/ack-sink.ts';

test('runGenerator runs to its count in another process and gives rate, latencies and CPU seconds', async () => {
  await using sink = await openAckSink();
  const result = await runGenerator({
    port: sink.port,
    connections: 10,
    window: 50,
    devices: 20,
    count: 20_000,
  });
  assert.equal(sink.count, 20_000);
  assert.equal(result.ackedInAll, 20_000);
  assert.ok(result.cpuSecs > 0 && result.perSec > 0);
  assert.ok(result.latencyMs.p50 <= result.latencyMs.p99 && result.latencyMs.p99 <= result.latencyMs.max);
});

test('Generator pauses, answers with its state, follows the server to another port and loses nothing', async () => {
  await using first = await openAckSink({ answers: () => false });
  await using second = await openAckSink();
  await using generator = new Generator({ port: first.port, connections: 4, window: 10, devices: 4 });
  assert.equal((await generator.wait('up')).sent, 0);
  await generator.set({ isPaused: false });
  const stalled = await generator.set({ port: second.port });
  assert.equal(stalled.acked, 0);
  first.reset();
  await generator.set({ isPaused: true });
  const done = await generator.wait('answered');
  assert.deepEqual([done.unacked, done.acked], [0, done.sent]);
  assert.equal(generator.unackedAtLoss, 40);
  assert.ok(second.count >= 40);
});
