import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { provide } from './needs.ts';
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
