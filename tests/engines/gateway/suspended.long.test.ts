// Gateways of a machine that was suspended: their leases ran out, and nobody took them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type Engine,
  type Kafka,
  type Postgres,
  startKafka,
  startMosquitto,
  startPostgres,
} from '@skerry/testkit/engines';
import { allOwned } from '@skerry/testkit/stack';
import { until } from '../../e2e/condition.ts';
import { GatewayProcess } from './gateway-process.ts';
import { untilHeld } from './kafka-truth.ts';
import { BUSY, publishAll, siteOf } from './scene.ts';

test('skerry gateway: two that were suspended together for longer than their leases go on, each with its number', async () => {
  await using engines = new AsyncDisposableStack();
  const [kafka, mosquitto, postgres] = await allOwned<[Kafka, Engine, Postgres]>(engines, [
    startKafka(),
    startMosquitto({ lines: BUSY }),
    startPostgres(),
  ]);
  const config = siteOf(mosquitto, kafka, {
    source: { share: 'paused' },
    gateway: { group: 'paused', ordinal: -1, leaseSecs: 3 },
    kafka: { topic: 'paused' },
    postgres: { url: postgres.url(), schema: 'paused' },
  });
  await using one = await GatewayProcess.ready({ config });
  await using two = await GatewayProcess.ready({ config });
  const pids = [one.pid, two.pid].map(Number);
  const expired = async () =>
    (await postgres.sql('SELECT count(*) FROM paused.leases WHERE expires > now()')) === '0';
  for (const pid of pids) process.kill(pid, 'SIGSTOP');
  await until('both leases to run out', expired);
  for (const pid of pids) process.kill(pid, 'SIGCONT');
  const epochs = () => postgres.sql("SELECT string_agg(epoch::text, ' ' ORDER BY number) FROM paused.leases");
  await until('both to claim anew', async () => (await epochs()) === '2 2');
  await publishAll(mosquitto.port, 1_000);
  await untilHeld(kafka, 'paused', 1_000);
  // longer than it takes to adopt what was left
  await until('a lease to be renewed', async () => !(await expired()));
  assert.deepEqual([one.pid, two.pid], pids);
  const leases = await postgres.sql('SELECT number, is_closed FROM paused.leases ORDER BY 1');
  assert.equal(leases, '0|f\n1|f');
  assert.doesNotMatch(`${one.stderr} ${two.stderr}`, /starting it again/);
});
