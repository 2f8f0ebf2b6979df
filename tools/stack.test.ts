import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempDisposableSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const STACK = fileURLToPath(new URL('./stack.ts', import.meta.url));

function runWith(recordings: string): { readonly code: number | null; readonly text: string } {
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const { status, stdout, stderr } = spawnSync(process.execPath, [STACK, '--once'], {
    encoding: 'utf8',
    env: { ...env, SKERRY_RECORDINGS: recordings },
  });
  return { code: status, text: stdout + stderr };
}

test('npm run stack starts nothing and fails in one line where there are no recordings to show', () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'skerry-no-recordings-'));
  const none = runWith(folder.path);
  assert.equal(none.code, 1);
  assert.match(none.text, /^SKERRY_RECORDINGS is .+, in which there is no \.csv file; wanted .+\n$/);
  const nowhere = runWith(join(folder.path, 'nowhere'));
  assert.equal(nowhere.code, 1);
  assert.match(nowhere.text, /^SKERRY_RECORDINGS is .+ cannot be read \(ENOENT.+\n$/);
  writeFileSync(join(folder.path, 'a.csv'), 'time,value\n');
  const empty = runWith(folder.path);
  assert.equal(empty.code, 1);
  assert.match(empty.text, /^.+a\.csv holds no values; wanted .+\n$/);
});
