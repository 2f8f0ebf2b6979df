import assert from 'node:assert/strict';
import { createServer, request as sendRequest } from 'node:http';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { memoryFolder, ServerProcess } from '@skerry/testkit';
import { accountsOf, assertAuditClean, pointsOf } from '../e2e/proof.ts';
import { ClientProcess } from './client-process.ts';

const EXAMPLE = fileURLToPath(new URL('../../docs/examples/python/send_telemetry.py', import.meta.url));
const WAVE = Array.from({ length: 30 }, (_, n) => Math.round(Math.sin(n / 5) * 1e6) / 1e6);
const folder = memoryFolder('python-http');
let server: ServerProcess;

before(async () => {
  server = await ServerProcess.start({ dataDir: join(folder.path, 'store') });
});

after(async () => {
  await server[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

/** Runs the example as its text says; its environment holds the token. */
function runExample(url: string, device: string): ClientProcess {
  const python = process.env.SKERRY_TEST_PYTHON ?? 'python3';
  return new ClientProcess('env', [
    `SKERRY_TOKEN=${server.token}`,
    python,
    EXAMPLE,
    '--url',
    url,
    't',
    'python',
    device,
  ]);
}

async function valuesOf(device: string): Promise<unknown[]> {
  const points = await pointsOf(server, { tenant: 't', project: 'python', device, metric: 'wave' });
  return points.map(({ value }) => value);
}

/** Passes every second answer of a POST on, and swallows the other one after the server has taken the records. */
async function forgetfulProxy() {
  let posts = 0;
  const proxy = createServer((incoming, answer) => {
    const isSwallowed = incoming.method === 'POST' && posts++ % 2 === 0;
    const headers = { ...incoming.headers, host: `127.0.0.1:${server.httpPort}` };
    const options = {
      port: server.httpPort,
      host: '127.0.0.1',
      method: incoming.method,
      path: incoming.url,
      headers,
    };
    const outgoing = sendRequest(options, (response) => {
      if (isSwallowed) {
        response.resume().on('end', () => answer.destroy());
        return;
      }
      answer.writeHead(response.statusCode ?? 500, response.headers);
      response.pipe(answer);
    });
    incoming.pipe(outgoing);
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  const address = proxy.address();
  return {
    url: `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`,
    posts: () => posts,
    async [Symbol.asyncDispose]() {
      proxy.closeAllConnections();
      await new Promise((resolve) => proxy.close(resolve));
    },
  };
}

test('the Python example sends its batches and reads them back', async () => {
  await using client = runExample(`http://127.0.0.1:${server.httpPort}`, 'plain');
  assert.equal(await client.ends(), 0, client.text);
  assert.match(client.text, /10 records are durable.*all 30 points are read back/s);
  assert.deepEqual(await valuesOf('plain'), WAVE);
});

test('the Python example sends again what was not answered, and nothing is stored twice', async () => {
  await using proxy = await forgetfulProxy();
  await server.quiet();
  const before = await accountsOf(server);
  await using client = runExample(proxy.url, 'forgetful');
  assert.equal(await client.ends(), 0, client.text);
  assert.equal(proxy.posts(), 6, 'every batch was sent twice');
  await server.quiet();
  assert.deepEqual(await valuesOf('forgetful'), WAVE);
  const after = await accountsOf(server);
  assert.equal(after.stored - before.stored, 30);
});

test('the Python example says why it was refused for good', async () => {
  const python = process.env.SKERRY_TEST_PYTHON ?? 'python3';
  const words = [
    'SKERRY_TOKEN=wrong',
    python,
    EXAMPLE,
    '--url',
    `http://127.0.0.1:${server.httpPort}`,
    't',
    'p',
    'd',
  ];
  await using client = new ClientProcess('env', words);
  assert.notEqual(await client.ends(), 0);
  assert.match(client.text, /token-refused/);
});

test('the ledger balances after all of it, and the audit is clean', async () => {
  assert.equal((await server.quiet()).isBalanced, true);
  await assertAuditClean(server);
});
