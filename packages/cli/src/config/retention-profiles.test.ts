import assert from 'node:assert/strict';
import { mkdtempDisposableSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadConfig } from './load.ts';
import { PROFILE_NAMES, profileValue, RETENTION_PROFILES } from './retention-profiles.ts';
import { retentionFaults, shortKafkaRetention } from './retention-rules.ts';
import { roleFaults } from './role-rules.ts';
import { configLeaves } from './schema.ts';
import { settingsOf } from './settings.ts';

function loaded(text: string, environment: Record<string, string> = {}) {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'skerry-retention-'));
  const file = join(folder.path, 'skerry.yaml');
  writeFileSync(file, text);
  return loadConfig({ file, environment: { XDG_DATA_HOME: '/tmp/x', ...environment }, flags: {} });
}

test('the profile `default` says what the schema says, and every profile only what the schema takes', () => {
  const leaves = new Map(configLeaves().map(({ path, schema }) => [path, schema]));
  const ofSinks = leaves.get('sinks')?.items?.properties ?? {};
  for (const name of PROFILE_NAMES) {
    for (const [path, value] of Object.entries(RETENTION_PROFILES[name])) {
      const schema = path.startsWith('sinks.') ? ofSinks[path.slice(6)] : leaves.get(path);
      assert.ok(schema, path);
      if (name === 'default') assert.equal(schema.default, value, path);
      assert.ok(value >= Number(schema.minimum) && value <= Number(schema.maximum), `${name}: ${path}`);
    }
    assert.deepEqual(retentionFaults(loaded(`retention: { profile: ${name} }`).config), []);
  }
  assert.equal(profileValue('other', 'series.rawDays'), undefined);
  assert.equal(profileValue('long', 'http.port'), undefined);
});

test('loadConfig: a profile gives what is not set, and tells that it did; what is set is stronger', () => {
  const { config, origins } = loaded(
    'retention: { profile: long }\nseries: { rollupDays: 400 }\nsinks: [{ name: a }, { name: b, retentionHours: 5 }]',
    { SKERRY_KAFKA_RETENTION_HOURS: '240' },
  );
  assert.deepEqual(config.series, { rawDays: 90, rollupDays: 400, chunkHours: 24, compressAfterDays: 7 });
  assert.deepEqual([config.kafka.retentionHours, config.journal.hoursMax], [240, 168]);
  assert.deepEqual(
    config.sinks.map(({ retentionHours }) => retentionHours),
    [2_160, 5],
  );
  assert.equal(origins['series.rawDays'], 'retention.profile long');
  assert.match(String(origins['series.rollupDays']), /^file /);
  assert.equal(origins['kafka.retentionHours'], 'SKERRY_KAFKA_RETENTION_HOURS');
  assert.equal(loaded('').origins['series.rawDays'], 'default');
  const shown = settingsOf({ config, origins }).find(({ path }) => path === 'series.rawDays');
  assert.deepEqual([shown?.value, shown?.standard, shown?.source], [90, 90, 'default']);
});

test('loadConfig: a profile that is none is refused with those there are', () => {
  assert.throws(
    () => loaded('retention: { profile: forever }'),
    /retention\.profile: found "forever", wanted one of default, long/,
  );
});

test('a writer refuses policies of which one could never act, with what was found and wanted', () => {
  const contradicting = loaded(
    'series: { rawDays: 5, rollupDays: 4, chunkHours: 121, compressAfterDays: 5 }\nkafka: { brokers: ["k:1"] }\npostgres: { url: "postgres://a@b/c" }',
  ).config;
  const faults = roleFaults('writer', contradicting);
  assert.deepEqual(
    faults.map((fault) => fault.split(':')[0]),
    ['series.rollupDays', 'series.compressAfterDays', 'series.chunkHours'],
  );
  assert.match(String(faults[0]), /found 4 with series\.rawDays 5, wanted 5 or more/);
  assert.match(String(faults[1]), /found 5 with series\.rawDays 5, wanted fewer days/);
  assert.match(String(faults[2]), /found 121 with series\.rawDays 5, wanted 120 at most/);
  assert.deepEqual(roleFaults('cloud', contradicting), []);
});

test('shortKafkaRetention: half of the retention has to leave time to act', () => {
  assert.match(
    String(shortKafkaRetention(loaded('kafka: { retentionHours: 1 }').config)?.found),
    /25 min are left/,
  );
  assert.equal(shortKafkaRetention(loaded('').config), undefined);
});

test('a cloud is not told that the primary is its standby', () => {
  const { config } = loaded(
    'kafka: { brokers: ["k:1"] }\npostgres: { url: "postgres://a@b/c", readUrl: "postgres://a@b/c" }',
  );
  assert.match(String(roleFaults('cloud', config)), /postgres\.readUrl: found the address of postgres\.url/);
  assert.deepEqual(roleFaults('writer', config), []);
});
