import assert from 'node:assert/strict';
import { once } from 'node:events';
import { copyFileSync, readFileSync } from 'node:fs';
import { connect as connectPlain, type Socket } from 'node:net';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { memoryFolder, ServerProcess } from '@skerry/testkit';
import { connectAsync, ErrorWithReasonCode, type IClientOptions, type MqttClient } from 'mqtt';
import { until } from '../e2e/condition.ts';
import { pointsOf } from '../e2e/proof.ts';
import { type Certificates, makeCertificates } from './certificates.ts';
import { ClientProcess } from './client-process.ts';

const PAHO = fileURLToPath(new URL('./paho-ways.py', import.meta.url));
const folder = memoryFolder('ways-in');
let files: Certificates;
/** On every address of the machine, with TLS; and on loopback alone, without. */
let open: ServerProcess;
let own: ServerProcess;
let secret: string;
let authority: string;

before(async () => {
  files = makeCertificates(folder.path);
  authority = readFileSync(files.authority, 'utf8');
  const env = { SKERRY_PIPELINE_SEAL_AFTER_SECS: '0.2' };
  const tls = {
    SKERRY_MQTT_HOST: '0.0.0.0',
    SKERRY_MQTT_TLS_CERT_FILE: files.certFile,
    SKERRY_MQTT_TLS_KEY_FILE: files.keyFile,
  };
  open = await ServerProcess.start({ dataDir: join(folder.path, 'open'), env: { ...env, ...tls } });
  own = await ServerProcess.start({ dataDir: join(folder.path, 'own'), env });
  secret = await makeToken(open, 'plant', { role: 'operator', tenant: 'ways', project: 'in' });
});

