// What becomes of a partition of `skerry writer` that cannot be written on: real Kafka, a PostgreSQL that asks for a
// password and TLS, records of a producer of its own.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { API_VERSION } from '@skerry/model';
import {
  type Kafka as Cluster,
  freePorts,
  type Postgres,
  startKafka,
  startPostgres,
} from '@skerry/testkit/engines';
import { allOwned, RoleProcess } from '@skerry/testkit/stack';
import { Kafka, logLevel, type Producer } from 'kafkajs';
import { until } from '../../e2e/condition.ts';
import { aClient, changeTopic, tools } from '../kafka/scene.ts';

const TOPIC = 'iot.telemetry';
const PASSWORD = 'p@ss/wörd%?';

const engines = new AsyncDisposableStack();
let kafka: Cluster;
let postgres: Postgres;
let folder: string;
let producer: Producer;
let writer: RoleProcess;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'skerry-writer-'));
  engines.defer(() => rmSync(folder, { recursive: true, force: true }));
  [kafka, postgres] = await allOwned<[Cluster, Postgres]>(engines, [
    startKafka(),
    startPostgres({ tls: true, password: PASSWORD }),
  ]);
  writeFileSync(join(folder, 'password'), `${PASSWORD}\n`);
  writer = engines.use(await aRole('writer', 'one'));
  await until('the writer is ready', async () => (await writer.reasons())?.length === 0);
  const hasTables = `SELECT to_regclass('skerry.points') IS NOT NULL`;
  await until('its tables are there', async () => (await postgres.sql(hasTables)) === 't');
  producer = new Kafka({ brokers: [...kafka.brokers], logLevel: logLevel.NOTHING }).producer({
    idempotent: true,
  });
  await producer.connect();
  engines.defer(() => producer.disconnect());
});

after(() => engines.disposeAsync());

async function aRole(role: 'writer' | 'cloud', group: string, topic = TOPIC): Promise<RoleProcess> {
  const [httpPort = 0] = await freePorts(1);
  return await RoleProcess.start({
    role,
    folder: join(folder, `${role}-${group}`),
    config: {
      kafka: { brokers: kafka.brokers, partitions: 3, topic },
      postgres: {
        // what the file names is stronger than what the address says
        url: `postgres://skerry@127.0.0.1:${postgres.port}/skerry?sslmode=disable`,
        passwordFile: join(folder, 'password'),
        caFile: postgres.tls?.authority,
      },
      writer: { group, sessionMs: 6_000 },
      retention: { profile: 'long' },
      series: { chunkHours: 12 },
    },
    httpPort,
  });
}

async function send(
  partition: number,
  value: string,
  more: { headers?: object; timestamp?: string } = {},
): Promise<void> {
  const headers = { topic: 'mtic/msg/client/realtime/acme/plant/d1', ...more.headers };
  const { timestamp } = more;
  const message = { partition, value: `{"n":${value}}`, headers, ...(timestamp ? { timestamp } : {}) };
  await producer.send({ topic: TOPIC, messages: [message] });
}

/** What brokers before 4.0 do, and topics that were made for such producers. */
async function takeAnyTime(): Promise<void> {
  await using client = await aClient(kafka, tools());
  await changeTopic(client, TOPIC, { 'message.timestamp.after.max.ms': String(2n ** 63n - 1n) });
}

/** Values of the points, each as often as it is there. */
async function stored(): Promise<string[]> {
  const text = await postgres.sql(
    `SELECT coalesce(exact::text, value::text) FROM skerry.points ORDER BY value`,
  );
  return text.split('\n');
}

test('skerry writer: days, chunks and compression are written down as its profile and file say, for TimescaleDB to go by', async () => {
  const kept = 'SELECT raw_days, rollup_days, chunk_hours, compress_days FROM skerry.retention';
  await until('it has said what is kept', async () => (await postgres.sql(kept)) !== '');
  assert.equal(await postgres.sql(kept), '90|90|12|7');
});

