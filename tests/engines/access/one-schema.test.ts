// Users, audit log, leases and series make one schema in an empty database, all at the same moment.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openPostgresAccessStore, openPostgresAuditBook } from '@skerry/access/postgres';
import { openPostgresLeases } from '@skerry/control/postgres';
import { silentLogger } from '@skerry/kernel';
import { FakeClock } from '@skerry/kernel/testing';
import { migrate, openPostgresPool, SCHEMA_VERSION } from '@skerry/series/postgres';
import { type Postgres, startPostgres } from '@skerry/testkit/engines';

let server: Postgres;

before(async () => {
  server = await startPostgres();
});
after(() => server[Symbol.asyncDispose]());

test('roles that start at once on an empty database all find the schema', async () => {
  for (let round = 0; round < 8; round++) {
    const schema = `site_${round}`;
    const options = { url: server.url(), schema };
    const clock = new FakeClock();
    await using stack = new AsyncDisposableStack();
    const pool = stack.use(openPostgresPool(options, { clock, logger: silentLogger }));
    await Promise.all([
      openPostgresAccessStore(options).then((one) => stack.use(one)),
      openPostgresAuditBook(options, { clock, logger: silentLogger }).then((one) => stack.use(one)),
      openPostgresLeases(options).then((one) => stack.use(one)),
      migrate(pool, silentLogger),
    ]);
    const newest = await server.sql(`SELECT max(version) FROM ${schema}.schema_versions`);
    assert.equal(newest, String(SCHEMA_VERSION));
  }
});
