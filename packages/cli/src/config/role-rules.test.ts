import assert from 'node:assert/strict';
import { mkdtempDisposableSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { withoutSecrets } from './hidden-secrets.ts';
import { loadConfig } from './load.ts';
import { roleFaults, upFaults } from './role-rules.ts';

function loaded(text: string, environment: Record<string, string> = {}) {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'skerry-roles-'));
  const file = join(folder.path, 'skerry.yaml');
  writeFileSync(file, text);
  return loadConfig({ file, environment: { XDG_DATA_HOME: '/tmp/x', ...environment }, flags: {} });
}

test('a source has what it leaves out from the schema, and its faults carry their place', () => {
  const { config } = loaded('sources: [{ name: park, url: "mqtts://broker.example:8883" }]');
  assert.deepEqual(config.sources, [
    {
      name: 'park',
      url: 'mqtts://broker.example:8883',
      protocol: '5',
      topics: ['mtic/msg/client/realtime/#'],
      qos: 1,
      share: '',
      username: '',
      passwordFile: '',
      caFile: '',
      certFile: '',
      keyFile: '',
      receiveMaximum: 1_000,
      sessionExpirySecs: 259_200,
    },
  ]);
  assert.throws(
    () => loaded('sources: [{ url: "http://x", qos: 3, topic: a }]'),
    /sources\.0\.url: found "http:\/\/x"[\s\S]*sources\.0\.qos: found 3, wanted a whole number from 0 to 2/,
  );
  assert.throws(
    () => loaded('sources: [{ topic: a }]'),
    /sources\.0\.topic: unknown key; did you mean topics\?/,
  );
});

test('sources can be given as JSON in the environment, and what is no JSON is told', () => {
  const { config, origins } = loaded('', { SKERRY_SOURCES: '[{"url":"mqtt://h:1","qos":2}]' });
  assert.deepEqual([config.sources[0]?.url, config.sources[0]?.qos], ['mqtt://h:1', 2]);
  assert.equal(origins.sources, 'SKERRY_SOURCES');
  assert.throws(() => loaded('', { SKERRY_SOURCES: 'mqtt://h' }), /sources: found "mqtt:\/\/h"/);
});

test('names of an earlier bridge and of common deployments are read, and are the weakest', () => {
  const environment = {
    MQTT_BROKER: 'tcp://mq:1883',
    MQTT_TOPIC: 'a/#, b/+',
    MQTT_CLIENT_ID: 'bridge-1',
    KAFKA_BROKERS: 'k1:9092,k2:9092',
    KAFKA_TOPIC: 'iot-messages',
    DB_HOST: 'db',
    LOG_LEVEL: 'WARNING',
  };
  const { config, origins } = loaded('', environment);
  assert.deepEqual(
    config.sources.map(({ url, topics }) => ({ url, topics })),
    [{ url: 'mqtt://mq:1883', topics: ['a/#', 'b/+'] }],
  );
  assert.deepEqual(config.kafka.brokers, ['k1:9092', 'k2:9092']);
  assert.deepEqual([config.kafka.topic, config.gateway.group], ['iot-messages', 'bridge-1']);
  assert.deepEqual([config.postgres.url, config.log.level], ['postgres://db:5432/iot_data', 'warn']);
  assert.deepEqual([origins.sources, origins['postgres.url']], ['MQTT_BROKER, MQTT_TOPIC', 'DB_HOST']);
  const stronger = loaded('kafka: { topic: own }', { ...environment, SKERRY_KAFKA_BROKERS: 'k9:1' });
  assert.deepEqual([stronger.config.kafka.topic, stronger.config.kafka.brokers], ['own', ['k9:1']]);
  const odd = loaded('', { LOG_LEVEL: 'verbose', DATABASE_URL: 'mysql://h/b' });
  assert.deepEqual([odd.config.log.level, odd.config.postgres.url], ['info', '']);
});

test('a role tells all it misses and what contradicts itself', () => {
  const { config } = loaded('gateway: { buffer: none }\nkafka: { minInSync: 2 }');
  const words = roleFaults('gateway', config).join('\n');
  assert.match(words, /sources: found none/);
  assert.match(words, /gateway\.ordinal: found -1 and no postgres\.url/);
  assert.match(words, /gateway\.buffer: found none with kafka\.replication 1 and kafka\.minInSync 2/);
  assert.match(words, /kafka\.minInSync: found 2 with kafka\.replication 1/);
  assert.match(words, /kafka\.brokers: found none/);
  assert.deepEqual(roleFaults('writer', config).length, 3);
  const whole = loaded(
    'sources: [{}]\ngateway: { ordinal: 0 }\nkafka: { brokers: ["k:1"] }\npostgres: { url: "postgres://u@h/b" }',
  ).config;
  for (const role of ['gateway', 'writer', 'cloud'] as const) assert.deepEqual(roleFaults(role, whole), []);
});

test('gateways with numbers of their own agree by PostgreSQL or by a share on who subscribes', () => {
  const faultsOf = (ordinal: number, source: string, more = '') => {
    const text = `sources: [{ topics: [a], share: shared }, { name: alone${source} }]\ngateway: { ordinal: ${ordinal} }\nkafka: { brokers: ["k:1"] }\n${more}`;
    return roleFaults('gateway', loaded(text).config);
  };
  assert.deepEqual(faultsOf(0, ''), []);
  assert.deepEqual(faultsOf(1, ', share: a'), []);
  assert.deepEqual(faultsOf(1, '', 'postgres: { url: "postgres://u@h/b" }'), []);
  const [fault, ...others] = faultsOf(1, '');
  assert.match(
    String(fault),
    /^gateway\.ordinal: found 1 with the source "alone" without a share and no postgres\.url, wanted/,
  );
  assert.deepEqual(others, []);
});

