import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { type Machine, provide } from './needs.ts';
import { ROOT } from './packages.ts';

/** What `provide` says of needs on a machine whose programs are in one folder only. */
function missingWith(path: string, names: readonly string[]): Readonly<Record<string, string>> {
  const script = `
    const { provide } = await import('./tools/needs.ts');
    const { missing } = provide(${JSON.stringify(names)}, () => {});
    console.log(JSON.stringify(Object.fromEntries(missing)));`;
  const words = ['--input-type=module', '-e', script];
  return JSON.parse(
    execFileSync(process.execPath, words, { cwd: ROOT, env: { PATH: path }, encoding: 'utf8' }),
  );
}

test('provide tells of each engine that is missing which packages bring it', () => {
  const packages = {
    kafka: 'default-jre-headless maven openssl',
    kcat: 'kcat',
    influxdb: 'influxdb',
    'victoria-metrics': 'victoria-metrics',
    prometheus: 'prometheus',
    alertmanager: 'prometheus-alertmanager',
    redis: 'redis-server redis-tools',
  };
  const missing = missingWith('/nowhere', Object.keys(packages));
  assert.deepEqual(Object.keys(missing), Object.keys(packages));
  for (const [name, names] of Object.entries(packages)) {
    assert.match(String(missing[name]), /^(no apt-get here|not root), so nothing was installed; /);
    assert.ok(String(missing[name]).endsWith(`; Debian: apt-get install ${names}`));
  }
});

test('provide of nothing installs nothing and lacks nothing', () => {
  const said: string[] = [];
  const { env, missing } = provide([], (line) => said.push(line));
  assert.deepEqual([env, missing.size, said], [{}, 0, []]);
});

/** A machine that has some programs, and whose apt-get brings some packages of one program each. */
function aMachine(has: readonly string[], brings: readonly string[], whyNot?: string) {
  const there = new Set(has);
  const asked: string[] = [];
  const machine: Machine = {
    which: (name) => (there.has(name) ? `/usr/bin/${name}` : undefined),
    whyNoInstall: () => whyNot,
    aptGet: ([verb, ...packages]) => {
      asked.push([verb, ...packages].join(' '));
      if (packages.some((name) => !brings.includes(name))) return false;
      for (const name of packages) there.add(name);
      return true;
    },
  };
  return { machine, asked };
}

test('provide brings the browser that the kept pictures are drawn with where another one is installed', () => {
  const { machine, asked } = aMachine(['chromium'], ['chromium-headless-shell']);
  const { env, missing } = provide(['chromium'], () => {}, machine);
  assert.deepEqual(asked, ['install chromium-headless-shell']);
  assert.deepEqual(env, { SKERRY_TEST_CHROMIUM: '/usr/bin/chromium-headless-shell' });
  assert.equal(missing.size, 0);
});

test('provide takes the other browser only where the first cannot be had, and installs it only where it is missing', () => {
  const nothing = aMachine([], ['chromium']);
  const { env } = provide(['chromium'], () => {}, nothing.machine);
  assert.deepEqual(env, { SKERRY_TEST_CHROMIUM: '/usr/bin/chromium' });
  assert.equal(nothing.asked[0], 'install chromium-headless-shell');
  assert.equal(nothing.asked.at(-1), 'install chromium');
  const other = aMachine(['chromium'], []);
  assert.deepEqual(provide(['chromium'], () => {}, other.machine).env, env);
  assert.ok(!other.asked.includes('install chromium'));
  const closed = aMachine(['chromium'], [], 'not root');
  assert.deepEqual(provide(['chromium'], () => {}, closed.machine).env, env);
  assert.deepEqual(closed.asked, []);
  const bare = aMachine([], [], 'not root');
  assert.deepEqual(
    provide(['chromium'], () => {}, bare.machine).missing,
    new Map([['chromium', 'not root; Debian: apt-get install chromium-headless-shell']]),
  );
});

test('provide installs nothing where the first browser is there', () => {
  const { machine, asked } = aMachine(['chromium', 'chromium-headless-shell'], ['chromium']);
  const { env } = provide(['chromium'], () => {}, machine);
  assert.deepEqual(env, { SKERRY_TEST_CHROMIUM: '/usr/bin/chromium-headless-shell' });
  assert.deepEqual(asked, []);
});
