import type { DeviceClients, SessionClient, SessionEvent, SpeakingClient } from '@skerry/model';
import type { SessionQuery, SessionSeal, SessionState } from '../store.ts';
import type { PostgresSession, Row } from './postgres-pool.ts';
import { original, storable, timestampOf } from './postgres-values.ts';

const EVENT = 'client, "user", position, time, kind, reason, remote, protocol, listener, encrypted';

/** Writes what a seal tells of connections; inside its transaction. */
export async function writeSessions(
  session: PostgresSession,
  source: number,
  receivedMicros: number,
  told: SessionSeal | undefined,
): Promise<void> {
  if (!told) return;
  const { events, gone, clients, devices } = told;
  if (events.length > 0) await writeEvents(session, source, receivedMicros, events);
  if (gone.length > 0) {
    await session.run(
      `DELETE FROM session_clients s USING unnest($2::text[], $3::text[]) AS u(client, "user")
       WHERE s.source = $1 AND s.client = u.client AND s."user" = u."user"`,
      [source, gone.map(({ client }) => storable(client)), gone.map(({ user }) => storable(user))],
    );
  }
  if (clients.length > 0) {
    await session.run(
      `INSERT INTO session_clients SELECT $1, u.* FROM unnest($2::text[], $3::text[], $4::text[]) AS u
       ON CONFLICT (source, client, "user") DO UPDATE SET body = excluded.body`,
      [
        source,
        clients.map(({ client }) => storable(client)),
        clients.map(({ user }) => storable(user)),
        clients.map(({ client: _c, user: _u, ...rest }) => JSON.stringify(rest)),
      ],
    );
  }
  if (devices.length === 0) return;
  await session.run(
    `INSERT INTO device_clients SELECT $1, u.* FROM unnest($2::text[], $3::text[], $4::text[], $5::text[]) AS u
     ON CONFLICT (source, tenant, project, device) DO UPDATE SET body = excluded.body`,
    [
      source,
      devices.map(({ tenant }) => storable(tenant)),
      devices.map(({ project }) => storable(project)),
      devices.map(({ device }) => storable(device)),
      devices.map((one) => JSON.stringify(one.clients)),
    ],
  );
}

async function writeEvents(
  session: PostgresSession,
  source: number,
  receivedMicros: number,
  events: readonly SessionEvent[],
): Promise<void> {
  const texts = (name: 'client' | 'user' | 'reason' | 'remote' | 'protocol' | 'listener') =>
    events.map((one) => storable(one[name]));
  await session.run(
    `INSERT INTO session_events(source, received, ${EVENT})
     SELECT $1, $2::timestamptz, u.client, u."user", u.position, u.time, u.kind, u.reason, u.remote, u.protocol,
       u.listener, u.encrypted
     FROM unnest($3::text[], $4::text[], $5::bigint[], $6::bigint[], $7::text[], $8::text[], $9::text[], $10::text[],
       $11::text[], $12::boolean[]) WITH ORDINALITY AS u(${EVENT}, place) ORDER BY place`,
    [
      source,
      timestampOf(receivedMicros),
      texts('client'),
      texts('user'),
      events.map(({ offset }) => offset),
      events.map(({ timeMicros }) => timeMicros),
      events.map(({ kind }) => kind),
      texts('reason'),
      texts('remote'),
      texts('protocol'),
      texts('listener'),
      events.map(({ isEncrypted }) => isEncrypted),
    ],
  );
}

/** The clients of a source and who speaks for which device. */
export async function readSessions(session: PostgresSession, source: number): Promise<SessionState> {
  const clients = await session.query(
    'SELECT client, "user", body FROM session_clients WHERE source = $1 ORDER BY client, "user"',
    [source],
  );
  const devices = await session.query(
    'SELECT tenant, project, device, body FROM device_clients WHERE source = $1 ORDER BY tenant, project, device',
    [source],
  );
  return { clients: clients.map(clientOf), devices: devices.map(speakersOf) };
}

/** A client from its row. */
export function clientOf({ client, user, body }: Row): SessionClient {
  const rest: Omit<SessionClient, 'client' | 'user'> = JSON.parse(String(body)); // written from this type
  return { client: original(String(client)), user: original(String(user)), ...rest };
}

/** Who speaks for a device, from its row. */
export function speakersOf({ tenant, project, device, body }: Row): DeviceClients {
  const clients: readonly SpeakingClient[] = JSON.parse(String(body)); // written from this type
  return {
    tenant: original(String(tenant)),
    project: original(String(project)),
    device: original(String(device)),
    clients,
  };
}

/** Events that answer a query: those of each client in the range, newest first, and one before the range. `sources`: of which; all when undefined. */
export async function readEvents(
  session: PostgresSession,
  source: number | undefined,
  { clients, fromMicros, toMicros, limit }: SessionQuery,
): Promise<SessionEvent[]> {
  const of = `SELECT ${EVENT} FROM session_events e WHERE ($3::smallint IS NULL OR e.source = $3)
    AND e.client = c.client AND e."user" = c."user"`;
  const rows = await session.query(
    `SELECT e.* FROM unnest($1::text[], $2::text[]) AS c(client, "user"), LATERAL (
       (${of} AND time >= $4 AND time < $5 ORDER BY id DESC LIMIT $6)
       UNION ALL (${of} AND time < $4 ORDER BY id DESC LIMIT 1)) e`,
    [
      clients.map(({ client }) => storable(client)),
      clients.map(({ user }) => storable(user)),
      source ?? null,
      fromMicros,
      toMicros,
      limit + 1,
    ],
  );
  return rows.map(eventOf);
}

function eventOf(row: Row): SessionEvent {
  const text = (name: string) => original(String(row[name]));
  return {
    client: text('client'),
    user: text('user'),
    offset: Number(row.position),
    timeMicros: Number(row.time),
    kind: row.kind === 'connected' ? 'connected' : 'disconnected',
    reason: text('reason'),
    remote: text('remote'),
    protocol: text('protocol'),
    listener: text('listener'),
    isEncrypted: row.encrypted === true,
  };
}
