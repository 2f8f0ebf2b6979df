import assert from 'node:assert/strict';
import { mkdtempDisposableSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createMeter, type Logger, silentLogger, type TlsCredentials } from '@skerry/kernel';
import { nodeClock, turn } from '@skerry/kernel/node';
import { hasCode, selfSigned } from '@skerry/kernel/testing';
import { loadConfig } from '../config/load.ts';
import { isOriginAllowed, mqttListeners } from './mqtt-listeners.ts';
import { readTlsFiles, type TlsFiles, watchTlsFiles } from './tls-files.ts';

async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await turn();
}

/** A folder with a certificate and its key. */
function aPair(): Disposable & TlsFiles & { write(credentials: Partial<TlsCredentials>): void } {
  const folder = mkdtempDisposableSync(join(tmpdir(), 'skerry-tls-'));
  const certFile = join(folder.path, 'cert.pem');
  const keyFile = join(folder.path, 'key.pem');
  const write = ({ certificate, key }: Partial<TlsCredentials>): void => {
    if (certificate) writeFileSync(certFile, certificate);
    if (key) writeFileSync(keyFile, key);
  };
  write(selfSigned());
  return { certFile, keyFile, write, [Symbol.dispose]: () => folder[Symbol.dispose]() };
}

function waysOf(
  flags: Readonly<Record<string, string>>,
  lines: string[] = [],
): { plain: string; others: string[] } {
  const { config } = loadConfig({ file: undefined, environment: { HOME: '/home/somebody' }, flags });
  const logger: Logger = { log: (level, message) => lines.push(`${level} ${message}`) };
  const needs = { clock: nodeClock(), logger, meter: createMeter() };
  using ways = mqttListeners(config, needs);
  return { plain: ways.address.host, others: ways.others.map(({ name }) => name) };
}

test('mqttListeners keeps plain TCP on loopback when the host is for TLS', () => {
  using pair = aPair();
  const tls = { 'mqtt-tls-cert-file': pair.certFile, 'mqtt-tls-key-file': pair.keyFile };
  const insecure = { 'access-insecure-listeners': 'true' };
  assert.deepEqual(waysOf({}), { plain: '127.0.0.1', others: ['ws'] });
  assert.deepEqual(waysOf({ 'mqtt-host': '::1' }), { plain: '::1', others: ['ws'] });
  assert.deepEqual(waysOf({ 'mqtt-websocket-enabled': 'false' }), { plain: '127.0.0.1', others: [] });
  assert.deepEqual(waysOf({ 'mqtt-host': '0.0.0.0', ...tls }), {
    plain: '127.0.0.1',
    others: ['mqtts', 'wss'],
  });
  assert.deepEqual(waysOf({ 'mqtt-host': '0.0.0.0', ...tls, ...insecure }), {
    plain: '0.0.0.0',
    others: ['mqtts', 'wss'],
  });
  const lines: string[] = [];
  assert.deepEqual(waysOf({ 'mqtt-host': '0.0.0.0', ...insecure }, lines), {
    plain: '0.0.0.0',
    others: ['ws'],
  });
  assert.match(String(lines), /^warn MQTT without TLS listens beyond this machine/);
  assert.deepEqual([waysOf({ 'mqtt-host': '0.0.0.0', ...tls }, lines).plain, lines.length], ['127.0.0.1', 1]);
});

test('isOriginAllowed takes pages of the host that they connect to; on loopback by its own names only', () => {
  const cases: readonly [origin: string, asked: string, listenHost: string, isAllowed: boolean][] = [
    ['http://localhost:8080', 'localhost:8083', '127.0.0.1', true],
    ['http://127.0.0.1:8080', '127.0.0.1:8083', '127.0.0.1', true],
    ['http://[::1]:8080', '[::1]:8083', '::1', true],
    ['http://evil.example', '127.0.0.1:8083', '127.0.0.1', false],
    ['http://evil.example', 'evil.example:8083', '127.0.0.1', false],
    ['http://127.0.0.1.evil.example', '127.0.0.1:8083', '127.0.0.1', false],
    ['null', '127.0.0.1:8083', '127.0.0.1', false],
    ['http://127.0.0.1', '', '127.0.0.1', false],
    ['https://plant.example', 'plant.example:8083', '0.0.0.0', true],
    ['https://evil.example', 'plant.example:8083', '0.0.0.0', false],
  ];
  for (const [origin, asked, listenHost, isAllowed] of cases)
    assert.equal(isOriginAllowed(origin, asked, listenHost), isAllowed, `${origin} to ${asked}`);
});

test('readTlsFiles names the file and what is wrong with it', () => {
  using pair = aPair();
  assert.match(readTlsFiles('mqtt.tls', pair).certificate, /BEGIN CERTIFICATE/);
  const missing = { ...pair, keyFile: `${pair.keyFile}-none` };
  assert.throws(
    () => readTlsFiles('mqtt.tls', missing),
    /mqtt\.tls\.keyFile: reading .*key\.pem-none failed: ENOENT/,
  );
  pair.write({ key: selfSigned().key });
  assert.throws(() => readTlsFiles('mqtt.tls', pair), hasCode('config-invalid'));
});

test('watchTlsFiles tells of a pair that changed, and keeps the one before while it does not fit', async () => {
  using pair = aPair();
  const told: TlsCredentials[] = [];
  const lines: string[] = [];
  const logger: Logger = { ...silentLogger, log: (level, message) => lines.push(`${level} ${message}`) };
  using _ = watchTlsFiles('mqtt.tls', pair, logger, (credentials) => told.push(credentials), 20);
  const next = selfSigned('next');
  pair.write({ key: next.key });
  await until(() => lines.length > 0);
  assert.deepEqual(
    [told.length, lines[0]],
    [0, 'warn The changed certificate cannot be used; the one before stays in force.'],
  );
  pair.write({ certificate: next.certificate });
  await until(() => told.length > 0);
  assert.deepEqual(told[0], next);
});
