// Odd names: what InfluxDB 1 gives back under the very name, or what is refused with a reason.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { nodeClock } from '@skerry/kernel/node';
import type { SeriesDefinition } from '@skerry/model';
import { openInfluxReadings } from '@skerry/series/influx';
import { aSeal } from '@skerry/series/testing';
import { startInfluxdb, startVictoriaMetrics } from '@skerry/testkit/engines';
import fc from 'fast-check';
import { until } from '../../e2e/condition.ts';
import { breathe } from '../postgres/scene.ts';
import { aSink, BASE, sinkOptions } from './scene.ts';

const influx = await startInfluxdb();
after(() => influx[Symbol.asyncDispose]());

const { signal } = new AbortController();
const RAW = { kind: 'raw', after: undefined, limit: 10, newestFirst: false } as const;
const RANGE = { fromMicros: BASE, toMicros: BASE + 1_000_000, deadlineMs: 30_000 };

/** Names that some server or language reads otherwise, each alone and in combination. */
const ODD = fc
  .array(
    fc.oneof(
      fc.constantFrom('#', '\\', '"', "'", ',', ' ', '=', '/', '.', '*', '$', ':', ';', '%', '值', '-', '_'),
      fc.constantFrom('a', 'n', 'time', 'FROM', '--', '/*', '\\"', '\\#', '\u00a0', '\u2028', '\ufeff'),
    ),
    { minLength: 1, maxLength: 5 },
  )
  .map((parts) => parts.join(''));
/** What InfluxQL has words of its own for. */
const WORDS = [
  '_series',
  '_measurements',
  '_fieldKeys',
  '_tagKeys',
  '_tagKey',
  '_tags',
  '_name',
  '_field',
  '_key',
  '_tag',
  '_value',
  '_time',
  'time',
  'value',
  '#',
  '\\',
  '"',
  '""',
  'a\nb',
  '\u0000',
  'a\\"b',
];

/** One point of each series into a sink: which are refused, by the number of the series. */
async function written(names: readonly SeriesDefinition[], options: ReturnType<typeof sinkOptions>) {
  await using sink = aSink(options);
  const points = names.map(({ id }) => ({ series: id, time: BASE, value: id, offset: id, ordinal: 0 }));
  const { points: view } = aSeal(1, points);
  const byId = new Map(names.map((one) => [one.id, one]));
  const refusals = await sink.write([sink.prepare({ view, nameOf: (id) => byId.get(id) })], signal);
  return new Map(refusals.map(({ offset, reason }) => [offset, reason]));
}

/** Series with odd names, no two the same. */
function oddSeries(metrics: readonly string[], seed: number): SeriesDefinition[] {
  const rest = fc.sample(fc.tuple(ODD, ODD, ODD), { seed, numRuns: metrics.length });
  return metrics.map((metric, i) => {
    const [tenant, project, device] = i % 2 === 0 ? ['t', 'p', 'd'] : (rest[i] ?? ['', '', '']);
    return { id: i + 1, tenant, project, device, metric };
  });
}

const METRICS = [...new Set([...WORDS, ...fc.sample(ODD, { seed: 5, numRuns: 400 })])];

for (const measurement of ['', '#all "of'])
  test(`odd names, ${measurement === '' ? 'a measurement each' : `in ${measurement}`}: each point is read under its name, or was refused with a reason`, async () => {
    const options = sinkOptions(influx.url, { measurement, database: `names_${measurement}` });
    const names = oddSeries(METRICS, 7);
    const refused = await written(names, options);
    const readings = openInfluxReadings(options, { clock: nodeClock(), breathe });
    const faults: string[] = [];
    for (const { id, ...series } of names) {
      const page = await readings.points({ series, ...RANGE, shape: RAW });
      const newest = await readings.latest(series, [series.metric]);
      const found = JSON.stringify([page.kind === 'points' && page.values, newest.map(({ value }) => value)]);
      const wanted = refused.has(id) ? '[[],[]]' : `[[${id}],[${id}]]`;
      if (found !== wanted)
        faults.push(`${JSON.stringify(series)}: ${found}, wanted ${wanted} ${refused.get(id) ?? ''}`);
    }
    assert.deepEqual(faults, []);
    const few = names.filter(({ id }) => refused.has(id));
    assert.ok(few.length > 10 && few.length < names.length / 3, `${few.length} of ${names.length} refused`);
    assert.ok(few.every(({ id }) => refused.get(id)?.startsWith('found the ')));
    const isWritten = (metric: string) => !few.some((one) => one.metric === metric && one.tenant === 't');
    assert.deepEqual(['#', '"', 'a\nb', '_series', 'a\\"b'].map(isWritten), [
      true,
      true,
      false,
      measurement !== '',
      measurement !== '',
    ]);
  });

test('odd names by the write API of InfluxDB 2: VictoriaMetrics has those of them under the names that docs/formats/influx.md says', async () => {
  await using engine = await startVictoriaMetrics({ words: ['-search.latencyOffset=0s'] });
  const options = sinkOptions(engine.url, { version: 2 });
  const metrics = ['#hash', 'a"b', 'c, d=e', 'f\\g', 'a\\"b'];
  const names = metrics.map((metric, i) => ({
    id: i + 1,
    tenant: 't',
    project: 'p',
    device: '#"d"',
    metric,
  }));
  const refused = await written(names, options);
  assert.deepEqual([...refused.keys()], [5]);
  assert.match(String(refused.get(5)), /found the measurement "a\\\\\\"b", wanted/);
  const found = await until('it shows them', async () => {
    await fetch(`${engine.url}/internal/force_flush`);
    const answer = await fetch(`${engine.url}/api/v1/export?match[]={tenant="t"}`);
    const lines = (await answer.text()).split('\n').filter((line) => line !== '');
    return (
      lines.length >= 4 &&
      lines.map((line) => JSON.parse(line) as { metric: Record<string, string>; values: number[] })
    ); // its format
  });
  assert.deepEqual(found.map(({ metric, values }) => [metric.__name__, metric.device, values[0]]).sort(), [
    ['\\#hash_value', '#"d"', 1],
    ['a"b_value', '#"d"', 2],
    ['c, d=e_value', '#"d"', 3],
    ['f\\g_value', '#"d"', 4],
  ]);
});
