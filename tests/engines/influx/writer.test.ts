// The process of skerry writer with a sink, on a real mosquitto, Kafka, PostgreSQL and InfluxDB.
import assert from 'node:assert/strict';
import { mkdtempDisposable } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { nodeClock, nodeNet, nodeRandom } from '@skerry/kernel/node';
import { openPublisher } from '@skerry/mqtt';
import { startInfluxdb } from '@skerry/testkit/engines';
import { startStack } from '@skerry/testkit/stack';
import { until } from '../../e2e/condition.ts';
import { allRows } from './scene.ts';

const DEVICES = 20;
const ROUNDS = 30;
const PREFIX = 'mtic/msg/client/realtime/acme/plant';

test('skerry writer: every value is in PostgreSQL and in InfluxDB, while InfluxDB is away and a writer is killed', async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'skerry-sink-'));
  await using influx = await startInfluxdb();
  await using stack = await startStack({
    folder: folder.path,
    gateways: 1,
    writers: 1,
    partitions: 3,
    config: { sinks: [{ name: 'influx', url: influx.url }] },
  });
  const [writer] = stack.writers;
  assert.ok(writer);
  await until('all roles are ready', async () => {
    const reasons = await Promise.all([...stack.gateways, writer].map((one) => one.reasons()));
    return reasons.every((one) => one?.length === 0);
  });
  await using publisher = await openPublisher(
    { address: { host: '127.0.0.1', port: stack.mosquitto.port }, clientId: 'park' },
    { clock: nodeClock(), random: nodeRandom(), net: nodeNet() },
  );
  // whole seconds: all values of a device have the same one
  const time = Math.floor(Date.now() / 1_000) * 1_000;
  const publishRounds = async (from: number, to: number) => {
    for (let round = from; round < to; round++)
      for (let device = 0; device < DEVICES; device++) {
        await publisher.room();
        const text = JSON.stringify({ time, value: round * DEVICES + device });
        publisher.publish(`${PREFIX}/d${device}`, Buffer.from(text));
      }
    await publisher.drained();
  };
  const stored = async () => Number(await stack.postgres.sql('SELECT count(*) FROM skerry.points'));
  await publishRounds(0, 10);
  await until(
    'the first values are in InfluxDB',
    async () => (await allRows(influx)).length === DEVICES * 10,
  );
  await influx.kill();
  await publishRounds(10, 20);
  await until('PostgreSQL goes on', async () => (await stored()) === DEVICES * 20, 60_000, stored);
  await until('the writer tells of it', async () => {
    const reasons = (await writer.reasons()) ?? [];
    return JSON.stringify(reasons).includes('sink-unreachable');
  });
  await writer.kill();
  await influx.restart();
  await writer.restart();
  await publishRounds(20, ROUNDS);
  await until('PostgreSQL has all', async () => (await stored()) === DEVICES * ROUNDS, 60_000, stored);
  const rows = await until('InfluxDB has all', async () => {
    const found = await allRows(influx);
    return found.length >= DEVICES * ROUNDS && found;
  });
  assert.deepEqual(
    rows.map(({ device, value }) => `${device} ${value}`).sort(),
    Array.from({ length: DEVICES * ROUNDS }, (_, n) => `d${n % DEVICES} ${n}`).sort(),
  );
  await until('no seal is left', async () => (await writer.metric('iot_sink_lag_seals')) === 0);
});
