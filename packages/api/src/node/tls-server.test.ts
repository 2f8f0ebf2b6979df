import assert from 'node:assert/strict';
import { request } from 'node:https';
import { test } from 'node:test';
import { selfSigned } from '@skerry/kernel/testing';
import { openScene, type Scene, TOKEN } from '../testing/scene.ts';

interface Told {
  readonly status: number;
  readonly cookie: string;
  readonly hsts: string | undefined;
  readonly body: string;
}

/** A request over TLS that trusts one certificate. */
function ask(
  scene: Scene,
  ca: string,
  path: string,
  init: { method?: string; body?: string; headers?: object } = {},
) {
  const { port } = scene.api.encrypted ?? { port: 0 };
  const headers = { host: `localhost:${port}`, ...init.headers };
  return new Promise<Told>((resolve, reject) => {
    const options = { host: '127.0.0.1', port, path, ca, servername: 'localhost', agent: false, headers };
    const sent = request({ ...options, method: init.method ?? 'GET' }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (piece: string) => {
        body += piece;
      });
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          cookie: String(response.headers['set-cookie']),
          hsts: response.headers['strict-transport-security'],
          body,
        }),
      );
    });
    sent.on('error', reject);
    sent.end(init.body);
  });
}

test('createTlsServer serves the same API under the same guard, with cookies that only TLS carries', async () => {
  const credentials = selfSigned();
  const ca = credentials.certificate;
  await using scene = await openScene({ tls: { host: '127.0.0.1', port: 0, credentials } });
  await scene.access.access.book.addUser('ann', { password: 'correct horse' });
  assert.equal((await ask(scene, ca, '/api/v1/devices')).status, 401);
  const authorization = `Bearer ${TOKEN}`;
  assert.equal((await ask(scene, ca, '/api/v1/devices', { headers: { authorization } })).status, 200);
  assert.equal((await ask(scene, ca, '/health', { headers: { host: 'evil.example' } })).status, 403);
  const { cookie } = await ask(scene, ca, '/api/v1/session', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"name":"ann","password":"correct horse"}',
  });
  assert.match(cookie, /; HttpOnly; SameSite=Strict; Secure$/);
});

test('answers over TLS tell browsers to stay with it, under a name that is not loopback, problems too', async () => {
  const credentials = selfSigned();
  const tls = { host: '127.0.0.1', port: 0, credentials };
  await using scene = await openScene({ tls, allowedHosts: ['plant.example'] });
  const hsts = async (path: string, host: string) =>
    (await ask(scene, credentials.certificate, path, { headers: { host } })).hsts;
  const year = 'max-age=31536000';
  assert.equal(await hsts('/health', 'plant.example'), year);
  assert.equal(await hsts('/api/v1/devices', 'plant.example:8443'), year);
  assert.equal(await hsts('/health', 'localhost:8443'), undefined);
  assert.equal(await hsts('/health', '127.0.0.1:8443'), undefined);
  assert.equal((await scene.get('/health')).headers.get('strict-transport-security'), null);
});

test('renewTls shows new connections another certificate', async () => {
  const first = selfSigned();
  const second = selfSigned();
  await using scene = await openScene({ tls: { host: '127.0.0.1', port: 0, credentials: first } });
  assert.equal((await ask(scene, first.certificate, '/health')).status, 200);
  scene.api.renewTls(second);
  await assert.rejects(ask(scene, first.certificate, '/health'));
  assert.equal((await ask(scene, second.certificate, '/health')).status, 200);
});

test('a server with TLS ends all its connections', async () => {
  const credentials = selfSigned();
  const scene = await openScene({
    tls: { host: '127.0.0.1', port: 0, credentials },
    bounds: { drainMs: 50 },
  });
  assert.equal((await ask(scene, credentials.certificate, '/health')).status, 200);
  await scene[Symbol.asyncDispose]();
  await assert.rejects(ask(scene, credentials.certificate, '/health'));
});
