import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { accepts, freePorts, holdPort, isFree, onFreePorts } from './ports.ts';

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
  using _ = await listenOn(port);
  assert.equal(await isFree(port), false);
  assert.equal(await accepts(port), true);
});

/** Another process that asks for ports by a line of code, and says what it has on one line. */
async function anotherProcess(code: string) {
  const script = `const { freePorts, holdPort } = await import(${JSON.stringify(import.meta.resolve('./ports.ts'))});
    console.log(JSON.stringify(${code})); process.stdin.resume();`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const [line] = await once(child.stdout, 'data');
  const kill = async (): Promise<void> => {
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  };
  return { said: JSON.parse(String(line)) as unknown, [Symbol.asyncDispose]: kill };
}

test('freePorts keeps a port from other processes as long as its own lives, and no longer', async () => {
  const [ours = 0] = await freePorts(1);
  let ports: number[] = [];
  {
    await using other = await anotherProcess(`[Boolean(await holdPort(${ours})), ...await freePorts(3)]`);
    const [isTaken, ...theirs] = other.said as [boolean, ...number[]]; // as the script says it
    assert.equal(isTaken, false, 'another process gets a port that is given');
    for (const port of theirs) {
      assert.equal(await isFree(port), true, 'nobody listens there');
      assert.equal(await holdPort(port), undefined, 'a port of another process that lives is given');
    }
    ports = theirs;
  }
  const [one = 0, busy = 0, last = 0] = ports;
  const asked = await Promise.all(Array.from({ length: 20 }, () => holdPort(one)));
  assert.equal(asked.filter((hold) => hold !== undefined).length, 1, 'one of all who ask at once gets it');
  using _ = await listenOn(busy);
  const offered = [one, busy, last];
  assert.deepEqual(await freePorts(1, () => offered.shift() ?? 0), [last]);
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
