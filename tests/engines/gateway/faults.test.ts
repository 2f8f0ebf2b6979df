// What happens to `skerry gateway` while Kafka or the MQTT broker are gone, refuse, forget or talk nonsense.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type Engine, freePorts, type Kafka, startKafka, startMosquitto } from '@skerry/testkit/engines';
import { allOwned } from '@skerry/testkit/stack';
import { until } from '../../e2e/condition.ts';
import { GatewayProcess } from './gateway-process.ts';
import { assertHeld, readTopic, untilHeld } from './kafka-truth.ts';
import { acked, aLoad, BUSY, publishAll, siteOf } from './scene.ts';

/** Of the Debian package: rules for subscriptions, which an ACL file has not. */
const PLUGIN = '/usr/lib/x86_64-linux-gnu/mosquitto_dynamic_security.so';

let kafka: Kafka;
let mosquitto: Engine;

// what has started is ended when something else has not
const engines = new AsyncDisposableStack();

before(async () => {
  [kafka, mosquitto] = await allOwned<[Kafka, Engine]>(engines, [
    startKafka(),
    startMosquitto({ lines: BUSY }),
  ]);
});

after(() => engines.disposeAsync());

test('skerry gateway: while Kafka is gone devices go on, /ready says why, the connection lives, and everything is there after', async () => {
  const topic = 'outage';
  const config = siteOf(mosquitto, kafka, { kafka: { topic }, gateway: { group: topic } });
  await using gateway = await GatewayProcess.ready({ config });
  const count = 10_000;
  using load = aLoad(mosquitto.port, { count, rate: 4_000 });
  load.start();
  await acked(load, 2_000);
  load.isPaused = true; // a kill may take its time
  await kafka.kill();
  load.isPaused = false;
  await gateway.tells(/^kafka-unreachable/); // at once or behind what was under way
  await acked(load, count); // and none of it can be in Kafka
  await until(
    'all to be taken in',
    async () => (await gateway.metric('iot_subscriber_acked_total')) === count,
  );
  assert.ok(Number(await gateway.metric('iot_kafka_uplink_lag_records')) > 4_000);
  assert.equal(await gateway.metric('iot_subscriber_reconnects_total'), 0);
  await gateway.killChild(); // what it holds is on disk
  await kafka.restart();
  await gateway.isReady();
  assertHeld(await untilHeld(kafka, topic, count), { count, devices: 20, redelivered: 0 });
});

test('skerry gateway: a broker that ends and saves, and one that forgets its sessions, are told; nothing saved is lost', async () => {
  const topic = 'broker';
  const config = siteOf(mosquitto, kafka, { kafka: { topic }, gateway: { group: topic } });
  await using gateway = await GatewayProcess.ready({ config });
  await publishAll(mosquitto.port, 2_000);
  await gateway.stop();
  await publishAll(mosquitto.port, 3_000, { epoch: 2, project: 'p2' });
  await mosquitto.stop(); // an orderly end saves what is queued
  gateway.restart();
  await gateway.tells(/^source: plant: .*(connect|ECONNREFUSED)/i);
  await mosquitto.restart();
  await gateway.isReady();
  const records = await untilHeld(kafka, topic, 5_000);
  assertHeld(records, { count: 5_000, devices: 40, redelivered: 1_000 });
  await mosquitto.kill();
  // its file is that of the last orderly end: without it the sessions are forgotten
  writeFileSync(join(mosquitto.folder, 'mosquitto.db'), '');
  await mosquitto.restart().catch(async () => {
    await mosquitto.kill();
    throw new TypeError(`mosquitto does not start without its file:\n${mosquitto.log}`);
  });
  await until(
    'the loss to be counted',
    async () => (await gateway.metric('iot_subscriber_sessions_lost_total')) === 1,
  );
  await gateway.isReady();
  assert.match(gateway.stderr, /ERROR The broker has forgotten the session of "broker-plant-single"/);
  await publishAll(mosquitto.port, 100, { epoch: 3, project: 'p3' });
  await untilHeld(kafka, topic, 5_100);
});

