import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Generator, memoryFolder, ServerProcess } from '@skerry/testkit';
import { until } from './condition.ts';
import { EventStream } from './event-stream.ts';
import { accountsOf, assertAuditClean, assertServes, lettersOf, pointsOf } from './proof.ts';
import { skerry } from './skerry-line.ts';
import { WireClient } from './wire-client.ts';

const folder = memoryFolder('restart');
const dataDir = join(folder.path, 'store');
const SEEN = { tenant: 'acme', project: 'seen', device: 'counter', metric: 'n' };
const STREAM = 'points:acme/seen/counter/n';
let server: ServerProcess;

before(async () => {
  server = await ServerProcess.start({ dataDir });
});

after(async () => {
  await server[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

/** Everything that a restart must not change. */
async function everything(): Promise<unknown> {
  const { items: devices } = (await server.get('/api/v1/devices')) as { items: object[] };
  return {
    points: await pointsOf(server, { tenant: 'acme', project: 'kept', device: 'pump', metric: 'flow' }),
    texts: await pointsOf(server, { tenant: 'acme', project: 'kept', device: 'pump', metric: 'state' }),
    latest: ((await server.get('/api/v1/devices/acme/kept/pump/latest')) as { items: object[] }).items,
    gaps: await server.get('/api/v1/gaps'),
    ledger: await server.get('/api/v1/ledger'),
    letters: await lettersOf(server),
    devices,
  };
}

test('a restart keeps points, devices, dead letters, gaps, the ledger and retained messages', async () => {
  {
    using client = await WireClient.join(server.mqttPort, 'pump');
    for (let seq = 1; seq <= 200; seq++) {
      const own = { epoch: 'a', seq: seq > 100 ? seq + 3 : seq, state: `s${seq % 3}` };
      client.publish('iot/acme/kept/pump/telemetry', JSON.stringify({ flow: seq / 8, ...own }));
    }
    client.publish('iot/acme/kept/pump/telemetry', 'no JSON');
    client.publish('site/door', 'shut', { isRetain: true });
    client.publish('iot/acme/kept/pump/telemetry', '{"flow":99}', { isRetain: true });
    await client.answered();
  }
  await server.quiet();
  const before = await everything();
  await server[Symbol.asyncDispose]();
  server = await ServerProcess.start({ dataDir });
  await server.quiet();
  assert.deepEqual(await everything(), before);
  using reader = await WireClient.join(server.mqttPort, 'reader');
  const options = { isNoLocal: false, isRetainAsPublished: false, retainHandling: 0 } as const;
  const topics = ['site/#', 'iot/#'].map((filter) => ({ filter, qos: 0 as const, ...options }));
  reader.send({ type: 'subscribe', packetId: 1, topics });
  await until('the retained messages', () => reader.all('publish').length === 2);
  const shown = reader
    .all('publish')
    .map(({ topic, payload, isRetain }) => [topic, Buffer.from(payload).toString(), isRetain]);
  assert.deepEqual(shown.sort(), [
    ['iot/acme/kept/pump/telemetry', '{"flow":99}', true],
    ['site/door', 'shut', true],
  ]);
  const points = await pointsOf(server, { tenant: 'acme', project: 'kept', device: 'pump', metric: 'flow' });
  assert.equal(points.at(-1)?.value, 99, 'telemetry that is retained is stored too');
});

test('kill -9 in the middle of a burst loses nothing acknowledged: verified, balanced, audit clean', async () => {
  const ledger = join(folder.path, 'burst.ledger');
  const plan = {
    connections: 8,
    window: 100,
    devices: 16,
    payload: 'marks',
    tenant: 'acme',
    project: 'burst',
  };
  {
    await using generator = new Generator({ port: server.mqttPort, ...plan, ledger });
    await generator.wait('up');
    await generator.set({ rate: 0, isPaused: false });
    for (const most of [4_000, 8_000]) {
      await until('a burst under way', async () => (await generator.result()).acked > most);
      await server.killServer();
      await server.ready();
      await generator.set({ port: server.mqttPort });
      await generator.wait('up');
    }
    assert.ok(generator.unackedAtLoss > 0, 'the kill fell while messages were on their way');
    await generator.set({ isPaused: true });
    await generator.wait('answered');
  }
  assert.equal((await server.quiet()).isBalanced, true);
  const verify = await skerry(['verify', ledger, '-o', 'json'], { dataDir });
  assert.equal(verify.code, 0, verify.out);
  const { isClean, sent } = JSON.parse(verify.out);
  assert.equal(isClean, true);
  assert.ok(sent.acked > 8_000 && sent.acked === sent.sent);
  await assertAuditClean(server);
});

test('an event stream over a kill in a burst continues after its last id: no gap, no duplicate', async () => {
  await using first = new EventStream(server, STREAM);
  await until('the stream', () => first.isOpen);
  let next = 0;
  {
    using client = await WireClient.join(server.mqttPort, 'counter');
    await client.accepted('iot/acme/seen/counter/telemetry', '{"n":-1}');
    await until('a first event', () => first.valuesOf('n').length > 0);
    for (; next < 3_000; next++) client.publish('iot/acme/seen/counter/telemetry', `{"n":${next}}`);
    await until('events of the burst', () => first.valuesOf('n').length > 100);
    // from here on it sees nothing, so that there is something to catch up with
    await first[Symbol.asyncDispose]();
    for (; next < 3_200; next++) client.publish('iot/acme/seen/counter/telemetry', `{"n":${next}}`);
    await client.answered();
  }
  await server.killServer();
  await server.ready();
  await using second = new EventStream(server, STREAM, first.lastId);
  await until('the stream again', () => second.isOpen);
  using client = await WireClient.join(server.mqttPort, 'counter');
  for (let i = 0; i < 50; i++) client.publish('iot/acme/seen/counter/telemetry', `{"n":${next + i}}`);
  await client.answered();
  const stored = (
    await until('all points', async () => {
      const points = await pointsOf(server, SEEN);
      return points.at(-1)?.value === next + 49 && points;
    })
  ).map((point) => point.value);
  await until('all events', () => second.valuesOf('n').at(-1) === next + 49);
  const gaps = second.events.filter((event) => event.event === 'gap');
  const seen = [...first.valuesOf('n'), ...second.valuesOf('n')];
  assert.deepEqual(gaps, []);
  assert.deepEqual(seen, stored);
});

test('an event stream that comes back too late is told of its gap first, and of nothing twice', async () => {
  const before = new EventStream(server, STREAM);
  await until('the stream', () => before.isOpen);
  using client = await WireClient.join(server.mqttPort, 'counter');
  await client.accepted('iot/acme/seen/counter/telemetry', '{"n":100000}');
  await until('an event', () => before.valuesOf('n').length > 0);
  await before[Symbol.asyncDispose]();
  await client.accepted('iot/acme/seen/counter/telemetry', '{"n":100001}');
  await server.quiet();
  await server[Symbol.asyncDispose](); // sealed: what the stream has not seen is behind the position
  server = await ServerProcess.start({ dataDir });
  await using later = new EventStream(server, STREAM, before.lastId);
  await until('a gap', () => later.events.length > 0);
  const [gap] = later.events;
  assert.equal(gap?.event, 'gap');
  assert.equal((gap.data as { after: string }).after, before.lastId);
  using again = await WireClient.join(server.mqttPort, 'counter');
  await again.accepted('iot/acme/seen/counter/telemetry', '{"n":100002}');
  await until('the next event', () => later.valuesOf('n').length > 0);
  assert.deepEqual(later.valuesOf('n'), [100_002]);
});

test('a supervisor that is killed with its server leaves a folder that the next one takes over', async () => {
  await server.quiet();
  const before = await accountsOf(server);
  await server.kill();
  server = await ServerProcess.start({ dataDir });
  await server.quiet();
  assert.deepEqual(await accountsOf(server), before);
  await assertServes(server);
});
