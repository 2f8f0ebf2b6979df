import assert from 'node:assert/strict';
import { mkdtempDisposableSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { hasCode } from '@skerry/kernel/testing';
import { openAccessScene } from '../testing/access-scene.ts';
import { testAccessStore } from '../testing/store-suite.ts';
import { openSqliteStore } from './sqlite-store.ts';

testAccessStore('SqliteAccessStore', async () => {
  const folder = mkdtempDisposableSync(join(tmpdir(), 'skerry-access-'));
  const store = openSqliteStore(join(folder.path, 'access.db'));
  const close = store[Symbol.asyncDispose].bind(store);
  return Object.assign(store, {
    [Symbol.asyncDispose]: async () => {
      await close();
      folder.remove();
    },
  });
});

test('openSqliteStore keeps what was changed in a file of mode 0600, without any secret', async () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'skerry-access-'));
  const path = join(folder.path, 'access.db');
  let secret = '';
  {
    await using scene = await openAccessScene({ store: openSqliteStore(path) });
    await scene.access.book.addUser('ann', { password: 'correct horse' });
    ({ secret } = await scene.access.book.addToken({
      name: 'line-4',
      grants: [],
      expiresMicros: null,
      createdBy: 'local',
    }));
  }
  assert.equal(statSync(path).mode & 0o777, 0o600);
  const bytes = readFileSync(path, 'latin1');
  assert.ok(!bytes.includes('correct horse') && !bytes.includes(secret), 'a secret stands in the file');
  await using again = await openAccessScene({ store: openSqliteStore(path), seed: 2 });
  assert.equal((await again.access.book.user('ann'))?.spec.displayName, 'ann');
  assert.equal((await again.access.authenticator.bearer(secret))?.name, 'token:line-4');
});

test('openSqliteStore refuses a file that is no database, and names it', () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'skerry-access-'));
  const path = join(folder.path, 'access.db');
  writeFileSync(path, 'this is no database at all, but long enough to be looked at as one. '.repeat(20));
  assert.throws(() => openSqliteStore(path), hasCode('access-store-damaged'));
  assert.throws(() => openSqliteStore(path), /access\.db/);
});
