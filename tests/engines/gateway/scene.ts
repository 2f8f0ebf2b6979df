import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { nodeClock, nodeNet, nodeRandom } from '@skerry/kernel/node';
import { openPublisher } from '@skerry/mqtt';
import { type LoadPlan, LoadRun } from '@skerry/testkit';
import type { Engine, Kafka } from '@skerry/testkit/engines';
import { until } from '../../e2e/condition.ts';

/** Lines of a mosquitto that takes loads: it saves at its end, and not after each message. */
export const BUSY = ['autosave_on_changes false', 'autosave_interval 0'];

/** Topic that the gateway makes for all records. */
export const TOPIC = 'iot.telemetry';

/** The configuration of a gateway with a number of its own, between one broker and one cluster. */
export function siteOf(
  mosquitto: Pick<Engine, 'port'>,
  kafka: Pick<Kafka, 'brokers'>,
  rest: {
    readonly source?: object;
    readonly gateway?: object;
    readonly kafka?: object;
    readonly postgres?: object;
  } = {},
): Record<string, unknown> {
  return {
    sources: [{ name: 'plant', url: `mqtt://127.0.0.1:${mosquitto.port}`, ...rest.source }],
    gateway: { ordinal: 0, ...rest.gateway },
    kafka: { brokers: kafka.brokers, partitions: 4, ...rest.kafka },
    ...(rest.postgres ? { postgres: rest.postgres } : {}),
  };
}

/** Devices that publish numbered messages at QoS 1. */
export function aLoad(port: number, plan: Partial<LoadPlan> = {}): LoadRun {
  return new LoadRun({
    port,
    connections: 4,
    window: 50,
    devices: 20,
    rate: 0,
    protocol: 'mixed',
    tenant: '1900000000000000001',
    project: '1900000000000000003',
    epoch: 1,
    shape: { kind: 'marks', metrics: 2, payloadBytes: 200 },
    ackTimeoutMs: 5_000,
    count: 0,
    ...plan,
  });
}

/** Publishes so many messages and resolves when all are acknowledged. */
export async function publishAll(port: number, count: number, plan: Partial<LoadPlan> = {}): Promise<void> {
  using load = aLoad(port, { count, ...plan });
  load.start();
  await load.until(({ acked }) => acked >= count);
}

/** Publishes bytes at QoS 1 and resolves when the broker has acknowledged them. */
export async function publishBytes(
  port: number,
  messages: readonly (readonly [topic: string, payload: Uint8Array])[],
): Promise<void> {
  const needs = { net: nodeNet(), clock: nodeClock(), random: nodeRandom() };
  const address = { host: '127.0.0.1', port };
  await using publisher = await openPublisher({ address, clientId: 'bytes' }, needs);
  for (const [topic, payload] of messages) publisher.publish(topic, payload);
  await publisher.drained();
}

/** Resolves when so many messages are acknowledged to the publishers. */
export async function acked(load: LoadRun, count: number): Promise<void> {
  await until(
    `${count} acknowledgements`,
    () => load.state().acked >= count,
    60_000,
    () => JSON.stringify(load.state()),
  );
}

/** Numbered messages of a device at QoS 2, which go on until they are stopped; disposing takes what is left with it. */
export interface ExactLoad extends AsyncDisposable {
  /** Sends no more, and resolves with the count of them when the broker has all. Fails when the publisher does. */
  stop(): Promise<number>;
}

/** Lines a second are `1_000 / LINE_EVERY_MS` of each publisher. */
const LINE_EVERY_MS = 2;

/** Somebody else's publisher of one device at QoS 2, `mosquitto_pub`. */
export function publishExactly(port: number, device: string): ExactLoad {
  const topic = `mtic/msg/client/realtime/1900000000000000001/exact/${device}`;
  const address = ['-h', '127.0.0.1', '-p', String(port), '-i', device];
  const child = spawn('mosquitto_pub', [...address, '-q', '2', '-t', topic, '-l'], { stdio: 'pipe' });
  let said = '';
  child.stderr.on('data', (text) => {
    said += text;
  });
  child.stdin.on('error', () => undefined); // told by its exit code
  const ended = once(child, 'close');
  let count = 0;
  const timer = setInterval(() => child.stdin.write(`{"seq":${++count}}\n`), LINE_EVERY_MS);
  return {
    stop: async () => {
      clearInterval(timer);
      child.stdin.end();
      const [code] = await ended;
      if (code !== 0) throw new TypeError(`mosquitto_pub has ended with ${code}: ${said}`);
      return count;
    },
    [Symbol.asyncDispose]: async () => {
      clearInterval(timer);
      child.kill('SIGKILL');
      await ended;
    },
  };
}
