import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempDisposableSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { memoryFolder, ServerProcess } from '@skerry/testkit';
import { until } from '../e2e/condition.ts';

interface Command {
  readonly tool: string;
  readonly source: { readonly fileName: string; readonly text: string } | null;
  readonly run: string;
}
interface Onboarding {
  readonly commands: readonly Command[];
  readonly token: string | null;
  readonly topic: string;
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

async function ask<T>(path: string, body?: unknown): Promise<T> {
  const token = readFileSync(join(server.dataDir, 'token'), 'utf8').trim();
  const response = await fetch(`http://127.0.0.1:${server.httpPort}/api/v1/onboarding${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  assert.equal(response.status, 200, await response.clone().text());
  return (await response.json()) as T;
}

/** Runs a command as somebody would who has copied it into an empty folder. */
async function run(command: Command): Promise<string> {
  using place = mkdtempDisposableSync(join(tmpdir(), 'skerry-onboarding-'));
  if (command.source) writeFileSync(join(place.path, command.source.fileName), command.source.text);
  symlinkSync(join(REPOSITORY, 'node_modules'), join(place.path, 'node_modules'));
  const line = command.run
    .replace(/^npx skerry /, `node ${join(REPOSITORY, 'packages/cli/src/main.ts')} `)
    .replace(/^python3 /, `${process.env.SKERRY_TEST_PYTHON ?? 'python3'} `);
  const child = spawn('sh', ['-ec', line], {
    cwd: place.path,
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 40_000,
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

test('what arrives wrongly is told in words: a dead letter, a refused login, a topic that is not the device’s own, one that is none', async () => {
  const key = { tenant: 'acme', project: 'wrong', device: 'pump' };
  const { commands, token } = await ask<Onboarding>('', key);
  const line = String(commands.find(({ tool }) => tool === 'mosquitto_pub')?.run);
  const wrongly = async (change: (line: string) => string): Promise<void> => {
    await run({ tool: '', source: null, run: `${change(line)} || true` });
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
