import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { memoryFolder, ServerProcess } from '@skerry/testkit';
import { until } from '../e2e/condition.ts';
import { skerry } from '../e2e/skerry-line.ts';
import { type Certificates, makeCertificates } from './certificates.ts';

const folder = memoryFolder('encrypted-simulate');
let files: Certificates;
let server: ServerProcess;

before(async () => {
  files = makeCertificates(folder.path);
  server = await ServerProcess.start({
    dataDir: join(folder.path, 'store'),
    env: {
      SKERRY_DEMO: 'true',
      SKERRY_MQTT_HOST: '0.0.0.0',
      SKERRY_MQTT_TLS_CERT_FILE: files.certFile,
      SKERRY_MQTT_TLS_KEY_FILE: files.keyFile,
    },
  });
});

after(async () => {
  await server[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

async function encryptedPort(): Promise<number> {
  const { listeners } = (await server.get('/api/v1/config')) as {
    listeners: { name: string; port: number }[];
  };
  return Number(listeners.find(({ name }) => name === 'mqtts')?.port);
}

test('simulate publishes over TLS with a token, to an authority that is trusted', async () => {
  const passwordFile = join(folder.path, 'token');
  writeFileSync(passwordFile, `${server.token}\n`);
  const line = `simulate factory --devices 4 --duration 5s --speed max -o json --url mqtts://localhost:${await encryptedPort()}`;
  const env = { NODE_EXTRA_CA_CERTS: files.authority };
  const said = await skerry(`${line} --password-file ${passwordFile}`, { env });
  assert.equal(said.code, 0, said.err);
  assert.equal(JSON.parse(said.out).acked, 20);
  const stranger = await skerry(`${line} --password-file ${passwordFile}`);
  assert.equal(stranger.code, 5);
  assert.match(stranger.err, /UNABLE_TO_VERIFY_LEAF_SIGNATURE/);
  assert.equal((await skerry(line, { env })).code, 5, 'nobody is let in without a name');
});

test('the demo publishes where MQTT listens on every address and asks for a token', async () => {
  await until('messages of the demo', async () => {
    const { items } = (await server.get('/api/v1/simulations')) as { items: { id: string; acked: number }[] };
    return items.some(({ id, acked }) => id === 'demo' && acked >= 13);
  });
  const { items } = (await server.get('/api/v1/simulations')) as { items: { fault: string | null }[] };
  assert.deepEqual(
    items.map(({ fault }) => fault),
    [null],
  );
});

test('a context reaches MQTT by what the instance says of itself', async () => {
  const home = { XDG_CONFIG_HOME: folder.path };
  const tokenFile = join(folder.path, 'context-token');
  writeFileSync(tokenFile, server.token, { mode: 0o600 });
  const url = `http://127.0.0.1:${server.httpPort}`;
  await skerry(`context set isle --url ${url} --token-file ${tokenFile}`, { env: home });
  const said = await skerry('simulate traffic --devices 2 --duration 3s --speed max --context isle -o json', {
    env: { ...home, NODE_EXTRA_CA_CERTS: files.authority },
  });
  assert.equal(said.code, 0, said.err);
  assert.equal(JSON.parse(said.out).acked, 6);
});
