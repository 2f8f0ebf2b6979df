import assert from 'node:assert/strict';
import { mkdtempDisposableSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { selfSigned } from '@skerry/kernel/testing';
import { parse } from 'yaml';
import { loadConfig } from '../config/load.ts';
import { runLine } from './testing/island.ts';

function aFile(text: string) {
  const folder = mkdtempDisposableSync(join(tmpdir(), 'skerry-config-'));
  const path = join(folder.path, 'skerry.yaml');
  writeFileSync(path, text);
  return { path, [Symbol.dispose]: () => folder[Symbol.dispose]() };
}

test('config print tells of each value where it comes from, in YAML that reads back the same', async () => {
  using file = aFile('series: { rawDays: 7 }\n');
  const environment = { SKERRY_MQTT_PORT: '1999' };
  const words = ['config', 'print', '--config', file.path, '--no-demo'];
  const { code, out, err } = await runLine(words, { environment });
  assert.equal(code, 0);
  assert.equal(err, 'skerry up would start with this here.\n', 'no instance: it is not said to be in force');
  assert.match(out, /^demo: false # --no-demo|^demo: false # --demo/m);
  assert.ok(out.includes(`  rawDays: 7 # file ${file.path}\n`));
  assert.ok(out.includes('  port: 1999 # SKERRY_MQTT_PORT\n'));
  assert.ok(out.includes('  port: 8080 # default\n'));
  const { config } = loadConfig({
    file: file.path,
    environment: { XDG_DATA_HOME: '/nonexistent', ...environment },
    flags: { demo: false },
  });
  assert.deepEqual(parse(out), config);
  assert.deepEqual(JSON.parse((await runLine([...words, '-o', 'json'], { environment })).out), config);
});

test('config print -o wide and ndjson list key, value and origin', async () => {
  const wide = await runLine(['config', 'print', '-o', 'wide', '--http-port', '0']);
  assert.match(wide.out, /^KEY +VALUE +FROM\n/);
  assert.match(wide.out, /^http\.port +0 +--http-port$/m);
  const ndjson = await runLine(['config', 'print', '-o', 'ndjson']);
  assert.deepEqual(
    ndjson.out.split('\n').filter((line) => line.includes('"mqtt.port"')),
    ['{"path":"mqtt.port","value":1883,"origin":"default"}'],
  );
});

test('config check names every fault at once and ends with 3', async () => {
  using file = aFile('http: { prot: 80 }\nmqtt: { port: "many" }\n');
  const { code, out, err } = await runLine(['config', 'check', '--config', file.path]);
  assert.equal(code, 3);
  assert.equal(out, '');
  assert.match(
    err,
    /has 2 faults:\n[\s\S]*http\.prot: unknown key; did you mean port\?[\s\S]*mqtt\.port: found "many", wanted a whole number from 0 to 65535[\s\S]*\[config-invalid\]/,
  );
  const missing = await runLine(['config', 'check', '--config', '/nonexistent.yaml']);
  assert.equal(missing.code, 3);
  assert.match(
    missing.err,
    /Reading the configuration file \/nonexistent\.yaml failed.*\[config-unreadable\]/,
  );
  const good = await runLine(['config', 'check']);
  assert.deepEqual([good.code, good.err], [0, 'The configuration has no faults.\n']);
});

test('config check tells for a role what it would be refused for', async () => {
  const sources = `sources: [{ name: a, url: "mqtt://127.0.0.1:1", topics: ["plant/#", "plant/+/x"] }]`;
  using file = aFile(`${sources}\ngateway: { ordinal: 0 }\n`);
  const line = ['config', 'check', '--config', file.path];
  assert.equal((await runLine(line)).code, 0);
  const gateway = await runLine([...line, '--role', 'gateway']);
  assert.equal(gateway.code, 3);
  assert.match(
    gateway.err,
    /The configuration of a gateway has \d+ faults?:[\s\S]*"plant\/#" alone, which contains the other/,
  );
  const cloud = await runLine([...line, '--role', 'cloud']);
  assert.match(cloud.err, /The configuration of a cloud has [\s\S]*postgres\.url/);
});

test('config check reads certificates and keys as up does, and names every fault', async () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'skerry-check-'));
  const [certFile, keyFile] = [join(folder.path, 'cert.pem'), join(folder.path, 'key.pem')];
  writeFileSync(certFile, 'no certificate');
  writeFileSync(keyFile, 'no key');
  const tls = `{ certFile: ${certFile}, keyFile: ${keyFile} }`;
  const missing = `{ certFile: ${join(folder.path, 'gone.pem')}, keyFile: ${keyFile} }`;
  using file = aFile(`http: { tls: ${tls} }\nmqtt: { tls: ${missing} }\n`);
  const { code, err } = await runLine(['config', 'check', '--config', file.path]);
  assert.equal(code, 3);
  assert.match(err, /http\.tls: /);
  assert.match(err, /mqtt\.tls\.certFile: reading .*gone\.pem failed/);
  const { certificate, key } = selfSigned();
  writeFileSync(certFile, certificate);
  writeFileSync(keyFile, key);
  using good = aFile(`mqtt: { tls: ${tls} }\n`);
  const checked = await runLine(['config', 'check', '--config', good.path]);
  assert.equal(checked.code, 0, checked.err);
  writeFileSync(keyFile, selfSigned().key);
  using other = aFile(`
sources: [{ name: a, url: "mqtt://127.0.0.1:1", topics: ["plant/#"] }]
gateway: { ordinal: 0 }
kafka: { brokers: ["127.0.0.1:1"], tls: { enabled: true, certFile: ${certFile}, keyFile: ${keyFile} } }
`);
  const unlike = await runLine(['config', 'check', '--role', 'gateway', '--config', other.path]);
  assert.equal(unlike.code, 3);
  assert.match(unlike.err, /kafka\.tls: found .*cert\.pem, .*key\.pem, wanted .* the key of the certificate/);
});

