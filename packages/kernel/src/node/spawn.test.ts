import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hasCode } from '../testing/has-code.ts';
import { LineSplitter } from './line-splitter.ts';
import { nodeSpawn } from './spawn.ts';

const SHELL = '/bin/sh';

test('nodeSpawn passes lines both ways, the environment it is given and nothing else', async () => {
  const lines: string[] = [];
  const child = await nodeSpawn().start({
    command: SHELL,
    args: ['-c', 'read line; echo "$line $GIVEN [$HOME]"; echo fault >&2; exit 3'],
    env: { GIVEN: 'yes' },
    onStdout: (line) => lines.push(line),
    onStderr: (line) => lines.push(line),
  });
  child.writeStdin('hello\n');
  assert.deepEqual(await child.ended, { code: 3, signal: null });
  assert.deepEqual(lines.toSorted(), ['fault', 'hello yes []']);
});

test('nodeSpawn ends a child by its disposal', async () => {
  const child = await nodeSpawn().start({ command: SHELL, args: ['-c', 'read line'], env: {} });
  await child[Symbol.asyncDispose]();
  assert.deepEqual(await child.ended, { code: null, signal: 'SIGTERM' });
});

test('nodeSpawn answers a missing command with spawn-failed', async () => {
  const missing = nodeSpawn().start({ command: '/none/such', args: [], env: {} });
  await assert.rejects(missing, hasCode('spawn-failed'));
});

test('LineSplitter cuts at newlines wherever the bytes are sliced', () => {
  const text = new TextEncoder().encode('one\r\ntwö\n\nlast');
  for (let cut = 0; cut <= text.byteLength; cut++) {
    const lines: string[] = [];
    const splitter = new LineSplitter(100, (line) => lines.push(line));
    splitter.push(text.subarray(0, cut));
    splitter.push(text.subarray(cut));
    splitter.end();
    assert.deepEqual(lines, ['one', 'twö', '', 'last']);
  }
});

test('LineSplitter cuts a long line into pieces without splitting a character', () => {
  const lines: string[] = [];
  const splitter = new LineSplitter(5, (line) => lines.push(line));
  splitter.push(new TextEncoder().encode(`${'ö'.repeat(6)}\nab\n`));
  assert.deepEqual(lines, ['öö', 'öö', 'öö', 'ab']);
});
