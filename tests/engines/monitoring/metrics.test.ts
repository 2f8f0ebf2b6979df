// Every role on real engines, watched by a real Prometheus: what docs/METRICS.md names is there, panels find rows, alerts arrive.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { until } from '../../e2e/condition.ts';
import { bringAbout, cloudToken, OUTSIDE } from './conditions.ts';
import { type Dashboard, dashboards, expanded } from './dashboards.ts';
import { openScene, ROOT, type Scene, type ToldAlert } from './scene.ts';

const TENANT = '1900000000000000001';
const PROJECT = '1900000000000000003';
const PREFIX = `mtic/msg/client/realtime/${TENANT}/${PROJECT}`;
const MESSAGES = 200;
const EXACT = '9007199254740993'; // no double is it
/** Conditions of docs/METRICS.md that hold here from the start. */
const GIVEN = new Set(['', 'where sinks are configured', 'where Redis is configured']);

let scene: Scene;

before(async () => {
  scene = await openScene();
  // what is counted before the first look has no rate
  await seen('up == 1', 4);
  await bringAbout(scene, { tenant: TENANT, project: PROJECT });
  for (const port of [scene.stack.mosquitto.port, scene.up.mqttPort]) {
    await using sender = await scene.publisher(port);
    for (let n = 0; n < MESSAGES; n++) {
      await sender.room();
      sender.publish(`${PREFIX}/agv-${n % 10}`, Buffer.from(JSON.stringify({ temperature: n, seq: n })));
    }
    sender.publish(`${PREFIX}/agv-0`, Buffer.from('{broken'));
    sender.publish(`${PREFIX}/agv-0`, Buffer.from(`{"turns":${EXACT}}`));
    await sender.drained();
  }
  await seen(`sum by (job) (iot_data_ingestion_total) > ${MESSAGES + 1}`, 2);
  assert.equal((await askCloud(`devices/${TENANT}/${PROJECT}/agv-0/latest`)).status, 200);
});

after(async () => {
  await scene?.[Symbol.asyncDispose]();
});

function askCloud(path: string): Promise<Response> {
  const authorization = `Bearer ${cloudToken(scene)}`;
  return fetch(`${scene.stack.cloud.url}/api/v1/${path}`, { headers: { authorization } });
}

/** Resolves when a query finds so many series. */
async function seen(query: string, count = 1): Promise<void> {
  let found = 0;
  await until(
    `${count} series of ${query}`,
    async () => {
      found = (await scene.query(query)).length;
      return found >= count;
    },
    60_000,
    () => found,
  );
}

interface Documented {
  readonly name: string;
  readonly type: string;
  readonly labels: readonly string[];
  readonly roles: readonly string[];
  readonly help: string;
  readonly when: string;
}

/** The rows of docs/METRICS.md. */
function documented(): Documented[] {
  return readFileSync(join(ROOT, 'docs/METRICS.md'), 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) => {
      const [name = '', type = '', labels = '', roles = '', help = '', when = ''] = line
        .split(/(?<!\\)\|/)
        .slice(1)
        .map((cell) => cell.trim().replaceAll('`', ''));
      const list = (text: string) => text.split(', ').filter((one) => one !== '');
      return { name, type, labels: list(labels), roles: list(roles), help, when };
    });
}

test('a real Prometheus finds every metric of docs/METRICS.md that is there from the start, at its roles', async () => {
  const metrics = documented();
  assert.ok(metrics.length > 100, `${metrics.length} metrics are documented`);
  for (const { name, type, roles, when } of metrics) {
    if (!GIVEN.has(when)) continue;
    const series = type === 'histogram' ? `${name}_bucket` : name;
    await seen(`count by (job) ({__name__="${series}",job=~"skerry-(${roles.join('|')})"})`, roles.length);
  }
});

/** Metrics whose type and help were compared with what the roles tell. */
const compared = new Set<string>();

async function compareWords(): Promise<void> {
  const response = await fetch(`${scene.prometheus.url}/api/v1/metadata`);
  const { data } = (await response.json()) as {
    readonly data: Readonly<Record<string, readonly { readonly type: string; readonly help: string }[]>>;
  }; // as Prometheus answers
  for (const { name, type, help } of documented()) {
    if (!data[name]) continue;
    compared.add(name);
    const words = data[name].map((one) => `${one.type}: ${one.help}`);
    assert.ok(
      words.includes(`${type}: ${help}`),
      `${name}: found ${words.join(' / ')}, wanted ${type}: ${help}`,
    );
  }
}

