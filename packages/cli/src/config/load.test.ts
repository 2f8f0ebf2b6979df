import assert from 'node:assert/strict';
import { mkdtempDisposableSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { CliError } from '../errors.ts';
import { type ConfigSources, loadConfig } from './load.ts';
import { CONFIG_SCHEMA, configLeaves, environmentName, flagName } from './schema.ts';

const NOTHING: ConfigSources = { file: undefined, environment: { XDG_DATA_HOME: '/tmp/x' }, flags: {} };

function faultsOf(sources: ConfigSources): string {
  try {
    loadConfig(sources);
  } catch (cause) {
    assert.ok(cause instanceof CliError);
    assert.equal(cause.code, 'config-invalid');
    return cause.message;
  }
  return assert.fail('the configuration was taken');
}

test('loadConfig gives the documented defaults when nothing is set', () => {
  const { config, origins } = loadConfig(NOTHING);
  assert.equal(config.http.port, 8080);
  assert.equal(config.mqtt.port, 1883);
  assert.equal(config.dataDir, '/tmp/x/skerry');
  assert.equal(config.demo, true);
  assert.equal(config.series.rawDays, 3);
  assert.equal(origins['http.port'], 'default');
});

test('loadConfig prefers flags over environment over file over defaults and tells the origin', () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'skerry-config-'));
  const file = join(folder.path, 'skerry.yaml');
  writeFileSync(file, 'http: { port: 1 }\nmqtt: { port: 2 }\nseries: { rawDays: 7 }\n');
  const environment = { ...NOTHING.environment, SKERRY_HTTP_PORT: '10', SKERRY_MQTT_PORT: '20' };
  const { config, origins } = loadConfig({ file, environment, flags: { 'http-port': '100', demo: false } });
  assert.deepEqual(
    [config.http.port, config.mqtt.port, config.series.rawDays, config.demo],
    [100, 20, 7, false],
  );
  assert.equal(origins['http.port'], '--http-port');
  assert.equal(origins['mqtt.port'], 'SKERRY_MQTT_PORT');
  assert.match(String(origins['series.rawDays']), /^file .*skerry\.yaml$/);
});

test('loadConfig names every fault at once with path, value found, value wanted and the nearest known key', () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'skerry-config-'));
  const file = join(folder.path, 'skerry.yaml');
  writeFileSync(file, 'http: { prot: 80 }\nmqtt: { port: 70000, host: 0.0.0.0 }\nlog: { level: loud }\n');
  const message = faultsOf({
    file,
    environment: { ...NOTHING.environment, SKERRY_DEMO: 'maybe', SKERRY_MQTT_PROT: '1' },
    flags: {},
  });
  for (const expected of [
    'has 6 faults',
    'http.prot: unknown key; did you mean port?',
    'mqtt.port: found 70000, wanted a whole number from 0 to 65535',
    'mqtt.host: found "0.0.0.0", wanted mqtt.tls.certFile and mqtt.tls.keyFile beside it (--mqtt-tls-cert-file',
    'log.level: found "loud", wanted one of error, warn, info, debug',
    'demo: found "maybe" from SKERRY_DEMO, wanted a boolean',
    'SKERRY_MQTT_PROT: unknown variable; did you mean SKERRY_MQTT_PORT?',
  ]) {
    assert.ok(message.includes(expected), `${JSON.stringify(expected)} is not in:\n${message}`);
  }
});

test('loadConfig refuses listeners beyond loopback', () => {
  const message = faultsOf({
    ...NOTHING,
    environment: { ...NOTHING.environment, SKERRY_HTTP_HOST: '0.0.0.0' },
  });
  assert.match(message, /http\.host: found "0\.0\.0\.0", wanted http\.tls\.certFile and http\.tls\.keyFile/);
});

test('loadConfig tells of YAML that cannot be read, with its line', () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'skerry-config-'));
  const file = join(folder.path, 'skerry.yaml');
  writeFileSync(file, 'http:\n  port: [1\n');
  assert.match(faultsOf({ ...NOTHING, file }), /line \d/);
});

