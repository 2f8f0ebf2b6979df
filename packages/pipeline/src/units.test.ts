// Units and models that payloads tell: what seals and metrics say of them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LIMITS } from './limits.ts';
import { SPARKPLUG_ROUTES } from './testing/payload-source.ts';
import { SAMPLE_MICROS, type SampleRecord } from './testing/record-builder.ts';
import { Rig } from './testing/rig.ts';
import { sparkplugBytes } from './testing/sparkplug-payload.ts';
import { aPipeline, applyRecord } from './testing/stage-documents.ts';

/** Seals of records, a list each time; each is the units that it tells, by device and metric. */
async function unitsOf(lists: readonly (readonly SampleRecord[])[], rig = new Rig()) {
  const told: Record<string, string>[] = [];
  const names: string[] = [];
  const { store } = rig;
  const seal = store.seal.bind(store);
  store.seal = (one) => {
    for (const { id, device, metric } of one.series) names[id] = `${device} ${metric}`;
    told.push(Object.fromEntries((one.units ?? []).map(({ series, unit }) => [names[series], unit])));
    return seal(one);
  };
  await using pipeline = await rig.open();
  for (const records of lists) {
    rig.journal.append(...records);
    await pipeline.flush();
  }
  return told;
}

const senml = (device: string, ...pack: object[]): SampleRecord => ({
  topic: `iot/t/p/${device}/telemetry`,
  payload: JSON.stringify(pack),
  contentType: 'application/senml+json',
});

test('a seal tells the units of SenML once, another one when it changes, and nothing of plain JSON', async () => {
  const plain = { topic: 'iot/t/p/d/telemetry', payload: '{"temp":1,"unit":"Cel"}' };
  const told = await unitsOf([
    [plain, senml('d', { n: 'temp', u: 'Cel', v: 21 }, { n: 'on', vb: true })],
    [senml('d', { n: 'temp', u: 'Cel', v: 22 }), senml('e', { n: 'temp', u: 'K', v: 295 })],
    [senml('d', { n: 'temp', u: 'K', v: 295 }), plain],
    [senml('d', { n: 'temp', u: 'x'.repeat(LIMITS.unitCharsMax.value + 1), v: 295 })],
  ]);
  assert.deepEqual(told, [{ 'd temp': 'Cel' }, { 'e temp': 'K' }, { 'd temp': 'K' }, {}]);
});

test('a seal tells the units of a layout; where stages make other metrics of it, none', async () => {
  const decode = {
    contentType: 'application/octet-stream',
    layout: { length: 2, fields: [{ name: 'temp', at: 0, type: 'i16', scale: 0.1, unit: 'Cel' }] },
  };
  const record = { topic: 'iot/t/p/d/telemetry', payload: Uint8Array.of(0, 210) };
  const drop = { name: 'drop', type: 'Filter', keep: 'metrics.temp > 0.0' };
  const turn = { name: 'turn', type: 'Transform', set: { temp: 'metrics.temp * 1.8 + 32.0' } };
  for (const [stages, wanted] of [
    [[drop], { 'd temp': 'Cel' }],
    [[drop, turn], {}],
  ] as const)
    assert.deepEqual(await unitsOf([[applyRecord(aPipeline('turn', stages, { decode }))], [record]]), [
      {},
      wanted,
    ]);
});

test('a seal tells the units that the properties of Sparkplug births name, whatever the key is spelled like', async () => {
  const millis = SAMPLE_MICROS / 1_000;
  const born = (name: string, properties: Readonly<Record<string, string>>) => ({
    ...{ name, type: 10, value: 1, properties },
  });
  const metrics = [
    born('a', { quality: 'good', engUnit: 'bar' }),
    born('b', { 'Engineering Units': 'l/min' }),
    born('c', { Unit: '' }),
    born('d', { unitless: 'yes' }),
    { name: 'e', type: 10, value: 1 },
  ];
  const payload = sparkplugBytes({ seq: 0, bdSeq: 1, millis, metrics });
  const rig = new Rig({ routes: SPARKPLUG_ROUTES });
  const record = { topic: 'spBv1.0/g/NBIRTH/n', payload, tenant: 'acme', project: 'plant' };
  const [told] = await unitsOf([[record]], rig);
  assert.deepEqual(told, { 'g:n a': 'bar', 'g:n b': 'l/min' });
});

test('devices are counted by the model that their newest text says, of two metrics the first', async () => {
  const rig = new Rig();
  await using pipeline = await rig.open();
  const tell = (device: string, payload: object) =>
    rig.journal.append({ topic: `iot/t/p/${device}/telemetry`, payload: JSON.stringify(payload) });
  tell('d1', { model: 'px-6', temp: 1 });
  tell('d2', { 'Properties/Hardware Model': 'px-7' });
  tell('d3', { 'Properties/Hardware Model': 'other', model: 'px-7' });
  tell('d4', { model: 7 });
  tell('d5', { model: 'x'.repeat(100) });
  tell('d1', { model: 'px-7' });
  await pipeline.flush();
  rig.clock.advance(60_000);
  await pipeline.flush();
  const found = rig.meter.snapshot().find(({ name }) => name === 'iot_device_count');
  const counts = found?.samples.map(({ labels, value }) => [labels.model, labels.phase, value]);
  assert.deepEqual(
    counts?.filter(([, , count]) => count !== 0),
    [
      ['', 'fresh', 2],
      ['px-7', 'fresh', 3],
    ],
  );
});
