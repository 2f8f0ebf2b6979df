import assert from 'node:assert/strict';
import { mkdtempDisposableSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { readSecret, reread } from './role.ts';

test('reread gives what stands in a file now, and what it gave last, which it tells, while the file is not there', () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'skerry-reread-'));
  const path = join(folder.path, 'password');
  const told: string[] = [];
  const open = () =>
    reread(
      () => readSecret('kafka.sasl.passwordFile', path),
      ({ message }) => told.push(message),
    );
  assert.throws(open, /kafka\.sasl\.passwordFile: found .*password, wanted a file that can be read/);
  writeFileSync(path, 'old\n');
  const password = open();
  assert.equal(password(), 'old');
  rmSync(path);
  assert.equal(password(), 'old');
  assert.match(told.join(), /^kafka\.sasl\.passwordFile: found .*password, wanted a file that can be read/);
  writeFileSync(path, 'new\n');
  assert.equal(password(), 'new');
  assert.equal(told.length, 1);
});
