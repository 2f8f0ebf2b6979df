import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nodeNet } from '@skerry/kernel/node';
import type { Packet } from '@skerry/mqtt';
import { ScriptedPeer } from '@skerry/mqtt/testing';
import { loadConfig } from '../config/load.ts';
import type { SkerryConfig } from '../config/schema.ts';
import { brokerFindings } from './doctor-brokers.ts';

const NOT_AUTHORIZED = 0x87;

/** A broker over TCP that lets a client have some filters, and refuses others or cuts its connection for them. */
class StrictBroker implements AsyncDisposable {
  readonly asked: string[] = [];
  /** Reason of SUBACK; undefined cuts the connection. */
  readonly judge: (filter: string) => number | undefined;
  readonly #listener = nodeNet().listen({ host: '127.0.0.1', port: 0 }, (connection) => {
    new ScriptedPeer(connection, (packet, peer) => this.#answer(packet, peer));
  });

  constructor(judge: StrictBroker['judge']) {
    this.judge = judge;
  }

  async url(): Promise<string> {
    return `mqtt://127.0.0.1:${(await this.#listener).address.port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await (await this.#listener)[Symbol.asyncDispose]();
  }

  #answer(packet: Packet, peer: ScriptedPeer): void {
    if (packet.type === 'connect') peer.send({ type: 'connack', isSessionPresent: false, reason: 0 });
    if (packet.type === 'pingreq') peer.send({ type: 'pingresp' });
    if (packet.type === 'unsubscribe')
      peer.send({ type: 'unsuback', packetId: packet.packetId, reasons: [0] });
    if (packet.type === 'disconnect') peer.connection.end();
    if (packet.type !== 'subscribe') return;
    const [{ filter } = { filter: '' }] = packet.topics;
    this.asked.push(filter);
    const reason = this.judge(filter);
    if (reason !== undefined) peer.send({ type: 'suback', packetId: packet.packetId, reasons: [reason] });
    else {
      peer.send({ type: 'disconnect', reason: NOT_AUTHORIZED });
      peer.connection.end();
    }
  }
}

function configOf(source: object): SkerryConfig {
  const environment = { XDG_DATA_HOME: '/tmp/x', SKERRY_SOURCES: JSON.stringify([source]) };
  return loadConfig({ file: undefined, environment, flags: {} }).config;
}

test('doctor has its findings of a broker that cuts connections over $SYS', async () => {
  await using broker = new StrictBroker((filter) => (filter.startsWith('$SYS') ? undefined : 1));
  const url = await broker.url();
  const [finding] = await brokerFindings(configOf({ url, topics: ['a/#'] }));
  assert.deepEqual(finding, {
    check: 'mqtt broker',
    verdict: 'ok',
    found: `${url}, MQTT 5, 1 filter granted`,
    advice: '',
  });
  assert.deepEqual(broker.asked, ['a/#', '$SYS/broker/version']);
});

test('doctor asks for a share of its own where the source has one, and says when it is refused', async () => {
  await using broker = new StrictBroker((filter) => (filter.startsWith('$share') ? NOT_AUTHORIZED : 1));
  const source = { url: await broker.url(), topics: ['a/#'], share: 'plant' };
  const [finding] = await brokerFindings(configOf(source));
  assert.equal(finding?.verdict, 'fault');
  assert.match(String(finding?.found), /refuses "\$share\/plant-doctor\/a\/#": 0x87 \(not authorized\)/);
  assert.match(String(finding?.advice), /with the share "plant" of the source/);
  const [alone] = await brokerFindings(configOf({ ...source, share: '' }));
  assert.equal(alone?.verdict, 'ok');
});