test('skerry gateway: a message that is too large is kept cut as a dead letter, and one that Kafka refuses goes to iot.dead-letters', async () => {
  const topic = 'large';
  const config = {
    ...siteOf(mosquitto, kafka, { kafka: { topic }, gateway: { group: topic } }),
    mqtt: { packetBytesMax: 20_000 },
  };
  await using gateway = await GatewayProcess.ready({ config });
  await publishAll(mosquitto.port, 10, {
    shape: { kind: 'marks', metrics: 2, payloadBytes: 50_000 },
    devices: 4,
  });
  await publishAll(mosquitto.port, 10, { devices: 4, project: 'small' });
  const records = await untilHeld(kafka, topic, 20);
  const cut = records.filter(({ headers }) => headers.get('kind') === 'misrouted');
  assert.equal(cut.length, 10);
  assert.ok(cut.every(({ headers }) => Number(headers.get('user.skerry-oversize-bytes')) > 50_000));
  assert.equal(await gateway.metric('iot_subscriber_oversize_total'), 10);
  await gateway.stop();
  // a project whose Kafka topic would have a name that Kafka does not take
  const other = { kafka: { layout: 'project' }, gateway: { group: 'odd' } };
  await using second = await GatewayProcess.ready({ config: siteOf(mosquitto, kafka, other) });
  await publishAll(mosquitto.port, 5, { tenant: 't t', devices: 4 });
  await publishAll(mosquitto.port, 5, { tenant: 't', devices: 4 });
  await untilHeld(kafka, 'iot.t.1900000000000000003', 5);
  const dead = await readTopic(kafka, 'iot.dead-letters');
  assert.equal(dead.length, 5);
  assert.ok(dead.every(({ value }) => value.includes('"seq"')));
  assert.ok(second.isAlive);
});

test('skerry gateway, loss point 7: a refused subscription is told on /ready and by metric until the broker allows it', async () => {
  await using strict = await startMosquitto({ lines: BUSY });
  const rights = join(strict.folder, 'rights.json');
  const allow = (isAllowed: boolean): void => {
    const defaultACLAccess = {
      publishClientSend: true,
      publishClientReceive: true,
      subscribe: isAllowed,
      unsubscribe: true,
    };
    writeFileSync(rights, JSON.stringify({ defaultACLAccess, clients: [], groups: [], roles: [] }));
  };
  allow(false);
  const path = join(strict.folder, 'mosquitto.conf');
  const plugin = `plugin ${PLUGIN}\nplugin_opt_config_file ${rights}\n`;
  writeFileSync(path, readFileSync(path, 'utf8') + plugin);
  await strict.restart();
  const config = siteOf(strict, kafka, { kafka: { topic: 'rights' }, gateway: { group: 'rights' } });
  await using gateway = await GatewayProcess.start({ config });
  assert.match(await gateway.tells(/^source: plant: .*refuses/), /"mtic\/msg\/client\/realtime\/#"/);
  assert.equal(await gateway.metric('iot_subscriber_refused_filters'), 1);
  await strict.stop();
  allow(true);
  await strict.restart();
  await gateway.isReady();
  assert.equal(await gateway.metric('iot_subscriber_refused_filters'), 0);
  await publishAll(strict.port, 10, { devices: 4 });
  await untilHeld(kafka, 'rights', 10);
});

test('skerry gateway: a broker that answers garbage is left, told, and tried again', async () => {
  const [port = 0] = await freePorts(1);
  let connections = 0;
  const server = createServer((socket) => {
    connections++;
    socket.on('error', () => socket.destroy());
    socket.write(Buffer.from([0xff, 0x00, 0x13, 0x37, ...new Array<number>(64).fill(0xee)]));
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  await using gateway = await GatewayProcess.start({
    config: siteOf({ port }, kafka, { kafka: { topic: 'garbage' }, gateway: { group: 'garbage' } }),
  });
  await gateway.tells(/^source: plant: /);
  await until('three tries', () => connections >= 3);
  assert.ok(gateway.isAlive);
  assert.doesNotMatch(gateway.stderr, /starting it again/);
  server.close();
});
