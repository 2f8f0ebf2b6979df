// The server knows the page's own addresses, and nothing else gets the page.
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { PAGE_ROOMS } from '@skerry/api/testing';

const ROOT = join(import.meta.dirname, '..', '..');

test('the server gives the page at the addresses of its rooms, all of them', () => {
  const names = globSync('packages/console/src/rooms/*/room.ts', { cwd: ROOT }).map((path) => {
    const found = /^ {2}name: '([^']*)',$/m.exec(readFileSync(join(ROOT, path), 'utf8'));
    assert.ok(found, path);
    return found[1];
  });
  assert.ok(names.length > 5, `${names.length} rooms were found`);
  assert.deepEqual([...PAGE_ROOMS].sort(), names.sort());
});
