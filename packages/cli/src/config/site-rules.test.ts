import assert from 'node:assert/strict';
import { mkdtempDisposableSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadConfig } from './load.ts';
import { roleFaults } from './role-rules.ts';
import type { SkerryConfig } from './schema.ts';
import { sourceNotes } from './site-rules.ts';

const SITE = { gateway: { ordinal: 0 }, sources: [{}], kafka: { brokers: ['k:1'] } };

interface Change {
  readonly sources?: object[];
  readonly gateway?: object;
  readonly kafka?: object;
  readonly routing?: object;
}

/** What a gateway says of a configuration. */
function faultsOf(change: Change): string[] {
  return roleFaults('gateway', configOf(change));
}

function configOf(change: Change): SkerryConfig {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'skerry-site-'));
  const file = join(folder.path, 'skerry.yaml');
  const kafka = { ...SITE.kafka, ...change.kafka };
  writeFileSync(file, JSON.stringify({ ...SITE, ...change, kafka }));
  const { config } = loadConfig({ file, environment: { XDG_DATA_HOME: '/tmp/x' }, flags: {} });
  return config;
}

test('a gateway refuses sources that contradict themselves, each with what was found and what is wanted', () => {
  assert.deepEqual(faultsOf({}), []);
  const cert = { url: 'mqtts://h:1', certFile: '/c' };
  assert.deepEqual(faultsOf({ sources: [cert] }), [
    'sources.0.keyFile: found none with sources.0.certFile, wanted the key of the certificate',
  ]);
  assert.deepEqual(faultsOf({ sources: [{ ...cert, keyFile: '/k', url: 'mqtt://h:1' }] }), [
    'sources.0.certFile: found one with mqtt://h:1, wanted mqtts:// or wss://',
  ]);
  assert.deepEqual(faultsOf({ sources: [{ keyFile: '/k', passwordFile: '/p' }] }), [
    'sources.0.certFile: found none with sources.0.keyFile, wanted the certificate of the key',
    'sources.0.username: found none with a passwordFile, wanted a name',
  ]);
  assert.deepEqual(faultsOf({ sources: [{ topics: ['$share/g/a/#', 'a/{planet}/#', 'a/#/b', 'a/b+'] }] }), [
    'sources.0.topics.0: found "$share/g/a/#", wanted the group of a shared subscription in share, and the filter without it here',
    'sources.0.topics.1: found "a/{planet}/#" with the variable {planet}, wanted a topic filter with + and #: variables belong into routing.telemetry',
    'sources.0.topics.2: found "a/#/b", wanted + alone in its level, and # alone in the last one',
    'sources.0.topics.3: found "a/b+", wanted + alone in its level, and # alone in the last one',
  ]);
  const twice = { url: 'mqtt://h:1', topics: ['a/#'] };
  assert.deepEqual(
    faultsOf({
      sources: [
        { name: 'one', ...twice },
        { name: 'two', ...twice },
      ],
    }),
    [
      'sources: found "a/#" twice at mqtt://h:1 in one and in two, wanted it once: each message would come twice',
    ],
  );
});

test('a gateway refuses filters at one broker of which one contains the other, however they are shared and written', () => {
  const topics = ['mtic/msg/client/realtime/#', 'mtic/msg/client/realtime/tenant123/#'];
  const words = (where: string): string =>
    `sources: found "${topics[0]}" and "${topics[1]}" at ${where}, wanted "${topics[0]}" alone, which contains the other, or filters that do not: each message on "${topics[1]}" would come twice`;
  assert.deepEqual(faultsOf({ sources: [{ url: 'mqtt://h:1', topics }] }), [words('mqtt://h:1 in broker')]);
  assert.deepEqual(
    faultsOf({ sources: [{ url: 'mqtt://h:1', share: 's', topics: [...topics].reverse() }] }),
    [words('mqtt://h:1 in broker')],
  );
  const [all, tenant] = topics;
  const apart = (url: string, share = ''): string[] =>
    faultsOf({
      sources: [
        { name: 'one', url: 'mqtt://h:1883', topics: [all] },
        { name: 'two', url, share, topics: [tenant] },
      ],
    });
  assert.deepEqual(apart('mqtt://H', 's'), [words('mqtt://H in one and in two')]);
  assert.deepEqual(apart('mqtt://h:1884'), []);
  assert.deepEqual(faultsOf({ sources: [{ topics: ['#', '$SYS/#'] }] }), []);
  assert.deepEqual(faultsOf({ sources: [{ topics: ['a/+/c', 'a/b/+'] }] }), [], 'nothing else says the same');
});

