import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { HEADER, RECORD_KIND, type RecordInput } from '../batch.ts';
import { BatchBuilder } from '../batch-builder.ts';
import { decodeHeaders, encodeHeaders } from '../record-headers.ts';
import { type RecordReader, readBatch } from '../record-reader.ts';
import { aBatch, type SampleRecord } from '../testing/records.ts';
import { deviceOfTopics } from './device-key.ts';
import type { Origin } from './origin.ts';
import { fromKafka, type KafkaRecord, toKafka } from './record-layout.ts';
import { BRIDGE_TOPIC, TopicLayout } from './topic-layout.ts';

const ORIGIN: Origin = { journalId: '0123456789abcdef0123456789abcdef', offset: 41, number: 7 };
const ORIGIN_TEXT = '0123456789abcdef0123456789abcdef/41/7';
const text = new TextEncoder();

function reading(sample: SampleRecord): RecordReader {
  const batch = aBatch(sample);
  const reader = readBatch({ body: batch.bytes, firstOffset: 41, count: 1 });
  reader.next();
  return reader;
}

/** A record as a batch holds it, with its project by name. */
interface Plain extends Omit<RecordInput, 'project' | 'topic' | 'client' | 'payload' | 'headers'> {
  readonly project: string;
  readonly topic: string;
  readonly client: string;
  readonly payload: string;
  readonly headers: readonly (readonly [number, string])[];
}

let bounded = 0;

function read(record: KafkaRecord, layout: TopicLayout, nowMicros = Number.MAX_SAFE_INTEGER): Plain {
  const builder = new BatchBuilder();
  const input = fromKafka(record, {
    kafkaTopic: record.topic,
    isEnvelope: layout.isEnvelope(record.topic),
    defaultProject: layout.projectOf(record.topic),
    projectNumber: (tenant, project) => builder.project(tenant, project),
    nowMicros: () => nowMicros,
    timeBounded: () => {
      bounded++;
    },
  });
  builder.add(input);
  const batch = builder.close();
  assert.ok(batch);
  const reader = readBatch({ body: batch.bytes, firstOffset: 0, count: 1 });
  reader.next();
  return plain(reader);
}

function plain(reader: RecordReader): Plain {
  const bytes = (view: Uint8Array): string => Buffer.from(view).toString('latin1');
  return {
    kind: reader.kind,
    qos: reader.qos,
    retain: reader.retain,
    receivedMicros: reader.receivedMicros,
    project: `${reader.tenant}/${reader.project}`,
    topic: bytes(reader.topic),
    client: bytes(reader.client),
    payload: bytes(reader.payload),
    headers: decodeHeaders(reader.headers).map(({ key, value }) => [key, bytes(value)]),
  };
}

function headersOf({ headers }: KafkaRecord): Record<string, string> {
  return Object.fromEntries(headers.map(({ name, value }) => [name, Buffer.from(value).toString('utf8')]));
}

const userProperty = fc
  .tuple(
    fc.string().filter((name) => !name.includes('\u0000')),
    fc.string(),
  )
  .map(([name, value]) => ({ key: HEADER.userProperty, value: text.encode(`${name}\u0000${value}`) }));
const plainHeader = fc
  .tuple(
    fc.constantFrom(
      HEADER.contentType,
      HEADER.payloadFormat,
      HEADER.messageExpirySecs,
      HEADER.responseTopic,
      HEADER.correlation,
      HEADER.author,
      HEADER.replayOf,
    ),
    fc.uint8Array({ maxLength: 40 }),
  )
  .map(([key, value]) => ({ key, value }));
const id = fc.stringMatching(/^[A-Za-z0-9 _:@~项é-][A-Za-z0-9 _:@~项é.-]{0,60}$/);
const anyRecord = fc.record({
  kind: fc.constantFrom(RECORD_KIND.telemetry, RECORD_KIND.misrouted, RECORD_KIND.session),
  qos: fc.constantFrom(0, 1, 2),
  retain: fc.boolean(),
  receivedMicros: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
  tenant: id,
  project: fc.option(id),
  topic: fc.string(),
  client: fc.string({ minLength: 1 }),
  payload: fc.string({ maxLength: 400 }),
  headers: fc
    .tuple(
      fc.option(id.map((one) => text.encode(one))),
      fc.array(fc.oneof(userProperty, plainHeader), { maxLength: 6 }),
    )
    .map(([bound, rest]) =>
      encodeHeaders([...(bound ? [{ key: HEADER.boundDevice, value: bound }] : []), ...rest]),
    ),
});

