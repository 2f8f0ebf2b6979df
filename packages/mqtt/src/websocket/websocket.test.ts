import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { connect as connectPlain, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { type Connection, KernelError } from '@skerry/kernel';
import { turn } from '@skerry/kernel/node';
import { type NetUnderTest, netSuite, selfSigned } from '@skerry/kernel/testing';
import { type ClientOptions, WebSocket } from 'ws';
import { WebSocketConnection } from './websocket-connection.ts';
import { listenWebSocket, type WebSocketFailure, type WebSocketListenOptions } from './websocket-listener.ts';

const TIMEOUT = { timeout: 20_000 };
const LOOPBACK = { host: '127.0.0.1', port: 0 };
const CREDENTIALS = selfSigned();

async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await turn();
}

/** A network whose connections are WebSockets at both ends. */
function webSocketNet(tls: WebSocketListenOptions['tls']): NetUnderTest {
  return {
    net: {
      listen: (address, onConnection) =>
        listenWebSocket(
          { address, tls, messageBytesMax: 2 ** 20, isOriginAllowed: () => false },
          onConnection,
        ),
      connect: async ({ port }, signal) => {
        signal?.throwIfAborted();
        return dial(`${tls ? 'wss' : 'ws'}://127.0.0.1:${port}/mqtt`).catch((error: unknown) => {
          throw new KernelError('connect-failed', 'no', {}, error);
        });
      },
    },
    until,
    during: (answer) => answer,
    [Symbol.asyncDispose]: async () => undefined,
  };
}

/** Resolves in the tick in which the WebSocket is open. */
function dial(url: string): Promise<Connection> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url, 'mqtt', { perMessageDeflate: false, ca: CREDENTIALS.certificate });
    let stream: Socket | undefined;
    socket.once('upgrade', (response: IncomingMessage) => {
      stream = response.socket;
    });
    socket.once('error', reject);
    socket.once('open', () => {
      socket.off('error', reject);
      if (stream) resolve(new WebSocketConnection(socket, stream, { host: '127.0.0.1', port: 0 }));
    });
  });
}

netSuite('WebSocket', () => webSocketNet(undefined));
netSuite('WebSocket over TLS', () => webSocketNet(CREDENTIALS));

interface Scene {
  readonly port: number;
  readonly failures: WebSocketFailure[];
  readonly connections: Connection[];
  readonly received: Uint8Array[];
  readonly errors: (Error | undefined)[];
}

/** `pauseAfter`: chunks after which a connection is paused. */
async function aListener(
  context: TestContext,
  change: Partial<WebSocketListenOptions> = {},
  pauseAfter = 0,
): Promise<Scene> {
  const failures: WebSocketFailure[] = [];
  const connections: Connection[] = [];
  const received: Uint8Array[] = [];
  const errors: (Error | undefined)[] = [];
  const listener = await listenWebSocket(
    {
      address: LOOPBACK,
      isOriginAllowed: (origin, host) => origin === `http://${host}`,
      onHandshakeFailed: (failure) => failures.push(failure),
      ...change,
    },
    (connection) => {
      connections.push(connection);
      connection.start({
        onData: (bytes) => {
          if (received.push(bytes.slice()) === pauseAfter) connection.pause();
        },
        onDrain: () => undefined,
        onClose: (error) => errors.push(error),
      });
    },
  );
  context.after(async () => {
    for (const connection of connections) connection.destroy();
    await listener[Symbol.asyncDispose]();
  });
  return { port: listener.address.port, failures, connections, received, errors };
}

/** The status of the answer to an upgrade: 101 when it was made. */
async function statusOf(url: string, protocols: string[], options: ClientOptions = {}): Promise<number> {
  const socket = new WebSocket(url, protocols, options);
  const status = await new Promise<number>((resolve, reject) => {
    socket.once('open', () => resolve(101));
    socket.once('unexpected-response', (_, response) => resolve(response.statusCode ?? 0));
    socket.once('error', reject);
  });
  socket.on('error', () => undefined);
  socket.terminate();
  return status;
}

test(
  'listenWebSocket upgrades at /mqtt with sub-protocol mqtt and from its own pages only',
  TIMEOUT,
  async (context) => {
    const { port, failures, connections } = await aListener(context);
    const url = `ws://127.0.0.1:${port}/mqtt`;
    assert.equal(await statusOf(url, ['mqtt']), 101);
    assert.equal(await statusOf(`${url}?x=1`, ['mqttv3.1', 'mqtt']), 101);
    assert.equal(await statusOf(url, ['mqtt'], { origin: `http://127.0.0.1:${port}` }), 101);
    assert.equal(await statusOf(url, ['mqtt'], { origin: 'http://evil.example' }), 403);
    assert.equal(await statusOf(url, ['mqttv3.1']), 400);
    assert.equal(await statusOf(url, []), 400);
    assert.equal(await statusOf(`ws://127.0.0.1:${port}/other`, ['mqtt']), 404);
    assert.deepEqual(
      failures.map(({ reason }) => reason),
      ['origin', 'protocol', 'protocol', 'path'],
    );
    for (const { reason, remote } of failures)
      assert.ok(remote.host === '127.0.0.1' && remote.port > 0, `${reason}: ${JSON.stringify(remote)}`);
    assert.equal(connections.length, 3);
    const answer = await fetch(`http://127.0.0.1:${port}/mqtt`);
    assert.equal(answer.status, 426);
    assert.equal(failures.at(-1)?.reason, 'not-websocket');
  },
);

