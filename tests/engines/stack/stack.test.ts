// The whole data plane in roles, on a real mosquitto, Kafka and PostgreSQL: one gateway and one writer are killed under load.
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { nodeClock, nodeNet, nodeRandom } from '@skerry/kernel/node';
import { openPublisher, type Publisher } from '@skerry/mqtt';
import type { Postgres } from '@skerry/testkit/engines';
import {
  chosenRecordings,
  type Monitors,
  readRecordings,
  type Stack,
  type StackRole,
  showRecordings,
  startStack,
  valueLine,
  watchStack,
} from '@skerry/testkit/stack';

const DEVICES = 50;
const ROUNDS = 120;
/** Time that the recordings take on their way into the broker; the killing is theirs. */
const SHOW_SECS = 8;
const OF_DEVICES = `metric = 'value' AND device LIKE 'agv-%'`;
const PREFIX = 'mtic/msg/client/realtime/1900000000000000001/1900000000000000003';

let folder: string;
let stack: Stack;
let monitors: Monitors;
const recordings = readRecordings(chosenRecordings());
const rows = recordings.reduce((sum, one) => sum + one.rows, 0);

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'skerry-stack-test-'));
  // the least that Kafka takes: a writer that is killed is missed no longer
  const config = { writer: { sessionMs: 6_000 } };
  stack = await startStack({ folder, prepare: makeUsers, config });
  monitors = await watchStack(stack);
});

