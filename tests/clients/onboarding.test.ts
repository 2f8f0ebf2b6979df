import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { appendFileSync, mkdtempDisposableSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { memoryFolder, program, ServerProcess } from '@skerry/testkit';
import { until } from '../e2e/condition.ts';
import { makeCertificates } from './certificates.ts';

interface Command {
  readonly tool: string;
  readonly reach: string;
  readonly source: { readonly fileName: string; readonly text: string } | null;
  readonly run: string;
}
interface Onboarding {
  readonly commands: readonly Command[];
  readonly token: string | null;
  readonly topic: string;
  readonly certificate: { readonly fileName: string; readonly text: string } | null;
}
interface Arrivals {
  readonly stored: number;
  readonly metrics: number;
  readonly lastSeen: string | null;
  readonly wrong: readonly { readonly kind: string; readonly reason: string; readonly words: string }[];
}

const REPOSITORY = fileURLToPath(new URL('../../', import.meta.url));
const folder = memoryFolder('onboarding');
let server: ServerProcess;

before(async () => {
  const env = { SKERRY_PIPELINE_SEAL_AFTER_SECS: '0.2' };
  server = await ServerProcess.start({ dataDir: join(folder.path, 'store'), env });
});

after(async () => {
  await server[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

async function ask<T>(path: string, body?: unknown, of: ServerProcess = server): Promise<T> {
  const token = readFileSync(join(of.dataDir, 'token'), 'utf8').trim();
  const response = await fetch(`http://127.0.0.1:${of.httpPort}/api/v1/onboarding${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  assert.equal(response.status, 200, await response.clone().text());
  return (await response.json()) as T;
}

/** Runs a command as somebody would who has copied it into an empty folder. */
async function run(command: Command, saved?: Onboarding['certificate']): Promise<string> {
  using place = mkdtempDisposableSync(join(tmpdir(), 'skerry-onboarding-'));
  if (saved) writeFileSync(join(place.path, saved.fileName), saved.text);
  if (command.source) writeFileSync(join(place.path, command.source.fileName), command.source.text);
  symlinkSync(join(REPOSITORY, 'node_modules'), join(place.path, 'node_modules'));
  const line = command.run
    .replace(/^npx skerry /, `node ${program()} `)
    .replace(/^python3 /, `${process.env.SKERRY_TEST_PYTHON ?? 'python3'} `);
  const child = spawn('sh', ['-ec', line], {
    cwd: place.path,
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 90_000,
    env: {
      PATH: `${dirname(process.execPath)}${delimiter}${process.env.PATH}`,
      HOME: place.path,
      SKERRY_DATA_DIR: server.dataDir,
    },
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (text: Buffer) => (said += String(text)));
  const code = await new Promise((resolve) => child.once('close', resolve));
  assert.equal(code, 0, `${line}\n${said}`);
  return said;
}

const TOOLS = ['mosquitto_pub', 'mqtt.js', 'python', 'c', 'curl', 'skerry'];

for (const tool of TOOLS) {
  for (const withToken of [true, false]) {
    // HTTP lets nobody in without a token
    if (tool === 'curl' && !withToken) continue;
    test(`the command for ${tool} ${withToken ? 'with a token of the device' : 'without a token'} makes its message appear`, async () => {
      const key = { tenant: 'acme', project: 'p 1', device: `${tool}-it's "${withToken}"` };
      const query = `?${new URLSearchParams(key)}`;
      const { commands } = withToken ? await ask<Onboarding>('', key) : await ask<Onboarding>(query);
      const command = commands.find((one) => one.tool === tool);
      assert.ok(command);
      await run(command);
      const seen = await until('the first message', async () => {
        const found = await ask<Arrivals>(`/arrivals${query}`);
        return found.stored > 0 ? found : undefined;
      });
      assert.equal(seen.stored, tool === 'skerry' ? 3 : 1);
      assert.equal(seen.metrics, tool === 'skerry' ? 2 : 1);
      assert.notEqual(seen.lastSeen, null);
      assert.deepEqual(seen.wrong, []);
    });
  }
}

/** A server whose certificate nobody's system vouches for, known to others as plant.example. */
async function encryptedServer(): Promise<ServerProcess> {
  const { authority, certFile, keyFile } = makeCertificates(folder.path, 'private');
  appendFileSync(certFile, readFileSync(authority));
  const tls = (name: string) => ({
    [`SKERRY_${name}_HOST`]: '0.0.0.0',
    [`SKERRY_${name}_TLS_CERT_FILE`]: certFile,
    [`SKERRY_${name}_TLS_KEY_FILE`]: keyFile,
  });
  return await ServerProcess.start({
    dataDir: join(folder.path, 'encrypted'),
    env: {
      ...{ SKERRY_PIPELINE_SEAL_AFTER_SECS: '0.2', SKERRY_HTTP_HOST_NAMES: 'plant.example' },
      ...tls('MQTT'),
      ...tls('HTTP'),
    },
  });
}

test('the commands for the network trust a private certificate by its file alone, and what came otherwise is told', async () => {
  await using encrypted = await encryptedServer();
  const key = { tenant: 'acme', project: 'far', device: 'pump' };
  const query = `?${new URLSearchParams(key)}`;
  const { commands, certificate } = await ask<Onboarding>('', key, encrypted);
  const outside = commands.filter(({ reach }) => reach === 'network');
  assert.deepEqual(
    outside.map(({ tool }) => tool),
    ['mosquitto_pub', 'mqtt.js', 'python', 'c', 'curl'],
  );
  // the name leads nowhere from here; the certificate is for localhost
  const here = (text: string) => text.replaceAll('plant.example', 'localhost');
  for (const [index, command] of outside.entries()) {
    const { source } = command;
    const mine = {
      ...command,
      run: here(command.run),
      source: source && { ...source, text: here(source.text) },
    };
    await assert.rejects(run(mine), /AssertionError/, `${command.tool} without the file`);
    await run(mine, certificate);
    await until(`the message of ${command.tool}`, async () => {
      const { stored } = await ask<Arrivals>(`/arrivals${query}`, undefined, encrypted);
      return stored > index ? stored : undefined;
    });
  }
  const plain = here(String(outside[0]?.run)).replace('--cafile skerry-ca.pem', '');
  await run({ tool: '', reach: '', source: null, run: `${plain} || true` });
  const system = here(String(outside[0]?.run)).replace('--cafile skerry-ca.pem', '--tls-use-os-certs');
  await run({ tool: '', reach: '', source: null, run: `${system} || true` });
  const { wrong } = await until('both of them', async () => {
    const found = await ask<Arrivals>(`/arrivals${query}`, undefined, encrypted);
    const reasons = found.wrong.filter(({ kind }) => kind === 'handshake').map(({ reason }) => reason);
    return reasons.includes('not-tls') && reasons.includes('untrusted') ? found : undefined;
  });
  const told = wrong.find(({ reason }) => reason === 'not-tls');
  assert.match(
    String(told?.words),
    /^A client at 127\.0\.0\.1:\d+ did not get as far as MQTT: It does not speak TLS/,
  );
});

test('what arrives wrongly is told in words: a dead letter, a refused login, a topic that is not the device’s own, one that is none', async () => {
  const key = { tenant: 'acme', project: 'wrong', device: 'pump' };
  const { commands, token } = await ask<Onboarding>('', key);
  const line = String(commands.find(({ tool }) => tool === 'mosquitto_pub')?.run);
  const wrongly = async (change: (line: string) => string): Promise<void> => {
    await run({ tool: '', reach: '', source: null, run: `${change(line)} || true` });
  };
  await wrongly((text) => text.replace(/-m .*/, "-m '{broken'"));
  await wrongly((text) => text.replace(String(token), 'sk_wrong'));
  await wrongly((text) => `${text.replace('/pump/', '/other/')} -V 5`);
  await wrongly((text) => text.replace('/telemetry', '/telemetri').replace(/-u \S+ -P \S+/, ''));
  const query = `?${new URLSearchParams(key)}`;
  const { wrong } = await until('all of them', async () => {
    const found = await ask<Arrivals>(`/arrivals${query}`);
    return found.wrong.length >= 4 ? found : undefined;
  });
  const told = new Map(wrong.map(({ kind, words }) => [kind, words]));
  assert.match(String(told.get('dead-letter')), /set aside: .*a key in quotes was expected/);
  assert.match(String(told.get('connect')), /The client pump at 127\.0\.0\.1:\d+ was refused as device: /);
  assert.match(String(told.get('publish')), /may not publish on iot\/acme\/wrong\/other\/telemetry as /);
  assert.match(
    String(told.get('elsewhere')),
    /published on iot\/acme\/wrong\/pump\/telemetri, which is no telemetry/,
  );
});