after(async () => {
  await open?.[Symbol.asyncDispose]();
  await own?.[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

async function makeToken(server: ServerProcess, name: string, grant: object): Promise<string> {
  const body = JSON.stringify({ name, grants: [grant] });
  const answer = await server.ask('/api/v1/tokens', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
  });
  assert.ok(answer.ok, await answer.clone().text());
  return ((await answer.json()) as { secret: string }).secret;
}

/** The port that the server says it listens on. */
async function portOf(server: ServerProcess, name: string): Promise<number> {
  const { listeners } = (await server.get('/api/v1/config')) as {
    listeners: { name: string; port: number }[];
  };
  const found = listeners.find((one) => one.name === name);
  assert.ok(found, `no listener ${name} in ${JSON.stringify(listeners)}`);
  return found.port;
}

async function urlOf(server: ServerProcess, name: string, host = '127.0.0.1'): Promise<string> {
  return `${name}://${host}:${await portOf(server, name)}${name.startsWith('ws') ? '/mqtt' : ''}`;
}

function meet(url: string, options: IClientOptions = {}): Promise<MqttClient> {
  return connectAsync(url, { reconnectPeriod: 0, ca: authority, ...options }, false);
}

/** The reason with which CONNECT is refused. */
async function refusalOf(url: string, options: IClientOptions): Promise<number> {
  try {
    const client = await meet(url, options);
    client.end(true);
    return 0;
  } catch (error) {
    assert.ok(error instanceof ErrorWithReasonCode, String(error));
    return Number(error.code);
  }
}

async function assertStored(
  server: ServerProcess,
  device: string,
  values: readonly unknown[],
): Promise<void> {
  await server.quiet();
  const points = await pointsOf(server, { tenant: 'ways', project: 'in', device, metric: 'v' });
  assert.deepEqual(
    points.map(({ value }) => value),
    values,
  );
}

for (const name of ['mqtt', 'mqtts', 'ws', 'wss'] as const)
  test(`mqtt.js over ${name}: what it publishes is stored and comes back, both versions`, async () => {
    const server = name === 'ws' ? own : open;
    const credentials = name === 'ws' ? {} : { username: 'plant', password: secret };
    const filter = `iot/ways/in/${name}/telemetry`;
    const values: number[] = [];
    for (const protocolVersion of [4, 5] as const) {
      await using client = await disposable(
        await meet(await urlOf(server, name), { ...credentials, protocolVersion }),
      );
      const received: string[] = [];
      client.on('message', (_, payload) => received.push(String(payload)));
      await client.subscribeAsync(filter, { qos: 1 });
      const texts = Array.from({ length: 50 }, (_, index) => `{"v":${protocolVersion * 100 + index}}`);
      await Promise.all(texts.map((text) => client.publishAsync(filter, text, { qos: 1 })));
      await client.publishAsync(`iot/ways/in/${name}/big`, Buffer.alloc(300_000, 'x'), { qos: 1 });
      await until('every message', () => received.length === 50);
      assert.deepEqual(received, texts);
      values.push(...texts.map((text) => (JSON.parse(text) as { v: number }).v));
    }
    await assertStored(server, name, values);
  });

async function disposable(client: MqttClient): Promise<MqttClient & AsyncDisposable> {
  return Object.assign(client, { [Symbol.asyncDispose]: () => client.endAsync(true) });
}

test('MQTT without a name is taken on loopback, and nowhere else whatever the address asked', async () => {
  const outside = Object.values(networkInterfaces())
    .flatMap((found) => found ?? [])
    .find(({ family, internal }) => family === 'IPv4' && !internal)?.address;
  const nameless = { protocolVersion: 5, rejectUnauthorized: false } as const;
  for (const host of ['127.0.0.1', ...(outside === undefined ? [] : [outside])])
    for (const name of ['mqtts', 'wss'])
      assert.equal(await refusalOf(await urlOf(open, name, host), nameless), 0x87);
  assert.equal(await refusalOf(await urlOf(open, 'mqtts'), { protocolVersion: 4 }), 5);
  assert.equal(await refusalOf(await urlOf(own, 'mqtt'), nameless), 0);
  assert.equal(await refusalOf(await urlOf(own, 'ws'), nameless), 0);
  if (outside !== undefined) {
    const plain = connectPlain({ host: outside, port: await portOf(open, 'mqtt') });
    await assert.rejects(once(plain, 'connect'), { code: 'ECONNREFUSED' });
  }
});

test('mqtt.anonymous: never refuses a client without a name on loopback too', async () => {
  await using strict = await ServerProcess.start({
    dataDir: join(folder.path, 'strict'),
    env: { SKERRY_MQTT_ANONYMOUS: 'never', SKERRY_MQTT_WEBSOCKET_ENABLED: 'false' },
  });
  const url = await urlOf(strict, 'mqtt');
  assert.equal(await refusalOf(url, { protocolVersion: 5 }), 0x87);
  assert.equal(await refusalOf(url, { protocolVersion: 5, username: 'x', password: strict.token }), 0);
});

test('mosquitto_pub and mosquitto_sub over TLS: a user and a password, or the reason why not', async () => {
  const port = String(await portOf(open, 'mqtts'));
  const words = (...more: string[]): string[] => [
    '-h',
    'localhost',
    '-p',
    port,
    '--cafile',
    files.authority,
    ...more,
  ];
  const named = ['-u', 'anything', '-P', secret];
  await using reader = new ClientProcess('stdbuf', [
    ...['-oL', 'mosquitto_sub', ...words(...named), '-d', '-q', '1'],
    ...['-F', 'MSG %t %p', '-t', 'iot/ways/in/+/telemetry'],
  ]);
  await reader.says(/received SUBACK/);
  const publish = async (...more: string[]): Promise<{ code: number | null; text: string }> => {
    await using client = new ClientProcess('mosquitto_pub', [...words(...more), '-q', '1', '-m', '{"v":1}']);
    return { code: await client.ends(), text: client.text };
  };
  assert.equal((await publish(...named, '-t', 'iot/ways/in/sticks/telemetry')).code, 0);
  await reader.says(/MSG iot\/ways\/in\/sticks\/telemetry/);
  await assertStored(open, 'sticks', [1]);
  const wrong = await publish('-u', 'plant', '-P', 'guess', '-t', 'iot/ways/in/sticks/telemetry');
  assert.equal(wrong.code, 4, wrong.text);
  assert.match(wrong.text, /bad user name or password/i);
  const outside = await publish(...named, '-V', '5', '-t', 'iot/other/in/sticks/telemetry');
  assert.match(outside.text, /not authori[sz]ed/i);
  await using greedy = new ClientProcess('stdbuf', [
    '-oL',
    'mosquitto_sub',
    ...words(...named),
    '-d',
    '-t',
    '#',
  ]);
  await greedy.says(/denied|rejected|128/i);
  await using plain = new ClientProcess('mosquitto_pub', [
    '-h',
    'localhost',
    '-p',
    port,
    '-t',
    'a',
    '-m',
    'b',
  ]);
  assert.notEqual(await plain.ends(), 0);
});

test('paho over WebSocket, plain and encrypted, both versions', async () => {
  const python = process.env.SKERRY_TEST_PYTHON ?? 'python3';
  const cases = [
    [own, 'ws', '', ''],
    [open, 'wss', files.authority, secret],
  ] as const;
  for (const [server, name, ca, password] of cases) {
    await using client = new ClientProcess(python, [PAHO, String(await portOf(server, name)), ca, password]);
    assert.equal(await client.ends(), 0, client.text);
    assert.deepEqual(client.lines('SEEN'), ['4 {"v":4}', '5 {"v":5}']);
    await assertStored(server, 'paho', [4, 5]);
  }
});

test('A token that is revoked ends its connections and lets nobody in again', async () => {
  const mine = await makeToken(open, 'brief', { role: 'device', tenant: 'ways', project: 'in', device: 'd' });
  const url = await urlOf(open, 'mqtts');
  const options = { protocolVersion: 5, username: 'd', password: mine } as const;
  await using client = await disposable(await meet(url, options));
  await client.publishAsync('iot/ways/in/d/telemetry', '{"v":1}', { qos: 1 });
  await using other = await disposable(
    await meet(url, { protocolVersion: 5, username: 'p', password: secret }),
  );
  const ended = new Promise<number | undefined>((resolve) => {
    client.once('disconnect', ({ reasonCode }) => resolve(reasonCode));
  });
  const removed = await open.ask('/api/v1/tokens/brief', { method: 'DELETE' });
  assert.ok(removed.ok, await removed.clone().text());
  assert.equal(await ended, 0x87);
  assert.equal(await refusalOf(url, options), 0x86);
  assert.equal(other.connected, true);
});

test('Connections that never come to a CONNECT take no place from others', async () => {
  const silent: Socket[] = [];
  for (const name of ['mqtts', 'wss']) {
    const port = await portOf(open, name);
    for (let count = 0; count < 60; count++) silent.push(connectPlain({ host: '127.0.0.1', port }));
  }
  for (const socket of silent) socket.on('error', () => undefined);
  const upgrade = connectTls({ host: '127.0.0.1', port: await portOf(open, 'wss'), ca: authority });
  await once(upgrade, 'secureConnect');
  upgrade.write('GET /mqtt HTTP/1.1\r\nHost: localhost\r\n');
  await using client = await disposable(
    await meet(await urlOf(open, 'wss'), { username: 'p', password: secret }),
  );
  assert.equal(client.connected, true);
  for (const socket of [...silent, upgrade]) socket.destroy();
});

test('A certificate that was renewed is shown to new connections without a restart', async () => {
  const next = makeCertificates(folder.path, 'next');
  const port = await portOf(open, 'mqtts');
  await using older = await disposable(
    await meet(await urlOf(open, 'mqtts'), { username: 'p', password: secret }),
  );
  copyFileSync(next.keyFile, files.keyFile);
  copyFileSync(next.certFile, files.certFile);
  const shown = async (): Promise<unknown> => {
    const socket = connectTls({ host: '127.0.0.1', port, rejectUnauthorized: false });
    await once(socket, 'secureConnect');
    const { CN } = socket.getPeerCertificate().subject;
    socket.destroy();
    return CN;
  };
  await until('the new certificate', async () => (await shown()) === 'next', 30_000);
  assert.equal(older.connected, true);
});