test('toKafka and fromKafka give every record back, with its origin', () => {
  fc.assert(
    fc.property(anyRecord, (sample) => {
      const layout = new TopicLayout();
      const reader = reading(sample);
      const wanted = plain(reader);
      const found = read(toKafka(reader, layout, ORIGIN), layout);
      assert.deepEqual(found, { ...wanted, headers: [...wanted.headers, [HEADER.origin, ORIGIN_TEXT]] });
    }),
  );
});

test('toKafka writes the headers of the page of formats', () => {
  const headers = encodeHeaders([
    { key: HEADER.boundDevice, value: text.encode('d-9') },
    { key: HEADER.contentType, value: text.encode('application/json') },
    { key: HEADER.userProperty, value: text.encode('colour\u0000blue') },
    { key: HEADER.userProperty, value: text.encode('traceparent\u000000-abc') },
  ]);
  const record = toKafka(
    reading({
      qos: 0,
      retain: true,
      kind: RECORD_KIND.session,
      headers,
      payload: 'é',
      receivedMicros: 1_700_000_000_123_456,
    }),
    new TopicLayout(),
    ORIGIN,
  );
  assert.deepEqual([record.topic, record.timestampMs], ['iot.telemetry', 1_700_000_000_123]);
  assert.equal(Buffer.from(record.value).toString('utf8'), 'é');
  assert.equal(Buffer.from(record.key ?? []).toString('utf8'), 'd-9');
  assert.deepEqual(headersOf(record), {
    topic: 'iot/t/p/d/telemetry',
    tenant: 't',
    project: 'p',
    received: '1700000000123456',
    qos: '0',
    retain: '1',
    client: 'c',
    kind: 'session',
    'bound-device': 'd-9',
    'content-type': 'application/json',
    'user.colour': 'blue',
    traceparent: '00-abc',
    origin: ORIGIN_TEXT,
  });
});

test("toKafka names the span that took a record in where there is one, in place of its publisher's", () => {
  const headers = encodeHeaders([
    { key: HEADER.trace, value: text.encode('00-taker') },
    { key: HEADER.userProperty, value: text.encode('traceparent\u000000-publisher') },
    { key: HEADER.userProperty, value: text.encode('tracestate\u0000vendor=1') },
  ]);
  const found = headersOf(toKafka(reading({ headers }), new TopicLayout(), ORIGIN));
  assert.equal(found.traceparent, '00-taker');
  assert.equal(found.tracestate, 'vendor=1');
});

test('fromKafka takes a record of another producer as telemetry, named by topic and key', () => {
  const layout = new TopicLayout({ layout: 'project' });
  const record = {
    topic: 'iot.t1.p1',
    timestampMs: 1_700_000_000_000,
    key: text.encode('k1'),
    value: text.encode('{}'),
  };
  const plainRecord = read({ ...record, headers: [{ name: 'shop', value: text.encode('7') }] }, layout);
  assert.deepEqual(plainRecord, {
    kind: RECORD_KIND.telemetry,
    qos: 1,
    retain: false,
    receivedMicros: 1_700_000_000_000_000,
    project: 't1/p1',
    topic: '$skerry/kafka/t1/p1',
    client: '',
    payload: '{}',
    headers: [[HEADER.userProperty, 'shop\u00007']],
  });
  const bare = read({ ...record, topic: 'iot.telemetry', key: undefined, headers: [] }, layout);
  assert.deepEqual([bare.topic, bare.project], ['kafka/iot.telemetry/', '/']);
  const headers = [
    { name: 'tenant', value: text.encode('t2') },
    { name: 'project', value: text.encode('p2') },
  ];
  const named = read({ ...record, topic: 'iot.telemetry', headers }, layout);
  assert.deepEqual([named.topic, named.project], ['$skerry/kafka/t2/p2', 't2/p2']);
});

test('fromKafka sets aside a kind that nobody knows, and a topic that is too long', () => {
  const layout = new TopicLayout();
  const record = { topic: 'iot.telemetry', timestampMs: 1, key: undefined, value: text.encode('1') };
  const kind = { ...record, headers: [{ name: 'kind', value: text.encode('novelty') }] };
  assert.equal(read(kind, layout).kind, RECORD_KIND.misrouted);
  const long = read(
    { ...record, headers: [{ name: 'topic', value: text.encode('x'.repeat(70_000)) }] },
    layout,
  );
  assert.deepEqual([long.kind, long.topic.length], [RECORD_KIND.misrouted, 65_535]);
});

