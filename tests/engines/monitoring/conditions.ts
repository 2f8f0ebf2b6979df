import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { type Connect, encodeConnect, encodeSubscribe } from '@skerry/mqtt';
import { until } from '../../e2e/condition.ts';
import type { Scene } from './scene.ts';

/** A metric of docs/METRICS.md that does not come up here at some of its roles. */
export interface Outside {
  readonly name: string;
  readonly roles: readonly string[];
  readonly why: string;
}

const STANDBY =
  'a standby would answer while the primary is away, which is looked at here; engines/cloud/standby.long';
const LOST = 'Kafka has to lose what it has acknowledged; engines/kafka/power-cut';
const REFUSED = 'Kafka has to refuse a record for good; engines/kafka/uplink';

/** Everything that this scene leaves out, and why; where it comes about is a file of tests. */
export const OUTSIDE: readonly Outside[] = [
  { name: 'iot_postgres_reads_total', roles: ['cloud'], why: STANDBY },
  { name: 'iot_postgres_standby_answers', roles: ['cloud'], why: STANDBY },
  { name: 'iot_postgres_standby_stale_seconds', roles: ['cloud'], why: STANDBY },
  { name: 'iot_kafka_forgotten_records_total', roles: ['writer'], why: LOST },
  { name: 'iot_kafka_uplink_again_total', roles: ['cloud', 'gateway'], why: LOST },
  { name: 'iot_kafka_uplink_refused_total', roles: ['cloud', 'gateway'], why: REFUSED },
  {
    name: 'iot_gateway_slots_adopted_total',
    roles: ['gateway'],
    why: 'a gateway has to stay away for the time of its lease; engines/gateway/left-slots.long',
  },
  {
    name: 'iot_gateway_rebirths_total',
    roles: ['gateway'],
    why: 'the source has no topics of Sparkplug; engines/losses/rebirths.long',
  },
  {
    name: 'iot_site_sink_retention_left_seconds',
    roles: ['cloud'],
    why: 'the sink lacks a seal for moments only; cli/src/processes/cloud/table-metrics',
  },
  {
    name: 'iot_not_ready_reasons',
    roles: ['up', 'writer'],
    why: 'nothing keeps these two from their work; gateway and cloud tell some',
  },
];

/** Declares a pipeline at both sites, and does to the broker of `up` what ought not to be done to it. */
export async function bringAbout(
  scene: Scene,
  match: { readonly tenant: string; readonly project: string },
): Promise<void> {
  const { up, stack } = scene;
  await Promise.all([
    declare(`http://127.0.0.1:${up.httpPort}`, up.token, match),
    declare(stack.cloud.url, cloudToken(scene), match),
    misbehave(up.mqttPort),
    leaveWithMessages(scene, up.mqttPort),
    askPlainly(`http://127.0.0.1:${up.httpPort}`, up.token),
  ]);
}

/** The token of a cloud's own machine. */
export function cloudToken({ stack }: Scene): string {
  return readFileSync(join(stack.cloud.dataDir, 'token'), 'utf8').trim();
}

/** A pipeline with a stage that has groups, and changes nothing. */
async function declare(url: string, token: string, match: object): Promise<void> {
  const window = { size: '1m' };
  const body = JSON.stringify({
    apiVersion: 'skerry.dev/v1alpha1',
    kind: 'Pipeline',
    metadata: { name: 'watched' },
    spec: {
      match,
      stages: [{ name: 'minute', type: 'Aggregate', window, metrics: ['none'], functions: ['mean'] }],
    },
  });
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  let last = '';
  await until(
    `a pipeline at ${url}`,
    async () => {
      const answer = await fetch(`${url}/api/v1/pipelines/watched`, { method: 'PUT', headers, body });
      last = `${answer.status} ${await answer.text()}`;
      return answer.ok;
    },
    60_000,
    () => last,
  );
}

/** Says what is no MQTT, and a name that nobody has. */
async function misbehave(port: number): Promise<void> {
  await say(port, [Buffer.from('GET / HTTP/1.1\r\n\r\n')]);
  await say(port, [aConnect('named', true, { username: 'nobody', password: Buffer.from('x') })]);
}

/** Leaves a session with a message in it, and begins anew. */
async function leaveWithMessages(scene: Scene, port: number): Promise<void> {
  const topic = {
    filter: 'talk/left',
    qos: 1,
    isNoLocal: false,
    isRetainAsPublished: false,
    retainHandling: 0,
  } as const;
  await say(port, [
    aConnect('left', false),
    encodeSubscribe({ type: 'subscribe', packetId: 1, topics: [topic] }, 4),
  ]);
  await using other = await scene.publisher(port);
  other.publish('talk/left', Buffer.from('x'));
  await other.drained();
  await say(port, [aConnect('left', true)]);
}

function aConnect(clientId: string, isCleanStart: boolean, facts: Partial<Connect> = {}): Uint8Array {
  return encodeConnect({ type: 'connect', level: 4, isCleanStart, keepAliveSecs: 0, clientId, ...facts });
}

/** Writes one packet after the other, each when the one before was answered; nothing is said to who ends the connection. */
async function say(port: number, packets: readonly Uint8Array[]): Promise<void> {
  const socket = connect({ host: '127.0.0.1', port });
  socket.on('error', () => undefined); // the broker may reset what it ends
  const closed = once(socket, 'close');
  for (const packet of packets) {
    socket.write(packet);
    await Promise.race([once(socket, 'data'), closed]);
  }
  socket.destroy();
  await closed;
}

/** Asks the WebSocket's port for a page. */
async function askPlainly(url: string, token: string): Promise<void> {
  const answer = await fetch(`${url}/api/v1/config`, { headers: { authorization: `Bearer ${token}` } });
  const { listeners } = (await answer.json()) as {
    readonly listeners: readonly { name: string; port: number }[];
  }; // as the API says
  const port = listeners.find(({ name }) => name === 'ws')?.port;
  assert.ok(port, JSON.stringify(listeners));
  await fetch(`http://127.0.0.1:${port}/`).then(
    (page) => assert.notEqual(page.status, 200),
    () => undefined, // it may end the connection without a word
  );
}
