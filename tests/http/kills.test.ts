import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { memoryFolder, ServerProcess } from '@skerry/testkit';
import { until } from '../e2e/condition.ts';
import { assertAuditClean, pointsOf } from '../e2e/proof.ts';
import { sendTo } from './http-sender.ts';

const DEVICES = 6;
const LINES = 25;
const KILLS = 3;
/** Requests answered with 2xx between two kills, all devices together. */
const ANSWERS_PER_LIFE = 60;
const NDJSON = 'application/x-ndjson';
const folder = memoryFolder('http-kills');
let server: ServerProcess;

before(async () => {
  const env = { SKERRY_PIPELINE_SEAL_AFTER_SECS: '0.3', SKERRY_PIPELINE_SEAL_POINTS: '1000' };
  server = await ServerProcess.start({ dataDir: join(folder.path, 'store'), env });
});

after(async () => {
  await server[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

/** Sends numbered records batch after batch, each until it is answered with 2xx; tells of every answer. */
async function sendBatches(
  device: string,
  stop: AbortSignal,
  tell: (isRetried: boolean) => void,
): Promise<number> {
  let batches = 0;
  while (!stop.aborted) {
    const first = batches * LINES;
    const body = Array.from({ length: LINES }, (_, i) => `{"n":${first + i}}\n`).join('');
    const headers = { 'content-type': NDJSON, 'idempotency-key': `${device}-${batches}` };
    for (let tries = 1; ; tries++) {
      // a server that is gone has answered nothing; whether it took the batch is what the key is for
      const answer = await sendTo(server, `t/kills/${device}`, body, headers).catch(() => null);
      const text = await answer?.text().catch(() => null);
      if (answer?.status === 200 && typeof text === 'string') {
        tell(tries > 1);
        break;
      }
      await pause(20);
    }
    batches++;
  }
  return batches * LINES;
}

test('every record that was answered with 2xx is stored once, over kills in the middle', async () => {
  let answered = 0;
  let retried = 0;
  const stop = new AbortController();
  const tell = (isRetried: boolean) => {
    answered++;
    if (isRetried) retried++;
  };
  const senders = Array.from({ length: DEVICES }, (_, i) => sendBatches(`d${i}`, stop.signal, tell));
  for (let kill = 0; kill < KILLS; kill++) {
    const wanted = answered + ANSWERS_PER_LIFE;
    await until('answers', () => answered >= wanted, 60_000);
    process.kill(server.pids.server, 'SIGKILL');
    await server.ready(60_000);
  }
  stop.abort();
  const sent = await Promise.all(senders);
  assert.ok(retried >= KILLS, `${retried} batches were in the air at a kill`);
  await server.quiet(60_000);
  for (const [index, count] of sent.entries()) {
    const points = await pointsOf(server, {
      tenant: 't',
      project: 'kills',
      device: `d${index}`,
      metric: 'n',
    });
    const values = points.map(({ value }) => Number(value)).sort((a, b) => a - b);
    assert.deepEqual(
      values,
      Array.from({ length: count }, (_, n) => n),
      `d${index}`,
    );
  }
  assert.equal((await server.quiet()).isBalanced, true);
  await assertAuditClean(server);
});