test('a password in an address is not shown', () => {
  const secret = '"postgres://u:geheim@h:1/b?password=auch"';
  const { config } = loaded(`postgres: { url: ${secret}, readUrl: ${secret} }`);
  const { url, readUrl } = withoutSecrets(config).postgres;
  assert.deepEqual([url, readUrl], Array(2).fill('postgres://u:***@h:1/b?password=***'));
});

test('a cloud reads from a sink that is there, and is right by the same rules', () => {
  const site = (sinks: string) => `kafka: { brokers: ["k:9092"] }
postgres: { url: "postgres://a@b/c" }
readings: { from: influx }
sinks: [${sinks}]`;
  const faultsOf = (sinks: string) => roleFaults('cloud', loaded(site(sinks)).config);
  assert.deepEqual(faultsOf('{ name: influx, kind: influxdb3, tokenFile: /token }'), []);
  assert.deepEqual(faultsOf('{ name: influx, kind: influxdb2, organization: park, tokenFile: /token }'), []);
  assert.deepEqual(faultsOf('{ name: other }'), [
    'readings.from: found "influx", wanted one of the sinks (other), or nothing for PostgreSQL',
  ]);
  assert.deepEqual(faultsOf('{ name: influx, kind: influxdb3, username: bob }'), [
    'sinks.0.username: found bob with influxdb3, wanted a tokenFile',
  ]);
});

test('a writer refuses sinks of one name, and secrets that do not fit their kind', () => {
  const { config } = loaded(`kafka: { brokers: ["k:9092"] }
postgres: { url: "postgres://a@b/c" }
sinks:
  - { name: a, kind: influxdb2, username: alice }
  - { name: a, passwordFile: /secret }
  - { name: c, username: bob, tokenFile: /token }
  - { name: d, measurement: _series }
  - { name: e, measurement: 'a\\b' }
  - { name: f, measurement: '#all "of" them, _series' }`);
  assert.deepEqual(roleFaults('writer', config), [
    'sinks: found the name "a" twice, wanted a name for each sink',
    'sinks.0.organization: found none with influxdb2, wanted the organization that has the bucket',
    'sinks.0.username: found alice with influxdb2, wanted a tokenFile',
    'sinks.1.username: found none with a passwordFile, wanted a name',
    'sinks.2.tokenFile: found one beside a username, wanted one of the two',
    ...['_series', 'a\\\\b'].map(
      (found, i) =>
        `sinks.${3 + i}.measurement: found "${found}", wanted one without backslashes and control characters, and none that InfluxQL keeps for itself (_name, _series, …)`,
    ),
  ]);
  assert.deepEqual(roleFaults('cloud', config), []);
  assert.throws(() => loaded('sinks: [{ url: "http://user:word@influx:8086" }]'), /sinks\.0\.url: found/);
});

test('a journal on Kafka wants brokers and a topic of its own, and a gateway wants none', () => {
  const faults = (text: string) => upFaults(loaded(text).config);
  assert.deepEqual(faults(''), []);
  assert.deepEqual(faults('journal: { engine: kafka }\nkafka: { brokers: ["k:9092"] }'), []);
  assert.match(
    faults('journal: { engine: kafka }').join(),
    /^kafka\.brokers: found none, wanted at least one/,
  );
  for (const topic of ['iot.telemetry', 'iot.dead-letters', 'iot-messages'])
    assert.match(
      faults(`journal: { engine: kafka, topic: ${topic} }\nkafka: { brokers: ["k:9092"] }`).join(),
      new RegExp(`^journal\\.topic: found ${topic}, which gateways, writers or clouds use`),
    );
  assert.throws(
    () => loaded('journal: { engine: postgres, topic: "a b" }'),
    /journal\.engine: found "postgres"[\s\S]*journal\.topic: found "a b", wanted a string that matches \^\[A-Za-z0-9\._-\]\{1,249\}\$$/m,
  );
  const gateway = loaded(
    'journal: { engine: kafka }\nkafka: { brokers: ["k:9092"] }\nsources: [{ url: "mqtt://h" }]',
  );
  assert.match(
    roleFaults('gateway', gateway.config).join('\n'),
    /journal\.engine: found kafka for a gateway/,
  );
});

test('partitions that no schema could tell apart are refused for every role, and the default fits', () => {
  const of = (kafka: string) =>
    (['gateway', 'writer', 'cloud'] as const).map((role) =>
      roleFaults(role, loaded(`kafka: { ${kafka} }`).config).filter((fault) =>
        /topicsMax|partitions/.test(fault),
      ),
    );
  for (const kafka of ['layout: project', 'layout: bridge-v1', 'layout: one', 'partitions: 4095'])
    assert.deepEqual(of(kafka), [[], [], []], kafka);
  for (const faults of of('layout: project, topicsMax: 341'))
    assert.deepEqual(faults, [
      'kafka.topicsMax: found 341 with kafka.partitions 12, 4105 partitions with those of the other topics, wanted at most 340, or fewer partitions: a schema in PostgreSQL tells 4096 apart, and those of topics made anew count too',
    ]);
  assert.deepEqual(of('layout: project, topicsMax: 340'), [[], [], []]);
  for (const faults of of('layout: bridge-v2, partitions: 2048'))
    assert.deepEqual(faults, [
      'kafka.partitions: found 2048, wanted at most 2047: a schema in PostgreSQL tells 4096 partitions apart',
    ]);
});
