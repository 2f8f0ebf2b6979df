// `npm run stack` as people start it.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { ROOT } from '../../../tools/packages.ts';

/** Starts it with the fixture; sends SIGINT once what it says matches. */
async function runStack(words: readonly string[], endAt?: RegExp): Promise<{ code: number; text: string }> {
  const { NODE_TEST_CONTEXT: _, SKERRY_RECORDINGS: __, ...env } = process.env;
  const child = spawn(process.execPath, ['tools/stack.ts', ...words], {
    cwd: ROOT,
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  let isAsked = false;
  child.stdout.setEncoding('utf8').on('data', (piece: string) => {
    text += piece;
    if (isAsked || !endAt?.test(text)) return;
    isAsked = true;
    child.kill('SIGINT');
  });
  const [code] = await once(child, 'close');
  return { code: Number(code ?? -1), text };
}

test('npm run stack -- --once shows the fixture, kills one of each role, and ends with the account', async () => {
  const { code, text } = await runStack(['--once']);
  assert.equal(code, 0, text);
  assert.match(text, /gateway \d is killed[\s\S]+writer \d is killed/);
  assert.match(text, /2380 rows with 2380 values are in PostgreSQL as in the files, each once/);
});

test('npm run stack ends at Ctrl-C amid the show, and says so', async () => {
  const { code, text } = await runStack([], /gateway \d is killed/);
  assert.equal(code, 130, text);
  assert.match(text, /Ending all of it[\s\S]+The recordings were not shown to their end\./);
  assert.doesNotMatch(text, /everything is sent/);
});