test('TopicLayout bridge-v1 is the earlier bridge: topic of tenant and project, key project, payload as it came', () => {
  const layout = new TopicLayout({ layout: 'bridge-v1', key: 'device' });
  const sample = {
    tenant: '1900000000000000001',
    project: '1900000000000000003',
    topic: 'mtic/x',
    payload: '{}',
  };
  const record = toKafka(reading(sample), layout, ORIGIN);
  assert.equal(record.topic, '1900000000000000001.1900000000000000003');
  assert.equal(Buffer.from(record.key ?? []).toString(), '1900000000000000003');
  assert.equal(Buffer.from(record.value).toString(), '{}');
  assert.equal(read({ ...record, headers: [] }, layout).project, '1900000000000000001/1900000000000000003');
});

test('TopicLayout bridge-v2 is the earlier envelope, field by field, and opens it again', () => {
  const layout = new TopicLayout({ layout: 'bridge-v2' });
  const topic = 'mtic/msg/client/realtime/1900000000000000001/1900000000000000003';
  const sample = {
    tenant: '1900000000000000001',
    project: '1900000000000000003',
    topic,
    payload: '{"a":"<&>"}',
  };
  const record = toKafka(reading({ ...sample, receivedMicros: 1_764_308_890_535_219 }), layout, ORIGIN);
  assert.deepEqual(
    [record.topic, Buffer.from(record.key ?? []).toString()],
    [BRIDGE_TOPIC, '1900000000000000001'],
  );
  assert.equal(
    Buffer.from(record.value).toString(),
    `{"tenant_id":"1900000000000000001","project_id":"1900000000000000003","mqtt_topic":"${topic}","payload":"{\\"a\\":\\"<&>\\"}","timestamp":"2025-11-28T05:48:10.535219Z"}`,
  );
  assert.equal(record.timestampMs, 1_764_308_890_535);
  const found = read(record, layout);
  assert.deepEqual(
    [found.topic, found.payload, found.project],
    [topic, '{"a":"<&>"}', `${sample.tenant}/${sample.project}`],
  );
});

test('fromKafka: a record of the dead letters says why, also where another producer said nothing; requests for one do not', () => {
  const layout = new TopicLayout();
  const headersIn = (topic: string, headers: Record<string, string>) =>
    read(
      {
        topic,
        timestampMs: 5,
        key: new Uint8Array(0),
        value: text.encode('{}'),
        headers: Object.entries(headers).map(([name, value]) => ({ name, value: text.encode(value) })),
      },
      layout,
    ).headers;
  const told = { 'dead-reason': 'record-too-large', 'dead-topic': 'iot.telemetry', origin: ORIGIN_TEXT };
  assert.deepEqual(headersIn('iot.dead-letters', told), [
    [HEADER.refusal, 'record-too-large iot.telemetry'],
    [HEADER.origin, ORIGIN_TEXT],
  ]);
  assert.deepEqual(headersIn('iot.dead-letters', {}), [[HEADER.refusal, 'refused ']]);
  assert.deepEqual(headersIn('iot.dead-letters', { kind: 'replay', 'replay-of': '3' }), [
    [HEADER.replayOf, '3'],
  ]);
  assert.deepEqual(headersIn('iot.telemetry', told), [[HEADER.origin, ORIGIN_TEXT]]);
});

test('TopicLayout bridge-v2 reads what the earlier bridge wrote, nanoseconds and escapes of Go included', () => {
  const layout = new TopicLayout({ layout: 'bridge-v2' });
  const value = text.encode(
    '{"tenant_id":"1900000000000000001","project_id":"3","mqtt_topic":"mtic/a","payload":"{\\"x\\":\\"\\u003cb\\u003e\\"}","timestamp":"2025-11-28T05:48:10.535219829Z"}',
  );
  const record = {
    topic: BRIDGE_TOPIC,
    timestampMs: 5,
    key: text.encode('1900000000000000001'),
    value,
    headers: [],
  };
  const found = read(record, layout);
  assert.deepEqual(
    [found.payload, found.receivedMicros, found.topic, found.kind],
    ['{"x":"<b>"}', 1_764_308_890_535_219, 'mtic/a', RECORD_KIND.telemetry],
  );
  const broken = read({ ...record, value: text.encode('not json') }, layout);
  assert.deepEqual([broken.kind, broken.payload], [RECORD_KIND.misrouted, 'not json']);
});