test('skerry writer: a value that the database refuses holds up its partition alone, with the records that wait, and goes in when it may', async () => {
  await send(0, '1180591620717411303424');
  await send(1, '11');
  await until('78 digits at most are taken', async () => (await stored()).includes('1180591620717411303424'));
  await until('both are there', async () => (await stored()).includes('11'));
  await postgres.sql(`CREATE FUNCTION skerry.refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      IF NEW.value IN (12, 13) THEN RAISE numeric_value_out_of_range; END IF; RETURN NEW; END $$;
    CREATE TRIGGER refuse BEFORE INSERT ON skerry.points FOR EACH ROW EXECUTE FUNCTION skerry.refuse()`);
  // what is folded of another partition meanwhile
  await postgres.sql(`CREATE FUNCTION skerry.hold() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      RAISE 'not now'; END $$`);
  await postgres.sql(HOLD_UPKEEP);
  const { pid } = writer;
  await send(0, '13');
  await send(1, '12');
  const [, from, to] = await refusal(1);
  await refusal(0);
  await send(0, '14');
  await send(1, '16');
  await send(2, '15');
  await until('another partition goes on', async () => (await stored()).includes('15'));
  assert.ok(
    !(await stored()).some((value) => value === '14' || value === '16'),
    'what came behind them waits',
  );
  // the runbook's last way out: without its records
  const passed = await postgres.sql(`WITH passed AS (UPDATE skerry.sources SET position = ${to}
    WHERE label = '${TOPIC}/1' AND position = ${from} RETURNING 1) SELECT count(*) FROM passed`);
  assert.equal(passed, '1');
  await until('the partition goes on behind them', async () => (await stored()).includes('16'), 60_000);
  await until(
    'upkeep that fails is told',
    async () =>
      (await writer.reasons())?.some(
        ({ code, detail }) => code === 'upkeep-failing' && /^iot\.telemetry\/2: .* not now/.test(detail),
      ),
    60_000,
  );
  await postgres.sql('DROP TRIGGER refuse ON skerry.points; DROP TRIGGER hold ON skerry.accounts');
  await until('the partition goes on', async () => (await stored()).includes('14'), 60_000);
  const sums = 'SELECT count(*), count(DISTINCT (source, position, ordinal)) FROM skerry.points';
  assert.equal(await postgres.sql(sums), '6|6');
  assert.deepEqual(await stored(), ['11', '13', '14', '15', '16', '1180591620717411303424']);
  assert.equal(writer.pid, pid, 'the process went on all the while');
  await untilSilent(writer);
  const folded = `SELECT sum(a.stored) FROM skerry.accounts a JOIN skerry.sources s ON s.id = a.source WHERE s.label = '${TOPIC}/2'`;
  assert.equal(await postgres.sql(folded), '1', 'upkeep went on');
});

/** Upkeep that folds fails until the trigger is dropped. */
const HOLD_UPKEEP =
  'CREATE TRIGGER hold BEFORE INSERT ON skerry.accounts FOR EACH ROW EXECUTE FUNCTION skerry.hold()';

/** Waits until a role has no reason to give any more. */
async function untilSilent(role: RoleProcess): Promise<void> {
  let reasons: unknown;
  await until(
    'nothing is left to say',
    async () => {
      const told = await role.reasons();
      reasons = JSON.stringify(told);
      return told?.length === 0;
    },
    60_000,
    () => reasons,
  );
}

/** What a partition says that waits at a value: the whole, and the bounds of its records. */
async function refusal(partition: number): Promise<readonly string[]> {
  const form = new RegExp(`^iot\\.telemetry/${partition}: Seal \\d+ of the records \\[(\\d+), (\\d+)\\)`);
  return await until(
    'the partition says why it waits',
    async () =>
      ((await writer.reasons()) ?? []).flatMap(({ code, detail }) => {
        const found = code === 'store-refused' ? form.exec(detail) : undefined;
        return found ? [[...found]] : [];
      })[0],
  );
}

test('skerry writer: times and names that cannot be stop nobody, whoever produced them', async () => {
  const { pid } = writer;
  await takeAnyTime();
  const received = String(Date.UTC(2040, 0, 1) * 1_000);
  await send(1, '31', { timestamp: String(Date.now() * 1_000) });
  await send(1, '32', { headers: { received } });
  await send(1, '33', { timestamp: String(BigInt(Date.now()) * 1_000_000n) });
  await send(1, '34', { headers: { tenant: 'x'.repeat(4_000), project: 'p' } });
  await send(1, '35');
  await until('what comes behind them is stored', async () => (await stored()).includes('35'));
  const values = await stored();
  assert.deepEqual(
    values.filter((value) => /^3\d$/.test(value)),
    ['31', '32', '33', '35'],
  );
  const late = `SELECT count(*) FROM skerry.points WHERE received > now() + interval '2 hours'`;
  assert.equal(await postgres.sql(late), '0');
  const letters = `SELECT tenant, reason, convert_from(payload, 'UTF8') FROM skerry.dead_letters`;
  assert.equal(await postgres.sql(letters), '|unknown-topic|{"n":34}');
  assert.equal(await writer.metric('iot_kafka_times_bounded_total'), 3);
  assert.equal(writer.pid, pid, 'the process went on all the while');
});

