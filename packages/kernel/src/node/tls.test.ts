import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as connectPlain } from 'node:net';
import { test } from 'node:test';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import type { Address, Connection } from '../net.ts';
import { hasCode } from '../testing/has-code.ts';
import { selfSigned } from '../testing/self-signed.ts';
import { nodeNet } from './net.ts';
import type { HandshakeFailure } from './socket-listener.ts';
import { turn } from './turn.ts';

const LOOPBACK: Address = { host: '127.0.0.1', port: 0 };
const TIMEOUT = { timeout: 20_000 };

async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await turn();
}

/** Echoes what it is sent and tells of both ends. */
function echo(connections: Connection[]): (connection: Connection) => void {
  return (connection) => {
    connections.push(connection);
    connection.start({
      onData: (bytes) => connection.write(bytes.slice()),
      onDrain: () => undefined,
      onClose: () => connections.splice(connections.indexOf(connection), 1),
    });
  };
}

async function dial(port: number, options: ConnectionOptions): Promise<TLSSocket> {
  const socket = connect({ host: '127.0.0.1', port, servername: 'localhost', ...options });
  await once(socket, 'secureConnect');
  return socket;
}

test(
  'listenTls gives out connections that are encrypted, by TLS 1.2 and 1.3, and shows a renewed certificate',
  TIMEOUT,
  async () => {
    const first = selfSigned();
    const second = selfSigned();
    const connections: Connection[] = [];
    await using listener = await nodeNet().listenTls(LOOPBACK, first, echo(connections));
    for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
      const socket = await dial(listener.address.port, { ca: first.certificate, maxVersion: version });
      assert.equal(socket.getProtocol(), version);
      socket.write('hello');
      assert.equal(String((await once(socket, 'data'))[0]), 'hello');
      assert.deepEqual(connections[0]?.remote, { host: '127.0.0.1', port: socket.localPort });
      socket.end();
      await until(() => connections.length === 0);
    }
    const older = await dial(listener.address.port, { ca: first.certificate });
    listener.renew(second);
    const newer = await dial(listener.address.port, { ca: second.certificate });
    older.write('still');
    assert.equal(String((await once(older, 'data'))[0]), 'still');
    await assert.rejects(dial(listener.address.port, { ca: first.certificate }));
    older.destroy();
    newer.destroy();
    await until(() => connections.length === 0);
  },
);

test('listenTls refuses older protocols and resumes no session', TIMEOUT, async () => {
  const credentials = selfSigned();
  const connections: Connection[] = [];
  await using listener = await nodeNet().listenTls(LOOPBACK, credentials, echo(connections));
  const { port } = listener.address;
  const ca = credentials.certificate;
  await assert.rejects(
    dial(port, { ca, minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT:@SECLEVEL=0' }),
  );
  for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
    const sessions: Buffer[] = [];
    const one = connect({ host: '127.0.0.1', port, servername: 'localhost', ca, maxVersion });
    one.on('session', (session: Buffer) => sessions.push(session));
    await once(one, 'secureConnect');
    one.write('x');
    await once(one, 'data');
    const session = sessions.at(-1) ?? one.getSession();
    one.destroy();
    const again = await dial(port, { ca, maxVersion, ...(session && { session }) });
    assert.equal(again.isSessionReused(), false, maxVersion);
    again.destroy();
  }
  await until(() => connections.length === 0);
});

test(
  'listenTls ends handshakes that are too slow or too many, tells of them, and serves on',
  TIMEOUT,
  async () => {
    const credentials = selfSigned();
    const failures: HandshakeFailure[] = [];
    const connections: Connection[] = [];
    const net = nodeNet({
      handshakeMs: 300,
      handshakesMax: 3,
      onHandshakeFailed: (failure) => failures.push(failure),
    });
    await using listener = await net.listenTls(LOOPBACK, credentials, echo(connections));
    const { port } = listener.address;
    const silent = Array.from({ length: 5 }, () => connectPlain({ host: '127.0.0.1', port }));
    let closed = 0;
    for (const socket of silent) {
      socket.on('error', () => undefined);
      socket.on('close', () => closed++);
      socket.resume();
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
    noise.write('GET / HTTP/1.1\r\n\r\n');
    await until(() => failures.length === 6);
    assert.equal(failures[5]?.reason, 'refused');
    const good = await dial(port, { ca: credentials.certificate });
    good.destroy();
    await until(() => connections.length === 0);
  },
);

test('listenTls refuses credentials that are none', async () => {
  const one = selfSigned();
  const other = selfSigned();
  const mixed = { certificate: one.certificate, key: other.key };
  for (const credentials of [mixed, { certificate: 'none', key: one.key }])
    await assert.rejects(
      nodeNet().listenTls(LOOPBACK, credentials, () => undefined),
      hasCode('tls-credentials-invalid'),
    );
  await using listener = await nodeNet().listenTls(LOOPBACK, one, () => undefined);
  assert.throws(() => listener.renew(mixed), hasCode('tls-credentials-invalid'));
});
