import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { Item } from '@skerry/access';
import { openPostgresAccessStore, openPostgresAuditBook } from '@skerry/access/postgres';
import { openPostgresLeases } from '@skerry/control/postgres';
import { silentLogger } from '@skerry/kernel';
import { nodeClock } from '@skerry/kernel/node';
import type { RoleReport } from '@skerry/model';
import {
  migrate,
  openPostgresReadings,
  ROLE_NAMES,
  tellGatewayAccounts,
  tellRole,
  whileLocked,
} from '@skerry/series/postgres';
import { aSeal, hasCode, NOON, type SamplePoint } from '@skerry/series/testing';
import { startPostgres } from '@skerry/testkit/engines';
import { runDoctor } from '../monitoring/doctor-line.ts';
import { aPool, aSchema, aStore, breathe } from './scene.ts';

const server = await startPostgres();
after(() => server[Symbol.asyncDispose]());

const point = (series: number, value: SamplePoint['value'], offset = series): SamplePoint => ({
  series,
  time: NOON + offset,
  value,
  offset,
  ordinal: 0,
});
const ofTenant = (tenant: string, id: number) => ({ id, tenant, project: 'p', device: 'd', metric: 'm' });

/** Rows that a role sees, with a tenant set or not. */
async function seenBy(role: string, tenant: string | undefined, text: string): Promise<string> {
  const set = tenant === undefined ? '' : `SET skerry.tenant = '${tenant}';`;
  return await server.sql(`SET ROLE ${role}; ${set} ${text}`);
}

test('openPostgresStore: a user with the role skerry_writer seals, folds, rolls up and makes partitions, and may not change the schema', async () => {
  const schema = aSchema();
  await using owner = aPool(server.url(), schema);
  await using first = await aStore(owner, { journalId: 'ff112233445566778899aabbccddeeff' });
  await first.load();
  await server.sql('CREATE ROLE writing LOGIN; GRANT skerry_writer TO writing');
  await using pool = aPool(`postgres://writing@127.0.0.1:${server.port}/skerry`, schema);
  await using store = await aStore(pool);
  await store.load();
  for (let day = 0; day < 3; day++) {
    const number = day + 1;
    const logTimeMicros = NOON + day * 86_400_000_000;
    await store.seal(aSeal(number, [point(1, day, number * 100)], { logTimeMicros }));
    while (await store.work());
  }
  assert.equal(await server.sql(`SELECT count(*) FROM "${schema}".points`), '3');
  assert.equal(await server.sql(`SELECT sum(count) FROM "${schema}".rollups WHERE step = 60`), '3');
  await assert.rejects(seenBy('writing', undefined, `DROP TABLE "${schema}".points`), /must be owner/);
  await assert.rejects(
    seenBy('writing', undefined, `CREATE TABLE "${schema}".x (y int)`),
    /permission denied/,
  );
});

/** A user with one role and nothing else, in a schema that its owner has made. */
async function aUser(name: string, role: string, schema: string) {
  await server.sql(`CREATE ROLE ${name} LOGIN; GRANT ${role} TO ${name}`);
  const url = `postgres://${name}@127.0.0.1:${server.port}/skerry`;
  const refused = (text: string) =>
    assert.rejects(
      server.sql(`SET ROLE ${name}; SET search_path = "${schema}"; ${text}`),
      /permission denied/,
      text,
    );
  return { url, schema, refused };
}

const item = (name: string): Item<'SignInCode'> => ({
  kind: 'SignInCode',
  name,
  secret: '',
  usedMicros: 1,
  document: {
    apiVersion: 'skerry.dev/v1alpha1',
    kind: 'SignInCode',
    metadata: { name, createdMicros: 1 },
    spec: { user: 'ann', expiresMicros: 2 },
  },
});
const tell = { journalId: 'aa'.repeat(16), name: 'gate', asOf: 3, sent: 1, isEnded: false };
const accounts = [{ tenant: 'a', project: 'p', received: 3, receivedQos0: 0 }];
const report = { role: 'gateway', place: 'here', reasons: [] } as unknown as RoleReport; // no more of it is looked at

test('skerry_gateway: is enough for leases, for what was received and for how the process does, and for nothing else', async () => {
  const schema = aSchema();
  await using owner = aPool(server.url(), schema);
  await migrate(owner, silentLogger);
  const { url, refused } = await aUser('gate', 'skerry_gateway', schema);
  await using leases = await openPostgresLeases({ url, schema });
  const claim = await leases.claimAny('g', 'one', 60_000);
  assert.equal(claim.number, 0);
  assert.equal(await leases.renew(claim, 60_000), true);
  assert.deepEqual(await leases.orphans('g'), []);
  await leases.release(claim, true);
  await using pool = aPool(url, schema);
  await migrate(pool, silentLogger);
  await tellGatewayAccounts(pool, { ...tell, accounts });
  await tellGatewayAccounts(pool, { ...tell, asOf: 4, accounts });
  for (const id of ['1', '1', '2']) await tellRole(pool, { id, report, isEnded: false, keptMs: 0 });
  assert.equal(await server.sql(`SELECT as_of FROM "${schema}".gateway_journals`), '4');
  for (const table of ['points', 'sources', 'dead_letters', 'access_items', 'audit_entries', 'audit_head'])
    await refused(`SELECT count(*) FROM ${table}`);
  for (const table of ['leases', 'gateway_journals']) await refused(`DELETE FROM ${table}`);
  await refused(`SELECT make_day('2026-11-24')`);
});

