import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { RECORD_KIND } from '@skerry/journal';
import {
  DEAD_LETTER_TOPIC,
  deadLetterWish,
  ensureTopics,
  openUplink,
  TopicLayout,
  type Uplink,
  type UplinkOptions,
} from '@skerry/journal/kafka';
import type { SegmentJournal } from '@skerry/journal/segment';
import { SeededRandom } from '@skerry/kernel/testing';
import { startKafka } from '@skerry/testkit/engines';
import { until } from '../../e2e/condition.ts';
import {
  append,
  firstOnes,
  judgeOrigins,
  numbered,
  openJournal,
  readAll,
  type SeenRecord,
  TemporaryFolder,
} from './journal-scene.ts';
import { aClient, aTopic, changeTopic, PLAIN, tools } from './scene.ts';

const kafka = await startKafka();
after(() => kafka[Symbol.asyncDispose]());

class Scene implements AsyncDisposable {
  readonly needs = tools();
  readonly folder = new TemporaryFolder();
  readonly #stack = new AsyncDisposableStack();

  async open(): Promise<{ journal: SegmentJournal; client: Awaited<ReturnType<typeof aClient>> }> {
    const client = this.#stack.use(await aClient(kafka, this.needs, { requestMs: 2000 }));
    const journal = this.#stack.use(await openJournal(this.folder.path, this.needs));
    return { client, journal };
  }

  async uplink(
    { journal, client }: Awaited<ReturnType<Scene['open']>>,
    options: Partial<UplinkOptions> & Pick<UplinkOptions, 'layout'>,
  ): Promise<Uplink> {
    const positionFile = { folder: `${this.folder.path}/uplink`, name: 'uplink.json' };
    const all = { topics: PLAIN, positionFile, ...options };
    return this.#stack.use(await openUplink(all, { ...this.needs, journal, client }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack[Symbol.asyncDispose]();
    this.folder[Symbol.dispose]();
  }
}

/** Payloads in the order in which a partition has them first are in the order of the journal, key by key. */
function assertOrder(records: readonly SeenRecord[], count: number): void {
  const last = new Map<string, number>();
  const seen = new Set<number>();
  for (const { partition, key, value } of firstOnes(records)) {
    const { n } = JSON.parse(value) as { n: number };
    const place = `${partition} ${key}`;
    assert.ok(n > (last.get(place) ?? -1), `${place} has ${n} behind ${last.get(place)}`);
    last.set(place, n);
    seen.add(n);
  }
  assert.equal(seen.size, count);
}

test('openUplink sends every record once, keyed by device, with headers that say where it was taken in', async () => {
  await using scene = new Scene();
  const parts = await scene.open();
  const topic = await aTopic(parts.client);
  await append(parts.journal, scene.needs, numbered(5000, 50));
  await append(parts.journal, scene.needs, [
    { kind: RECORD_KIND.message, payload: 'not telemetry' },
    { kind: RECORD_KIND.session, payload: '{"event":"connected"}', device: 'device-1' },
  ]);
  const uplink = await scene.uplink(parts, { layout: new TopicLayout({ topic }) });
  assert.equal(await uplink.flush(), parts.journal.end);
  assert.deepEqual([uplink.condition, uplink.lag()], [{ is: 'connected' }, { records: 0, seconds: 0 }]);
  const records = await readAll(kafka, [topic]);
  const { faults, repeated, offsets } = judgeOrigins(records);
  assert.deepEqual([faults, repeated, offsets.size], [[], 0, 5001]);
  assertOrder(
    records.filter(({ headers }) => headers.kind === undefined),
    5000,
  );
  const sample = records.find(({ value }) => value === '{"n":7}');
  const { received, ...headers } = sample?.headers ?? {};
  assert.match(String(received), /^\d{16}$/);
  assert.deepEqual(
    [sample?.key, headers],
    [
      'device-7',
      {
        topic: 'iot/tenant-1/project-1/device-7/telemetry',
        tenant: 'tenant-1',
        project: 'project-1',
        client: 'client',
        origin: headers.origin,
      },
    ],
  );
  assert.equal(records.find(({ headers: { kind } }) => kind === 'session')?.value, '{"event":"connected"}');
});

