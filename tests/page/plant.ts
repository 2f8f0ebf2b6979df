import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
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
/** The user of each role, whose password is their name and `-password-1`. */
export const USERS = { admin: 'adam', operator: 'olga', viewer: 'vera', device: 'dora' } as const;

const PREFIX = 'mtic/msg/client/realtime/acme';
/** When the stale device was heard, ms since 1970. */
const STALE_MS = Date.now() - 3 * 3_600_000 - 60_000;

/** A message as it is published: text, or a value to be written as JSON. */
type Payload = Uint8Array | object;

/** The real server with the plant's records, every one sent over MQTT. */
export interface Plant extends AsyncDisposable {
  readonly server: ServerProcess;
  readonly url: string;
  /** Offset of the dead letter that cannot be decoded. */
  readonly letter: number;
  /** Of a session of each role's user. */
  readonly cookies: Readonly<Record<keyof typeof USERS, SessionCookie>>;
  /** Publishes a message of a device and waits for its acknowledgement. */
  send(device: string, payload: Payload): Promise<void>;
  /** Makes a link that signs the administrator in once. */
  signInLink(): Promise<string>;
}

/**
 * Starts `skerry up` on a new folder and fills it: the stale device first, then, while no server runs, its receipt is
 * put back by hours, then everything else and a user of each role. Resolves when nothing is pending.
 */
export async function openPlant(): Promise<Plant> {
  await using stack = new AsyncDisposableStack();
  const dataDir = mkdtempSync(join(tmpdir(), 'skerry-page-'));
  stack.defer(() => rmSync(dataDir, { recursive: true }));
  {
    await using first = await ServerProcess.start({ dataDir });
    const timestamp = STALE_MS;
    await publish(first, [[`${PREFIX}/plant/${STALE_DEVICE}`, { timestamp, flow: 250 }]]);
    await first.quiet();
  }
  heardAt(dataDir, STALE_MS);
  const server = stack.use(await ServerProcess.start({ dataDir }));
  await publish(server, messages());
  await server.quiet();
  const url = `http://127.0.0.1:${server.httpPort}`;
  const { token } = server;
  for (const [role, name] of Object.entries(USERS)) {
    const grants = [role === 'viewer' || role === 'device' ? { role, ...PLANT } : { role }];
    await post(`${url}/api/v1/users`, token, { name, grants, password: passwordOf(name) });
  }
  const [admin, operator, viewer, device] = await Promise.all([
    sessionCookie(url, token, USERS.admin),
    sessionCookie(url, token, USERS.operator),
    sessionCookie(url, token, USERS.viewer),
    sessionCookie(url, token, USERS.device),
  ]);
  const found = await fetch(`${url}/api/v1/dead-letters?reason=undecodable`, {
    headers: { authorization: `Bearer ${token}` },
  });
  const letters = (await found.json()) as { readonly items: readonly { readonly offset: number }[] };
  const kept = stack.move();
  return {
    server,
    url,
    letter: letters.items[0]?.offset ?? -1,
    cookies: { admin, operator, viewer, device },
    send: (device, payload) => publish(server, [[`${PREFIX}/plant/${device}`, payload]]),
    signInLink: async () => {
      const link = await post(`${url}/api/v1/access/sign-in-links`, token, {});
      return `${url}/#/sign-in?code=${encodeURIComponent(String(link.code))}`;
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

/** Makes every device of a folder that no server holds one that was heard at `ms` (since 1970). */
function heardAt(dataDir: string, ms: number): void {
  const paths = readdirSync(dataDir, { recursive: true, encoding: 'utf8' }).filter((path) =>
    path.endsWith('.db'),
  );
  for (const path of paths) {
    const file = new DatabaseSync(join(dataDir, path));
    const table = file.prepare("SELECT 1 FROM pragma_table_info('accounts') WHERE name = 'last_seen'").get();
    if (table) file.prepare('UPDATE accounts SET last_seen = ?').run(ms * 1_000);
    file.close();
  }
}

/** The password of one of the plant's users. */
export function passwordOf(name: string): string {
  return `${name}-password-1`;
}

async function post(url: string, token: string, body: object): Promise<Record<string, unknown>> {
  const headers = {
    authorization: `Bearer ${token}`,
    'content-type': 'application/json',
    'x-skerry-request': '1',
  };
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) });
  if (!response.ok) throw new Error(`POST ${url}: ${response.status} ${await response.text()}`);
  return (await response.json()) as Record<string, unknown>;
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
