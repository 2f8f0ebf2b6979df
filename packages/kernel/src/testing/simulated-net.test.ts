import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Connection } from '../net.ts';
import { turn } from '../node/turn.ts';
import { FakeClock } from './fake-clock.ts';
import { RunLog } from './run-log.ts';
import { SeededRandom } from './seeded-random.ts';
import { SimulatedNet } from './simulated-net.ts';

const AT = { host: '127.0.0.1', port: 1883 };

interface Told {
  readonly connection: Connection;
  readonly chunks: number[];
  readonly closes: (Error | undefined)[];
}

function listenTo(connection: Connection): Told {
  const told: Told = { connection, chunks: [], closes: [] };
  connection.start({
    onData: (bytes) => told.chunks.push(bytes.byteLength),
    onDrain: () => undefined,
    onClose: (error) => told.closes.push(error),
  });
  return told;
}

/** A network of one seed with one connection, and a way to let time pass. */
async function aLine(seed: number, log = new RunLog()) {
  const clock = new FakeClock();
  const net = new SimulatedNet({ clock, random: new SeededRandom(seed), log });
  const server = net.host();
  const accepted: Told[] = [];
  await server.listen(AT, (connection) => accepted.push(listenTo(connection)));
  const dialling = net.connect(AT).then(listenTo);
  const pass = async (byMs: number): Promise<void> => {
    for (let passed = 0; passed < byMs; passed++) {
      clock.advance(1);
      await turn();
    }
  };
  await pass(20);
  const [theirs] = accepted;
  const [link] = net.links;
  assert.ok(theirs && link);
  return { net, server, link, ours: await dialling, theirs, pass };
}

test('SimulatedNet slices and merges writes, losing nothing', async () => {
  const sizes = new Set<number>();
  for (let seed = 0; seed < 20; seed++) {
    const { ours, theirs, pass } = await aLine(seed);
    for (let i = 0; i < 10; i++) ours.connection.write(new Uint8Array(100));
    await pass(500);
    assert.equal(
      theirs.chunks.reduce((sum, size) => sum + size, 0),
      1000,
    );
    for (const size of theirs.chunks) sizes.add(size);
  }
  assert.ok([...sizes].some((size) => size % 100 !== 0) && [...sizes].some((size) => size > 100));
});

test('SimulatedNet reset tells both ends ECONNRESET once', async () => {
  const { ours, theirs, link, net, pass } = await aLine(1);
  link.reset();
  await pass(20);
  for (const { closes } of [ours, theirs]) {
    assert.equal(closes.length, 1);
    assert.equal(closes[0] && 'code' in closes[0] ? closes[0].code : undefined, 'ECONNRESET');
  }
  assert.equal(net.links.length, 0);
});

test('SimulatedNet black hole delivers nothing and says nothing until it is lifted', async () => {
  const { ours, theirs, link, pass } = await aLine(1);
  link.setBlackHole(true);
  ours.connection.write(new Uint8Array(10));
  await pass(60_000);
  assert.deepEqual([theirs.chunks, theirs.closes, ours.closes], [[], [], []]);
  link.setBlackHole(false);
  await pass(100);
  assert.equal(
    theirs.chunks.reduce((sum, size) => sum + size, 0),
    10,
  );
});

test('SimulatedNet half-close ends the server side in order, and the client after it', async () => {
  const { ours, theirs, link, pass } = await aLine(1);
  link.halfClose();
  await pass(50);
  assert.deepEqual([theirs.closes, ours.closes], [[undefined], [undefined]]);
});

test('SimulatedNet crash of a host resets its peers, frees its ports and calls nothing of its own', async () => {
  const { net, server, ours, theirs, pass } = await aLine(1);
  ours.connection.write(new Uint8Array(10));
  server.crash();
  await pass(50);
  assert.deepEqual([theirs.chunks, theirs.closes], [[], []]);
  assert.equal(ours.closes.length, 1);
  await net.host().listen(AT, () => undefined);
});

test('SimulatedNet does the same twice for the same seed', async () => {
  const run = async (seed: number): Promise<string> => {
    const log = new RunLog();
    const { ours, theirs, pass } = await aLine(seed, log);
    for (let i = 0; i < 20; i++) {
      ours.connection.write(new Uint8Array(50).fill(i));
      theirs.connection.write(new Uint8Array(30).fill(i));
      await pass(1);
    }
    ours.connection.end();
    await pass(200);
    return log.digest;
  };
  assert.equal(await run(3), await run(3));
  assert.notEqual(await run(3), await run(4));
});
