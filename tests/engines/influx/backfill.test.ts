import assert from 'node:assert/strict';
import { mkdir, mkdtempDisposable, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { BatchBuilder, RECORD_KIND } from '@skerry/journal';
import { openSegmentJournal } from '@skerry/journal/segment';
import { createMeter, noFailpoints, silentLogger } from '@skerry/kernel';
import { nodeClock, nodeDisk, nodeRandom } from '@skerry/kernel/node';
import { InfluxApi } from '@skerry/series/influx';
import { openPostgresReadings, openSinkBook } from '@skerry/series/postgres';
import { aSeal } from '@skerry/series/testing';
import { startInfluxdb, startPostgres } from '@skerry/testkit/engines';
import { until } from '../../e2e/condition.ts';
import { skerry } from '../../e2e/skerry-line.ts';
import { aPool, aSchema, aStore, breathe, JOURNAL } from '../postgres/scene.ts';
import { allRows, aRun, BASE, sent, sinkOptions, somePoints, someSeal, told } from './scene.ts';

const server = await startPostgres();
after(() => server[Symbol.asyncDispose]());
const influx = await startInfluxdb();
after(() => influx[Symbol.asyncDispose]());

const SECOND = 1_000_000;
const never = new AbortController().signal;

/** Runs `skerry backfill` over what `seals` seals brought into PostgreSQL. */
async function backfill(schema: string, ...words: string[]) {
  const site = `postgres: { url: "${server.url()}", schema: ${schema} }\nsinks: [{ name: influx, url: "${influx.url}" }]\n`;
  return await backfillOf(site, ...words);
}

async function backfillOf(site: string, ...words: string[]) {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'skerry-backfill-'));
  const file = join(folder.path, 'site.yaml');
  await writeFile(file, site);
  const { code, out, err } = await skerry(['backfill', ...words, '--config', file]);
  return { status: code, stdout: out, stderr: err };
}

test('skerry backfill: a range of event times comes into the sink, and a second time changes nothing', async () => {
  const schema = aSchema();
  await using pool = aPool(server.url(), schema);
  await using store = await aStore(pool);
  await store.load();
  for (let number = 1; number <= 4; number++) await store.seal(someSeal(number, 240));
  const all = Array.from({ length: 4 }, (_, i) => somePoints(i + 1, 240)).flat();
  const [from, to] = [BASE + 3 * SECOND, BASE + 11 * SECOND];
  const range = ['--from', new Date(from / 1_000).toISOString(), '--to', new Date(to / 1_000).toISOString()];
  const wanted = all.filter(({ time }) => time >= from && time < to);
  for (let time = 1; time <= 2; time++) {
    const done = await backfill(schema, '--sink', 'influx', ...range);
    assert.equal(done.status, 0, done.stderr);
    assert.equal(done.stdout, `${wanted.length} points written into influx, 0 refused.\n`);
    assert.deepEqual((await allRows(influx)).map(told).sort(), wanted.map(sent).sort());
  }
  const api = new InfluxApi({ url: influx.url, version: 1, database: 'iot' });
  await api.query('DROP SERIES FROM /.*/', never);
  const part = ['--partition', 'iot.telemetry/0', '--from-offset', '12', '--to-offset', '31'];
  const some = await backfill(schema, '--sink', 'influx', ...part);
  const ofRecords = all.filter(({ offset }) => offset >= 12 && offset < 31);
  assert.equal(some.stdout, `${ofRecords.length} points written into influx, 0 refused.\n`, some.stderr);
  assert.deepEqual((await allRows(influx)).map(told).sort(), ofRecords.map(sent).sort());
  const foreign = new TextEncoder().encode(`m4,device=x value="text" ${BASE}000`);
  await api.query('DROP MEASUREMENT m4', never);
  await api.write(foreign, undefined, never);
  const whole = await backfill(schema, '--sink', 'influx');
  assert.equal(whole.status, 1);
  assert.match(whole.stdout, /^880 points written into influx, 80 refused\.\n/);
  assert.match(
    whole.stderr,
    /iot\.telemetry\/0: 880 points written\.\n.*Refused: m4,device=d1.*\n {2}partial write: field type/s,
  );
});