test(
  'listenWebSocket offers no compression and makes one binary frame of each write',
  TIMEOUT,
  async (context) => {
    const { port, connections } = await aListener(context);
    const socket = new WebSocket(`ws://127.0.0.1:${port}/mqtt`, 'mqtt', { perMessageDeflate: true });
    await once(socket, 'open');
    assert.equal(socket.extensions, '');
    assert.equal(socket.protocol, 'mqtt');
    const frames: [string, boolean][] = [];
    socket.on('message', (bytes: Buffer, isBinary) => frames.push([bytes.toString('hex'), isBinary]));
    connections[0]?.write(Uint8Array.of(1, 2));
    connections[0]?.write(Uint8Array.of(3));
    await until(() => frames.length === 2);
    assert.deepEqual(frames, [
      ['0102', true],
      ['03', true],
    ]);
  },
);

test(
  'WebSocketConnection closes on a text frame and on a message over the limit, with the reason',
  TIMEOUT,
  async (context) => {
    const { port, received, errors } = await aListener(context, { messageBytesMax: 1_000 });
    for (const [message, code] of [
      ['text', 1003],
      [Buffer.alloc(1_001), 1009],
    ] as const) {
      const socket = new WebSocket(`ws://127.0.0.1:${port}/mqtt`, 'mqtt');
      await once(socket, 'open');
      socket.send(message);
      const [closed] = await once(socket, 'close');
      assert.equal(closed, code);
    }
    await until(() => errors.length === 2);
    assert.deepEqual(received, []);
    assert.match(String(errors[0]?.message), /binary frames only/);
    assert.match(String(errors[1]?.message), /payload size/i);
  },
);

test(
  'WebSocketConnection keeps the frames of a chunk when it is paused amid them, and the end behind them',
  TIMEOUT,
  async (context) => {
    const { port, connections, received, errors } = await aListener(context, {}, 2);
    const socket = new WebSocket(`ws://127.0.0.1:${port}/mqtt`, 'mqtt');
    await once(socket, 'open');
    for (let n = 1; n <= 6; n++) socket.send(Uint8Array.of(n));
    socket.close();
    await until(() => received.length === 2);
    for (let turns = 0; turns < 50; turns++) await turn();
    assert.deepEqual([received.length, errors.length], [2, 0]);
    connections[0]?.resume();
    await until(() => errors.length === 1);
    assert.deepEqual(
      received.map(([n]) => n),
      [1, 2, 3, 4, 5, 6],
    );
  },
);

test(
  'listenWebSocket ends upgrades that are too slow or too many, and serves on',
  TIMEOUT,
  async (context) => {
    const { port, failures, connections } = await aListener(context, { handshakeMs: 300, handshakesMax: 3 });
    let closed = 0;
    for (let count = 0; count < 5; count++) {
      const socket = connectPlain({ host: '127.0.0.1', port });
      socket.on('error', () => undefined);
      socket.on('close', () => closed++);
      socket.resume();
      socket.write('GET /mqtt HTTP/1.1\r\n');
    }
    await until(() => closed === 5);
    assert.deepEqual(failures.map(({ reason }) => reason).sort(), [
      'timeout',
      'timeout',
      'timeout',
      'too-many',
      'too-many',
    ]);
    const noise = connectPlain({ host: '127.0.0.1', port });
    noise.on('error', () => undefined);
    noise.write('\u0000\u0001\r\n\r\n');
    await until(() => failures.length === 6);
    assert.equal(failures[5]?.reason, 'refused');
    assert.equal(await statusOf(`ws://127.0.0.1:${port}/mqtt`, ['mqtt']), 101);
    assert.equal(connections.length, 1);
  },
);

test(
  'listenWebSocket names the address of a client whose connection is gone by the time it is refused',
  TIMEOUT,
  async (context) => {
    const { port, failures } = await aListener(context);
    const client = connectPlain(port, '127.0.0.1');
    await once(client, 'connect');
    client.write('GET /mqtt HTTP/1.1\r\nOrigin: http://evil.exa');
    client.resetAndDestroy();
    await until(() => failures.length > 0);
    assert.equal(failures[0]?.remote.host, '127.0.0.1');
    assert.ok(Number(failures[0]?.remote.port) > 0);
  },
);