test('a gateway refuses sessions that expire before another can take over', () => {
  const words = (found: number, lease: number): string =>
    `sources.0.sessionExpirySecs: found ${found} with gateway.leaseSecs ${lease}, wanted at least ${4 * lease}, 4 leases: what the broker keeps while no gateway is connected is lost when the session expires`;
  assert.deepEqual(faultsOf({ sources: [{ sessionExpirySecs: 0 }] }), [words(0, 15)]);
  assert.deepEqual(faultsOf({ sources: [{ sessionExpirySecs: 59 }] }), [words(59, 15)]);
  assert.deepEqual(faultsOf({ sources: [{ sessionExpirySecs: 60 }] }), []);
  const gateway = { ordinal: 0, leaseSecs: 100 };
  assert.deepEqual(faultsOf({ gateway, sources: [{ sessionExpirySecs: 60 }] }), [words(60, 100)]);
  assert.deepEqual(faultsOf({ sources: [{ sessionExpirySecs: 0, protocol: '3.1.1' }] }), []);
});

test('sourceNotes names filters at one broker that meet, and where', () => {
  const topics = ['a/+/c', 'a/b/+', 'x/#'];
  assert.deepEqual(sourceNotes(configOf({ sources: [{ topics }] })), [
    '"a/+/c" (broker) and "a/b/+" (broker) both match "a/b/c": a message there comes twice',
  ]);
  assert.deepEqual(sourceNotes(configOf({ sources: [{ topics: ['a/+/c', 'a/b/d'] }] })), []);
});

test('a gateway refuses ways to Kafka that contradict themselves', () => {
  assert.deepEqual(faultsOf({ kafka: { tls: { enabled: true, certFile: '/c' } } }), [
    'kafka.tls.keyFile: found none with kafka.tls.certFile, wanted the key of the certificate',
  ]);
  assert.deepEqual(faultsOf({ kafka: { tls: { caFile: '/a' } } }), [
    'kafka.tls.enabled: found false with certificates, wanted true, or none of them',
  ]);
  assert.deepEqual(faultsOf({ kafka: { sasl: { username: 'u' } } }), [
    'kafka.sasl.mechanism: found none with a username or a passwordFile, wanted PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512',
  ]);
  assert.deepEqual(faultsOf({ kafka: { topic: 'iot.commands' } }), [
    'kafka.topic: found iot.commands, which Skerry uses itself, wanted another name',
  ]);
  assert.deepEqual(faultsOf({ kafka: { topic: 'iot-messages' } }), [
    'kafka.layout: found one with kafka.topic iot-messages, wanted bridge-v2, which writes the envelopes of that topic, or another topic',
  ]);
  assert.deepEqual(faultsOf({ kafka: { topic: 'iot-messages', layout: 'bridge-v2' } }), []);
  assert.deepEqual(faultsOf({ kafka: { key: 'topic', layout: 'bridge-v1' } }), [
    'kafka.key: found topic with kafka.layout bridge-v1, wanted none: the layout has its own key',
  ]);
});

test('sourceNotes warns of Sparkplug that is shared', () => {
  const topics = ['a/#', 'spBv1.0/g/#'];
  const [note, ...others] = sourceNotes(configOf({ sources: [{ topics, share: 's' }] }));
  assert.match(
    String(note),
    /^"spBv1.0\/g\/#" \(broker\) is Sparkplug and is shared as "s".*leave share empty/,
  );
  assert.deepEqual(others, []);
  assert.deepEqual(sourceNotes(configOf({ sources: [{ topics }] })), []);
  assert.deepEqual(sourceNotes(configOf({ sources: [{ topics: ['#'], share: 's' }] })), []);
});

test('an unknown variable of a topic template is told with those that there are', () => {
  assert.throws(
    () => faultsOf({ routing: { telemetry: ['plant/{tenantId}/{projectId}/{planet}'] } }),
    /routing\.telemetry\.0: found "plant\/\{tenantId\}\/\{projectId\}\/\{planet\}"; .*the variable planet is not one of tenantId, projectId, deviceId/,
  );
});
