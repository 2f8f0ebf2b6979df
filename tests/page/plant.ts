import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nodeClock, nodeNet, nodeRandom } from '@skerry/kernel/node';
import { openPublisher } from '@skerry/mqtt';
import { ServerProcess, type SessionCookie, sessionCookie } from '@skerry/testkit';

/** Where the plant's devices belong. */
export const PLANT = { tenant: 'acme', project: 'plant' };
/** The device that was last heard of three hours ago. */
export const STALE_DEVICE = 'pump-250';
/** A device whose id is as long as ids of real sites get. */
export const LONG_DEVICE = `compressor-hall-7-line-3-${'segment-'.repeat(8)}inlet-pressure-transmitter-0017`;
/** Devices in all, the stale one and the long-named one among them. */
export const DEVICES = 500;
/** Records in all: one of each device, and two dead letters. */
export const RECORDS = DEVICES + 2;
/** Points of `flow` that pump-0 has, one a second up to now. */
export const HISTORY = 600;

const PREFIX = 'mtic/msg/client/realtime/acme';
const HOUR_MS = 3_600_000;

/** A message as it is published: text, or a value to be written as JSON. */
type Payload = Uint8Array | object;

/** The real server with the plant's records, every one sent over MQTT. */
export interface Plant extends AsyncDisposable {
  readonly server: ServerProcess;
  readonly url: string;
  /** Of a session of the administrator. */
  readonly cookie: SessionCookie;
  /** Publishes a message of a device and waits for its acknowledgement. */
  send(device: string, payload: Payload): Promise<void>;
}

/**
 * Starts `skerry up` on a new folder and fills it: the stale device first, a restart (the newest receipt is not kept,
 * its newest event time is), then everything else. Resolves when nothing is pending.
 */
export async function openPlant(): Promise<Plant> {
  await using stack = new AsyncDisposableStack();
  const dataDir = mkdtempSync(join(tmpdir(), 'skerry-page-'));
  stack.defer(() => rmSync(dataDir, { recursive: true }));
  {
    await using first = await ServerProcess.start({ dataDir });
    const timestamp = Date.now() - 3 * HOUR_MS - 60_000;
    await publish(first, [[`${PREFIX}/plant/${STALE_DEVICE}`, { timestamp, flow: 250 }]]);
    await first.quiet();
  }
  const server = stack.use(await ServerProcess.start({ dataDir }));
  await publish(server, messages());
  await server.quiet();
  const url = `http://127.0.0.1:${server.httpPort}`;
  const cookie = await sessionCookie(url, server.token);
  const kept = stack.move();
  return {
    server,
    url,
    cookie,
    send: (device, payload) => publish(server, [[`${PREFIX}/plant/${device}`, payload]]),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

/** What everything but the stale device sends. */
function messages(): (readonly [topic: string, payload: Payload])[] {
  const now = Date.now();
  const history = Array.from({ length: HISTORY }, (_, index) => ({
    timestamp: now - (HISTORY - index) * 1_000,
    flow: Math.round(1_000 * (40 + 8 * Math.sin(index / 40))) / 1_000,
    state: 'running',
  }));
  const devices = Array.from({ length: DEVICES - 1 }, (_, index) => `pump-${index}`);
  const others = [...devices.slice(1).filter((device) => device !== STALE_DEVICE), LONG_DEVICE];
  return [
    [`${PREFIX}/plant/pump-0`, history],
    ...others.map((device, index) => [`${PREFIX}/plant/${device}`, { flow: index + 0.5 }] as const),
    [`${PREFIX}/plant/pump-1`, Uint8Array.of(0xff, 0x41)],
    [PREFIX, { flow: 1, note: 'a topic with too few levels' }],
  ];
}

async function publish(
  server: ServerProcess,
  sent: readonly (readonly [topic: string, payload: Payload])[],
): Promise<void> {
  const needs = { clock: nodeClock(), random: nodeRandom(), net: nodeNet() };
  const address = { host: '127.0.0.1', port: server.mqttPort };
  await using publisher = await openPublisher({ address, clientId: 'plant' }, needs);
  for (const [topic, payload] of sent) {
    await publisher.room();
    publisher.publish(topic, payload instanceof Uint8Array ? payload : Buffer.from(JSON.stringify(payload)));
  }
  await publisher.drained();
}
