import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
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

/** A server that keeps what each connection has sent, and answers every piece with `answer`. */
async function openListener(answer = 'ok') {
  const heard: string[] = [];
  const ports: (number | undefined)[] = [];
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (socket) => {
    const place = heard.push('') - 1;
    ports.push(socket.remotePort);
    sockets.add(socket);
    socket.on('data', (piece) => {
      heard[place] += piece.toString();
      socket.write(answer);
    });
    socket.on('error', () => socket.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return {
    heard,
    /** Of the connections, at their far ends. */
    ports,
    say(text: string) {
      for (const socket of sockets) socket.write(text);
    },
    port: typeof address === 'object' && address ? address.port : 0,
    [Symbol.dispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

/** A client that keeps what it gets and how its connection ended. */
function openClient(port: number) {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  const { promise: closed, resolve } = Promise.withResolvers<string>();
  let got = '';
  let fault = '';
  socket.on('data', (piece) => {
    got += piece.toString();
  });
  socket.on('error', (cause: NodeJS.ErrnoException) => {
    fault = String(cause.code);
  });
  socket.once('close', () => resolve(fault));
  return { socket, closed, seen: () => got, [Symbol.dispose]: () => void socket.destroy() };
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

test('FaultProxy refuses connections for a while on the same port, and lets those go on that there are', async () => {
  using listener = await openListener();
  await using proxy = await FaultProxy.open(listener.port);
  using first = openClient(proxy.port);
  first.socket.write('a');
  await until(() => first.seen() === 'ok');
  proxy.refuse();
  using second = openClient(proxy.port);
  assert.equal(await second.closed, 'ECONNREFUSED');
  first.socket.write('b');
  await until(() => first.seen() === 'okok');
  await proxy.accept();
  using third = openClient(proxy.port);
  third.socket.write('c');
  await until(() => third.seen() === 'ok');
  assert.deepEqual(listener.heard, ['ab', 'c']);
});

test('FaultProxy holds back one direction and loses nothing of it', async () => {
  using listener = await openListener();
  await using proxy = await FaultProxy.open(listener.port);
  using client = openClient(proxy.port);
  proxy.faults = { stalls: 'to-client' };
  for (const [index, word] of ['a', 'b', 'c'].entries()) {
    client.socket.write(word);
    await until(() => listener.heard[0] === 'abc'.slice(0, index + 1));
  }
  assert.equal(client.seen(), '');
  proxy.faults = { stalls: 'to-server' };
  await until(() => client.seen() === 'okokok');
  client.socket.write('d');
  for (const length of [7, 8, 9]) {
    listener.say('.');
    await until(() => client.seen().length === length);
  }
  assert.equal(listener.heard[0], 'abc');
  proxy.faults = {};
  await until(() => client.seen() === 'okokok...ok');
  assert.equal(listener.heard[0], 'abcd');
});

test('FaultProxy cuts after so many bytes: these arrive and no other', async () => {
  using listener = await openListener();
  await using proxy = await FaultProxy.open(listener.port);
  const toServer = proxy.cutAfter('to-server', 5);
  using client = openClient(proxy.port);
  client.socket.write('abc');
  await until(() => client.seen() === 'ok');
  client.socket.write('defgh');
  await toServer;
  assert.equal(await client.closed, 'ECONNRESET');
  await until(() => listener.heard[0] === 'abcde');
  const toClient = proxy.cutAfter('to-client', 1);
  using next = openClient(proxy.port);
  next.socket.write('x');
  await toClient;
  await next.closed;
  assert.deepEqual([next.seen(), listener.heard[1]], ['o', 'x']);
});

test('FaultProxy cuts at a pattern before the server sees it, or when its answer is on the way', async () => {
  using listener = await openListener();
  await using proxy = await FaultProxy.open(listener.port);
  const before = proxy.cutAt('COMMIT', 'before');
  using first = openClient(proxy.port);
  first.socket.write('BEGIN');
  await until(() => first.seen() === 'ok');
  first.socket.write('COMMIT');
  await before;
  assert.equal(await first.closed, 'ECONNRESET');
  assert.equal(listener.heard[0], 'BEGIN');
  const answered = proxy.cutAt('COMMIT', 'answered', { nth: 2 });
  using second = openClient(proxy.port);
  for (const [index, word] of ['COMMIT', 'COM', 'M'].entries()) {
    second.socket.write(word);
    await until(() => second.seen() === 'ok'.repeat(index + 1));
  }
  second.socket.write('IT');
  await answered;
  assert.equal(await second.closed, 'ECONNRESET');
  assert.deepEqual([second.seen(), listener.heard[1]], ['okokok', 'COMMITCOMMIT']);
});

test('FaultProxy cuts at a pattern the connection that is wanted, and asks while the server has not seen it', async () => {
  using listener = await openListener();
  await using proxy = await FaultProxy.open(listener.port);
  const asked: [port: number, heard: string | undefined][] = [];
  const answers = [false, false, true];
  const where = async (port: number): Promise<boolean> => {
    asked.push([port, listener.heard[0]]);
    return answers.shift() ?? assert.fail('it is asked once more');
  };
  const cut = proxy.cutAt('COMMIT', 'before', { nth: 2, where });
  using client = openClient(proxy.port);
  for (const [index, word] of ['COMMIT', 'COMMIT', 'COM', 'MIT'].entries()) {
    client.socket.write(word);
    await until(() => client.seen() === 'ok'.repeat(index + 1));
  }
  client.socket.write('COMMIT');
  await cut;
  assert.equal(await client.closed, 'ECONNRESET');
  const passed = ['COMMIT', 'COMMITCOMMITCOM', 'COMMITCOMMITCOMMIT'];
  assert.deepEqual(
    asked.map(([, heard]) => heard),
    passed,
  );
  assert.equal(listener.heard[0], passed.at(-1));
  assert.deepEqual(new Set(asked.map(([port]) => port)), new Set(listener.ports));
});

test('FaultProxy gives a cut up when it is told to, also while it asks, and everything passes', async () => {
  using listener = await openListener();
  await using proxy = await FaultProxy.open(listener.port);
  const stop = new AbortController();
  const asked = Promise.withResolvers<void>();
  const answer = Promise.withResolvers<boolean>();
  const where = (): Promise<boolean> => {
    asked.resolve();
    return answer.promise;
  };
  const cut = proxy.cutAt('COMMIT', 'before', { where, signal: stop.signal });
  using client = openClient(proxy.port);
  client.socket.write('COMMIT');
  await asked.promise;
  stop.abort(new TypeError('enough'));
  await assert.rejects(cut, /enough/);
  answer.resolve(true);
  await until(() => client.seen() === 'ok');
  client.socket.write('COMMIT');
  await until(() => client.seen() === 'okok');
  await assert.rejects(
    (async () => {
      const failing = proxy.cutAt('COMMIT', 'answered', { where: () => Promise.reject(new TypeError('no')) });
      client.socket.write('COMMIT');
      await failing;
    })(),
    /no/,
  );
  await until(() => client.seen() === 'okokok');
  assert.equal(listener.heard[0], 'COMMIT'.repeat(3));
});

test('FaultProxy tells when a connection ends before the answer at which it was to be cut', async () => {
  using listener = await openListener('');
  await using proxy = await FaultProxy.open(listener.port);
  const answered = proxy.cutAt('COMMIT', 'answered');
  using client = openClient(proxy.port);
  client.socket.write('COMMIT');
  await until(() => listener.heard[0] === 'COMMIT');
  client.socket.destroy();
  await assert.rejects(answered, /ended before the server answered/);
});

test('FaultProxy takes nothing of what has passed from a server that reads late', async () => {
  const accepted = Promise.withResolvers<Socket>();
  const server = createServer({ pauseOnConnect: true }, accepted.resolve).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  await using proxy = await FaultProxy.open(typeof address === 'object' && address ? address.port : 0);
  const cut = proxy.cutAfter('to-server', 5);
  using client = openClient(proxy.port);
  client.socket.write('abcdefgh');
  await cut;
  await client.closed;
  const socket = await accepted.promise;
  let heard = '';
  socket.on('data', (piece) => {
    heard += piece.toString();
  });
  socket.resume();
  await once(socket, 'end');
  socket.destroy();
  server.close();
  assert.equal(heard, 'abcde');
});