function faultsOfFile(text: string, flags: ConfigSources['flags'] = {}): string {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'skerry-config-'));
  const file = join(folder.path, 'skerry.yaml');
  writeFileSync(file, text);
  return faultsOf({ ...NOTHING, file, flags });
}

function assertTells(message: string, expected: readonly string[]): void {
  assert.ok(message.startsWith(`The configuration has ${expected.length} fault`), message);
  for (const one of expected)
    assert.ok(message.includes(one), `${JSON.stringify(one)} is not in:\n${message}`);
}

test('loadConfig refuses topic templates that the server would refuse, each with the reason, beside other faults', () => {
  const templates = [
    'a/#/{x}',
    '{deviceId}',
    '#',
    'a/{tenantId}/{projectId}/{tenantId}',
    'a/{tenantId}/{projectId}',
  ];
  assertTells(faultsOfFile(`routing: { telemetry: ${JSON.stringify(templates)} }\nlog: { level: loud }\n`), [
    'routing.telemetry.0: found "a/#/{x}"; The topic template a/#/{x} cannot be used: the level #',
    'routing.telemetry.1: found "{deviceId}"; The topic template {deviceId} cannot be used: {tenantId} is missing',
    'routing.telemetry.2: found "#";',
    'routing.telemetry.3: found "a/{tenantId}/{projectId}/{tenantId}"; The topic template a/{tenantId}/{projectId}/{tenantId} cannot be used: a variable is there twice',
    'log.level: found "loud"',
  ]);
});

test('loadConfig refuses one port for two listeners of one host, however the host is written, and free ports never clash', () => {
  assertTells(faultsOfFile('http: { port: 9000, host: localhost }\nmqtt: { port: 9000 }\n'), [
    'mqtt.port: found 9000, wanted another port than http.port on the same host',
  ]);
  const flags = { 'http-port': '9000', 'mqtt-port': '9000', 'mqtt-host': '::1' };
  assert.equal(loadConfig({ ...NOTHING, flags }).config.mqtt.port, 9000);
  assert.equal(loadConfig({ ...NOTHING, flags: { 'http-port': '0', 'mqtt-port': '0' } }).config.http.port, 0);
});

test('loadConfig names the bound that a list or a text misses', () => {
  assertTells(faultsOfFile('dataDir: ""\nrouting: { telemetry: [] }\n'), [
    'dataDir: found "", wanted at least 1 character',
    'routing.telemetry: found [], wanted at least 1 item',
  ]);
  assertTells(faultsOfFile(`routing: { telemetry: ["", "${'a'.repeat(1025)}/{tenantId}/{projectId}"] }\n`), [
    'routing.telemetry.0: found "", wanted at least 1 character',
    'wanted at most 1024 characters',
  ]);
});

test('loadConfig tells of a key that is there twice with its line, and of the other faults', () => {
  assertTells(faultsOfFile('http:\n  port: 1\n  port: 2\nmqtt: { prot: 1 }\n', { demo: 'maybe' }), [
    'Map keys must be unique at line 3',
    'mqtt.prot: unknown key',
    'demo: found "maybe"',
  ]);
});

test('loadConfig tells of aliases that would grow without bound with their line, as one fault, beside those of flags', () => {
  const levels = Array.from({ length: 8 }, (_, i) => {
    const parts = i === 0 ? '"x"' : Array.from({ length: 9 }, () => `*a${i - 1}`).join(',');
    return `a${i}: &a${i} [${parts}]`;
  });
  assertTells(faultsOfFile(`${levels.join('\n')}\n`, { demo: 'maybe' }), [
    'Excessive alias count indicates a resource exhaustion attack at line 8',
    'demo: found "maybe"',
  ]);
});

test('environmentName and flagName follow from the path of every leaf', () => {
  assert.equal(environmentName('dataDir'), 'SKERRY_DATA_DIR');
  assert.equal(environmentName('http.port'), 'SKERRY_HTTP_PORT');
  assert.equal(flagName('mqtt.packetBytesMax'), 'mqtt-packet-bytes-max');
  const names = configLeaves(CONFIG_SCHEMA).map((leaf) => environmentName(leaf.path));
  assert.equal(new Set(names).size, names.length);
});
