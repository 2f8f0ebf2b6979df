import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { CliError } from '../errors.ts';
import { grantText, parseGrants } from './grants.ts';
import { openIsland, runLine } from './testing/island.ts';

test('user add, list, grant, password and remove change who may sign in', async () => {
  await using island = await openIsland();
  const { authenticator } = island.scene.access.access;
  const origin = { from: '192.0.2.1', agent: '' };
  const added = await island.skerry('user add ann --grants viewer@acme,operator@acme/plant');
  assert.equal(added.code, 0, added.err);
  const password = added.out.trim();
  assert.match(password, /^[\w-]{20}$/);
  const { subject } = await authenticator.signIn('ann', password, origin);
  assert.deepEqual(subject.grants.map(grantText), ['viewer@acme', 'operator@acme/plant']);
  await island.skerry('user grant ann --grants viewer@acme/plant/pump%2F7');
  const listed = await island.skerry('user list -o json');
  assert.deepEqual(
    JSON.parse(listed.out).map((user: { name: string; grants: unknown }) => [user.name, user.grants]),
    [['ann', [{ role: 'viewer', tenant: 'acme', project: 'plant', device: 'pump/7' }]]],
  );
  writeFileSync(join(island.dataDir, 'secret.txt'), 'another horse\nand more\n');
  const changed = await island.skerry(`user password ann --password-file ${island.dataDir}/secret.txt`);
  assert.deepEqual([changed.code, changed.out], [0, '']);
  await authenticator.signIn('ann', 'another horse', origin);
  assert.equal((await island.skerry('user remove ann')).code, 0);
  assert.equal((await island.skerry('user remove ann')).code, 9);
});

test('user add -o json prints the user as one value, with the password where it was made', async () => {
  await using island = await openIsland();
  const { out, code } = await island.skerry('user add ann --grants viewer@acme -o json');
  const { name, grants, password } = JSON.parse(out);
  assert.deepEqual([code, name, grants], [0, 'ann', [{ role: 'viewer', tenant: 'acme' }]]);
  const origin = { from: '192.0.2.1', agent: '' };
  await island.scene.access.access.authenticator.signIn('ann', password, origin);
  writeFileSync(join(island.dataDir, 'secret.txt'), 'another horse\n');
  const given = await island.skerry(`user add bob --password-file ${island.dataDir}/secret.txt -o json`);
  assert.deepEqual([JSON.parse(given.out).name, JSON.parse(given.out).password], ['bob', undefined]);
});

test('user link prints an address that signs in once', async () => {
  await using island = await openIsland();
  assert.equal((await island.skerry('user link')).code, 9, 'nobody is there');
  await island.skerry('user add admin --grants admin');
  const { out } = await island.skerry('user link');
  const [, url, code] = /^(http:\/\/127\.0\.0\.1:\d+)\/#\/sign-in\?code=([\w-]{43})\n$/.exec(out) ?? [];
  assert.equal(url, island.scene.api.url);
  const signIn = () =>
    fetch(`${url}/api/v1/session`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ code }),
    });
  assert.equal((await signIn()).status, 200);
  assert.equal((await signIn()).status, 401);
});

test('token create prints a secret that works, from another machine too, until it is revoked', async () => {
  await using island = await openIsland();
  const { out, err } = await island.skerry('token create reader --grants viewer@t --expires 90d');
  const token = out.trim();
  assert.match(token, /^sk_/, err);
  island.scene.platform.ingest([{ tenant: 't', project: 'p', device: 'd', values: { v: 1 } }]);
  island.scene.platform.ingest([{ tenant: 'u', project: 'p', device: 'e', values: { v: 1 } }]);
  const environment = { SKERRY_URL: `${island.scene.api.url}/`, SKERRY_TOKEN: token };
  const seen = await runLine(['devices', '-o', 'ndjson'], { environment });
  assert.deepEqual(
    seen.out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).device),
    ['d'],
  );
  const refused = await runLine(['user', 'list'], { environment });
  assert.deepEqual([refused.code, /\[not-allowed\]/.test(refused.err)], [4, true]);
  assert.match((await island.skerry('token list')).out, /^reader +viewer@t +20/m);
  await island.skerry('token revoke reader');
  assert.equal((await runLine(['devices'], { environment })).code, 4);
  assert.equal((await runLine(['devices'], { environment: { SKERRY_URL: 'x' } })).code, 2);
  assert.equal((await runLine(['devices'], { environment: { SKERRY_URL: island.scene.api.url } })).code, 2);
});

test('token create -o json tells the token with its secret', async () => {
  await using island = await openIsland();
  const said = await island.skerry('token create line-4 --grants device@t/p/d -o json');
  assert.equal(said.code, 0, said.err);
  const token = JSON.parse(said.out);
  assert.deepEqual([token.name, token.expires], ['line-4', null]);
  assert.deepEqual(token.grants, [{ role: 'device', tenant: 't', project: 'p', device: 'd' }]);
  assert.match(token.secret, /^sk_/);
  assert.doesNotMatch(said.err, /sk_/);
  assert.match((await island.skerry('token create b --grants viewer')).out, /^sk_\S+\n$/);
});

test('audit list tells who did what, and audit verify reads the files', async () => {
  await using island = await openIsland();
  await island.skerry('user add ann --grants viewer');
  await island.skerry('user remove nobody');
  const { out } = await island.skerry('audit list -o ndjson');
  const [entry] = out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  assert.deepEqual(
    [entry.author, entry.action, entry.target, entry.outcome],
    ['local', 'user.create', 'User/ann', 'allowed'],
  );
  assert.equal((await island.skerry('audit list --outcome refused')).out.split('\n').length, 2);
  const none = await island.skerry('audit verify');
  assert.deepEqual(
    [none.code, none.err],
    [0, 'All 0 entries of the audit log fit together; the last is 0.\n'],
  );
  const { disk } = island.scene.access;
  mkdirSync(join(island.dataDir, 'audit'));
  for (const name of disk.list('audit')) {
    const file = disk.open(`audit/${name}`, 'read');
    const bytes = new Uint8Array(file.size());
    file.read(bytes, 0);
    file.close();
    writeFileSync(join(island.dataDir, 'audit', name), bytes);
  }
  assert.equal((await island.skerry('audit verify')).code, 0);
  const path = join(island.dataDir, 'audit', 'audit-000000000001.jsonl');
  writeFileSync(path, readFileSync(path, 'utf8').replace('User/ann', 'User/bob'));
  const verdict = await island.skerry('audit verify -o json');
  assert.equal(verdict.code, 1);
  assert.equal(JSON.parse(verdict.out).findings[0].n, 1);
});

test('parseGrants reads what grantText writes, and refuses what is no grant', () => {
  const text = 'admin,viewer@a,operator@a/p%2Cq,device@a/p/d%2F1';
  assert.equal(parseGrants(text).map(grantText).join(','), text);
  for (const wrong of ['', 'root', 'viewer@', 'viewer@a/b/c/d', 'viewer@a//d', 'viewer@%zz']) {
    assert.throws(
      () => parseGrants(wrong),
      (fault) => fault instanceof CliError && fault.code === 'usage',
      wrong,
    );
  }
});