test('type and help of docs/METRICS.md are those that the roles tell', async () => {
  await compareWords();
  assert.ok(compared.size > 100, `${compared.size} of the metrics are told`);
});

test('devices are counted by tenant and phase, and told one by one only where that was asked for', async () => {
  await seen(`iot_device_count{job="skerry-cloud",tenant="${TENANT}",phase="fresh"} == 10`);
  await seen(`iot_device_count{job="skerry-up",tenant="${TENANT}",phase="fresh"} == 10`);
  await seen('iot_device_status{job="skerry-cloud",device_id=~"agv-."} == 1', 10);
  await seen('iot_device_status{job="skerry-up",status="fresh"} == 10');
  assert.deepEqual(await scene.query('iot_device_status{job="skerry-up",device_id!=""}'), []);
  assert.deepEqual(await scene.query('{__name__!="iot_device_status",device_id!=""}'), []);
});

test('each variable of a dashboard resolves, and every query of every panel finds rows', async () => {
  const faults: string[] = [];
  for (const dashboard of dashboards()) {
    // tests/engines/influx/dashboards.test.ts asks a real InfluxDB
    if (dashboard.uid.endsWith('-influxdb')) continue;
    const values = await resolved(dashboard);
    for (const panel of dashboard.panels) {
      const place = `${dashboard.title}, ${panel.title}`;
      if (!/\w+/.test(panel.fieldConfig.defaults.unit)) faults.push(`${place}: no unit`);
      if (!/.\.$/.test(panel.description)) faults.push(`${place}: no description`);
      for (const { expr, rawSql } of panel.targets) {
        const query = expanded(String(expr ?? rawSql), values);
        if (!(await hasRows(query, rawSql !== undefined))) faults.push(`${place}: no rows of ${query}`);
      }
    }
  }
  assert.deepEqual(faults, []);
});

test('the newest values of a device are shown as it sent them, also where a double would round them', async () => {
  const explorer = dashboards().find(({ title }) => title === 'Device explorer');
  const sql = explorer?.panels.find(({ title }) => title === 'Newest values')?.targets[0]?.rawSql;
  const device = { tenant: TENANT, project: PROJECT, device: 'agv-0' };
  const rows = await scene.stack.postgres.sql(expanded(String(sql), new Map(Object.entries(device))));
  assert.match(rows, new RegExp(`^turns\\|.*\\|${EXACT}\\|`, 'm'));
});

test('every question to Prometheus that a runbook gives is answered', async () => {
  const folder = join(ROOT, 'docs/runbooks');
  const pages = readdirSync(folder).map((name) => readFileSync(join(folder, name), 'utf8'));
  const texts = pages.flatMap((page) => [...page.matchAll(/`([^`]*\biot_[a-z_]+\b[^`]*)`/g)]);
  const questions = new Set(texts.map(([, text]) => String(text)));
  assert.ok(questions.size > 30, `${questions.size} questions`);
  const isSeries = ({ type, when }: Documented) => type !== 'histogram' && GIVEN.has(when);
  const always = new Set(documented().flatMap((one) => (isSeries(one) ? [one.name] : [])));
  for (const question of questions) {
    const found = await scene.query(question); // fails for what is none
    if (always.has(question)) assert.ok(found.length > 0, `no rows of ${question}`);
  }
});

/** A series without a number is no row. A rate is only known once a metric was read twice. */
async function hasRows(query: string, isSql: boolean): Promise<boolean> {
  if (isSql) return (await scene.stack.postgres.sql(query)) !== '';
  const look = async () => (await scene.query(query)).some(({ value }) => !Number.isNaN(value));
  return await until(query, look, 20_000).then(
    () => true,
    () => false,
  );
}

