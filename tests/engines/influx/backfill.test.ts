import assert from 'node:assert/strict';
import { mkdtempDisposable, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { InfluxApi } from '@skerry/series/influx';
import { startInfluxdb, startPostgres } from '@skerry/testkit/engines';
import { skerry } from '../../e2e/skerry-line.ts';
import { aPool, aSchema, aStore } from '../postgres/scene.ts';
import { allRows, BASE, sent, somePoints, someSeal, told } from './scene.ts';

const server = await startPostgres();
after(() => server[Symbol.asyncDispose]());
const influx = await startInfluxdb();
after(() => influx[Symbol.asyncDispose]());

const SECOND = 1_000_000;

/** Runs `skerry backfill` over what `seals` seals brought into PostgreSQL. */
async function backfill(schema: string, ...words: string[]) {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'skerry-backfill-'));
  const file = join(folder.path, 'site.yaml');
  await writeFile(
    file,
    `postgres: { url: "${server.url()}", schema: ${schema} }\nsinks: [{ name: influx, url: "${influx.url}" }]\n`,
  );
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
  const foreign = new TextEncoder().encode(`m4,device=x value="text" ${BASE}000`);
  const api = new InfluxApi({ url: influx.url, version: 1, database: 'iot' });
  await api.query('DROP MEASUREMENT m4', new AbortController().signal);
  await api.write(foreign, undefined, new AbortController().signal);
  const whole = await backfill(schema, '--sink', 'influx');
  assert.equal(whole.status, 1);
  assert.match(whole.stdout, /^880 points written into influx, 80 refused\.\n/);
  assert.match(
    whole.stderr,
    /iot\.telemetry\/0: 880 points written\.\n.*Refused: m4,device=d1.*\n {2}partial write: field type/s,
  );
});

test('skerry backfill: a sink that is not configured and a time that is none are told', async () => {
  const unknown = await backfill('skerry', '--sink', 'nowhere');
  assert.notEqual(unknown.status, 0);
  assert.match(
    unknown.stderr,
    /--sink: found "nowhere", wanted one of the sinks of the configuration: influx/,
  );
  const noon = await backfill('skerry', '--sink', 'influx', '--from', 'noon');
  assert.match(noon.stderr, /--from: found "noon", wanted a time such as 2026-05-01/);
});
