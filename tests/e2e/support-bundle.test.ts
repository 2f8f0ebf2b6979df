import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { appendFileSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { memoryFolder, ServerProcess } from '@skerry/testkit';
import { skerry } from './skerry-line.ts';
import { WireClient } from './wire-client.ts';

const folder = memoryFolder('support-bundle');
const dataDir = join(folder.path, 'store');
let server: ServerProcess;

before(async () => {
  server = await ServerProcess.start({ dataDir, env: { SKERRY_PIPELINE_SEAL_AFTER_SECS: '0.2' } });
});

after(async () => {
  await server[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

/** Secrets and contents of messages, none of which may be anywhere in a bundle. */
const PLANTED = {
  payload: 'planted-payload-4711',
  brokenPayload: 'planted-broken-4712',
  environment: 'planted-environment-4713',
  accessToken: 'sk_plantedAccessToken4714',
  bearer: 'plantedBearer4715',
  urlPassword: 'plantedUrl4716',
  keyBody: 'MIIPlantedKey4717',
  logPassword: 'plantedPassword4718',
  code: 'plantedCode4719',
} as const;

async function plant(): Promise<string> {
  using client = await WireClient.join(server.mqttPort, 'planter');
  assert.equal(await client.accepted('iot/acme/plant/pump/telemetry', `{"note":"${PLANTED.payload}"}`), 0);
  assert.equal(await client.accepted('iot/acme/plant/pump/telemetry', `{${PLANTED.brokenPayload}`), 0);
  await server.quiet();
  const log = join(folder.path, 'skerry.log');
  const lines = [
    `token ${server.token} was used`,
    `made ${PLANTED.accessToken}`,
    `authorization: Bearer ${PLANTED.bearer}`,
    `mqtt://user:${PLANTED.urlPassword}@host:1883`,
    `-----BEGIN EC PRIVATE KEY-----\n${PLANTED.keyBody}\n-----END EC PRIVATE KEY-----`,
    `password=${PLANTED.logPassword} {"password":"${PLANTED.logPassword}"}`,
    `http://127.0.0.1:1/#/sign-in?code=${PLANTED.code}`,
    'the last line',
  ];
  writeFileSync(log, lines.join('\n'));
  appendFileSync(
    join(dataDir, 'crashes.jsonl'),
    `${JSON.stringify({ atMicros: 1, exitCode: 70, signal: null, ranMs: 1, stderr: `Bearer ${PLANTED.bearer}` })}\n`,
  );
  return log;
}

test('support-bundle tells what helps, and nothing of any secret or payload', async () => {
  const log = await plant();
  const file = join(folder.path, 'bundle.tar.gz');
  const words = ['support-bundle', '--file', file, '--log-file', log];
  const env = { SECRET_OF_SOMEBODY: PLANTED.environment, MY_API_KEY: PLANTED.environment };
  const said = await skerry(words, { dataDir, env });
  assert.equal(said.code, 0, said.err);
  assert.equal(said.out, `${file}\n`);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.equal(spawnSync('tar', ['-xzf', file, '-C', folder.path]).status, 0);
  const place = join(folder.path, 'skerry-support');
  const texts = new Map(readdirSync(place).map((name) => [name, readFileSync(join(place, name), 'utf8')]));
  const names = [
    'configuration',
    'crashes',
    'doctor',
    'folder',
    'ledger',
    'overview',
    'readiness',
    'versions',
  ];
  assert.deepEqual(
    [...texts.keys()].sort(),
    [...names.map((name) => `${name}.json`), 'log.txt', 'metrics.txt'].sort(),
  );
  for (const [what, secret] of [...Object.entries(PLANTED), ['token of the folder', server.token]]) {
    for (const [name, text] of texts) assert.ok(!text.includes(String(secret)), `${what} is in ${name}`);
  }
  assert.match(String(texts.get('log.txt')), /the last line/);
  assert.match(String(texts.get('metrics.txt')), /^iot_process_resident_memory_bytes \d+/m);
  assert.equal(JSON.parse(String(texts.get('ledger.json'))).totals.received, 2);
  const { of, values } = JSON.parse(String(texts.get('configuration.json')));
  assert.equal(of, 'the running instance');
  assert.equal(values.dataDir, dataDir);
  assert.equal(values.http.port, 0, 'what the server was started with, not the shell of the bundle');
  assert.ok(JSON.parse(String(texts.get('crashes.json'))).length > 0);
  assert.match(String(texts.get('folder.json')), /"name": "journal/);
});

test('support-bundle takes the password and the link out of what a first start prints', async () => {
  const own = { dataDir: join(folder.path, 'first'), env: { SKERRY_HTTP_PORT: '0', SKERRY_MQTT_PORT: '0' } };
  const stopWhen = (out: string) => out.includes('mosquitto_pub');
  const { out, err } = await skerry('up --no-demo', { ...own, stopWhen });
  const password = /admin\b.*: ([\w-]{20})\n/.exec(out)?.[1];
  const code = /code=([\w-]{43})/.exec(out)?.[1];
  assert.ok(password && code, out);
  const log = join(folder.path, 'up.log');
  writeFileSync(log, `${out}${err}`);
  const file = join(folder.path, 'first.tar.gz');
  const said = await skerry(['support-bundle', '--file', file, '--log-file', log], own);
  assert.equal(said.code, 0, said.err);
  const place = join(folder.path, 'first-bundle');
  mkdirSync(place);
  assert.equal(spawnSync('tar', ['-xzf', file, '-C', place]).status, 0);
  const text = readFileSync(join(place, 'skerry-support', 'log.txt'), 'utf8');
  assert.ok(!text.includes(password) && !text.includes(code), text);
  assert.match(text, /is running\.\n[\s\S]*password[^\n]*: \[redacted\]\n[\s\S]*mosquitto_pub/);
  const configuration = readFileSync(join(place, 'skerry-support', 'configuration.json'), 'utf8');
  assert.match(JSON.parse(configuration).of, /^no instance answered: what skerry up would start with/);
});

test('support-bundle overwrites nothing, and is made without an instance too', async () => {
  const file = join(folder.path, 'there.tar.gz');
  writeFileSync(file, 'mine');
  const refused = await skerry(['support-bundle', '--file', file], { dataDir });
  assert.equal(refused.code, 6);
  assert.match(refused.err, /Writing .* failed: .*EEXIST.*\[bundle-unwritable\]/);
  assert.equal(readFileSync(file, 'utf8'), 'mine');
  const alone = join(folder.path, 'alone.tar.gz');
  const said = await skerry(['support-bundle', '--file', alone], { dataDir: join(folder.path, 'nobody') });
  assert.equal(said.code, 0, said.err);
  assert.match(said.err, /No instance answered/);
});
