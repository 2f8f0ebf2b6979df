import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { accepts, freePorts, isFree, onFreePorts } from './ports.ts';

async function listenOn(port: number) {
  const server = createServer().listen(port, '127.0.0.1');
  await once(server, 'listening');
  return { [Symbol.dispose]: () => void server.close() };
}

test('freePorts gives each port once, free and within the range of engines', async () => {
  const ports = [...(await freePorts(20)), ...(await freePorts(20))];
  assert.equal(new Set(ports).size, 40);
  for (const port of ports) {
    assert.ok(port >= 20_000 && port <= 31_999);
    assert.equal(await isFree(port), true);
    assert.equal(await accepts(port), false);
  }
  const [port = 0] = ports;
  assert.equal(readFileSync(join(tmpdir(), 'skerry-test-ports', String(port)), 'utf8'), String(process.pid));
  using _ = await listenOn(port);
  assert.equal(await isFree(port), false);
  assert.equal(await accepts(port), true);
});

test('onFreePorts starts once more on other ports when another process has taken one', async () => {
  const tried: number[] = [];
  using taken = new DisposableStack();
  const found = await onFreePorts(2, async (ports) => {
    tried.push(...ports);
    if (tried.length > 2) return ports;
    taken.use(await listenOn(Number(ports[1])));
    throw new TypeError('address in use');
  });
  assert.deepEqual(found, tried.slice(2));
  assert.equal(new Set(tried).size, 4);
});

test('onFreePorts does not try again when the ports were not to blame, and not a third time', async () => {
  let starts = 0;
  const start = async () => {
    starts += 1;
    throw new TypeError('no licence');
  };
  await assert.rejects(onFreePorts(1, start), /no licence/);
  assert.equal(starts, 1);
  using taken = new DisposableStack();
  const startOnTaken = async ([port = 0]: readonly number[]) => {
    starts += 1;
    taken.use(await listenOn(port));
    throw new TypeError('address in use');
  };
  await assert.rejects(onFreePorts(1, startOnTaken), /address in use/);
  assert.equal(starts, 3);
});
