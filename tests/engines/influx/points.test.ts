import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { after, test } from 'node:test';
import { createMeter } from '@skerry/kernel';
import { feedSinks } from '@skerry/series';
import { startInfluxdb, startPostgres } from '@skerry/testkit/engines';
import { until } from '../../e2e/condition.ts';
import { aPool, aSchema, aStore } from '../postgres/scene.ts';
import { allRows, aRun, sent, sinkOptions, somePoints, someSeal, told } from './scene.ts';

const server = await startPostgres();
after(() => server[Symbol.asyncDispose]());

const SEALS = 40;
const POINTS = 500;

function startSink(schema: string, influxUrl: string, ...fault: ('before' | 'after')[]): ChildProcess {
  const script = new URL('./sink-process.ts', import.meta.url).pathname;
  return spawn(process.execPath, [script, server.url(), schema, influxUrl, ...fault], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}

test('a sink: 20,000 points of every type arrive exactly once, over SIGKILL of InfluxDB and of the sink', async () => {
  await using influx = await startInfluxdb();
  const schema = aSchema();
  await using pool = aPool(server.url(), schema);
  await using store = await aStore(pool);
  const position = async () =>
    Number(await server.sql(`SELECT coalesce(max(seal), 0) FROM "${schema}".sinks WHERE name = 'influx'`));
  const state = await store.load();
  {
    const meter = createMeter();
    await using sink = await aRun(pool, sinkOptions(influx.url), { meter });
    const fed = feedSinks(store, state, [sink.run]);
    for (let number = 1; number <= SEALS / 2; number++) {
      if (number === 8) await influx.kill();
      if (number === 9) await until('the sink is seen to be away', () => sink.run.trouble);
      await fed.seal(someSeal(number, POINTS));
    }
    assert.equal(sink.run.trouble?.code, 'sink-unreachable');
    await influx.restart();
    await until('the sink has what waited', () => sink.run.position === SEALS / 2);
    assert.equal(sink.run.trouble, undefined);
    const lag = meter.snapshot().find(({ name }) => name === 'iot_sink_lag_seals');
    assert.deepEqual(lag?.samples, [{ labels: { sink: 'influx' }, value: 0 }]);
  }
  for (let number = SEALS / 2 + 1; number <= SEALS; number++) await store.seal(someSeal(number, POINTS));
  for (const [fault, steps] of [
    ['before', 2],
    ['after', 3],
    ['before', 2],
  ] as const) {
    const from = await position();
    const [, killedBy] = await once(startSink(schema, influx.url, fault), 'exit');
    assert.equal(killedBy, 'SIGKILL');
    assert.equal(await position(), from + steps, `killed ${fault} its third step was noted`);
  }
  const last = startSink(schema, influx.url);
  await until('the sink has everything', async () => (await position()) === SEALS);
  last.kill('SIGKILL');
  await once(last, 'exit');
  const rows = (await allRows(influx)).map(told).sort();
  const all = Array.from({ length: SEALS }, (_, i) => somePoints(i + 1, POINTS)).flat();
  assert.deepEqual(rows, all.map(sent).sort());
});
