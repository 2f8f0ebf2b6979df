// What a first start prints, and what another start does not.

import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempDisposableSync, readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { program } from '@skerry/testkit';

interface Started extends AsyncDisposable {
  readonly out: string;
}

function spawnUp(dataDir: string, words: readonly string[]): ChildProcess {
  return spawn(process.execPath, [program(), 'up', '--no-demo', ...words], {
    detached: true, // a process group of its own
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env.PATH,
      HOME: dataDir,
      NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE,
      SKERRY_DATA_DIR: join(dataDir, 'data'),
      SKERRY_HTTP_PORT: '0',
      SKERRY_MQTT_PORT: '0',
    },
  });
}

/** Starts `skerry up`; resolves when it has told where it listens and how to begin. */
async function start(dataDir: string, words: readonly string[] = []): Promise<Started> {
  const child = spawnUp(dataDir, words);
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  let out = '';
  const told = new Promise<void>((resolve, reject) => {
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      out += text;
      if (out.includes('mosquitto_pub')) resolve();
    });
    void ended.then(() => reject(new TypeError(`skerry up ended: ${out}`)));
  });
  await told;
  return {
    out,
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGTERM');
      await ended;
    },
  };
}

const LINK = /(http:\/\/127\.0\.0\.1:\d+)\/#\/sign-in\?code=([\w-]{43})\n/;
const PASSWORD = /The user admin was made; its password is told this once: ([\w-]{20})\n/;

async function signIn(url: string, body: object): Promise<number> {
  const init = {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  };
  return (await fetch(`${url}/api/v1/session`, init)).status;
}

test('a first start makes admin, prints its password and a link that works once; a further start prints neither unless asked', async () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'skerry-first-'));
  const secrets: string[] = [];
  {
    await using first = await start(folder.path);
    const [, url = '', code = ''] = LINK.exec(first.out) ?? [];
    const [, password = ''] = PASSWORD.exec(first.out) ?? [];
    assert.equal(await signIn(url, { code }), 200);
    assert.equal(await signIn(url, { code }), 401);
    assert.equal(await signIn(url, { name: 'admin', password }), 200);
    assert.equal(await signIn(url, { name: 'admin', password: `${password}x` }), 401);
    secrets.push(code, password);
  }
  {
    await using second = await start(folder.path);
    assert.doesNotMatch(second.out, /sign-in\?code|password/);
  }
  await using third = await start(folder.path, ['--sign-in-link']);
  assert.match(third.out, LINK);
  assert.doesNotMatch(third.out, PASSWORD);
  const data = join(folder.path, 'data');
  for (const name of ['access.db', 'token', 'audit/head']) {
    assert.equal(statSync(join(data, name)).mode & 0o077, 0, `${name} is its owner's alone`);
  }
  const kept = ['access.db', 'access.db-wal', 'audit/audit-000000000001.jsonl']
    .map((name) => readFileSync(join(data, name), 'latin1'))
    .join('');
  for (const secret of secrets) assert.ok(!kept.includes(secret), 'a secret stands in a file');
});

test('a first start that finds a port taken makes nobody; the next one does, and tells it', async () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'skerry-first-'));
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
  const address = taken.address();
  const port = address !== null && typeof address === 'object' ? String(address.port) : '';
  await assert.rejects(start(folder.path, ['--mqtt-websocket-port', port]), /skerry up ended/);
  await new Promise((resolve) => taken.close(resolve));
  await using second = await start(folder.path);
  const [, password = ''] = PASSWORD.exec(second.out) ?? [];
  const [, url = ''] = LINK.exec(second.out) ?? [];
  assert.equal(await signIn(url, { name: 'admin', password }), 200);
});

test('two first starts share no secret', async () => {
  using one = mkdtempDisposableSync(join(tmpdir(), 'skerry-first-'));
  using two = mkdtempDisposableSync(join(tmpdir(), 'skerry-first-'));
  const seen: string[] = [];
  for (const folder of [one, two]) {
    await using started = await start(folder.path);
    const token = readFileSync(join(folder.path, 'data', 'token'), 'utf8').trim();
    seen.push(token, String(LINK.exec(started.out)?.[2]), String(PASSWORD.exec(started.out)?.[1]));
  }
  assert.equal(new Set(seen).size, 6);
});

test('a listener beyond loopback without TLS refuses to start and says what to do', async () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'skerry-first-'));
  const child = spawnUp(folder.path, ['--http-host', '0.0.0.0']);
  let err = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    err += text;
  });
  const code = await new Promise((resolve) => child.once('close', resolve));
  assert.equal(code, 3);
  assert.match(err, /http\.host: found "0\.0\.0\.0", wanted http\.tls\.certFile and http\.tls\.keyFile/);
  assert.match(err, /access\.insecureListeners: true/);
});
