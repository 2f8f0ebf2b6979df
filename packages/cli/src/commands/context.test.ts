import assert from 'node:assert/strict';
import { chmodSync, mkdtempDisposableSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { contextDefaults, contextsPath, readContexts, writeContexts } from '../config/contexts.ts';
import { readToken } from '../processes/data-folder.ts';
import { parseLine } from './parse.ts';
import { openIsland, runLine } from './testing/island.ts';
import { VERBS } from './verbs.ts';

function aHome() {
  const folder = mkdtempDisposableSync(join(tmpdir(), 'skerry-contexts-'));
  const environment = { XDG_CONFIG_HOME: folder.path };
  return {
    path: folder.path,
    environment,
    skerry: (line: string) => runLine(line.split(' '), { environment }),
    [Symbol.dispose]: () => folder[Symbol.dispose](),
  };
}

test('context set, use and list keep contexts in a file for this user alone', async () => {
  using home = aHome();
  assert.match((await home.skerry('context list')).err, /There are none/);
  const made = await home.skerry(
    'context set plant --url https://plant.example:8080/ --token-file /t --tenant acme',
  );
  assert.equal(made.code, 0);
  assert.equal(statSync(contextsPath(home.environment)).mode & 0o777, 0o600);
  await home.skerry('context set plant --project p');
  await home.skerry('context set lab --url http://127.0.0.1:1');
  assert.equal((await home.skerry('context use plant')).code, 0);
  assert.deepEqual(readContexts(home.environment), {
    current: 'plant',
    contexts: [
      { name: 'plant', url: 'https://plant.example:8080', tokenFile: '/t', tenant: 'acme', project: 'p' },
      { name: 'lab', url: 'http://127.0.0.1:1' },
    ],
  });
  assert.match(
    (await home.skerry('context list')).out,
    /^CURRENT {2}NAME .*\n\* {8}plant {2}https:\/\/plant/,
  );
  await home.skerry('context use -');
  assert.equal(readContexts(home.environment).current, undefined);
});

test('context refuses what it cannot use, with the code that says so', async () => {
  using home = aHome();
  const cases: [string, RegExp][] = [
    [
      'context use nowhere',
      /Found the context "nowhere", wanted one that was made with npx skerry context set.*\[context-unknown\]/,
    ],
    ['context set a/b --url http://x', /NAME: found "a\/b"/],
    ['context set x', /wants --url/],
    ['context set x --url ftp://x', /--url: found "ftp:\/\/x", wanted http/],
    ['context set x --url http://u:p@x', /found a user name or password, wanted none/],
    ['devices --context nowhere', /\[context-unknown\]/],
  ];
  for (const [line, message] of cases) {
    const said = await home.skerry(line);
    assert.equal(said.code, 2, line);
    assert.match(said.err, message);
  }
  writeContexts(home.environment, { contexts: [] });
  for (const [text, message] of [
    ['contexts: 7', /contexts: wanted a list/],
    ['contexts: [{name: a, url: http://x, secret: s}]', /contexts\[0\]: unknown key secret/],
    ['contexts: [{name: a}]', /contexts\[0\]: wanted name and url/],
    [': : :', /is no YAML/],
  ] as const) {
    writeFileSync(contextsPath(home.environment), text);
    const said = await home.skerry('context list');
    assert.equal(said.code, 3, text);
    assert.match(said.err, message);
  }
});

test('context set warns loudly of plain HTTP to another machine', async () => {
  using home = aHome();
  for (const url of ['http://10.0.0.1:8080', 'http://plant.example', 'http://[2001:db8::1]:8080']) {
    const said = await home.skerry(`context set far --url ${url}`);
    assert.equal(said.code, 0, url);
    assert.match(said.err, /^WARNING: http:.* is plain HTTP to another machine: .* can read the token/m, url);
  }
  for (const url of [
    'https://10.0.0.1:8080',
    'http://127.0.0.1:8080',
    'http://[::1]:8080',
    'http://localhost',
  ])
    assert.doesNotMatch((await home.skerry(`context set near --url ${url}`)).err, /WARNING/, url);
});

test('commands go to the context that is named or in force, with its token, and to a data folder that is named', async () => {
  await using island = await openIsland();
  using home = aHome();
  const tokenFile = join(home.path, 'token');
  writeFileSync(tokenFile, `${readToken(island.dataDir)}\n`, { mode: 0o600 });
  writeContexts(home.environment, {
    contexts: [{ name: 'isle', url: island.scene.api.url, tokenFile, tenant: 'acme', project: 'p' }],
  });
  island.scene.platform.ingest([{ tenant: 'acme', project: 'p', device: 'pump', values: { a: 1 } }]);
  assert.match((await home.skerry('devices --context isle')).out, /pump/);
  assert.notEqual((await home.skerry('devices')).code, 0);
  await home.skerry('context use isle');
  assert.match((await home.skerry('devices')).out, /pump/);
  assert.equal((await home.skerry('devices --data-dir /nonexistent')).code, 5);
  chmodSync(tokenFile, 0o644);
  const said = await home.skerry('devices');
  assert.equal(said.code, 3);
  assert.match(said.err, /can be read by others; wanted mode 0600/);
});

test('contextDefaults gives tenant and project to verbs of an instance that were given neither', () => {
  using home = aHome();
  writeContexts(home.environment, {
    current: 'isle',
    contexts: [{ name: 'isle', url: 'http://x', tenant: 'acme', project: 'p' }],
  });
  const query = VERBS.find(({ path }) => path.join(' ') === 'telemetry query');
  assert.ok(query);
  const parse = (line: string) =>
    parseLine(query, line.split(' '), (verb, given) => contextDefaults(verb, given, home.environment)).flags;
  assert.deepEqual(parse('--device d --metric m'), {
    tenant: 'acme',
    project: 'p',
    device: 'd',
    metric: 'm',
  });
  assert.equal(parse('--tenant t --project q --device d --metric m').project, 'q');
  assert.throws(() => parse('--device d --metric m --data-dir /x'), /wants --tenant/);
});