test('config check reads for a role the files that it reads, and no others', async () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'skerry-check-'));
  const gone = (name: string) => join(folder.path, name);
  const listener = `{ certFile: ${gone('listener')}, keyFile: ${gone('listener')} }`;
  const source = `name: a, url: "mqtts://127.0.0.1:1", topics: ["plant/#"], username: u`;
  using file = aFile(`
http: { tls: ${listener} }
mqtt: { tls: ${listener} }
kafka:
  brokers: ["127.0.0.1:1"]
  tls: { enabled: true, caFile: ${gone('kafka-authority')} }
  sasl: { mechanism: PLAIN, username: u, passwordFile: ${gone('kafka')} }
postgres: { url: "postgres://skerry@127.0.0.1:1/iot", passwordFile: ${gone('postgres')} }
redis: { url: "redis://127.0.0.1:1", passwordFile: ${gone('redis')} }
tracing: { otlpUrl: "http://127.0.0.1:1/v1/traces", headersFile: ${gone('tracing')} }
sources: [{ ${source}, passwordFile: ${gone('source-password')}, caFile: ${gone('source-authority')} }]
sinks:
  - { name: read, kind: influxdb1, url: "http://127.0.0.1:1", database: d, username: u, passwordFile: ${gone('sink-read')} }
  - { name: other, kind: influxdb2, url: "http://127.0.0.1:1", database: d, organization: o, tokenFile: ${gone('sink-other')} }
readings: { from: read }
gateway: { ordinal: 0 }
`);
  const named = async (...role: string[]) => {
    const { code, err } = await runLine(['config', 'check', '--config', file.path, ...role]);
    assert.equal(code, 3, err);
    const paths = [...err.matchAll(new RegExp(`(?:found|reading) ${folder.path}/([a-z-]+)`, 'g'))];
    return paths.map(([, name]) => name).sort();
  };
  assert.deepEqual(await named('--role', 'gateway'), [
    'kafka',
    'kafka-authority',
    'postgres',
    'source-authority',
    'source-password',
    'tracing',
  ]);
  assert.deepEqual(await named('--role', 'writer'), [
    'kafka',
    'kafka-authority',
    'postgres',
    'redis',
    'sink-other',
    'sink-read',
    'tracing',
  ]);
  assert.deepEqual(await named('--role', 'cloud'), [
    'kafka',
    'kafka-authority',
    'listener',
    'postgres',
    'sink-read',
    'tracing',
  ]);
  assert.deepEqual(await named(), ['listener', 'listener', 'tracing']);
  assert.deepEqual(await named('--journal-engine', 'kafka'), [
    'kafka',
    'kafka-authority',
    'listener',
    'listener',
    'tracing',
  ]);
});

test('config check warns of a certificate that is not for the host by which clients come', async () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'skerry-config-'));
  const { certificate, key } = selfSigned();
  const [certFile, keyFile] = [join(folder.path, 'cert.pem'), join(folder.path, 'key.pem')];
  writeFileSync(certFile, certificate);
  writeFileSync(keyFile, key);
  const check = (host: string) =>
    runLine([
      'config',
      'check',
      '--mqtt-host',
      host,
      '--mqtt-tls-cert-file',
      certFile,
      '--mqtt-tls-key-file',
      keyFile,
    ]);
  const { code, err } = await check('192.0.2.7');
  assert.equal(code, 0);
  assert.match(
    err,
    /^WARNING The certificate of mqtt\.tls \(.*cert\.pem\) is for localhost, 127\.0\.0\.1, not for 192\.0\.2\.7: /,
  );
  assert.doesNotMatch((await check('127.0.0.1')).err, /WARNING/);
});

test('config check ends what a file says with a full stop, and names the command as it is typed here', async () => {
  const flags = ['--mqtt-tls-cert-file', '/nonexistent/c.pem', '--mqtt-tls-key-file', '/nonexistent/k.pem'];
  const { err } = await runLine(['config', 'check', ...flags]);
  assert.match(
    err,
    /c\.pem'\. npx skerry config print shows where each value comes from\. \[config-invalid\]\n$/,
  );
});