after(async () => {
  await monitors?.[Symbol.asyncDispose]();
  await stack?.[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

/** Makes the users of deploy/compose, of whom none is a superuser; everybody is trusted here. */
async function makeUsers(postgres: Postgres): Promise<Record<StackRole, string>> {
  const script = readFileSync(new URL('../../../deploy/compose/database.sql', import.meta.url), 'utf8');
  // psql reads passwords from files there
  const sql = script.replaceAll(/^\\set .*$/gm, '').replaceAll(/:'(\w+)_password'/g, "'$1'");
  await postgres.sql(sql);
  const as = (user: string) => postgres.url().replace('skerry@', `${user}@`);
  return { gateway: as('gateway'), writer: as('store'), cloud: as('cloud') };
}

/** Resolves when the question has the answer; the clock of the suite bounds it. */
async function until(what: string, isTrue: () => Promise<boolean>): Promise<void> {
  const clock = nodeClock();
  for (let tries = 0; tries < 1_200; tries++) {
    if (await isTrue().catch(() => false)) return;
    await clock.sleep(50);
  }
  throw new TypeError(`It did not come about: ${what}.`);
}

function publisher(): Promise<Publisher> {
  const address = { host: '127.0.0.1', port: stack.mosquitto.port };
  return openPublisher(
    { address, clientId: 'park' },
    { clock: nodeClock(), random: nodeRandom(), net: nodeNet() },
  );
}

/** Asks the cloud as whoever may read its data folder. */
async function answerOf(path: string, init: RequestInit = {}): Promise<Response> {
  const token = readFileSync(join(stack.cloud.dataDir, 'token'), 'utf8').trim();
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json', ...init.headers };
  const response = await fetch(`${stack.cloud.url}${path}`, { ...init, headers });
  assert.equal(response.status, 200, `${path}: ${response.status}`);
  return response;
}

async function ask(path: string, init: RequestInit = {}): Promise<unknown> {
  return await (await answerOf(path, init)).json();
}

/** Sends what the devices say, a round at a time, and one message that cannot be decoded. */
async function sendRounds(): Promise<void> {
  await using sender = await publisher();
  for (let round = 0; round < ROUNDS; round++) {
    for (let device = 0; device < DEVICES; device++) {
      await sender.room();
      const value = round * DEVICES + device;
      sender.publish(`${PREFIX}/agv-${device}`, Buffer.from(JSON.stringify({ value, seq: round })));
    }
    await nodeClock().sleep((SHOW_SECS * 1_000) / ROUNDS);
  }
  await sender.room();
  sender.publish(`${PREFIX}/agv-0`, Buffer.from('{broken'));
  await sender.drained();
}

test('recordings and every message of every device are stored once, over the death of a gateway and of a writer', async () => {
  const ready = async () =>
    (await Promise.all([...stack.gateways, ...stack.writers, stack.cloud].map((one) => one.reasons()))).every(
      (reasons) => reasons?.length === 0,
    );
  await until('all roles are ready', ready);
  const said: string[] = [];
  const [shown] = await Promise.all([
    showRecordings(stack, {
      recordings,
      secs: SHOW_SECS,
      say: (line) => said.push(line),
    }),
    sendRounds(),
  ]);
  assert.deepEqual(shown.faults, []);
  assert.match(
    said.join('\n'),
    /gateway \d is killed .+: gateway 1: [1-9]\d*, gateway 2: [1-9][\s\S]+writer \d is killed .+: writer 1: [1-9]\d*, writer 2: [1-9]/,
  );
  const sent = DEVICES * ROUNDS;
  const count = (question: string) => stack.postgres.sql(question);
  await until(
    `${sent} values are stored`,
    async () => Number(await count(`SELECT count(*) FROM skerry.telemetry WHERE ${OF_DEVICES}`)) >= sent,
  );
  const [stored, distinct, sum] = (
    await count(
      `SELECT count(*), count(DISTINCT (device, value)), sum(value) FROM skerry.telemetry WHERE ${OF_DEVICES}`,
    )
  ).split('|');
  assert.deepEqual([stored, distinct, Number(sum)], [String(sent), String(sent), (sent * (sent - 1)) / 2]);
  await until(
    'the dead letter is there',
    async () => (await count('SELECT count(*) FROM skerry.dead_letters')) === '1',
  );
});

test('the cloud shows what the writers stored, and its ledger balances', async () => {
  const devices = (await ask('/api/v1/devices?limit=1')) as { readonly total: number };
  assert.equal(devices.total, DEVICES + recordings.flatMap((one) => one.devices).length);
  const ledger = (await ask('/api/v1/ledger')) as {
    readonly balanced: boolean;
    readonly totals: Readonly<Record<string, number>>;
    readonly imbalances: readonly string[];
  };
  assert.deepEqual(ledger.imbalances, []);
  const { stored = 0, deadLettered = 0, deduplicated = 0, received = 0 } = ledger.totals;
  assert.deepEqual([stored, deadLettered], [DEVICES * ROUNDS + rows, 1]);
  assert.equal(received, stored + deadLettered + deduplicated);
  const page = await fetch(`${stack.cloud.url}/`);
  assert.match(await page.text(), /<title>Skerry/);
});

test('the page Pipeline has every role ready, an owner and no lag for each partition, and what the brokers granted', async () => {
  const pipeline = async <T>(what: string) =>
    ((await ask(`/api/v1/pipeline/${what}`)) as { readonly items: readonly T[] }).items; // as the API describes it
  await until('every role has told that it is ready', async () => {
    const roles = await pipeline<{ role: string; state: string }>('roles');
    const ready = roles.filter(({ state }) => state === 'ready').map(({ role }) => role);
    return ready.sort().join() === 'cloud,gateway,gateway,writer,writer';
  });
  // partitions are shared out anew when a writer has come back
  await until('each partition has an owner that is ready, and nothing waits', async () => {
    const partitions = await pipeline<{ topic: string; owner: { state: string } | null; lagRecords: number }>(
      'partitions',
    );
    const telemetry = partitions.filter(({ topic }) => topic === 'iot.telemetry');
    const told = telemetry.map(({ owner, lagRecords }) => `${owner?.state} ${lagRecords}`);
    return told.join() === Array.from({ length: 6 }, () => 'ready 0').join();
  });
  const [source] = await pipeline<{ state: string; gateways: { filters: { state: string }[] }[] }>('sources');
  assert.equal(source?.state, 'good');
  const granted = source.gateways.map(({ filters }) => filters.every(({ state }) => state === 'granted'));
  assert.deepEqual(granted, [true, true]);
  const sinks = await pipeline<{ kind: string; state: string; isPrimary: boolean }>('sinks');
  assert.deepEqual(
    sinks.map(({ kind, state, isPrimary }) => [kind, state, isPrimary]),
    [['postgresql', 'good', true]],
  );
});

test('the API of the cloud has each value of a recording as it stands in the file', async () => {
  const [recording] = recordings;
  assert.ok(recording);
  const wanted = new Map(recording.devices.map((device) => [device, [] as string[]]));
  let metric = '';
  for (const line of recording.values) {
    const [, , device = '', name = ''] = line.split(' ');
    metric ||= name;
    if (name === metric) wanted.get(device)?.push(line);
  }
  for (const [device, lines] of wanted) {
    const place = `tenant=recordings&project=park&device=${device}&metric=${metric}`;
    const answer = await answerOf(`/api/v1/telemetry?${place}&from=2000-01-01T00:00:00Z&format=ndjson`);
    const points = (await answer.text()).trimEnd().split('\n');
    const found = points.map((text) => {
      const { time, value } = JSON.parse(text) as { readonly time: string; readonly value: number };
      return valueLine(Date.parse(time), value, device, metric);
    });
    assert.deepEqual(found.sort(), lines.sort(), device);
  }
});

test('Prometheus reads every role, and knows Alertmanager', async () => {
  const asked = async (path: string) =>
    ((await (await fetch(`${monitors.prometheus.url}/api/v1/${path}`)).json()) as { readonly data: unknown })
      .data; // as it documents
  await until('each target is up', async () => {
    const { activeTargets } = (await asked('targets')) as {
      readonly activeTargets: readonly {
        readonly labels: { readonly job: string };
        readonly health: string;
      }[];
    };
    const up = activeTargets.filter(({ health }) => health === 'up').map(({ labels }) => labels.job);
    return up.sort().join() === 'skerry-cloud,skerry-gateway,skerry-gateway,skerry-writer,skerry-writer';
  });
  const { activeAlertmanagers } = (await asked('alertmanagers')) as {
    readonly activeAlertmanagers: readonly { readonly url: string }[];
  };
  assert.match(String(activeAlertmanagers[0]?.url), new RegExp(`:${monitors.alertmanager.port}/`));
});

test('writers connect as an owner with no further rights, gateways and the cloud as users with a role of their own; Grafana reads what its dashboards ask and nothing of access', async () => {
  const owner = await stack.postgres.sql(
    `SELECT schemaowner, rolsuper, rolcreaterole, rolcreatedb, rolbypassrls FROM
       (SELECT nspowner::regrole::text AS schemaowner FROM pg_namespace WHERE nspname = 'skerry') AS owner
       JOIN pg_roles ON rolname = schemaowner`,
  );
  assert.equal(owner, 'store|f|f|f|f');
  const users = await stack.postgres.sql(
    `SELECT string_agg(DISTINCT usename, ' ') FROM pg_stat_activity WHERE application_name LIKE 'skerry %'`,
  );
  assert.equal(users, 'cloud gateway store');
  const folder = new URL('../../../deploy/grafana/dashboards/', import.meta.url);
  const dashboards = readdirSync(folder).map((name) => readFileSync(new URL(name, folder), 'utf8'));
  const asked = new Set(
    [...dashboards.join('\n').matchAll(/\bskerry\.(\w+)\b/g)].map(([, name]) => String(name)),
  );
  assert.ok(asked.has('accounts') && asked.has('telemetry'), [...asked].join());
  const asGrafana = (text: string) => stack.postgres.sql(`SET ROLE dashboards; ${text}`);
  for (const table of asked)
    assert.notEqual(await asGrafana(`SELECT count(*) FROM skerry.${table}`), '0', table);
  const tables = (
    await stack.postgres.sql(
      `SELECT tablename FROM pg_tables WHERE schemaname = 'skerry' AND tablename ~ '^(access|audit)'`,
    )
  ).split('\n');
  assert.ok(tables.length > 1, tables.join());
  for (const table of tables)
    await assert.rejects(asGrafana(`SELECT count(*) FROM skerry.${table}`), /permission denied/, table);
  await assert.rejects(asGrafana('DELETE FROM skerry.sources'), /permission denied/);
  await assert.rejects(asGrafana('CREATE TABLE skerry.x(y int)'), /permission denied/);
});

test('telemetry over HTTP goes the same way', async () => {
  await ask('/api/v1/telemetry/acme/plant/pump-1', { method: 'POST', body: '{"flow":7.5}' });
  await until(
    'the point is stored',
    async () =>
      (await stack.postgres.sql(`SELECT value FROM skerry.telemetry WHERE device = 'pump-1'`)) === '7.5',
  );
});