test('TopicLayout bridge-v2 keeps bytes that are not UTF-8, which the earlier bridge mangled', () => {
  const layout = new TopicLayout({ layout: 'bridge-v2' });
  const builder = new BatchBuilder();
  builder.add({
    kind: RECORD_KIND.telemetry,
    qos: 1,
    retain: false,
    project: builder.project('t', 'p'),
    receivedMicros: 1,
    topic: text.encode('a'),
    client: new Uint8Array(0),
    payload: Uint8Array.of(0xff, 0x00, 0xfe),
    headers: new Uint8Array(0),
  });
  const batch = builder.close();
  assert.ok(batch);
  const reader = readBatch({ body: batch.bytes, firstOffset: 0, count: 1 });
  reader.next();
  assert.equal(read(toKafka(reader, layout, ORIGIN), layout).payload, '\u00ff\u0000\u00fe');
});

test('TopicLayout keys a record by device from binding, topic or payload, else by its topic', () => {
  const layout = new TopicLayout();
  const keyOf = (sample: SampleRecord, chosen = layout): string =>
    Buffer.from(toKafka(reading(sample), chosen, ORIGIN).key ?? []).toString();
  const realtime = 'mtic/msg/client/realtime/t/p';
  assert.equal(keyOf({ topic: 'iot/t/p/dev-1/telemetry' }), 'dev-1');
  assert.equal(keyOf({ topic: realtime, payload: '{"deviceId":"dev-2","t":1}' }), 'dev-2');
  assert.equal(keyOf({ topic: realtime, payload: '{"t":1,"device_id": 17}' }), '17');
  assert.equal(keyOf({ topic: `${realtime}/dev-3/x`, payload: '1' }), 'dev-3');
  assert.equal(keyOf({ topic: realtime, payload: '1' }), realtime);
  for (const [payload, device] of [
    ['{"event":{"id":"e-17"},"temp":21}', 'dev-3'],
    ['{"event":{"deviceId":"e-17"},"id":"x"}', 'x'],
    ['{"list":[{"id":"e"},["id",{"id":1}]],"id" :\t"x"}', 'x'],
    ['{"id":"c","device_id":"b","deviceId":"a"}', 'a'],
    ['{"note":"\\"},{\\"id\\":\\"n\\"","id":"x"}', 'x'],
    ['{"kind":"id","t":"deviceId","x":1}', 'dev-3'],
    ['{"id":{"id":"inner"},"t":1}', 'dev-3'],
    ['{"id":null,"device_id":-5\n}', '-5'],
    ['{"deviceId":"","id":"x"}', 'dev-3'],
    [' [ {"id":"first"},{"deviceId":"second"}]', 'first'],
    ['[{"t":1},{"id":"second"}]', 'dev-3'],
    ['[[{"id":"deep"}]]', 'dev-3'],
    ['"id":"x"', 'dev-3'],
    [`{"pad":"${'x'.repeat(256)}","id":"late"}`, 'dev-3'],
    ['{"id":"never ends', 'dev-3'],
  ] as const)
    assert.equal(keyOf({ topic: `${realtime}/dev-3`, payload }), device, payload);
  for (const topic of ['spBv1.0/g/NBIRTH/node-1', 'spBv1.0/g/DDATA/node-1/dev'])
    assert.equal(keyOf({ topic, payload: '{"id":"x"}' }), 'node-1', 'an edge node is of one order');
  assert.equal(keyOf({ topic: 'a' }, new TopicLayout({ key: 'client' })), 'c');
  assert.equal(keyOf({ topic: 'a' }, new TopicLayout({ key: 'project' })), 'p');
  assert.equal(keyOf({ topic: 'a', payload: '{"id":"x"}' }, new TopicLayout({ key: 'topic' })), 'a');
  for (const key of ['topic', 'client'] as const)
    assert.equal(keyOf({ topic: 'spBv1.0/g/NDATA/node-1' }, new TopicLayout({ key })), 'node-1', key);
});