test('skerry writer: a text to group by that fits no index is a dead letter, and stops nobody', async () => {
  const stage = {
    name: 'errors',
    type: 'Aggregate',
    window: { size: '1m' },
    groupBy: 'metrics.msg',
    functions: ['count'],
    output: { device: 'errors' },
  };
  const document = {
    apiVersion: API_VERSION,
    kind: 'Pipeline',
    metadata: { name: 'labels' },
    spec: { match: { tenant: 'labels' }, stages: [stage] },
  };
  const change = JSON.stringify({ id: 'one', action: 'apply', kind: 'Pipeline', name: 'labels', document });
  const headers = { kind: 'pipeline', author: 'test' };
  await producer.send({ topic: TOPIC, messages: [{ partition: 0, value: change, headers }] });
  const topic = 'mtic/msg/client/realtime/labels/plant/d1';
  // as dense as a text can be: none that the server could make shorter
  const msg = JSON.stringify(randomBytes(3_600).toString('base64'));
  for (const more of [`{"v":1,"msg":${msg}}`, '{"v":1,"msg":"short"}'])
    await producer.send({ topic: TOPIC, messages: [{ partition: 0, value: more, headers: { topic } }] });
  await send(0, '41');
  await until('what comes behind it is stored', async () => (await stored()).includes('41'));
  const letters = `SELECT stage, length(payload) > 4800 FROM skerry.dead_letters WHERE reason = 'stage-failed'`;
  assert.equal(await postgres.sql(letters), 'labels/errors|t');
  const groups = `SELECT part FROM skerry.stage_rows WHERE part LIKE 'group:%'`;
  assert.equal(await postgres.sql(groups), 'group:["errors","labels","plant","short"]');
});

test('skerry writer: a partition that a writer of another group took over is taken back while the group says that it is ours', async () => {
  const ownerOf = () => postgres.sql(`SELECT epoch FROM skerry.sources WHERE label = '${TOPIC}/0'`);
  const before = await ownerOf();
  // upkeep of a partition to which nothing comes any more
  await postgres.sql(HOLD_UPKEEP);
  await send(1, '23');
  await until('it is stored', async () => (await stored()).includes('23'));
  await using other = await aRole('writer', 'two');
  await until('the other writer has it', async () => (await ownerOf()) !== before);
  await send(0, '21');
  await until('it is stored by the other', async () => (await stored()).includes('21'));
  const saysOf = (partition: number) => async () =>
    (await writer.reasons())?.some(
      ({ code, detail }) =>
        code === 'store-fenced' &&
        detail.startsWith(`${TOPIC}/${partition}: `) &&
        /writer\.group/.test(detail),
    );
  await until('the first says so', saysOf(0));
  await postgres.sql('DROP TRIGGER hold ON skerry.accounts');
  await until('the first says so of what its upkeep was to do', saysOf(1));
  await other[Symbol.asyncDispose]();
  await send(0, '22');
  await until('the first has it again', async () => (await stored()).includes('22'), 60_000);
  await untilSilent(writer);
  assert.deepEqual(
    (await stored()).filter((value) => /^2\d$/.test(value)),
    ['21', '22', '23'],
  );
});

test('skerry cloud: the same file of a password and of authorities opens its tables, its users and its reports', async () => {
  await using cloud = await aRole('cloud', 'one');
  await until('it is ready', async () => (await cloud.reasons())?.length === 0);
  const told = `SELECT count(*) FROM skerry.roles WHERE report::jsonb ->> 'role' = 'cloud'`;
  await until('it reports', async () => (await postgres.sql(told)) === '1');
  const encrypted = `SELECT string_agg(DISTINCT a.application_name, ',' ORDER BY a.application_name)
    FROM pg_stat_ssl s JOIN pg_stat_activity a USING (pid) WHERE s.ssl`;
  const authorization = `Bearer ${readFileSync(join(cloud.dataDir, 'token'), 'utf8').trim()}`;
  let found = '';
  await until(
    'all of its connections, each of which ends after some seconds without work',
    async () => {
      for (const path of ['users', 'audit']) {
        const { status } = await fetch(`${cloud.url}/api/v1/${path}`, { headers: { authorization } });
        assert.equal(status, 200, path);
      }
      found = await postgres.sql(encrypted);
      return /skerry access,skerry audit,skerry cloud,skerry reports/.test(found);
    },
    60_000,
    () => found,
  );
});

test('skerry writer: a partition for which the schema has no number left waits alone, and the others are written', async () => {
  await writer[Symbol.asyncDispose]();
  await postgres.sql(`INSERT INTO skerry.sources(id, journal_id, label, epoch, owner, opened)
    SELECT i, 'gone ' || i, 'iot.gone/0', 1, 'test', now()
    FROM generate_series((SELECT max(id) + 1 FROM skerry.sources), 4093) i`);
  await using crowded = await aRole('writer', 'three', 'iot.crowded');
  const full = async () =>
    ((await crowded.reasons()) ?? []).filter(({ code }) => code === 'store-sources-full');
  await until('one partition waits', async () => (await full()).length === 1);
  const [{ detail } = { detail: '' }] = await full();
  assert.match(detail, /^iot\.crowded\/[012]: Cannot add the source .* begin a new schema/);
  const { pid } = crowded;
  const headers = { topic: 'mtic/msg/client/realtime/acme/plant/d1' };
  for (const partition of [0, 1, 2])
    await producer.send({ topic: 'iot.crowded', messages: [{ partition, value: '{"n":51}', headers }] });
  const written = async () => (await stored()).filter((value) => value === '51').length;
  await until('the two others are written', async () => (await written()) === 2);
  assert.equal((await full()).length, 1, 'it still waits');
  assert.equal(crowded.pid, pid, 'the process goes on');
});