test('skerry backfill: a range of records gives points of one series and time the tags that they have already', async () => {
  const schema = aSchema();
  await using pool = aPool(server.url(), schema);
  await using store = await aStore(pool);
  await store.load();
  // in one microsecond, of records that are half the slots apart and more, two points each
  const points = [10, 270, 530].flatMap((offset) =>
    [0, 1].map((ordinal) => ({ series: 1, time: BASE + 1, value: offset + ordinal / 2, offset, ordinal })),
  );
  await store.seal(aSeal(1, points, { logTimeMicros: BASE }));
  const api = new InfluxApi({ url: influx.url, version: 1, database: 'iot' });
  await api.query('DROP SERIES FROM /.*/', never);
  const rows = async () => (await allRows(influx)).map(({ twin, value }) => `${value} ${twin}`).sort();
  const wanted = ['10 ', '10.5 0.1', '270 1', '270.5 1.1', '530 2', '530.5 2.1'];
  const words = ['--sink', 'influx', '--partition', 'iot.telemetry/0', '--from-offset', '200'];
  const part = await backfill(schema, ...words, '--to-offset', '400');
  assert.equal(part.stdout, '2 points written into influx, 0 refused.\n', part.stderr);
  assert.deepEqual(await rows(), wanted.slice(2, 4));
  const whole = await backfill(schema, '--sink', 'influx');
  assert.equal(whole.stdout, '6 points written into influx, 0 refused.\n', whole.stderr);
  assert.deepEqual(await rows(), wanted);
  const rest = await backfill(schema, ...words);
  assert.equal(rest.stdout, '4 points written into influx, 0 refused.\n', rest.stderr);
  assert.deepEqual(await rows(), wanted);
  await api.query('DROP SERIES FROM /.*/', never);
});

test('a sink: what retention removed since it was registered is counted, also before its first seal', async () => {
  const schema = aSchema();
  await using pool = aPool(server.url(), schema);
  await using store = await aStore(pool);
  await store.load();
  const kept = (name: string) =>
    server.sql(`SELECT seal, points, missed FROM "${schema}".sinks WHERE name = '${name}'`);
  const follow = async (name: string) => {
    await using sink = await aRun(pool, sinkOptions(influx.url, { name, database: 'missed' }));
    await until(`${name} has all`, () => sink.run.position === 5);
  };
  const early = await openSinkBook({ pool, sink: 'early', journalId: JOURNAL });
  assert.equal(early.seal, 0);
  for (let number = 1; number <= 5; number++) await store.seal(someSeal(number, 24));
  const removed = (seals: string) =>
    `received IN (SELECT received FROM "${schema}".seals WHERE seal ${seals})`;
  await server.sql(`DELETE FROM "${schema}".points WHERE ${removed('<= 3')};
    DELETE FROM "${schema}".seals WHERE seal <= 3`);
  await follow('early');
  assert.equal(await kept('early'), '5|48|3');
  await follow('late');
  assert.equal(await kept('late'), '5|48|0');
  const later = await openSinkBook({ pool, sink: 'later', journalId: JOURNAL });
  assert.equal(later.seal, 3);
  // the day of a seal went before the seal itself
  await server.sql(`DELETE FROM "${schema}".points WHERE ${removed('= 4')}`);
  await follow('later');
  assert.equal(await kept('later'), '5|24|1');
});

test('a sink: how long retention keeps what it does not have is told before anything is lost', async () => {
  const schema = aSchema();
  await using pool = aPool(server.url(), schema);
  await using store = await aStore(pool, {
    retention: { rawDays: 2, rollupDays: 3, chunkHours: 24, compressAfterDays: 0 },
  });
  await store.load();
  const readings = openPostgresReadings(pool, { clock: nodeClock(), breathe });
  const kept = async () => {
    const [one] = await readings.sinks();
    const secs = (ms: number | undefined) => ms && Math.round(ms / 1_000);
    return [secs(one?.behindMs), secs(one?.retentionLeftMs)];
  };
  const book = await openSinkBook({ pool, sink: 'slow', journalId: JOURNAL });
  assert.deepEqual(await kept(), [0, undefined]);
  for (let number = 1; number <= 3; number++) await store.seal(someSeal(number, 24));
  const received = 30 * 3_600; // s ago
  await server.sql(`UPDATE "${schema}".seals SET received = now() - interval '30 hours' WHERE seal = 1`);
  const [behind = 0, left = 0] = await kept();
  assert.ok(behind >= received && behind < received + 60, `${behind} s behind`);
  assert.ok(Math.abs(behind + left - 2 * 86_400) <= 1, `${behind} s behind, ${left} s left`);
  await server.sql(`DELETE FROM "${schema}".seals WHERE seal = 1`);
  assert.equal((await kept())[1], 0);
  await book.advance({ seal: 2, points: 48, missed: 1, refusals: [] });
  assert.ok(Number((await kept())[1]) > 86_400);
  await book.advance({ seal: 3, points: 24, missed: 0, refusals: [] });
  assert.deepEqual(await kept(), [0, undefined]);
});

