import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { memoryFolder, ServerProcess } from '@skerry/testkit';
import { accountsOf, assertAuditClean, assertServes, lettersOf, pointsOf, type ToldLetter } from './proof.ts';
import { WireClient } from './wire-client.ts';

const folder = memoryFolder('bad-payload');
let server: ServerProcess;

before(async () => {
  const env = { SKERRY_PIPELINE_SEAL_AFTER_SECS: '0.2' };
  server = await ServerProcess.start({ dataDir: join(folder.path, 'store'), env });
});

after(async () => {
  await server[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const nested = (open: string, close: string, depth: number): string =>
  `{"a":${open.repeat(depth)}1${close.repeat(depth)}}`;
const names = (count: number, from = 0): string =>
  `{${Array.from({ length: count }, (_, i) => `"m${from + i}":${i}`).join(',')}}`;

/** Payloads that cannot become points, with what their dead letter says. */
const UNDECODABLE: readonly [what: string, payload: Uint8Array, reason: string, detail: RegExp][] = [
  [
    'invalid UTF-8 in a text',
    Uint8Array.of(0x7b, 0x22, 0x61, 0x22, 0x3a, 0x22, 0xc3, 0x28, 0x22, 0x7d),
    'undecodable',
    /UTF-8/,
  ],
  [
    'invalid UTF-8 alone',
    Uint8Array.of(0xff, 0xfe, 0xfd),
    'undecodable',
    /Byte 0 of the payload is not UTF-8/,
  ],
  ['nothing', new Uint8Array(0), 'undecodable', /empty/],
  ['broken JSON', bytesOf('{"a":1,"b":'), 'undecodable', /JSON value/],
  ['JSON with something behind it', bytesOf('{"a":1} x'), 'undecodable', /end of the payload/],
  ['NaN in an object', bytesOf('{"a":NaN}'), 'undecodable', /JSON value/],
  ['NaN alone', bytesOf('NaN'), 'undecodable', /JSON value/],
  ['Infinity', bytesOf('{"a":-Infinity}'), 'undecodable', /JSON value/],
  ['a number beyond all doubles', bytesOf('{"a":1e999}'), 'undecodable', /1e999|range|double/],
  [
    'a text of 1 MB',
    bytesOf(`{"a":"${'x'.repeat(1_000_000)}"}`),
    'undecodable',
    /1000000 bytes; at most 65536/,
  ],
  ['objects 1,000 deep', bytesOf(nested('{"a":', '}', 1_000)), 'undecodable', /32/],
  ['arrays 1,000 deep', bytesOf(nested('[', ']', 1_000)), 'undecodable', /32/],
  ['arrays 400,000 deep and never closed', bytesOf('['.repeat(400_000)), 'undecodable', /32/],
  ['10,000 metrics in one message', bytesOf(names(10_000)), 'too-many-points', /8192 points/],
  ['10,000 objects in one array', bytesOf(`[${'{},'.repeat(9_999)}{}]`), 'too-many-points', /8192 elements/],
  ['a device id with a slash', bytesOf('{"deviceId":"a/b","v":1}'), 'undecodable', /device id/],
];

/** The newest dead letter, with its bytes. */
async function newestLetter(): Promise<ToldLetter & { readonly payload: { readonly base64: string } }> {
  const letter = (await lettersOf(server)).at(-1);
  return (await server.get(`/api/v1/dead-letters/${letter?.offset}`)) as never;
}

for (const [what, payload, reason, detail] of UNDECODABLE) {
  test(`${what} is acknowledged, set aside with its bytes, and counted`, async () => {
    using client = await WireClient.join(server.mqttPort, 'bad');
    // where the device is told by the payload, so that its id is judged too
    const topic = what.startsWith('a device id')
      ? 'mtic/msg/client/realtime/acme/plant'
      : 'iot/acme/plant/bad/telemetry';
    const before = await accountsOf(server);
    assert.equal(await client.accepted(topic, payload), 0);
    await server.quiet();
    const letter = await newestLetter();
    assert.equal(letter.reason, reason);
    assert.match(letter.detail, detail);
    assert.equal(Buffer.from(letter.payload.base64, 'base64').equals(payload), true, 'every byte is kept');
    const after = await accountsOf(server);
    assert.equal(after.deadLettered, before.deadLettered + 1);
    assert.equal(after.stored, before.stored);
    assert.equal(after.received, before.received + 1);
    assert.equal(client.isClosed, false);
  });
}

test('a healthy client is served after all of that, and the audit is clean', async () => {
  await assertServes(server);
  await assertAuditClean(server);
});

test('topics that fit no template are set aside under a telemetry prefix and delivered elsewhere', async () => {
  using reader = await WireClient.join(server.mqttPort, 'reader');
  const options = { isNoLocal: false, isRetainAsPublished: false, retainHandling: 0 } as const;
  reader.send({ type: 'subscribe', packetId: 1, topics: [{ filter: '#', qos: 1, ...options }] });
  await reader.first('suback');
  using client = await WireClient.join(server.mqttPort, 'lost');
  const before = await accountsOf(server);
  const under = ['mtic/msg/client/realtime', 'mtic/msg/client/realtime/acme', 'mtic/msg/client/realtime//x'];
  for (const topic of under) assert.equal(await client.accepted(topic, '{"v":1}'), 0);
  const elsewhere = ['iot/acme/plant/x/telemetri', 'iot//plant/x/telemetry/', 'mtic/msg/client', '/'];
  for (const topic of elsewhere) client.publish(topic, 'hello');
  await client.answered();
  await server.quiet();
  const after = await accountsOf(server);
  assert.equal(after.received - before.received, under.length);
  assert.equal(after.deadLettered - before.deadLettered, under.length);
  const letters = (await lettersOf(server)).slice(-under.length);
  assert.deepEqual(
    letters.map(({ topic, reason }) => [topic, reason]),
    under.map((topic) => [topic, 'unknown-topic']),
  );
  const delivered = reader.all('publish').map(({ topic }) => topic);
  assert.deepEqual(delivered.toSorted(), [...under, ...elsewhere].toSorted());
});

test('__proto__, constructor and the like are names like any other, of metrics, devices and projects', async () => {
  using client = await WireClient.join(server.mqttPort, 'proto');
  const payload =
    '{"__proto__":{"polluted":1,"toString":2},"constructor":{"prototype":{"x":3}},"hasOwnProperty":4}';
  for (const id of ['__proto__', 'constructor'])
    assert.equal(await client.accepted(`iot/${id}/${id}/${id}/telemetry`, payload), 0);
  await server.quiet();
  for (const id of ['__proto__', 'constructor']) {
    const key = { tenant: id, project: id, device: id };
    for (const [metric, value] of [
      ['__proto__.polluted', 1],
      ['__proto__.toString', 2],
      ['constructor.prototype.x', 3],
      ['hasOwnProperty', 4],
    ] as const) {
      const points = await pointsOf(server, { ...key, metric });
      assert.deepEqual(
        points.map((point) => point.value),
        [value],
      );
    }
    const { metricList } = (await server.get(`/api/v1/devices/${id}/${id}/${id}`)) as {
      metricList: unknown[];
    };
    assert.equal(metricList.length, 4);
  }
  await assertServes(server);
});

test('device clocks at 1970 and 2099 are replaced by the receipt and counted; old ones are believed', async () => {
  using client = await WireClient.join(server.mqttPort, 'clock');
  const since = Date.now() - 5_000;
  const times = ['0', '1', '"1970-01-01T00:00:00Z"', '"2099-01-01T00:00:00Z"', '4070908800000', '"soon"'];
  for (const [i, time] of times.entries())
    assert.equal(await client.accepted('iot/acme/plant/clock/telemetry', `{"ts":${time},"v":${i}}`), 0);
  assert.equal(
    await client.accepted('iot/acme/plant/clock/telemetry', '{"ts":"2000-01-01T00:00:00Z","v":99}'),
    0,
  );
  await server.quiet();
  const points = await pointsOf(server, { tenant: 'acme', project: 'plant', device: 'clock', metric: 'v' });
  assert.deepEqual(
    points.map((point) => point.value),
    [99, 0, 1, 2, 3, 4, 5],
  );
  assert.equal(points[0]?.time, '2000-01-01T00:00:00.000000Z');
  for (const { time } of points.slice(1))
    assert.ok(Date.parse(time) >= since && Date.parse(time) <= Date.now() + 5_000);
  const device = (await server.get('/api/v1/devices/acme/plant/clock')) as { timeCorrected: number };
  assert.equal(device.timeCorrected, times.length);
});

test('10^6 series from one device: records are kept up to 512, the rest is set aside whole, nobody else notices', async () => {
  using client = await WireClient.join(server.mqttPort, 'wide');
  const before = await accountsOf(server);
  const topic = 'iot/acme/plant/wide/telemetry';
  for (let i = 0; i < 6; i++) client.publish(topic, names(100, i * 100));
  client.publish(topic, names(12, 900));
  const big = 250;
  for (let i = 0; i < big; i++) {
    client.publish(topic, names(4_000, 1_000 + i * 4_000));
    // not more in the network than a device would have
    if (i % 25 === 24) await client.answered(60_000);
  }
  assert.ok(client.all('puback').every(({ reason }) => reason === 0));
  await assertServes(server);
  await server.quiet(60_000);
  const device = (await server.get('/api/v1/devices/acme/plant/wide')) as { metrics: number };
  assert.equal(device.metrics, 512);
  const after = await accountsOf(server);
  assert.equal(after.deadLettered - before.deadLettered, big + 1);
  const letters = (await lettersOf(server)).filter((letter) => letter.reason === 'series-limit');
  assert.equal(letters.length, big + 1);
  const metrics = await (await fetch(`http://127.0.0.1:${server.httpPort}/metrics`)).text();
  const rss = Number(/^iot_process_resident_memory_bytes (\S+)$/m.exec(metrics)?.[1]);
  assert.ok(rss < 600 * 2 ** 20, `${Math.round(rss / 2 ** 20)} MiB are resident`);
  // what was there before still counts
  assert.equal(await client.accepted(topic, names(100)), 0);
  await server.quiet();
  assert.equal((await accountsOf(server)).stored, after.stored + 1);
});