test('openUplink killed at any point, the broker killed in between: all there, in order for each key, numbers without holes', async () => {
  await using scene = new Scene();
  const { needs, folder } = scene;
  const total = 40_000;
  {
    await using journal = await openJournal(folder.path, needs);
    await append(journal, needs, numbered(total, 200));
  }
  await using client = await aClient(kafka, needs);
  const topic = await aTopic(client);
  const random = new SeededRandom(5);
  const states: string[] = [];
  for (let life = 0; ; life++) {
    const outcome = await oneLife(
      folder.path,
      topic,
      life < 8 ? 1 + (random.uint32() % 6) : Infinity,
      async () => {
        if (life !== 2 && life !== 5) return;
        // the broker goes first, so that the uplink dies with an answer missing
        await kafka.kill();
        await kafka.restart();
      },
    );
    states.push(outcome);
    if (outcome.startsWith('done')) break;
  }
  const records = await readAll(kafka, [topic]);
  const { faults, repeated, offsets } = judgeOrigins(records);
  assert.deepEqual([faults, offsets.size], [[], total], states.join(', '));
  assertOrder(records, total);
  // kills that repeat nothing would prove nothing
  assert.ok(repeated > 0, `nothing was sent again: ${states.join(', ')}`);
});

/** Runs an uplink until it has told so many positions, does something to the broker, and kills it. */
async function oneLife(
  folder: string,
  topic: string,
  rounds: number,
  strike: () => Promise<void>,
): Promise<string> {
  const main = fileURLToPath(new URL('uplink-main.ts', import.meta.url));
  const child: ChildProcess = spawn(process.execPath, [main, kafka.brokers.join(','), folder, topic], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  let told = 0;
  let last = 'nothing';
  if (!child.stdout) throw new TypeError('The child has no output.');
  for await (const line of createInterface(child.stdout)) {
    last = line;
    if (line === 'done' || ++told < rounds) continue;
    await strike();
    child.kill('SIGKILL');
    break;
  }
  await exited;
  return last;
}

test('openUplink waits while the broker is killed or frozen and says why, and nothing comes twice', async () => {
  await using scene = new Scene();
  const parts = await scene.open();
  const { journal } = parts;
  const topic = await aTopic(parts.client);
  const uplink = await scene.uplink(parts, { layout: new TopicLayout({ topic }) });
  await append(journal, scene.needs, numbered(20_000, 100));
  await until('some are sent', () => uplink.position > 2000);
  await kafka.kill();
  const killed = await until('it waits', () => uplink.condition.is === 'waiting' && uplink.condition);
  assert.equal(killed.is === 'waiting' && killed.code, 'kafka-unreachable');
  assert.match(killed.is === 'waiting' ? killed.reason : '', /no broker can be reached|no broker answers/);
  const atKill = uplink.position;
  assert.ok(atKill < journal.end, 'the kill came while records were sent');
  await kafka.restart();
  await until('it goes on', () => uplink.position > atKill && uplink.condition.is === 'connected');
  await uplink.flush();
  await kafka.freeze();
  await append(journal, scene.needs, [...numbered(30_000, 100)].slice(20_000));
  await until('the frozen broker is told', () => uplink.condition.is === 'waiting');
  assert.ok(uplink.lag().records > 0 && uplink.lag().seconds > 0);
  kafka.thaw();
  assert.equal(await uplink.flush(), journal.end);
  const records = await readAll(kafka, [topic]);
  const { faults, repeated, offsets } = judgeOrigins(records);
  assert.deepEqual([faults, repeated, offsets.size], [[], 0, 30_000]);
  assertOrder(records, 30_000);
});

test('openUplink makes a topic anew that was deleted, says so, and sends again what it held', async () => {
  await using scene = new Scene();
  const parts = await scene.open();
  const topic = await aTopic(parts.client);
  const uplink = await scene.uplink(parts, { layout: new TopicLayout({ topic }) });
  await append(parts.journal, scene.needs, numbered(300, 10));
  await uplink.flush();
  await parts.client.admin.deleteTopics({ topics: [topic] });
  await append(parts.journal, scene.needs, [...numbered(600, 10)].slice(300));
  await uplink.flush();
  const told = (words: string): boolean =>
    scene.needs.log.some(({ level, message }) => level === 'error' && message.includes(words));
  assert.ok(told('made anew') || told('sent again'));
  const seen = await until('all of them', async () => {
    const records = await readAll(kafka, [topic]).catch(() => []); // it is not led yet
    return new Set(records.map(({ value }) => value)).size === 600 && records;
  });
  const { faults, offsets } = judgeOrigins(seen);
  assert.deepEqual([faults, offsets.size], [[], 600]);
});

test('openUplink sets aside what Kafka will never take, with the reason, and goes on behind it', async () => {
  await using scene = new Scene();
  const parts = await scene.open();
  const { journal, client } = parts;
  const topic = await aTopic(client, { maxMessageBytes: 20_000 });
  await append(journal, scene.needs, [
    { payload: '{"n":0}' },
    { payload: JSON.stringify({ n: 1, pad: 'x'.repeat(30_000) }) },
    { payload: '{"n":2}' },
  ]);
  const uplink = await scene.uplink(parts, { layout: new TopicLayout({ topic }) });
  await uplink.flush();
  // a limit that is lowered afterwards is met at the broker only
  await changeTopic(client, topic, { 'max.message.bytes': '5000' });
  await append(journal, scene.needs, [
    ...[3, 4, 5].map((n) => ({ payload: JSON.stringify({ n }) })),
    { payload: JSON.stringify({ n: 6, pad: 'x'.repeat(10_000) }) },
    ...[7, 8].map((n) => ({ payload: JSON.stringify({ n }) })),
  ]);
  await uplink.flush();
  const sent = await readAll(kafka, [topic]);
  assert.deepEqual(
    sent.map(({ value }) => (JSON.parse(value) as { n: number }).n),
    [0, 2, 3, 4, 5, 7, 8],
  );
  assert.deepEqual(judgeOrigins(sent).faults, []);
  const dead = (await readAll(kafka, [DEAD_LETTER_TOPIC])).filter(
    ({ headers }) => headers['dead-topic'] === topic,
  );
  assert.deepEqual(
    dead.map(({ value, headers }) => [(JSON.parse(value) as { n: number }).n, headers['dead-reason']]),
    [
      [1, 'record-too-large'],
      [6, 'message-too-large'],
    ],
  );
});

/** Tries of an uplink that failed. */
function triesOf({ meter }: Scene['needs']): number {
  const family = meter.snapshot().find(({ name }) => name === 'iot_kafka_uplink_retries_total');
  return Number(family?.samples[0]?.value);
}

test('openUplink waits with a dead letter that Kafka refuses, sends nothing again meanwhile, and goes on when larger ones are allowed', async () => {
  await using scene = new Scene();
  const parts = await scene.open();
  const { journal, client } = parts;
  const topic = await aTopic(client, { maxMessageBytes: 20_000 });
  await aTopic(client, deadLetterWish(PLAIN));
  const allow = (bytes: number): Promise<void> =>
    changeTopic(client, DEAD_LETTER_TOPIC, { 'max.message.bytes': String(bytes) });
  await allow(10_000);
  await append(journal, scene.needs, [
    ...numbered(59, 10),
    { payload: JSON.stringify({ n: 59, pad: 'x'.repeat(30_000) }) },
    { payload: '{"n":60}' },
  ]);
  const topics = { ...PLAIN, recordBytesMax: 40_000 };
  const uplink = await scene.uplink(parts, { layout: new TopicLayout({ topic }), topics });
  const reason = await until('it waits', () => {
    const { condition } = uplink;
    return condition.is === 'waiting' && condition.reason.includes('TOO_LARGE') && condition.reason;
  });
  assert.match(reason, /iot\.dead-letters\/0: .*max\.message\.bytes of this topic/);
  const before = triesOf(scene.needs);
  await until('some more tries', () => triesOf(scene.needs) >= before + 4);
  assert.deepEqual(
    uplink.weaknesses.map(({ topic: of, setting, found, wanted }) => [of, setting, found, wanted]),
    [[DEAD_LETTER_TOPIC, 'max.message.bytes', '10000', 'at least 40000']],
  );
  const waiting = judgeOrigins(await readAll(kafka, [topic]));
  assert.deepEqual([waiting.faults, waiting.repeated], [[], 0]);
  assert.ok(uplink.position < journal.end);
  await allow(deadLetterWish(PLAIN).maxMessageBytes);
  await uplink.flush();
  const { faults, repeated, offsets } = judgeOrigins(await readAll(kafka, [topic]));
  assert.deepEqual([faults, repeated, offsets.size], [[], 0, 60]);
  const dead = (await readAll(kafka, [DEAD_LETTER_TOPIC])).filter(
    ({ headers }) => headers['dead-topic'] === topic,
  );
  assert.deepEqual(
    dead.map(({ headers }) => headers['dead-reason']),
    ['record-too-large'],
  );
});

test('openUplink spreads projects over topics of their own up to a quota, and sets aside names that Kafka does not take', async () => {
  await using scene = new Scene();
  const parts = await scene.open();
  const layout = new TopicLayout({ layout: 'project', topic: 'iot.telemetry', topicsMax: 2 });
  await append(parts.journal, scene.needs, [
    { tenant: '1900000000000000001', project: '1900000000000000003', payload: '{"n":0}' },
    { tenant: 'müller', project: 'p', payload: '{"n":1}' },
    { tenant: 't', project: 'q', payload: '{"n":2}' },
    { tenant: 't', project: 'r', payload: '{"n":3}' },
  ]);
  const uplink = await scene.uplink(parts, { layout });
  await uplink.flush();
  const topics = ['iot.1900000000000000001.1900000000000000003', 'iot.t.q'];
  assert.deepEqual((await readAll(kafka, topics)).map(({ topic, value }) => [topic, value]).toSorted(), [
    ['iot.1900000000000000001.1900000000000000003', '{"n":0}'],
    ['iot.t.q', '{"n":2}'],
  ]);
  const { id } = parts.journal;
  const dead = (await readAll(kafka, [DEAD_LETTER_TOPIC])).filter(({ headers }) =>
    headers.origin?.startsWith(id),
  );
  assert.deepEqual(dead.map(({ value, headers }) => [value, headers['dead-reason']]).toSorted(), [
    ['{"n":1}', 'topic-invalid'],
    ['{"n":3}', 'topic-quota'],
  ]);
  const refused = scene.needs.meter.snapshot().find(({ name }) => name === 'iot_kafka_uplink_refused_total');
  assert.deepEqual(refused?.samples.map(({ labels, value }) => [labels.reason, value]).toSorted(), [
    ['topic-invalid', 1],
    ['topic-quota', 1],
  ]);
});

test('openUplink sets aside what is for a topic that Kafka takes for another, and goes on: at its first sight, and when it went', async () => {
  await using scene = new Scene();
  const parts = await scene.open();
  const { journal, client } = parts;
  const layout = new TopicLayout({ layout: 'bridge-v1', topic: 'rest-of-collisions', topicsMax: 3 });
  const of = (project: string, n: number) => ({ tenant: 'acme', project, payload: `{"n":${n}}` });
  await append(journal, scene.needs, [of('line.1', 0), of('line_1', 1), of('line.1', 2)]);
  const uplink = await scene.uplink(parts, { layout });
  const all = () => until('all to be sent', () => uplink.position === journal.end);
  await all();
  // the quota is not used up by what Kafka does not take
  await append(journal, scene.needs, [of('line-2', 3), of('line-3', 4), of('line_1', 5)]);
  await all();
  await until('the other is made', async () => {
    // an uplink that looks meanwhile makes its own anew
    await client.admin.deleteTopics({ topics: ['acme.line.1'] }).catch(() => undefined);
    return aTopic(client, { name: 'acme.line_1' }).catch(() => false);
  });
  await append(journal, scene.needs, [of('line.1', 6), of('line-2', 7)]);
  await all();
  assert.deepEqual(uplink.condition, { is: 'connected' });
  const sent = await readAll(kafka, ['acme.line-2', 'acme.line-3', 'acme.line_1']);
  assert.deepEqual([...new Set(sent.map(({ topic, value }) => `${topic} ${value}`))].toSorted(), [
    'acme.line-2 {"n":3}',
    'acme.line-2 {"n":7}',
    'acme.line-3 {"n":4}',
  ]);
  const dead = (await readAll(kafka, [DEAD_LETTER_TOPIC])).filter(({ headers }) =>
    headers.origin?.startsWith(journal.id),
  );
  const told = new Set(
    dead.map(({ value, headers }) => `${value} ${headers['dead-topic']} ${headers['dead-reason']}`),
  );
  for (const [n, name] of [
    [1, 'line_1'],
    [5, 'line_1'],
    [6, 'line.1'],
  ] as const)
    assert.ok(told.has(`{"n":${n}} acme.${name} topic-invalid`), [...told].join(', '));
});

test('ensureTopics says what it wanted of a topic that the cluster does not make like that', async () => {
  await using client = await aClient(kafka, tools());
  await assert.rejects(ensureTopics(client, [{ ...PLAIN, name: 'no-time', retentionMs: -5 }]), {
    code: 'kafka-refused',
    message: /no-time with 1 replicas: .*INVALID_CONFIG.*retention\.ms=-5.*made by hand/,
  });
});

test('ensureTopics tells what an existing topic keeps weaker than wished, and changes nothing of it', async () => {
  const needs = tools();
  await using client = await aClient(kafka, needs);
  const name = await aTopic(client, { partitions: 2, retentionMs: 1000 });
  const [found] = await ensureTopics(client, [{ ...PLAIN, name, replication: 3, minInSync: 2 }]);
  assert.deepEqual(
    found?.weaknesses.map(({ setting, found: is, wanted }) => [setting, is, wanted]),
    [
      ['partitions', '2', 'at least 3'],
      ['replicas', '1', 'at least 3'],
      ['min.insync.replicas', '1', 'at least 2'],
      ['retention.ms', '1000', 'at least 259200000'],
    ],
  );
  await assert.rejects(ensureTopics(client, [{ ...PLAIN, name: 'three-replicas', replication: 3 }]), {
    code: 'kafka-refused',
    message: /three-replicas with 3 replicas: Kafka refused it \(INVALID_REPLICATION_FACTOR\)/,
  });
});
