// A trace from the publisher of a message to the transaction of its points: mosquitto, gateway, Kafka, writer, PostgreSQL.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { runTool } from '@skerry/testkit/engines';
import { type Stack, startStack } from '@skerry/testkit/stack';
import { until } from '../../e2e/condition.ts';
import { type CollectedSpan, Collector } from './collector.ts';

const TOPIC = 'mtic/msg/client/realtime/t1/p1';
const TEMPLATE = 'mtic/msg/client/realtime/{tenantId}/{projectId}/{deviceId?}/{metricPrefix?…}';
const [INTERNAL, CLIENT, PRODUCER, CONSUMER] = [1, 3, 4, 5];

let folder: string;
let stack: Stack;
let collector: Collector;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'skerry-tracing-test-'));
  collector = await Collector.open();
  // only those that bring a context
  const tracing = {
    otlpUrl: collector.url,
    sampleRatio: 0,
    attributes: ['deployment.environment.name=test'],
  };
  stack = await startStack({ folder, gateways: 1, writers: 1, partitions: 2, config: { tracing } });
  await until('the gateway is subscribed', async () => (await stack.gateways[0]?.reasons())?.length === 0);
});

after(async () => {
  await stack?.[Symbol.asyncDispose]();
  await collector?.[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

async function publish(
  device: string,
  payload: string,
  properties: readonly (readonly [string, string])[] = [],
) {
  const user = properties.flatMap(([name, value]) => ['-D', 'publish', 'user-property', name, value]);
  const { port } = stack.mosquitto;
  const where = ['-h', '127.0.0.1', '-p', String(port), '-V', '5', '-q', '1', '-t', `${TOPIC}/${device}`];
  await runTool('mosquitto_pub', [...where, '-m', payload, ...user]);
}

async function stored(device: string): Promise<void> {
  const sql = `SELECT count(*) FROM skerry.telemetry WHERE device = '${device}'`;
  await until(`${device} is stored`, async () => (await stack.postgres.sql(sql)) === '1');
}

/** The spans of a trace, when there are so many. */
async function traced(traceId: string, count: number): Promise<CollectedSpan[]> {
  const seen = () => collector.trace(traceId).map(({ name }) => name);
  return await until(
    `${count} spans of ${traceId}`,
    () => collector.trace(traceId).length >= count && collector.trace(traceId),
    20_000,
    () => JSON.stringify([seen(), collector.faults]),
  );
}

function only(spans: readonly CollectedSpan[], name: string): CollectedSpan {
  const found = spans.filter((one) => one.name === name);
  assert.equal(
    found.length,
    1,
    `${found.length} spans ${name} of ${spans.map((one) => one.name).join(', ')}`,
  );
  return found[0] as CollectedSpan; // there is one
}

test('one trace leads from the publisher to the transaction, each span below the right one', async () => {
  const [traceId, publisher] = ['4bf92f3577b34da6a3ce929d0e0e4736', '00f067aa0ba902b7'];
  await publish('d1', '{"speed":1.5}', [
    ['traceparent', `00-${traceId}-${publisher}-01`],
    ['tracestate', 'vendor=opaque'],
  ]);
  await stored('d1');
  const spans = await traced(traceId, 6);
  const receive = only(spans, `receive ${TEMPLATE}`);
  const append = only(spans, 'append');
  const send = only(spans, 'send iot.telemetry');
  const process = only(spans, 'process iot.telemetry');
  const decode = only(spans, 'decode');
  const copy = only(spans, 'COPY points');
  assert.deepEqual(
    [receive, append, send, process, decode, copy].map((one) => [one.service, one.kind, one.parentSpanId]),
    [
      ['skerry-gateway', CONSUMER, publisher],
      ['skerry-gateway', INTERNAL, receive.spanId],
      ['skerry-gateway', PRODUCER, receive.spanId],
      ['skerry-writer', CONSUMER, send.spanId],
      ['skerry-writer', INTERNAL, process.spanId],
      ['skerry-writer', CLIENT, process.spanId],
    ],
  );
  for (const one of [receive, send, process]) assert.equal(one.traceState, 'vendor=opaque', one.name);
  assert.ok(receive.startNano <= send.startNano && send.startNano <= process.startNano);
  assert.ok(process.endNano >= copy.endNano);
  assert.deepEqual(collector.faults, []);
});

test('spans say what the conventions want to know: topic, partition, offset, group, database', async () => {
  const traceId = '11112222333344445555666677778888';
  await publish('d2', '{"speed":2}', [['traceparent', `00-${traceId}-1234567890abcdef-01`]]);
  await stored('d2');
  const spans = await traced(traceId, 6);
  const receive = only(spans, `receive ${TEMPLATE}`).attributes;
  assert.equal(receive['messaging.system'], 'mqtt');
  assert.equal(receive['messaging.destination.name'], `${TOPIC}/d2`);
  assert.equal(receive['messaging.destination.template'], TEMPLATE);
  assert.equal(receive['messaging.message.body.size'], 11);
  const send = only(spans, 'send iot.telemetry').attributes;
  const process = only(spans, 'process iot.telemetry').attributes;
  assert.equal(send['messaging.operation.type'], 'send');
  assert.equal(process['messaging.operation.type'], 'process');
  assert.equal(process['messaging.consumer.group.name'], 'skerry-writer');
  assert.equal(process['skerry.verdict'], 'stored');
  for (const name of ['messaging.system', 'messaging.destination.name', 'messaging.destination.partition.id'])
    assert.equal(process[name], send[name], name);
  assert.equal(typeof send['messaging.kafka.offset'], 'number');
  assert.equal(process['messaging.kafka.offset'], send['messaging.kafka.offset']);
  const copy = only(spans, 'COPY points').attributes;
  assert.equal(copy['db.system.name'], 'postgresql');
  assert.equal(copy['db.namespace'], 'skerry|skerry');
  assert.equal(copy['db.collection.name'], 'points');
  assert.equal(copy['server.address'], '127.0.0.1');
  assert.equal(copy['server.port'], stack.postgres.port);
});

test('the transaction of a seal names the records in it, and each of them names it', async () => {
  const traces = ['a', 'b', 'c'].map((digit) => digit.repeat(32));
  for (const [i, traceId] of traces.entries())
    await publish(`seal-${i}`, '{"speed":3}', [['traceparent', `00-${traceId}-1234567890abcdef-01`]]);
  for (const traceId of traces) {
    const spans = await traced(traceId, 6);
    const copy = only(spans, 'COPY points');
    const process = only(spans, 'process iot.telemetry');
    const [link] = copy.links;
    const seal = await until('the span of the seal', () =>
      collector.spans.find(({ spanId }) => spanId === link?.spanId),
    );
    assert.equal(seal.traceId, link?.traceId);
    assert.equal(seal.parentSpanId, '');
    assert.equal(seal.attributes['skerry.seal'], copy.attributes['skerry.seal']);
    assert.ok(seal.links.some((one) => one.traceId === traceId && one.spanId === process.spanId));
    const number = Number(seal.attributes['skerry.seal']);
    assert.equal(
      await stack.postgres.sql(`SELECT count(*) > 0 FROM skerry.seals WHERE seal = ${number}`),
      't',
    );
  }
});

test('a record that is set aside ends its trace with the reason', async () => {
  const traceId = 'd'.repeat(32);
  await publish('bad', 'neither JSON nor a number {', [['traceparent', `00-${traceId}-1234567890abcdef-01`]]);
  const spans = await traced(traceId, 6);
  assert.equal(only(spans, 'decode').fault, 'undecodable');
  assert.equal(only(spans, 'process iot.telemetry').attributes['skerry.verdict'], 'deadLettered');
});

test('what its publisher does not follow, and what brings nothing, is not followed, and stored all the same', async () => {
  const before = collector.spans.length;
  const traceId = 'e'.repeat(32);
  await publish('d3', '{"speed":4}', [['traceparent', `00-${traceId}-1234567890abcdef-00`]]);
  await publish('d4', '{"speed":4}', [['traceparent', 'no such thing']]);
  await publish('d5', '{"speed":4}');
  for (const device of ['d3', 'd4', 'd5']) await stored(device);
  const marker = 'f'.repeat(32);
  await publish('d6', '{"speed":4}', [['traceparent', `00-${marker}-1234567890abcdef-01`]]);
  await traced(marker, 6);
  assert.deepEqual(collector.trace(traceId), []);
  const others = collector.spans
    .slice(before)
    .filter((one) => one.traceId !== marker && one.links.length === 0);
  assert.deepEqual(others, []);
});

test('a record of another producer of Kafka is followed as its header says', async () => {
  const [traceId, producer] = ['9'.repeat(32), 'abcdefabcdefabcd'];
  const headers = [
    'topic=iot/t1/p1/d7/telemetry',
    'tenant=t1',
    'project=p1',
    `traceparent=00-${traceId}-${producer}-01`,
  ];
  const words = headers.flatMap((one) => ['-H', one]);
  const input = join(folder, 'record');
  writeFileSync(input, '{"speed":5}');
  await runTool('kcat', [
    '-P',
    '-b',
    stack.kafka.brokers.join(','),
    '-t',
    'iot.telemetry',
    '-k',
    'd7',
    ...words,
    input,
  ]);
  await stored('d7');
  const spans = await traced(traceId, 3);
  assert.equal(only(spans, 'process iot.telemetry').parentSpanId, producer);
});

test('metrics tell how many spans were told', async () => {
  const [gateway, writer] = [stack.gateways[0], stack.writers[0]];
  for (const role of [gateway, writer]) {
    await until(
      'spans are counted',
      async () => Number(await role?.metric('iot_tracing_spans_exported_total')) > 0,
    );
    assert.equal(await role?.metric('iot_tracing_spans_dropped_total'), 0);
  }
  assert.deepEqual(collector.faults, []);
});
