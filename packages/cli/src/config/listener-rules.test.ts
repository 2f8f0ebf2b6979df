import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempDisposableSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { certificateFacts } from '../processes/certificate-facts.ts';
import { certificateCommand, insecureListeners, listenerFaults } from './listener-rules.ts';
import { loadConfig } from './load.ts';

function faults(values: Readonly<Record<string, unknown>>): string[] {
  return listenerFaults((path) => values[path]);
}

const TLS = { 'mqtt.tls.certFile': '/cert.pem', 'mqtt.tls.keyFile': '/key.pem' };

test('listenerFaults says what is wanted of a listener beyond loopback', () => {
  const [fault = '', ...rest] = faults({ 'mqtt.host': '0.0.0.0' });
  assert.deepEqual(rest, []);
  assert.ok(
    fault.startsWith(
      'mqtt.host: found "0.0.0.0", wanted mqtt.tls.certFile and mqtt.tls.keyFile beside it (--mqtt-tls-cert-file and --mqtt-tls-key-file, or SKERRY_MQTT_TLS_CERT_FILE and SKERRY_MQTT_TLS_KEY_FILE), or a loopback address (127.0.0.1, ::1 or localhost): MQTT without TLS shows passwords and tokens to whoever is on the way; access.insecureListeners: true (--access-insecure-listeners) listens all the same. This line makes cert.pem and key.pem: openssl req -x509 ',
    ),
    fault,
  );
  const both = faults({ 'mqtt.host': '192.0.2.7', 'http.host': '192.0.2.7' });
  assert.deepEqual(
    both.map((text) => text.includes('openssl')),
    [false, true],
  );
  for (const host of ['::', '192.0.2.7', '127.0.0.1.example.org', '::ffff:192.0.2.7', 'plant.example'])
    assert.equal(faults({ 'mqtt.host': host, 'access.insecureListeners': false }).length, 1, host);
});

test('listenerFaults takes loopback, TLS, and whoever says that secrets may be seen', () => {
  for (const host of [
    '127.0.0.1',
    '127.1.2.3',
    '::1',
    'localhost',
    'LOCALHOST',
    'localhost.',
    '::ffff:127.0.0.1',
  ]) {
    assert.deepEqual(faults({ 'mqtt.host': host, 'http.host': host }), []);
  }
  assert.deepEqual(faults({ 'mqtt.host': '0.0.0.0', ...TLS }), []);
  assert.deepEqual(faults({ 'mqtt.host': '::', 'http.host': '::', 'access.insecureListeners': true }), []);
});

test('insecureListeners tells what shows passwords to others, HTTP like MQTT', () => {
  const namesOf = (flags: Readonly<Record<string, string>>) =>
    insecureListeners(
      loadConfig({ file: undefined, environment: { HOME: '/home/somebody' }, flags }).config,
    ).map(({ name, host }) => `${name} ${host}`);
  const open = { 'access-insecure-listeners': 'true' };
  assert.deepEqual(namesOf(open), []);
  assert.deepEqual(namesOf({ ...open, 'http-host': '0.0.0.0' }), ['HTTP 0.0.0.0']);
  assert.deepEqual(namesOf({ ...open, 'http-host': '::', 'mqtt-host': '192.0.2.7' }), [
    'HTTP ::',
    'MQTT 192.0.2.7',
  ]);
});

test('listenerFaults wants certificate and key together', () => {
  assert.deepEqual(faults({ ...TLS, 'mqtt.tls.keyFile': '' }), [
    'mqtt.tls.keyFile: found "", wanted a file, since mqtt.tls.certFile is set',
  ]);
  assert.deepEqual(faults({ ...TLS, 'mqtt.tls.certFile': '' }), [
    'mqtt.tls.certFile: found "", wanted a file, since mqtt.tls.keyFile is set',
  ]);
});

test('loadConfig picks free ports for the other ways into MQTT when it picks one for MQTT', () => {
  const sources = { file: undefined, environment: { HOME: '/home/somebody' } };
  const picked = loadConfig({ ...sources, flags: { 'mqtt-port': '0', 'mqtt-tls-port': '9999' } });
  assert.deepEqual([picked.config.mqtt.tls.port, picked.config.mqtt.websocket.port], [9999, 0]);
  assert.equal(picked.origins['mqtt.websocket.port'], 'default, since mqtt.port is 0');
  const usual = loadConfig({ ...sources, flags: {} });
  assert.deepEqual([usual.config.mqtt.tls.port, usual.config.mqtt.websocket.port], [8883, 8083]);
});

test('certificateCommand makes a certificate that is whole, is for the hosts, and that listeners take', async () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'skerry-openssl-'));
  const command = certificateCommand(['192.0.2.7', 'plant.example']);
  execFileSync('/bin/sh', ['-c', command], { cwd: folder.path, stdio: 'pipe' });
  const read = (name: string) => readFileSync(join(folder.path, name), 'utf8');
  const facts = await certificateFacts({ certificate: read('cert.pem'), key: read('key.pem') });
  assert.deepEqual(facts.names, ['localhost', '127.0.0.1', '192.0.2.7', 'plant.example']);
  assert.deepEqual([facts.isWhole, facts.isSystemTrusted], [true, false]);
});
