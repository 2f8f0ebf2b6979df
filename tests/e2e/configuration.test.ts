import assert from 'node:assert/strict';
import { existsSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { memoryFolder, ServerProcess } from '@skerry/testkit';
import { until } from './condition.ts';
import { assertServes, pointsOf } from './proof.ts';
import { skerry } from './skerry-line.ts';

const folder = memoryFolder('configuration');

after(() => folder[Symbol.dispose]());

function aFile(name: string, text: string): string {
  const path = join(folder.path, name);
  writeFileSync(path, text);
  return path;
}

test('config check names every fault of file, environment and flags at once, each with its path', async () => {
  const config = aFile(
    'faulty.yaml',
    ['http:', '  prot: 8080', 'mqtt:', '  port: many', 'demo: perhaps', 'series:', '  rawDays: 0', ''].join(
      '\n',
    ),
  );
  const { code, err } = await skerry(['config', 'check', '--config', config, '--journal-bytes-max', 'lots'], {
    env: { SKERRY_MQTT_PROT: '1883', SKERRY_LOG_LEVEL: 'loud' },
  });
  assert.equal(code, 3);
  assert.match(err, /7 faults/);
  assert.match(err, /- http\.prot: unknown key; did you mean port\?/);
  assert.match(err, /- mqtt\.port: found "many", wanted a whole number from 0 to 65535/);
  assert.match(err, /- demo: found "perhaps", wanted a boolean/);
  assert.match(err, /- series\.rawDays: found 0, wanted a whole number from 1/);
  assert.match(err, /- SKERRY_MQTT_PROT: unknown variable; did you mean SKERRY_MQTT_PORT\?/);
  assert.match(err, /- log\.level: found "loud", wanted one of error, warn, info, debug/);
  assert.match(err, /- journal\.bytesMax: found "lots" from --journal-bytes-max, wanted a whole number/);
  assert.match(err, /\[config-invalid\]/);
});

test('up refuses a faulty configuration with exit code 3 and starts nothing', async () => {
  const dataDir = join(folder.path, 'never');
  const said = await skerry('up --http-host 0.0.0.0 --mqtt-host 192.168.1.1', { dataDir });
  assert.equal(said.code, 3);
  assert.match(said.err, /http\.host: found "0\.0\.0\.0", wanted http\.tls.* or a loopback address/);
  assert.match(said.err, /mqtt\.host: found "192\.168\.1\.1", wanted mqtt\.tls.* or a loopback address/);
  assert.equal(existsSync(dataDir), false);
  const broken = aFile('broken.yaml', 'http: {port: 1\n');
  assert.equal((await skerry(`up --config ${broken}`, { dataDir })).code, 3);
  const template = await skerry('up --http-port 0 --mqtt-port 0 --routing-telemetry iot/{tenantId}', {
    dataDir,
  });
  assert.equal(template.code, 3, template.err);
  assert.match(template.err, /routing\.telemetry\.0: .*\{projectId\} is missing/);
});

test('a configuration file that cannot be read ends with 3 and its name', async () => {
  const { code, err } = await skerry('config check --config /nonexistent/skerry.yaml');
  assert.equal(code, 3);
  assert.match(err, /\/nonexistent\/skerry\.yaml.*\[config-unreadable\]/);
});

test('flags are stronger than the environment, that than the file, that than the defaults', async () => {
  const config = aFile(
    'order.yaml',
    'http: {port: 1001}\nmqtt: {port: 1002, connectionsMax: 7}\nlog: {level: warn}\n',
  );
  const { code, out, err } = await skerry(
    ['config', 'print', '-o', 'json', '--config', config, '--http-port', '3001'],
    { env: { SKERRY_HTTP_PORT: '2001', SKERRY_MQTT_PORT: '2002' } },
  );
  assert.equal(code, 0, err);
  const { http, mqtt, log, series } = JSON.parse(out);
  assert.deepEqual(
    [http.port, mqtt.port, mqtt.connectionsMax, log.level, series.rawDays],
    [3001, 2002, 7, 'warn', 3],
  );
});

test('up with port 0 picks free ports and prints them, keeps its secret to its user, and ends well on SIGTERM', async () => {
  const dataDir = join(folder.path, 'free');
  const { code, out, err } = await skerry('up --http-port 0 --mqtt-port 0 --no-demo', {
    dataDir,
    stopWhen: (text) => text.includes('mosquitto_pub'),
  });
  assert.equal(code, 0, err);
  const http = Number(/http:\/\/127\.0\.0\.1:(\d+)\//.exec(out)?.[1]);
  const mqtt = Number(/mqtt:\/\/127\.0\.0\.1:(\d+)/.exec(out)?.[1]);
  assert.ok(http > 1023 && mqtt > 1023 && http !== mqtt, out);
  const modes = readdirSync(dataDir, { recursive: true, encoding: 'utf8' }).map((name) => {
    const stat = statSync(join(dataDir, name));
    return `${stat.isDirectory() ? 'folder' : 'file'} ${(stat.mode & 0o777).toString(8)}`;
  });
  assert.deepEqual([...new Set(modes)].sort(), ['file 600', 'folder 700']);
  assert.ok(modes.length > 5 && existsSync(join(dataDir, 'token')), modes.join());
  assert.equal(existsSync(join(dataDir, 'run.json')), false, 'it no longer says that it runs');
  assert.equal(existsSync(join(dataDir, 'crashes.jsonl')), false, 'an end that was asked for is no crash');
});

test('a port in use ends up with 8 and the key that changes it', async () => {
  await using busy = createServer().listen({ host: '127.0.0.1', port: 0 });
  await until('the listener', () => busy.listening);
  const { port } = busy.address() as { port: number };
  const dataDir = join(folder.path, 'busy');
  const mqtt = await skerry(`up --no-demo --http-port 0 --mqtt-port ${port}`, { dataDir });
  assert.equal(mqtt.code, 8, mqtt.err);
  assert.match(mqtt.err, new RegExp(`${port}.*mqtt\\.port.*\\[port-in-use\\]`, 's'));
  const http = await skerry(`up --no-demo --mqtt-port 0 --http-port ${port}`, { dataDir });
  assert.equal(http.code, 8, http.err);
  assert.match(http.err, new RegExp(`${port}.*http\\.port.*\\[port-in-use\\]`, 's'));
});

test('a second instance on the folder is refused with 4, by another path too, and the first goes on', async () => {
  const dataDir = join(folder.path, 'shared');
  await using first = await ServerProcess.start({ dataDir });
  const around = join(folder.path, 'free', '..', 'shared');
  for (const path of [dataDir, around]) {
    const second = await skerry('up --no-demo --http-port 0 --mqtt-port 0', { dataDir: path });
    assert.equal(second.code, 4, second.err);
    assert.match(
      second.err,
      /Another instance works on the data folder .*process \d+.*\[data-folder-in-use\]/,
    );
  }
  await assertServes(first);
});

test('the demo publishes over MQTT from the first start on, at most 20 messages a second by their own time', async () => {
  const dataDir = join(folder.path, 'demo');
  await using server = await ServerProcess.start({ dataDir, env: { SKERRY_DEMO: 'true' } });
  const device = 'turbine-01';
  const series = { tenant: 'demo', project: 'wind-farm', device, metric: 'power' };
  const points = await until('five messages of a turbine', async () => {
    const found = await pointsOf(server, series).catch(() => []); // nobody has sent yet
    return found.length >= 5 ? found : undefined;
  });
  const { items } = (await server.get('/api/v1/devices?tenant=demo&limit=1000')) as { items: unknown[] };
  const secs = (Date.parse(String(points.at(-1)?.time)) - Date.parse(String(points[0]?.time))) / 1_000;
  const perSec = (items.length * (points.length - 1)) / secs;
  assert.ok(perSec > 1 && perSec <= 20, `${items.length} devices, ${points.length} points in ${secs} s`);
});