test('skerry_cloud: is enough for users, the audit log, and every question to the tables, and changes nothing of what was stored', async () => {
  const schema = aSchema();
  await using owner = aPool(server.url(), schema);
  await using store = await aStore(owner);
  await store.load();
  await store.seal(aSeal(1, [point(1, 1), point(2, 2)], { series: [ofTenant('a', 1), ofTenant('b', 2)] }));
  while (await store.work());
  const { url, refused } = await aUser('watch', 'skerry_cloud', schema);
  await using users = await openPostgresAccessStore({ url, schema });
  assert.equal(await users.create(item('one')), true);
  assert.equal(await users.replace(item('one')), true);
  await users.touch([{ kind: 'SignInCode', name: 'one', usedMicros: 5 }]);
  assert.equal((await users.find('SignInCode', 'one'))?.usedMicros, 5);
  assert.equal(await users.remove('SignInCode', ['one']), 1);
  await using audit = await openPostgresAuditBook(
    { url, schema },
    { clock: nodeClock(), logger: silentLogger },
  );
  await audit.note({ author: 'a', action: 'b', target: 'c', outcome: 'allowed', from: '', detail: '' });
  assert.equal((await audit.verify()).entries, 1);
  await using pool = aPool(url, schema);
  const readings = openPostgresReadings(pool, { clock: nodeClock(), breathe });
  assert.equal((await readings.devices({ limit: 10 })).total, 2, 'row-level security hides no tenant');
  const device = { tenant: 'a', project: 'p', device: 'd' };
  const times = { fromMicros: 0, toMicros: NOON * 2, limit: 10 };
  const cursor = await readings.now();
  await Promise.all([
    readings.census(0),
    readings.device(device),
    readings.latest(device),
    readings.gaps({ limit: 10 }),
    readings.points({
      series: { ...device, metric: 'm' },
      fromMicros: 0,
      toMicros: NOON * 2,
      shape: { kind: 'raw', after: undefined, limit: 10, newestFirst: false },
      deadlineMs: 10_000,
    }),
    readings.deadLetters({ limit: 10 }),
    readings.deadLetterReasons({}),
    readings.ledger(),
    readings.connectivity({ device, ...times }),
    readings.stageRows(),
    readings.sources(),
    readings.figures(),
    readings.roles(),
    readings.sinks(),
    readings.changes(cursor, {}, 10),
  ]);
  assert.equal(await whileLocked(pool, 'x', async () => 1), 1);
  await tellGatewayAccounts(pool, { ...tell, accounts });
  await tellRole(pool, { id: '1', report, isEnded: false, keptMs: 0 });
  for (const table of ['audit_entries', 'sources', 'points', 'dead_letters', 'sinks'])
    await refused(`DELETE FROM ${table}`);
  await refused("UPDATE audit_entries SET line = ''");
  await refused('UPDATE sources SET position = 0');
  await refused('SELECT count(*) FROM leases');
});

test('skerry_writer: sees no users, no audit log and no leases, whoever made their tables first', async () => {
  const schema = aSchema();
  await using users = await openPostgresAccessStore({ url: server.url(), schema });
  await using leases = await openPostgresLeases({ url: server.url(), schema });
  await using owner = aPool(server.url(), schema);
  await migrate(owner, silentLogger);
  assert.equal(await users.create(item('one')), true);
  assert.equal((await leases.claimAny('g', 'one', 60_000)).number, 0);
  const { refused } = await aUser('pen', 'skerry_writer', schema);
  for (const table of ['leases', 'access_items', 'audit_entries', 'audit_head'])
    await refused(`SELECT count(*) FROM ${table}`);
  await refused('UPDATE gateway_journals SET sent = 0');
});

test('grant_roles: gives roles that were made later what those have that were there from the start', async () => {
  const schema = aSchema();
  await using owner = aPool(server.url(), schema);
  await using store = await aStore(owner);
  await store.load();
  await store.seal(aSeal(1, [point(1, 1)]));
  const rights = (name: string) =>
    server.sql(`SELECT string_agg(relname || ' ' || a.privilege_type, ',' ORDER BY relname, a.privilege_type)
      FROM pg_class, aclexplode(relacl) a WHERE relnamespace = '"${schema}"'::regnamespace
        AND a.grantee = '${name}'::regrole`);
  const policies = () =>
    server.sql(`SELECT string_agg(tablename || ' ' || policyname, ',' ORDER BY tablename, policyname)
      FROM pg_policies WHERE schemaname = '${schema}'`);
  const all = async () => [...(await Promise.all(ROLE_NAMES.map(rights))), await policies()];
  const before = await all();
  for (const name of ROLE_NAMES) await server.sql(`DROP OWNED BY ${name}`);
  assert.deepEqual(await all(), ['', '', '', '', '']);
  await server.sql(`SELECT "${schema}".grant_roles()`);
  const after = await all();
  for (const [i, one] of before.entries()) {
    // a writer once had the views for people, too, which it has no need of
    const lost = one.split(',').filter((right) => !after[i]?.split(',').includes(right));
    assert.deepEqual(
      lost.filter((right) => !/^(telemetry|iot_messages)/.test(right)),
      [],
      ROLE_NAMES[i] ?? 'policies',
    );
  }
});

