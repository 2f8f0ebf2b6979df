import { crc32 } from 'node:zlib';
import type { DeviceClients, SessionClient, SessionEvent, SpeakingClient } from '@skerry/model';
import type { SessionQuery, SessionSeal, SessionState } from '../store.ts';
import { storeDamaged } from './sqlite-fault.ts';
import type { Row, StoreFile } from './store-file.ts';

const EVENT = 'client, user, offset, time, kind, reason, remote, protocol, listener, encrypted';
const TABLES = [
  `CREATE TABLE IF NOT EXISTS session_events(id INTEGER PRIMARY KEY, client TEXT, user TEXT, offset INTEGER, time INTEGER,
    kind TEXT, reason TEXT, remote TEXT, protocol TEXT, listener TEXT, encrypted INTEGER)`,
  'CREATE INDEX IF NOT EXISTS session_events_client ON session_events(client, user, id)',
  `CREATE TABLE IF NOT EXISTS session_clients(client TEXT, user TEXT, checksum INTEGER, body TEXT,
    PRIMARY KEY (client, user)) WITHOUT ROWID`,
  `CREATE TABLE IF NOT EXISTS device_clients(tenant TEXT, project TEXT, device TEXT, checksum INTEGER, body TEXT,
    PRIMARY KEY (tenant, project, device)) WITHOUT ROWID`,
];

/** Whether a file has the tables: files of stores that never heard of a connection have none. */
export const HAS_SESSIONS =
  "SELECT count(*) AS n FROM sqlite_master WHERE type = 'table' AND name = 'session_clients'";

/** Copies what is carried over from the file attached as `old`: all but the events, which stay with their day. */
export const CARRY_SESSIONS = `${TABLES.join('; ')};
  INSERT INTO session_clients SELECT * FROM old.session_clients;
  INSERT INTO device_clients SELECT * FROM old.device_clients;`;

/** What rows are read from. */
type Readable = Pick<StoreFile, 'get' | 'all' | 'path'>;

/** Writes what a seal tells of connections; inside its transaction. */
export function writeSessions(file: StoreFile, sessions: SessionSeal | undefined): void {
  if (!sessions) return;
  for (const table of TABLES) file.run(table);
  for (const one of sessions.events)
    file.run(`INSERT INTO session_events(${EVENT}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, ...valuesOf(one));
  for (const { client, user } of sessions.gone)
    file.run('DELETE FROM session_clients WHERE client = ? AND user = ?', client, user);
  for (const { client, user, ...rest } of sessions.clients) {
    const body = JSON.stringify(rest);
    const checksum = checksumOf(client, user, body);
    file.run('INSERT OR REPLACE INTO session_clients VALUES (?, ?, ?, ?)', client, user, checksum, body);
  }
  for (const { tenant, project, device, clients } of sessions.devices) {
    const body = JSON.stringify(clients);
    const checksum = checksumOf(tenant, project, device, body);
    file.run(
      'INSERT OR REPLACE INTO device_clients VALUES (?, ?, ?, ?, ?)',
      tenant,
      project,
      device,
      checksum,
      body,
    );
  }
}

/** What was carried over and changed since. Fails with `store-damaged` when a row is not what was written. */
export function readSessions(file: Readable): SessionState {
  if (Number(file.get(HAS_SESSIONS)?.n) === 0) return { clients: [], devices: [] };
  const clients = file.all('SELECT * FROM session_clients').map((row): SessionClient => {
    const { client, user, body } = row;
    check(file.path, 'session_clients', row, [String(client), String(user), String(body)]);
    return { client: String(client), user: String(user), ...JSON.parse(String(body)) }; // written from this type
  });
  const devices = file.all('SELECT * FROM device_clients').map((row): DeviceClients => {
    const names = [String(row.tenant), String(row.project), String(row.device)] as const;
    check(file.path, 'device_clients', row, [...names, String(row.body)]);
    const speaking: readonly SpeakingClient[] = JSON.parse(String(row.body)); // written from this type
    return { tenant: names[0], project: names[1], device: names[2], clients: speaking };
  });
  return { clients, devices };
}

/** Events of one file that answer a query: those of each client in the range, newest first, and one before the range. */
export function readSessionEvents(file: Readable, query: SessionQuery): SessionEvent[] {
  if (Number(file.get(HAS_SESSIONS)?.n) === 0) return [];
  return query.clients.flatMap(({ client, user }) => {
    const of = `SELECT ${EVENT} FROM session_events WHERE client = ? AND user = ?`;
    const found = file.all(
      `${of} AND time >= ? AND time < ? ORDER BY id DESC LIMIT ?`,
      client,
      user,
      query.fromMicros,
      query.toMicros,
      query.limit + 1,
    );
    const before = file.get(`${of} AND time < ? ORDER BY id DESC LIMIT 1`, client, user, query.fromMicros);
    return [...found, ...(before ? [before] : [])].map(eventOf);
  });
}

function valuesOf(one: SessionEvent): (string | number)[] {
  const { client, user, offset, timeMicros, kind, reason, remote, protocol, listener, isEncrypted } = one;
  return [client, user, offset, timeMicros, kind, reason, remote, protocol, listener, isEncrypted ? 1 : 0];
}

function eventOf(row: Row): SessionEvent {
  return {
    client: String(row.client),
    user: String(row.user),
    offset: Number(row.offset),
    timeMicros: Number(row.time),
    kind: row.kind === 'connected' ? 'connected' : 'disconnected',
    reason: String(row.reason),
    remote: String(row.remote),
    protocol: String(row.protocol),
    listener: String(row.listener),
    isEncrypted: row.encrypted === 1,
  };
}

function checksumOf(...texts: readonly string[]): number {
  return crc32(JSON.stringify(texts));
}

function check(path: string, table: string, row: Row, texts: readonly string[]): void {
  if (row.checksum === checksumOf(...texts)) return;
  throw storeDamaged(
    path,
    `the row of ${table} with ${texts.slice(0, -1).join('/')} does not fit its checksum`,
  );
}
