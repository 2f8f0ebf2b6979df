// A cloud that reads from a standby: what it shows while the standby answers, lags and is away, and what it says of it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PostgresServer } from '@skerry/testkit/engines';
import { PROJECT, Site, TENANT } from './site.ts';

const LATEST = `/api/v1/devices/${TENANT}/${PROJECT}/d1/latest`;

test('cloud: devices and points come from the standby while it is fresh, from the primary while it is not, and it says so without being unready', async () => {
  await using site = await Site.start({ gateways: 1, writers: 1, partitions: 2, standbyStaleSecs: 3 });
  const standby = site.stack.postgres.standby as PostgresServer; // it was asked for
  const notes = async () => {
    const said = (await site.ask('/ready')) as { ready: boolean; notes: { code: string; detail: string }[] };
    assert.equal(said.ready, true, JSON.stringify(said));
    return said.notes.map(({ code }) => code);
  };
  const metric = async (name: string) => {
    const { url } = site.stack.cloud;
    const text = await (await fetch(`${url}/metrics`)).text();
    const line = text.split('\n').find((one) => one.startsWith(`${name} `));
    return Number(line?.split(' ').at(-1) ?? Number.NaN);
  };
  const shows = (value: number) =>
    site.until(`the newest value to be ${value}`, async () => {
      const found = JSON.stringify(await site.ask(LATEST));
      return found.includes(`"value":${value}`);
    });
  await site.until('the standby to answer', async () => (await notes()).length === 0);
  await site.publish([['d1', JSON.stringify({ v: 1 })]]);
  await shows(1);
  const fromStandby = await metric('iot_postgres_reads_total{server="standby"}');
  assert.ok(fromStandby > 0, `${fromStandby} questions were answered by the standby`);
  assert.equal(await metric('iot_postgres_standby_answers'), 1);

  await standby.sql('SELECT pg_wal_replay_pause()');
  await site.publish([['d1', JSON.stringify({ v: 2 })]]);
  await shows(2);
  assert.deepEqual(await notes(), ['standby-behind']);
  assert.equal(await metric('iot_postgres_standby_answers'), 0);
  assert.ok((await metric('iot_postgres_reads_total{server="primary"}')) > 0);
  await standby.sql('SELECT pg_wal_replay_resume()');
  await site.until('the standby to answer again', async () => (await notes()).length === 0);

  await standby.kill();
  await site.publish([['d1', JSON.stringify({ v: 3 })]]);
  await shows(3);
  await site.until('the cloud to say so', async () => (await notes())[0] === 'standby-away');
  await standby.restart();
  await site.until('the standby to be back', async () => (await notes()).length === 0);
  const { balanced } = await site.ledger();
  assert.equal(balanced, true);
});
