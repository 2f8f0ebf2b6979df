import type { DeviceConnectivity, DeviceKey, SessionClient, SpeakingClient } from '@skerry/model';
import { answerSessions } from '../session-answer.ts';
import type { PostgresSession } from './postgres-pool.ts';
import { storable } from './postgres-values.ts';
import { namesOf } from './reading-devices.ts';
import { clientOf, readEvents, speakersOf } from './session-rows.ts';

type Client = SessionClient & Pick<SpeakingClient, 'sinceMicros'>;

/** Whether a client that spoke for the device last is connected. */
export async function connectedNow(
  session: PostgresSession,
  key: DeviceKey,
): Promise<DeviceConnectivity['now']> {
  return nowOf(await clientsOf(session, key));
}

/** How a device is connected, by the clients that speak for it. Undefined when it was never seen. */
export async function readConnectivity(
  session: PostgresSession,
  query: {
    readonly device: DeviceKey;
    readonly fromMicros: number;
    readonly toMicros: number;
    readonly limit: number;
  },
): Promise<DeviceConnectivity | undefined> {
  const { device, fromMicros, toMicros, limit } = query;
  const known = await session.query(
    `SELECT id FROM devices WHERE tenant = $1 AND project = $2 AND device = $3 AND device <> ''`,
    namesOf(device),
  );
  if (known.length === 0) return undefined;
  const clients = await clientsOf(session, device);
  const asked = { clients, fromMicros, toMicros, limit: limit + 1 };
  const all = answerSessions(clients.length === 0 ? [] : await readEvents(session, undefined, asked), asked);
  const inside = all.filter(({ timeMicros }) => timeMicros >= fromMicros);
  const isCut = inside.length > limit;
  const [first] = inside;
  return {
    now: nowOf(clients),
    clients,
    events: isCut ? all.filter((one) => one !== first) : all,
    leftOut: clients.reduce((sum, one) => sum + one.leftOut, 0),
    isCut,
  };
}

function nowOf(clients: readonly Client[]): DeviceConnectivity['now'] {
  if (clients.length === 0) return 'never';
  return clients.some(({ kind }) => kind === 'connected') ? 'connected' : 'disconnected';
}

/** The clients of a device, the last to speak first; each as the source tells that heard of it last. */
async function clientsOf(session: PostgresSession, key: DeviceKey): Promise<Client[]> {
  const rows = await session.query(
    'SELECT tenant, project, device, body FROM device_clients WHERE tenant = $1 AND project = $2 AND device = $3',
    namesOf(key),
  );
  const speaking = new Map<string, SpeakingClient>();
  for (const one of rows.flatMap((row) => speakersOf(row).clients)) {
    const name = JSON.stringify([one.client, one.user]);
    const known = speaking.get(name);
    if (!known || known.sinceMicros < one.sinceMicros) speaking.set(name, one);
  }
  if (speaking.size === 0) return [];
  const wanted = [...speaking.values()].sort((a, b) => b.sinceMicros - a.sinceMicros);
  const found = await session.query(
    `SELECT s.client, s."user", s.body FROM session_clients s
     JOIN unnest($1::text[], $2::text[]) AS u(client, "user") ON s.client = u.client AND s."user" = u."user"`,
    [wanted.map(({ client }) => storable(client)), wanted.map(({ user }) => storable(user))],
  );
  const newest = new Map<string, SessionClient>();
  for (const one of found.map(clientOf)) {
    const name = JSON.stringify([one.client, one.user]);
    const known = newest.get(name);
    if (!known || known.timeMicros <= one.timeMicros) newest.set(name, one);
  }
  return wanted.flatMap(({ client, user, sinceMicros }) => {
    const known = newest.get(JSON.stringify([client, user]));
    return known ? [{ ...known, sinceMicros }] : [];
  });
}
