import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { API_LIMITS } from '@skerry/api';
import { silentLogger } from '@skerry/kernel';
import { nodeClock, nodeRandom } from '@skerry/kernel/node';
import { hasCode } from '@skerry/kernel/testing';
import { ChaosRoom } from './chaos-room.ts';
import type { ChaosLook } from './chaos-witness.ts';

const NEEDS = { clock: nodeClock(), random: nodeRandom(), logger: silentLogger };
const BLIND: ChaosLook = { letter: async () => undefined, isStored: async () => false };

/** A port that takes connections and says nothing. */
async function aSilentPort() {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const address = server.address();
  assert.ok(typeof address === 'object' && address);
  return {
    address: { host: '127.0.0.1', port: address.port },
    [Symbol.asyncDispose]: () => new Promise<void>((resolve) => server.close(() => resolve())),
  };
}

test('ChaosRoom has one run at a time, and tells one that was stopped as stopped', async () => {
  await using port = await aSilentPort();
  const target = { address: port.address };
  await using room = new ChaosRoom({ target, look: BLIND, refusal: () => undefined }, NEEDS);
  const run = room.start('acme', 'olga');
  assert.deepEqual([run.state, run.tenant, run.author, run.inputs], ['running', 'acme', 'olga', room.inputs]);
  assert.throws(() => room.start('other', 'olga'), hasCode('too-many-simulations'));
  const stopped = await room.stop(run.id);
  assert.deepEqual([stopped?.state, stopped?.rows, stopped?.fault], ['stopped', [], undefined]);
  assert.equal((await room.stop(run.id))?.state, 'stopped');
  assert.equal(await room.stop('none'), undefined);
});

test('ChaosRoom tells why a run failed, and starts none while nothing is taken in', async () => {
  const port = await aSilentPort();
  const target = { address: port.address };
  await port[Symbol.asyncDispose]();
  let refusal: string | undefined;
  await using room = new ChaosRoom({ target, look: BLIND, refusal: () => refusal }, NEEDS);
  const { id } = room.start('acme', 'olga');
  const failed = async () => {
    for (;;) {
      const run = room.list().find((one) => one.id === id);
      if (run?.state !== 'running') return run;
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  const run = await failed();
  assert.equal(run?.state, 'failed');
  assert.match(String(run?.fault), /127\.0\.0\.1/);
  refusal = 'the disk is full';
  assert.throws(() => room.start('acme', 'olga'), hasCode('unavailable'));
});

test('ChaosRoom remembers the newest run of each tenant, and forgets the oldest beyond its limit', async () => {
  await using port = await aSilentPort();
  const target = { address: port.address };
  await using room = new ChaosRoom({ target, look: BLIND, refusal: () => undefined }, NEEDS);
  const max = API_LIMITS.chaosTenantsMax.value;
  const tenants = Array.from({ length: max + 1 }, (_, at) => `t${at}`);
  for (const tenant of [...tenants, 't1']) await room.stop(room.start(tenant, 'olga').id);
  assert.deepEqual(
    room.list().map(({ tenant }) => tenant),
    ['t1', ...tenants.slice(2).reverse()],
  );
});