test('skerry backfill: the journal of a data folder is decoded anew, as often as one likes', async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'skerry-backfill-'));
  const journal = join(folder.path, 'data/journal');
  await mkdir(journal, { recursive: true });
  const start = Math.floor(Date.now() / 1_000) - 60;
  await writeJournal(journal, start);
  const file = join(folder.path, 'up.yaml');
  await writeFile(
    file,
    `dataDir: ${join(folder.path, 'data')}\nsinks: [{ name: influx, url: "${influx.url}", database: up }]\n`,
  );
  const words = ['backfill', '--sink', 'influx', '--source', 'journal', '--config', file];
  const values = async () => {
    const api = new InfluxApi({ url: influx.url, version: 1, database: 'up' });
    const [table] = await api.query('SELECT "value" FROM "v" WHERE "device" = \'d1\'', never);
    return table?.values?.map(([, value]) => value);
  };
  const some = await skerry([...words, '--from-offset', '30', '--to-offset', '34']);
  assert.equal(some.out, '4 points written into influx, 0 refused.\n', some.err);
  assert.deepEqual(await values(), [30, 31, 32, 33]);
  for (let times = 1; times <= 2; times++) {
    const done = await skerry([...words, '--from', new Date((start + 5) * 1_000).toISOString()]);
    assert.equal(done.out, '30 points written into influx, 0 refused.\n', done.err);
    assert.deepEqual(
      await values(),
      Array.from({ length: 30 }, (_, i) => 20 + i),
    );
  }
});

/** Fifty records, four a second. */
async function writeJournal(folder: string, startSecs: number): Promise<void> {
  await using journal = await openSegmentJournal(
    { folder },
    {
      disk: nodeDisk(),
      clock: nodeClock(),
      random: nodeRandom(),
      logger: silentLogger,
      meter: createMeter(),
      failpoint: noFailpoints,
    },
  );
  const builder = new BatchBuilder();
  const bytes = (text: string) => new TextEncoder().encode(text);
  for (let n = 0; n < 50; n++)
    builder.add({
      kind: RECORD_KIND.telemetry,
      qos: 1,
      retain: false,
      project: builder.project('t', 'p'),
      receivedMicros: startSecs * SECOND + n,
      topic: bytes('iot/t/p/d1/telemetry'),
      client: bytes('c'),
      payload: bytes(JSON.stringify({ ts: startSecs + Math.floor(n / 4), v: n })),
      headers: new Uint8Array(0),
    });
  const batch = builder.close();
  if (batch) await journal.append(batch);
}

test('skerry backfill: a sink that is not configured and a time that is none are told', async () => {
  const unknown = await backfill('skerry', '--sink', 'nowhere');
  assert.notEqual(unknown.status, 0);
  assert.match(
    unknown.stderr,
    /--sink: found "nowhere", wanted one of the sinks of the configuration: influx/,
  );
  const homeless = await backfillOf('sinks: [{ name: influx, kind: influxdb2 }]', '--sink', 'influx');
  assert.notEqual(homeless.status, 0);
  assert.match(homeless.stderr, /sinks\.0\.organization: found none with influxdb2, wanted the organization/);
  const noon = await backfill('skerry', '--sink', 'influx', '--from', 'noon');
  assert.match(noon.stderr, /--from: found "noon", wanted a date \(UTC\), a time with its zone/);
  const loose = await backfill('skerry', '--sink', 'influx', '--from-offset', '3');
  assert.match(loose.stderr, /Offsets count in one partition: wanted --partition TOPIC\/NUMBER/);
  const where = await backfill('skerry', '--sink', 'influx', '--source', 'disk');
  assert.match(where.stderr, /--source: found "disk", wanted one of postgres, kafka, journal/);
});
