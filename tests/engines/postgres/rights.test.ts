import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { aSeal, hasCode, NOON, type SamplePoint } from '@skerry/series/testing';
import { startPostgres } from '@skerry/testkit/engines';
import { aPool, aSchema, aStore } from './scene.ts';

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

test('openPostgresStore: a user without rights is told what to grant', async () => {
  const schema = aSchema();
  await using owner = aPool(server.url(), schema);
  await using first = await aStore(owner);
  await server.sql('CREATE ROLE nobody LOGIN');
  await using pool = aPool(`postgres://nobody@127.0.0.1:${server.port}/skerry`, schema);
  await assert.rejects(aStore(pool), (fault) => {
    assert.match(String(fault), /permission denied for schema.*grant the role skerry_writer/);
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
