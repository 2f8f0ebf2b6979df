import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeSpawn } from './fake-spawn.ts';
import { hasCode } from './has-code.ts';

test('FakeSpawn plays a child: lines, input, end', async () => {
  const spawn = new FakeSpawn({ commands: ['tool'] });
  const lines: string[] = [];
  const child = await spawn.start({
    command: 'tool',
    args: [],
    env: {},
    onStdout: (line) => lines.push(line),
  });
  const [played] = spawn.children;
  child.writeStdin('hello');
  played?.stdout('world');
  played?.end({ code: 3, signal: null });
  assert.deepEqual(
    [lines, played?.stdin, await child.ended],
    [['world'], 'hello', { code: 3, signal: null }],
  );
});

test('FakeSpawn disposal kills a child that ignores SIGTERM', async () => {
  const spawn = new FakeSpawn({ commands: ['tool'], ignoresSigterm: true });
  const child = await spawn.start({ command: 'tool', args: [], env: {} });
  await child[Symbol.asyncDispose]();
  assert.deepEqual(spawn.children[0]?.signals, ['SIGTERM', 'SIGKILL']);
});

test('FakeSpawn answers an unknown command with spawn-failed', async () => {
  const spawn = new FakeSpawn({ commands: [] });
  await assert.rejects(spawn.start({ command: 'tool', args: [], env: {} }), hasCode('spawn-failed'));
});
