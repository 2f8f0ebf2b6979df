import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync, mkdtempDisposableSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Finding } from './doctor.ts';
import { openIsland, runLine } from './testing/island.ts';

const folder = () => mkdtempDisposableSync(join(tmpdir(), 'skerry-doctor-'));

async function examine(words: readonly string[]): Promise<{ code: number; findings: Map<string, Finding> }> {
  const { code, out } = await runLine(['doctor', '-o', 'json', ...words]);
  const findings = JSON.parse(out) as Finding[];
  return { code, findings: new Map(findings.map((one) => [one.check, one])) };
}

test('doctor looks at versions, folder, disk, fsync, clock and ports, with figures', async () => {
  using place = folder();
  const { findings } = await examine(['--data-dir', place.path, '--http-port', '0', '--mqtt-port', '0']);
  const checks = [
    'versions',
    'machine',
    'data folder',
    'rights',
    'disk',
    'fsync',
    'clock',
    'listeners',
    'retention',
    'crashes',
    'instance',
  ];
  assert.deepEqual([...findings.keys()], [...checks, 'port http', 'port mqtt']);
  assert.match(String(findings.get('fsync')?.found), /^20 kB written and synced in \d+\.\d\d ms \(median\)/);
  assert.match(String(findings.get('versions')?.found), /Node 26\./);
  for (const { verdict, advice } of findings.values()) assert.equal(advice === '', verdict === 'ok');
});

test('doctor warns of what listens beyond this machine without TLS', async () => {
  using place = folder();
  const ports = ['--http-port', '0', '--mqtt-port', '0', '--http-host', '0.0.0.0'];
  const { findings } = await examine(['--data-dir', place.path, ...ports, '--access-insecure-listeners']);
  const { verdict, found, advice } = findings.get('listeners') ?? {};
  assert.equal(verdict, 'warning');
  assert.match(String(found), /^HTTP without TLS listens beyond this machine/);
  assert.match(String(advice), /http\.tls/);
});

test('doctor ends with 1 and says what to do about a port in use and a folder that cannot be written', async () => {
  using place = folder();
  const taken = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => taken.once('listening', resolve));
  const address = taken.address();
  const port = String(address && typeof address === 'object' ? address.port : 0);
  const busy = await examine(['--data-dir', place.path, '--http-port', port, '--mqtt-port', '0']);
  taken.close();
  assert.equal(busy.code, 1);
  assert.deepEqual(busy.findings.get('port http'), {
    check: 'port http',
    verdict: 'fault',
    found: `127.0.0.1:${port}: EADDRINUSE`,
    advice: 'End what uses it, or set --http-port to another (0 picks a free one).',
  });
  writeFileSync(join(place.path, 'file'), '');
  const blocked = await examine([
    '--data-dir',
    join(place.path, 'file', 'below'),
    '--http-port',
    '0',
    '--mqtt-port',
    '0',
  ]);
  assert.equal(blocked.code, 1);
  assert.equal(blocked.findings.get('data folder')?.verdict, 'fault');
  assert.match(String(blocked.findings.get('data folder')?.advice), /SKERRY_DATA_DIR/);
});

test('doctor tells of a disk that refused to sync, and paints its verdicts on a terminal', async () => {
  using place = folder();
  const crash = { at: '2026-05-01T00:00:00Z', code: 74, signal: null, upSecs: 3, isSyncFailure: true };
  appendFileSync(join(place.path, 'crashes.jsonl'), `${JSON.stringify(crash)}\n`);
  const words = ['doctor', '--data-dir', place.path, '--http-port', '0', '--mqtt-port', '0'];
  const { code, out } = await runLine(words, { isTerminal: true });
  assert.equal(code, 1);
  assert.ok(out.includes('\u001b[31mfault\u001b[0m'));
  assert.match(out, /crashes .*1 recorded, the last at 2026-05-01.*exit code 74/);
});

test('doctor finds the instance that runs, asks whether it is ready, and does not look at its ports', async () => {
  await using island = await openIsland();
  island.scene.platform.reasons = [{ code: 'disk-full', detail: 'the journal has no room' }];
  const { findings } = await examine(['--data-dir', island.dataDir]);
  assert.match(
    String(findings.get('instance')?.found),
    /serves this data folder on http:\/\/127\.0\.0\.1:\d+\//,
  );
  assert.deepEqual(findings.get('ready'), {
    check: 'ready',
    verdict: 'fault',
    found: 'disk-full: the journal has no room',
    advice: 'Messages are not taken in until this is mended; the log has more.',
  });
  assert.ok(!findings.has('port http'));
  island.scene.platform.reasons = [];
  assert.equal((await examine(['--data-dir', island.dataDir])).findings.get('ready')?.verdict, 'ok');
});

test('doctor counts torn crash records, takes an empty run.json for no instance, and makes a row of what it cannot read', async () => {
  using place = folder();
  const crash = { at: '2026-05-01T00:00:00Z', code: 70, signal: null, upSecs: 3, isSyncFailure: false };
  appendFileSync(join(place.path, 'crashes.jsonl'), `${JSON.stringify(crash)}\n{"at":"2026-05-0`);
  writeFileSync(join(place.path, 'run.json'), '');
  const words = ['--data-dir', place.path, '--http-port', '0', '--mqtt-port', '0'];
  const torn = await examine(words);
  assert.match(String(torn.findings.get('crashes')?.found), /^1 recorded, .*; 1 torn by/);
  assert.equal(torn.findings.get('instance')?.found, 'none runs on this data folder');
  using other = folder();
  for (const name of ['crashes.jsonl', 'run.json']) mkdirSync(join(other.path, name));
  const blocked = await examine(['--data-dir', other.path, ...words.slice(2)]);
  assert.equal(blocked.code, 1);
  for (const check of ['crashes', 'instance']) {
    const finding = blocked.findings.get(check);
    assert.equal(finding?.verdict, 'fault', check);
    assert.match(String(finding?.found), /EISDIR/);
    assert.notEqual(finding?.advice, '');
  }
  assert.ok(blocked.findings.has('port mqtt'), 'the rest is looked at all the same');
});