async function resolved({ title, templating }: Dashboard): Promise<Map<string, string>> {
  const values = new Map<string, string>();
  for (const { name, definition, datasource } of templating.list) {
    const isSql = datasource.uid === 'skerry-postgres';
    const found = isSql ? await ofSql(expanded(definition, values)) : await ofLabel(definition);
    assert.ok(found.length > 0, `${title}: ${name} has no values: ${definition}`);
    values.set(name, isSql ? String(found[0]) : '.*');
  }
  return values;
}

async function ofSql(query: string): Promise<string[]> {
  return (await scene.stack.postgres.sql(query)).split('\n').filter((one) => one !== '');
}

async function ofLabel(definition: string): Promise<string[]> {
  const [, metric = '', label = ''] = /^label_values\((\w+), (\w+)\)$/.exec(definition) ?? [];
  const url = `${scene.prometheus.url}/api/v1/label/${label}/values?match[]=${metric}`;
  const { data } = (await (await fetch(url)).json()) as { readonly data: readonly string[] }; // as Prometheus answers
  return [...data];
}

test('the dashboard that the earlier system had has its three panels', () => {
  const found = dashboards().find(({ title }) => title === 'IoT Platform Dashboard');
  const panel = (title: string) => found?.panels.find((one) => one.title === title);
  assert.equal(panel('Device Status')?.type, 'stat');
  assert.equal(panel('Device Status')?.targets[0]?.legendFormat, '{{device_id}}');
  assert.equal(panel('Data Ingestion Rate')?.targets[0]?.expr, 'rate(iot_data_ingestion_total[5m])');
  assert.equal(panel('Processing Latency')?.type, 'heatmap');
  assert.match(
    String(panel('Processing Latency')?.targets[0]?.expr),
    /iot_processing_latency_seconds_bucket/,
  );
});

/**
 * Waits until an alert is over, to which one slow answer was enough, and so is what the webhook was told of it. Gives how
 * much it was told by then.
 */
async function over(name: string): Promise<number> {
  await until(
    `the end of the alert ${name}`,
    async () => {
      const of = scene.told.filter(({ labels }) => labels.alertname === name);
      const last = new Map(of.map(({ labels, status }) => [JSON.stringify(labels), status]));
      const isTold = [...last.values()].every((status) => status === 'resolved');
      return isTold && (await scene.query(`ALERTS{alertname="${name}"}`)).length === 0;
    },
    60_000,
    () => JSON.stringify(scene.told),
  );
  return scene.told.length;
}

/** Waits until the webhook was told of an alert of a job, behind so much that it was told before. */
async function told(
  name: string,
  job: string,
  wanted: ToldAlert['status'],
  from: number,
): Promise<ToldAlert> {
  return await until(
    `the alert ${name} of ${job}, ${wanted}`,
    () =>
      scene.told
        .slice(from)
        .find(({ labels, status }) => labels.alertname === name && labels.job === job && status === wanted),
    60_000,
    () => JSON.stringify(scene.told.slice(from)),
  );
}

/** The page and the links of an alert that calls somebody. */
function assertCalls({ labels, annotations }: ToldAlert, name: string): void {
  assert.equal(annotations.runbook_url, `https://skerry.example/repository/docs/runbooks/${name}.md`);
  assert.equal(labels.repository, undefined, 'a label for links only');
  assert.equal(labels.severity, 'page');
}

test('when the last writer is killed its alert reaches a webhook, and a cloud tells what waits in Kafka and how long it is kept', async () => {
  const before = await over('SkerryTargetDown');
  await scene.stack.writers[0]?.kill();
  assertCalls(await told('SkerryTargetDown', 'skerry-writer', 'firing', before), 'SkerryTargetDown');
  await using sender = await scene.publisher(scene.stack.mosquitto.port);
  for (let n = 0; n < 10; n++)
    sender.publish(`${PREFIX}/agv-${n}`, Buffer.from(JSON.stringify({ temperature: n, seq: MESSAGES + n })));
  await sender.drained();
  await seen('sum(iot_site_lag_records{job="skerry-cloud"}) == 10');
  await seen('max(iot_site_lag_seconds{job="skerry-cloud"}) > 0');
  const kept = 3 * 86_400;
  await seen(`min(iot_site_retention_left_seconds{job="skerry-cloud"}) > ${kept - 600} <= ${kept}`);
  assert.deepEqual(await scene.query('iot_kafka_retention_left_seconds'), [], 'nobody else tells it');
});

