import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { selfSigned } from '@skerry/kernel/testing';
import { ConnectionTable, type PeerSocket } from './connection-table.ts';
import { openScene, type Scene, TOKEN } from './testing/scene.ts';

class FakeSocket implements PeerSocket {
  readonly localPort = 8080;
  readonly remoteAddress: string;
  readonly remotePort: number;
  isOpen = true;
  #onClose: () => void = () => undefined;
  constructor(remoteAddress: string, remotePort: number) {
    this.remoteAddress = remoteAddress;
    this.remotePort = remotePort;
  }
  destroy(): void {
    this.isOpen = false;
    this.#onClose();
  }
  once(_event: 'close', listener: () => void): void {
    this.#onClose = listener;
  }
}

function aTable(max: number, addressMax: number) {
  const counts: number[] = [];
  const table = new ConnectionTable({ max, addressMax }, (open) => counts.push(open));
  let port = 1;
  const enter = (address: string): FakeSocket => {
    const socket = new FakeSocket(address, port++);
    table.enter(socket);
    return socket;
  };
  const work = (socket: FakeSocket) => {
    const [request, answer] = [{ complete: true }, { writableEnded: false }];
    table.begin(socket, request, answer);
    return { request, answer };
  };
  return { counts, enter, work };
}

const openOf = (sockets: readonly FakeSocket[]): boolean[] => sockets.map(({ isOpen }) => isOpen);

test('ConnectionTable closes the oldest that does no work for a new one, of the address with the most', () => {
  const { enter, work, counts } = aTable(4, 9);
  const other = enter('10.0.0.2');
  const many = [enter('10.0.0.1'), enter('10.0.0.1'), enter('10.0.0.1')];
  if (many[0]) work(many[0]);
  const fresh = enter('10.0.0.3');
  assert.deepEqual(openOf([other, ...many, fresh]), [true, true, false, true, true]);
  assert.equal(counts.at(-1), 4);
});

test('ConnectionTable closes the new one where all work, and one whose answer only waits for its client', () => {
  const { enter, work } = aTable(2, 9);
  const [first, second] = [enter('10.0.0.1'), enter('10.0.0.2')];
  work(first);
  const { answer } = work(second);
  assert.equal(enter('10.0.0.3').isOpen, false);
  answer.writableEnded = true;
  assert.equal(enter('10.0.0.3').isOpen, true);
  assert.deepEqual(openOf([first, second]), [true, false]);
});

test('ConnectionTable keeps an address to its share, and a /64 of IPv6 is one address', () => {
  const { enter, work } = aTable(99, 2);
  for (const [own, alike, other] of [
    ['10.0.0.1', '::ffff:10.0.0.1', '10.0.0.2'],
    ['2001:db8:1:2::1', '2001:db8:1:2:3:4:5:6', '2001:db8:1:3::1'],
    ['2001:db8::1', '2001:db8::2:0:0:1', '2001:db8:0:1::1'],
  ] as const) {
    const [first, second] = [enter(own), enter(alike)];
    work(first);
    work(second);
    assert.equal(enter(own).isOpen, false, own);
    assert.equal(enter(other).isOpen, true, other);
  }
});

const HALF = 'GET /health HTTP/1.1\r\nHost: localhost\r\nX-Half: ';

/** Opens connections that send half a request, in turn. */
async function openHalf(port: number, count: number): Promise<Socket[]> {
  const sockets: Socket[] = [];
  for (let i = 0; i < count; i++) {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => undefined); // cut by the server
    await new Promise<void>((resolve) => socket.once('connect', resolve));
    socket.write(HALF);
    sockets.push(socket);
  }
  return sockets;
}

async function isAnswering(scene: Scene): Promise<boolean> {
  const response = await fetch(`${scene.api.url}/health`, { headers: { connection: 'close' } });
  return response.status === 200;
}

test('openApi answers others while half-sent requests hold every connection, and goes on with what is under way', async () => {
  await using scene = await openScene({ bounds: { connectionsMax: 20 } });
  const stop = new AbortController();
  const stream = await fetch(`${scene.api.url}/api/v1/stream?subscribe=overview`, {
    headers: { authorization: `Bearer ${TOKEN}` },
    signal: stop.signal,
  });
  const reader = stream.body?.getReader();
  await reader?.read();
  const halves = await openHalf(scene.api.address.port, 60);
  assert.equal(await isAnswering(scene), true);
  assert.equal(scene.meter.gauge('iot_api_connections', '').value <= 20, true);
  scene.clock.advance(1_000);
  assert.equal((await reader?.read())?.done, false, 'the event stream goes on');
  for (const socket of halves) socket.destroy();
  stop.abort();
});

test('openApi closes connections whose headers or handshake do not come in time, and counts those over TLS too', async () => {
  const tls = { host: '127.0.0.1', port: 0, credentials: selfSigned() };
  await using scene = await openScene({ tls, bounds: { headersTimeoutMs: 50 } });
  const connections = scene.meter.gauge('iot_api_connections', '');
  const port = Number(scene.api.encrypted?.port);
  const [half] = await openHalf(scene.api.address.port, 1);
  let answer = '';
  half?.setEncoding('utf8').on('data', (text: string) => {
    answer += text;
  });
  const silent = connect(port, '127.0.0.1');
  const handshaken = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false }, () =>
    handshaken.write(HALF),
  );
  for (const socket of [silent, handshaken]) socket.on('error', () => undefined); // cut by the server
  await Promise.all(
    [half, silent, handshaken].map(
      (socket) => new Promise((resolve) => socket?.resume().once('close', resolve)),
    ),
  );
  assert.match(answer, /^HTTP\/1\.1 408 .*"code":"request-timeout"/s);
  while (connections.value > 0) await new Promise((done) => setImmediate(done));
});

test('openApi knows the connections over TLS that work', async () => {
  const tls = { host: '127.0.0.1', port: 0, credentials: selfSigned() };
  await using scene = await openScene({ tls, bounds: { connectionsMax: 1 } });
  const port = Number(scene.api.encrypted?.port);
  const socket = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false });
  const lines = ['GET /api/v1/stream?subscribe=overview HTTP/1.1', 'Host: localhost'];
  socket.write([...lines, `Authorization: Bearer ${TOKEN}`, '', ''].join('\r\n'));
  let got = '';
  socket.setEncoding('utf8').on('data', (text: string) => {
    got += text;
  });
  while (!got.includes(': open')) await new Promise((done) => setImmediate(done));
  await assert.rejects(fetch(`${scene.api.url}/health`));
  assert.equal(socket.destroyed, false);
  socket.destroy();
});
