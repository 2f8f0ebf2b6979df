import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { schemaSql } from '@skerry/series/postgres';
import { StepClock, testSeriesStore } from '@skerry/series/testing';
import { aPool, aSchema, aStore } from './scene.ts';

const url = process.env.SKERRY_TIMESCALE_URL;

if (url === undefined) {
  test('TimescaleDB: nothing was run against a real one; set SKERRY_TIMESCALE_URL to a superuser of an empty database', () => {
    assert.ok(!('SKERRY_TIMESCALE_URL' in process.env));
  });
} else {
  testSeriesStore('PostgresStore on TimescaleDB', async () => {
    const schema = aSchema();
    const clock = new StepClock();
    const pool = aPool(url, schema, { connectionsMax: 4 });
    let store = await aStore(pool, { clock });
    return {
      clock,
      get store() {
        return store;
      },
      async reopen() {
        await store[Symbol.asyncDispose]();
        store = await aStore(pool, { clock });
      },
      async [Symbol.asyncDispose]() {
        await store[Symbol.asyncDispose]();
        await pool.use('remove the schema', (session) => session.run(`DROP SCHEMA ${pool.schema} CASCADE`));
        await pool[Symbol.asyncDispose]();
      },
    };
  });
}

test('schemaSql for TimescaleDB is what golden-timescale.sql says', () => {
  const place = { schema: '"skerry"', isTimescale: true, earlier: undefined, hasRoles: true };
  const golden = readFileSync(new URL('./golden-timescale.sql', import.meta.url), 'utf8');
  assert.equal(schemaSql(1, place).trim(), golden.trim());
  assert.match(golden, /create_hypertable\('points', 'time', chunk_time_interval => interval '1 day'/);
  assert.match(golden, /timescaledb\.compress_segmentby = 'series_id'/);
  assert.match(golden, /drop_chunks\('points', created_before => /);
});
