// What skerry doctor says of tables that keep what they should not, and of a standby.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { aSeal, NOON, type SamplePoint, StepClock, workAll } from '@skerry/series/testing';
import { type PostgresServer, startPostgres } from '@skerry/testkit/engines';
import { type Finding, runDoctor } from '../monitoring/doctor-line.ts';
import { aPool, aStore } from './scene.ts';

const DAY = 86_400_000_000;
const folder = mkdtempSync(join(tmpdir(), 'skerry-doctor-'));
const server = await startPostgres({ standby: true });
const standby = server.standby as PostgresServer; // it was asked for
after(async () => {
  await server[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

const point = (value: number, time: number): SamplePoint => ({
  series: 1,
  time,
  value,
  offset: value,
  ordinal: 0,
});

async function doctor(rest: object, postgres: object): Promise<Map<string, Finding>> {
  return (await runDoctor(folder, { ...rest, postgres: { url: server.url(), ...postgres } })).findings;
}

const foundBy = (findings: Map<string, Finding>, check: string) => String(findings.get(check)?.found);

test('doctor tells what tables keep and how fresh the standby is, of writers that were started with something else, and of a standby that does not replay', async () => {
  const before = await doctor({}, { readUrl: standby.url() });
  assert.equal(before.get('retention')?.verdict, 'ok');
  assert.equal(before.get('postgres retention'), undefined, 'there are no tables yet');
  assert.match(
    foundBy(before, 'postgres standby'),
    /^it has what was committed \d\.\d s ago \(postgres\.readStaleSecs 10\), and answers$/,
  );
  const now = Math.floor(Date.now() / 1000) * 1_000_000;
  await using pool = aPool(server.url(), 'skerry');
  await using store = await aStore(pool, { clock: new StepClock(now) });
  await store.load();
  await standby.sql('SELECT pg_wal_replay_pause()');
  await store.seal(aSeal(1, [point(1, now)], { logTimeMicros: now }));
  await workAll(store);
  const profile = { retention: { profile: 'long' } };
  const findings = await doctor(profile, { readUrl: standby.url(), readStaleSecs: 2 });
  await standby.sql('SELECT pg_wal_replay_resume()');
  assert.equal(findings.get('postgres retention')?.verdict, 'warning');
  assert.equal(
    foundBy(findings, 'postgres retention'),
    'points 3 days, rollups 90 days, and this configuration says 90, 90',
  );
  assert.equal(findings.get('postgres deletion')?.verdict, 'ok');
  assert.match(foundBy(findings, 'postgres partitions'), /^made up to \d{4}-\d\d-\d\d$/);
  assert.equal(findings.get('postgres standby')?.verdict, 'warning');
  assert.match(String(findings.get('postgres standby')?.advice), /pg_is_wal_replay_paused/);
});

test('doctor finds a policy that can never act, days that should be gone with the source that keeps them, partitions that nobody makes ahead, and a standby that is none', async () => {
  await server.sql('DROP SCHEMA IF EXISTS skerry CASCADE');
  await using pool = aPool(server.url(), 'skerry');
  await using store = await aStore(pool, { foldMs: 1e9 });
  await store.load();
  for (let number = 1; number <= 6; number++) {
    const at = NOON + number * DAY;
    await store.seal(aSeal(number, [point(number, at)], { logTimeMicros: at }));
  }
  // as a writer leaves it whose clock went on, and which cannot roll up
  await server.sql(`UPDATE skerry.folds SET retention = timestamptz '2026-11-24 10:00Z' + interval '6 days';
    DO $$ DECLARE one text; BEGIN
      FOR one IN SELECT relname FROM pg_class WHERE relname ~ '^points_[0-9]{8}$'
        AND to_date(right(relname, 8), 'YYYYMMDD') > (now() AT TIME ZONE 'UTC')::date LOOP
        EXECUTE 'DROP TABLE skerry.' || one; END LOOP; END $$`);
  const findings = await doctor(
    { series: { rawDays: 100 } },
    { readUrl: `${server.url()}?application_name=x` },
  );
  assert.equal(findings.get('retention')?.verdict, 'fault');
  assert.match(foundBy(findings, 'retention'), /series\.rollupDays: found 90 with series\.rawDays 100/);
  assert.equal(findings.get('postgres deletion')?.verdict, 'warning');
  assert.match(
    foundBy(findings, 'postgres deletion'),
    /ended 4 days ago, and 3 are wanted; not rolled up: iot\.telemetry\/0$/,
  );
  assert.equal(findings.get('postgres partitions')?.verdict, 'warning');
  assert.match(foundBy(findings, 'postgres partitions'), /not ahead of today/);
  assert.match(String(findings.get('postgres partitions')?.advice), /make_day/);
  assert.match(foundBy(findings, 'postgres standby'), /is no standby: it takes writes/);
  assert.equal(findings.get('postgres sources')?.verdict, 'ok');
  assert.match(foundBy(findings, 'postgres sources'), /^1 of 4096 partitions .* 1 of them written/);
  await server.sql(`INSERT INTO skerry.sources(id, journal_id, label, epoch, owner, opened)
    SELECT i, 'gone ' || i, 'iot.gone/0', 1, 'test', 'epoch' FROM generate_series(1, 4095) i`);
  await server.sql(`INSERT INTO skerry.drop_waits VALUES ('points', 3, '2026-11-24 10:00Z', now())`);
  const full = await doctor({}, {});
  assert.match(
    foundBy(full, 'postgres deletion'),
    /ended 4 days ago, and 3 are wanted; somebody had the table at each of 3 tries since 2026-11-24T10:00:00Z$/,
  );
  assert.equal(full.get('postgres sources')?.verdict, 'fault');
  assert.match(foundBy(full, 'postgres sources'), /^4096 of 4096 .* 1 of them written/);
});
