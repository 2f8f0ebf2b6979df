import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { InfluxApi } from '@skerry/series/influx';
import { startInfluxdb } from '@skerry/testkit/engines';
import { aSink, sinkOptions, somePoints, someSeal } from './scene.ts';

const PAGE = readFileSync(new URL('../../../docs/formats/influx.md', import.meta.url), 'utf8');

test('the questions of docs/formats/influx.md find the points that a sink has written', async () => {
  await using influx = await startInfluxdb();
  const { signal } = new AbortController();
  await using sink = aSink(sinkOptions(influx.url));
  const seal = someSeal(1, 1_200);
  const nameOf = (id: number) => seal.series.find((one) => one.id === id);
  assert.deepEqual(await sink.write([sink.prepare({ view: seal.points, nameOf })], signal), []);
  const questions = [...PAGE.matchAll(/```influxql\n([^`]*)```/g)].map(([, text]) => String(text).trim());
  assert.equal(questions.length, 4);
  const api = new InfluxApi({ url: influx.url, version: 1, database: 'iot' });
  const values = [];
  for (const question of questions) {
    const [table] = await api.query(question, signal);
    assert.equal(table?.tags?.device, 'd1', question);
    values.push(table?.values?.map((row) => Number(row[1])) ?? []);
  }
  const ofSeries = (id: number) => somePoints(1, 1_200).filter(({ series }) => series === id);
  const last = (id: number) => Number(ofSeries(id).at(-1)?.value);
  assert.deepEqual(values[0], [last(4)]);
  const minutes = new Set(ofSeries(4).map(({ time }) => Math.floor(time / 60_000_000)));
  assert.equal(values[1]?.length, minutes.size);
  assert.deepEqual(values[2], [100]);
  assert.deepEqual(values[3], [last(3)]);
});
