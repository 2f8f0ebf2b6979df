import assert from 'node:assert/strict';
import { mkdtempDisposableSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadConfig } from '../config/load.ts';
import { poolOptionsOf, sharedTablesOf } from './postgres-way.ts';

test('sharedTablesOf, poolOptionsOf: the password is what stands in its file now, and what stood there last while it is being replaced', () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'skerry-password-'));
  const path = join(folder.path, 'password');
  const flags = { 'postgres-url': 'postgres://ann@db/iot', 'postgres-password-file': path };
  const { config } = loadConfig({ file: undefined, environment: {}, flags });
  assert.throws(
    () => sharedTablesOf(config),
    /postgres\.passwordFile: found .+, wanted a file that can be read/,
  );
  writeFileSync(path, 'one\n');
  const { password } = sharedTablesOf(config);
  assert.equal(password?.(), 'one');
  writeFileSync(path, 'two');
  assert.equal(password?.(), 'two');
  assert.equal(poolOptionsOf(config, 'test').password?.(), 'two');
  rmSync(path);
  assert.equal(password?.(), 'two');
  writeFileSync(path, 'three');
  assert.equal(password?.(), 'three');
});