test('TopicLayout keys a record by the device of other templates, required or not, and says so in its fingerprint', () => {
  const deviceOf = deviceOfTopics((topic) => {
    const [site, device] = topic.split('/');
    if (site === 'must') return { device: String(device), isDeviceRequired: true };
    return site === 'may' ? { device: String(device) } : {};
  });
  const layout = new TopicLayout({ deviceOf, deviceBy: 'templates' });
  const keyOf = (topic: string, payload: string): string =>
    Buffer.from(toKafka(reading({ topic, payload }), layout, ORIGIN).key ?? []).toString();
  for (const metric of ['flow', 'level'])
    assert.equal(keyOf(`must/pümp/${metric}`, '{"id":"x"}'), 'pümp', 'one key for all metrics');
  assert.equal(keyOf('may/pump/flow', '{"id":"x"}'), 'x');
  assert.equal(keyOf('may/pump/flow', '1'), 'pump');
  assert.equal(keyOf('else/pump', '{"id":"x"}'), 'x');
  assert.equal(keyOf('else/pump', '1'), 'else/pump');
  assert.equal(keyOf('spBv1.0/g/NDATA/node-1', '1'), 'node-1');
  assert.notEqual(layout.fingerprint, new TopicLayout().fingerprint);
});

test('RecordsIn: a receive time that cannot be gives way to the stamp of Kafka, that to the time of reading, and is counted', () => {
  const nowMicros = Date.UTC(2026, 4, 1) * 1_000;
  const layout = new TopicLayout({ layout: 'one' });
  const received = (timestampMs: number, header?: number) => {
    const before = bounded;
    const headers = header === undefined ? [] : [{ name: 'received', value: text.encode(String(header)) }];
    const record = { topic: 'iot.telemetry', timestampMs, key: undefined, value: text.encode('{}'), headers };
    return [read(record, layout, nowMicros).receivedMicros, bounded - before];
  };
  const soonMs = nowMicros / 1_000 + 3_600_000;
  assert.deepEqual(received(soonMs), [soonMs * 1_000, 0]);
  assert.deepEqual(received(soonMs + 1), [nowMicros, 1]);
  assert.deepEqual(received(nowMicros), [nowMicros, 1], 'microseconds where milliseconds are wanted');
  assert.deepEqual(received(nowMicros * 1_000), [nowMicros, 1], 'nanoseconds');
  assert.deepEqual(received(-1), [nowMicros, 1]);
  assert.deepEqual(received(1_000, nowMicros - 5), [nowMicros - 5, 0]);
  const in2040 = Date.UTC(2040, 0, 1) * 1_000;
  assert.deepEqual(received(1_700_000_000_000, in2040), [1_700_000_000_000_000, 1]);
  assert.deepEqual(received(in2040 / 1_000, in2040), [nowMicros, 1]);
  const envelope = { tenant_id: 't', project_id: 'p', mqtt_topic: 'a/b', payload: '{}' };
  const value = text.encode(JSON.stringify({ ...envelope, timestamp: '2040-01-01T00:00:00Z' }));
  const bridge = new TopicLayout({ layout: 'bridge-v2' });
  const record = { topic: BRIDGE_TOPIC, timestampMs: 1_700_000_000_000, key: undefined, value, headers: [] };
  assert.equal(read(record, bridge, nowMicros).receivedMicros, 1_700_000_000_000_000);
});

test('RecordsIn: a record whose headers or envelope name what cannot be an id is set aside under no project', () => {
  const layout = new TopicLayout({ layout: 'one' });
  const readWith = (names: Record<string, string>) => {
    const headers = Object.entries(names).map(([name, value]) => ({ name, value: text.encode(value) }));
    const {
      kind,
      project,
      headers: kept,
    } = read(
      { topic: 'iot.telemetry', timestampMs: 1, key: undefined, value: text.encode('{}'), headers },
      layout,
    );
    return { kind, project, kept };
  };
  const good = { topic: 'a/b', tenant: 'x'.repeat(128), project: '项目 1' };
  assert.deepEqual(readWith(good), {
    kind: RECORD_KIND.telemetry,
    project: `${good.tenant}/${good.project}`,
    kept: [],
  });
  for (const bad of ['x'.repeat(129), '', '..', 'a/b', 'a#', 'a\u0000', '\ud800'])
    for (const name of ['tenant', 'project', 'bound-device'])
      assert.deepEqual(
        readWith({ ...good, [name]: bad }),
        { kind: RECORD_KIND.misrouted, project: '/', kept: [] },
        `${name} ${bad}`,
      );
  const bridge = new TopicLayout({ layout: 'bridge-v2' });
  const envelope = { tenant_id: 'x'.repeat(4_000), project_id: 'p', mqtt_topic: 'a/b', payload: '{}' };
  const value = text.encode(JSON.stringify(envelope));
  const found = read({ topic: BRIDGE_TOPIC, timestampMs: 1, key: undefined, value, headers: [] }, bridge);
  assert.deepEqual([found.kind, found.project], [RECORD_KIND.misrouted, '/']);
});
