// The dashboards of InfluxDB ask a real one that a sink has filled.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SeriesError } from '@skerry/series';
import { InfluxApi, type InfluxTable } from '@skerry/series/influx';
import { startInfluxdb } from '@skerry/testkit/engines';
import { until } from '../../e2e/condition.ts';
import { type Dashboard, dashboards, expanded } from '../monitoring/dashboards.ts';
import { aSink, sinkOptions, someSeal } from './scene.ts';

const { signal } = new AbortController();

const rowsOf = (tables: readonly InfluxTable[]) => tables.flatMap(({ values }) => values ?? []);

/** The server makes its own database with the first figures. */
function notYet(fault: unknown): readonly InfluxTable[] {
  if (fault instanceof SeriesError && fault.code === 'sink-not-found') return [];
  throw fault;
}

/** A value for each variable, as the first of those that its query finds. */
async function resolved(api: InfluxApi, { title, templating }: Dashboard): Promise<Map<string, string>> {
  const values = new Map<string, string>();
  for (const { name, definition, datasource } of templating.list) {
    assert.equal(datasource.uid, 'skerry-influxdb');
    const rows = rowsOf(await api.query(expanded(definition, values), signal));
    assert.ok(rows.length > 0, `${title}: ${name} has no values: ${definition}`);
    // of the metrics one that holds numbers
    const found = rows.map((row) => String(row.at(-1)));
    values.set(name, name === 'metric' && found.includes('m4') ? 'm4' : String(found[0]));
  }
  return values;
}

test('each variable of a dashboard of InfluxDB resolves, and every query of every panel finds rows', async () => {
  await using influx = await startInfluxdb({ tellsOfItself: true });
  await using sink = aSink(sinkOptions(influx.url));
  const api = new InfluxApi({ url: influx.url, version: 1, database: 'iot' });
  // what is written twice has a rate
  for (const number of [1, 2]) {
    const seal = someSeal(number, 1_200);
    const nameOf = (id: number) =>
      seal.series.find((one) => one.id === id) ?? someSeal(1, 1_200).series.find((one) => one.id === id);
    assert.deepEqual(await sink.write([sink.prepare({ view: seal.points, nameOf })], signal), []);
  }
  const found = dashboards().filter(({ uid }) => uid.endsWith('-influxdb'));
  assert.equal(found.length, 5);
  const faults: string[] = [];
  for (const dashboard of found) {
    const values = await resolved(api, dashboard);
    for (const panel of dashboard.panels) {
      const place = `${dashboard.title}, ${panel.title}`;
      if (!/\w+/.test(panel.fieldConfig.defaults.unit)) faults.push(`${place}: no unit`);
      if (!/.\.$/.test(panel.description)) faults.push(`${place}: no description`);
      for (const { query } of panel.targets) {
        const text = expanded(String(query), values);
        const rows = async () => {
          const tables = await api.query(text, signal).catch(notYet);
          return rowsOf(tables).some((row) => row.slice(1).some((one) => one !== null));
        };
        // the server tells of itself every second
        await until(text, rows, 15_000).catch(() => faults.push(`${place}: no rows of ${text}`));
      }
    }
  }
  assert.deepEqual(faults, []);
});

test('what the dashboards of InfluxDB count is what was written', async () => {
  await using influx = await startInfluxdb();
  await using sink = aSink(sinkOptions(influx.url));
  const api = new InfluxApi({ url: influx.url, version: 1, database: 'iot' });
  const seal = someSeal(1, 1_200);
  const nameOf = (id: number) => seal.series.find((one) => one.id === id);
  await sink.write([sink.prepare({ view: seal.points, nameOf })], signal);
  const values = new Map([
    ['tenant', '.*'],
    ['metric', 'm4'],
  ]);
  const answerOf = async (uid: string, title: string) => {
    const panel = dashboards()
      .find((one) => one.uid === uid)
      ?.panels.find((one) => one.title === title);
    const texts = panel?.targets.map(({ query }) => expanded(String(query), values)) ?? [];
    const answers = await Promise.all(texts.map((text) => api.query(text, signal)));
    return answers.map((tables) => rowsOf(tables).map((row) => row.slice(1)));
  };
  assert.deepEqual(await answerOf('skerry-overview-influxdb', 'Numbers'), [[[100]]]);
  assert.deepEqual(await answerOf('skerry-overview-influxdb', 'Devices'), [[[1]]]);
  assert.deepEqual(await answerOf('skerry-platform-influxdb', 'Device Status'), [[[100]]]);
  assert.deepEqual(await answerOf('skerry-ingestion-influxdb', 'Busiest devices'), [[[100, 'd1']]]);
  // numbers, booleans, texts and exact integers in turn
  const [metrics] = await answerOf('skerry-overview-influxdb', 'Metrics');
  assert.equal(metrics?.length, 12);
  const sum = (column: number) => metrics?.reduce((all, row) => all + Number(row[column]), 0);
  assert.deepEqual([sum(0), sum(1), sum(2)], [600, 300, 300]);
});