test('skerry doctor: tells for which role a user is enough, and what the others lack', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'skerry-rights-'));
  try {
    await using owner = aPool(server.url(), 'skerry');
    await migrate(owner, silentLogger);
    await aUser('only_writes', 'skerry_writer', 'skerry');
    const rights = async (user: string, words: readonly string[] = []) => {
      const postgres = { url: `postgres://${user}@127.0.0.1:${server.port}/skerry` };
      return (await runDoctor(folder, { postgres }, words)).findings.get('postgres rights');
    };
    const [all, own, others, whole] = await Promise.all([
      rights('only_writes'),
      rights('only_writes', ['--role', 'writer']),
      rights('only_writes', ['--role', 'gateway']),
      rights('skerry'),
    ]);
    assert.equal(all?.verdict, 'warning');
    assert.match(
      String(all?.found),
      /^only_writes may do what a writer does, not what a gateway does \(leases: SELECT, INSERT, UPDATE, gateway_journals: INSERT, UPDATE.*\), and not what a cloud does \(/,
    );
    assert.match(
      String(all?.advice),
      /GRANT skerry_gateway TO "only_writes"; GRANT skerry_cloud TO "only_writes";/,
    );
    assert.equal(own?.verdict, 'ok', String(own?.found));
    assert.equal(others?.verdict, 'fault', String(others?.found));
    assert.equal(whole?.verdict, 'ok', String(whole?.found));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test('openPostgresStore: a user without rights is told what to grant', async () => {
  const schema = aSchema();
  await using owner = aPool(server.url(), schema);
  await using first = await aStore(owner);
  await server.sql('CREATE ROLE nobody LOGIN');
  await using pool = aPool(`postgres://nobody@127.0.0.1:${server.port}/skerry`, schema);
  await assert.rejects(aStore(pool), (fault) => {
    assert.match(
      String(fault),
      /permission denied for schema.*grant the role of the process: skerry_writer, /,
    );
    return hasCode('store-not-allowed')(fault);
  });
  await using fresh = aPool(`postgres://nobody@127.0.0.1:${server.port}/skerry`, aSchema());
  await assert.rejects(aStore(fresh), hasCode('store-not-allowed'));
  await first.load();
});

test('skerry_reader: sees the tenant of its setting in every table and view that it may read, and no other', async () => {
  const schema = aSchema();
  await using pool = aPool(server.url(), schema);
  await using store = await aStore(pool);
  await store.load();
  await store.seal(
    aSeal(1, [point(1, 1), point(2, 'secret'), point(3, true), point(3, 7, 9)], {
      series: [ofTenant('a', 1), ofTenant('b', 2), ofTenant('b', 3)],
    }),
  );
  while (await store.work());
  const views = ['telemetry', 'telemetry_latest', 'telemetry_minutes', 'iot_messages', 'series', 'devices'];
  for (const view of views) {
    const column = view === 'iot_messages' ? 'tenant_id' : 'tenant';
    const ask = `SELECT count(*), count(*) FILTER (WHERE ${column} <> 'b') FROM "${schema}".${view}`;
    const [rows, others] = (await seenBy('skerry_reader', 'b', ask)).split('|').map(Number);
    assert.ok(Number(rows) > 0, `${view} shows nothing of b`);
    assert.equal(others, 0, `${view} shows another tenant`);
    assert.equal(await seenBy('skerry_reader', undefined, ask), '0|0', `${view} without a tenant`);
    const all = (await server.sql(ask)).split('|').map(Number);
    assert.ok(Number(all[1]) > 0, `${view} shows its owner everything`);
  }
  const rollups = `SELECT sum(count) FROM "${schema}".telemetry_rollups WHERE step_secs = 60`;
  assert.equal(await seenBy('skerry_reader', 'a', rollups), '1');
  for (const table of ['points', 'latest', 'accounts', 'dedupe', 'seals', 'points_20261124']) {
    const ask = seenBy('skerry_reader', 'b', `SELECT count(*) FROM "${schema}".${table}`);
    await assert.rejects(ask, /permission denied/, table);
  }
  await assert.rejects(seenBy('skerry_reader', 'b', `DELETE FROM "${schema}".series`), /permission denied/);
  await assert.rejects(
    seenBy('skerry_reader', 'b', `SELECT "${schema}".drop_day('2026-11-24')`),
    /permission denied/,
  );
});