test('the alert of a broker that is gone reaches a webhook, and its end does', async () => {
  const [name, job] = ['SkerryGatewayNotConnected', 'skerry-gateway'];
  const before = await over(name);
  await scene.stack.mosquitto.kill();
  assertCalls(await told(name, job, 'firing', before), name);
  await seen('iot_not_ready_reasons{job="skerry-gateway",code="source"} == 1');
  await scene.stack.mosquitto.restart();
  await told(name, job, 'resolved', before);
  // mosquitto 2.0.11 has the session still, and has forgotten that it had a share
  const count = 'sum(iot_subscriber_received_total{job="skerry-gateway"})';
  const had = (await scene.query(count))[0]?.value ?? 0;
  await using sender = await scene.publisher(scene.stack.mosquitto.port);
  for (let n = 0; n < 5; n++) sender.publish(`${PREFIX}/agv-0`, Buffer.from('{"temperature":1}'));
  await sender.drained();
  await seen(`${count} >= ${had + 5}`);
});

test('a cloud whose PostgreSQL is away is read all the same, says so, and lets the alert of its answers reach a webhook', async () => {
  const { postgres } = scene.stack;
  await postgres.kill();
  const isTold = () =>
    scene.told.some(({ labels, status }) => labels.alertname === 'SkerryHttpErrors' && status === 'firing');
  await until('the alert SkerryHttpErrors', async () => {
    const { status } = await askCloud('devices');
    assert.equal(status, 503);
    return isTold();
  });
  await seen('iot_not_ready_reasons{job="skerry-cloud",code=~"store-.+"} == 1');
  await seen('iot_process_uptime_seconds{job="skerry-cloud"}');
  await seen('iot_build_info{job="skerry-cloud"} unless on () iot_pipeline_devices{job="skerry-cloud"}');
  await postgres.restart();
  await seen('iot_pipeline_devices{job="skerry-cloud"} == 10');
  await seen('iot_ready{job="skerry-cloud"} == 1');
  assert.equal((await askCloud('devices')).status, 200);
});

/** Every series that Prometheus has had from a role, whether it is there still or not. */
async function everySeries(): Promise<readonly Readonly<Record<string, string>>[]> {
  const match = encodeURIComponent('{job=~"skerry-.+",__name__!~"up|scrape_.+|ALERTS.*"}');
  const answer = await fetch(`${scene.prometheus.url}/api/v1/series?match[]=${match}`);
  return ((await answer.json()) as { readonly data: readonly Readonly<Record<string, string>>[] }).data; // as Prometheus answers
}

test('by the end each metric came up at each of its roles, but for those that are named with the reason, and no other did', async () => {
  await compareWords();
  const metrics = documented();
  const known = new Map(metrics.map((one) => [one.name, one]));
  const faults = new Set<string>();
  const found = new Set<string>();
  for (const { __name__: series = '', job = '', instance, le, ...labels } of await everySeries()) {
    const one = known.get(series) ?? known.get(series.replace(/_(bucket|sum|count)$/, ''));
    const role = job.replace('skerry-', '');
    if (!one) faults.add(`${series} is not documented`);
    else if (!one.roles.includes(role)) faults.add(`${series} is at ${job}, too`);
    else
      for (const label of Object.keys(labels))
        if (!one.labels.includes(label)) faults.add(`${series} has the label ${label}`);
    if (one) found.add(`${one.name} at ${role}`);
    assert.ok(instance);
    assert.equal(le !== undefined, series.endsWith('_bucket'), series);
  }
  assert.deepEqual([...faults], []);
  const wanted = metrics.flatMap(({ name, roles }) => roles.map((role) => `${name} at ${role}`));
  const outside = OUTSIDE.flatMap(({ name, roles }) => roles.map((role) => `${name} at ${role}`));
  assert.deepEqual(
    outside.filter((one) => !wanted.includes(one)),
    [],
    'what is left out is documented',
  );
  assert.deepEqual(
    wanted.filter((one) => !found.has(one) && !outside.includes(one)),
    [],
  );
  const names = new Set([...found].map((one) => one.replace(/ at .*/, '')));
  assert.deepEqual([...names.difference(compared)], [], 'their words were compared');
});
