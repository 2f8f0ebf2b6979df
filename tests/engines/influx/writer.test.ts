// The process of skerry writer with a sink, on a real mosquitto, Kafka, PostgreSQL and InfluxDB.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { mkdtempDisposable } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { nodeClock, nodeNet, nodeRandom } from '@skerry/kernel/node';
import { openPublisher } from '@skerry/mqtt';
import { InfluxApi } from '@skerry/series/influx';
import { startInfluxdb } from '@skerry/testkit/engines';
import { startStack } from '@skerry/testkit/stack';
import { until } from '../../e2e/condition.ts';
import { skerry } from '../../e2e/skerry-line.ts';
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
    config: {
      sinks: [{ name: 'influx', url: influx.url }],
      readings: { from: 'influx' },
      writer: { sessionMs: 6_000 }, // the least that Kafka takes: one that is killed is missed no longer
    },
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

  // the cloud answers out of InfluxDB
  const valuesOf = (n: number) => Array.from({ length: ROUNDS }, (_, round) => round * DEVICES + n);
  const from = new Date(time - 1_000).toISOString();
  const range = `/api/v1/telemetry?tenant=acme&project=plant&device=d3&metric=value&from=${from}&limit=7`;
  let page = await asked<Page>(stack.cloud, range);
  const items = [...page.items];
  for (; page.cursor; items.push(...page.items))
    page = await asked<Page>(stack.cloud, `${range}&cursor=${encodeURIComponent(page.cursor)}`);
  const at = new Date(time).toISOString().replace('Z', '000Z');
  assert.deepEqual(
    items,
    valuesOf(3).map((value) => ({ time: at, value })),
  );
  const { items: newest } = await asked<Page>(stack.cloud, '/api/v1/devices/acme/plant/d4/latest');
  assert.deepEqual(
    newest.map(({ value }) => value),
    [valuesOf(4).at(-1)],
  );

  // what was lost there is decoded anew out of Kafka, once or twice
  const api = new InfluxApi({ url: influx.url, version: 1, database: 'iot' });
  await api.query('DROP SERIES FROM /.*/', new AbortController().signal);
  assert.deepEqual((await asked<Page>(stack.cloud, range)).items, []);
  const wanted = rows.map((row) => JSON.stringify(row)).sort();
  for (let times = 1; times <= 2; times++) {
    const { code, out, err } = await backfilled(folder.path, '--source', 'kafka');
    assert.equal(code, 0, err);
    assert.equal(out, `${DEVICES * ROUNDS} points written into influx, 0 refused.\n`);
    assert.deepEqual((await allRows(influx)).map((row) => JSON.stringify(row)).sort(), wanted);
  }
  await api.query('DROP SERIES FROM /.*/', new AbortController().signal);
  const part = [
    '--source',
    'kafka',
    '--partition',
    'iot.telemetry/1',
    '--from-offset',
    '10',
    '--to-offset',
    '30',
  ];
  const some = await backfilled(folder.path, ...part);
  assert.equal(some.out, '20 points written into influx, 0 refused.\n', some.err);
  const found = (await allRows(influx)).map((row) => JSON.stringify(row));
  assert.equal(found.length, 20);
  assert.ok(found.every((row) => wanted.includes(row)));
  const unknown = await backfilled(folder.path, '--source', 'kafka', '--partition', 'iot.telemetry/9');
  assert.match(unknown.err, /found "iot.telemetry\/9", wanted one of those in Kafka: iot.telemetry\/0,/);

  await influx.kill();
  const away = await fetch(`${stack.cloud.url}${range}`, { headers: tokenOf(stack.cloud) });
  assert.equal(away.status, 503);
  assert.equal(((await away.json()) as { code: string }).code, 'sink-unreachable'); // as RFC 9457 and the API say
});

interface Page {
  readonly items: readonly { readonly time: string; readonly value: number }[];
  readonly cursor?: string;
}

const tokenOf = ({ dataDir }: { readonly dataDir: string }) => ({
  authorization: `Bearer ${readFileSync(join(dataDir, 'token'), 'utf8').trim()}`,
});

async function asked<T>(cloud: { readonly url: string; readonly dataDir: string }, path: string): Promise<T> {
  const response = await fetch(`${cloud.url}${path}`, { headers: tokenOf(cloud) });
  const text = await response.text();
  assert.equal(response.status, 200, text);
  return JSON.parse(text) as T; // as the API describes it
}

/** Runs `skerry backfill` into the sink with the configuration of the cloud. */
function backfilled(folder: string, ...words: readonly string[]) {
  const config = join(folder, 'cloud-1', 'skerry.yaml');
  return skerry(['backfill', '--sink', 'influx', ...words, '--config', config]);
}
