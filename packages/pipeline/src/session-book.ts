import { covers, type DeviceKey, type Scope, type SessionClient, type SessionEvent } from '@skerry/model';
import type { SessionSeal } from '@skerry/series';
import { LIMITS } from './limits.ts';
import type { RecordCursor } from './record-cursor.ts';
import { readSessionChange } from './session-change.ts';

const DAY_MICROS = 86_400_000_000;

/** What is known of one client: the last event and the counts of its day. */
interface ClientState {
  last: SessionEvent;
  scopes: readonly Scope[];
  day: number;
  kept: number;
  leftOut: number;
}

/** Everybody who has connected under one client id. */
export class ClientEntry {
  /** UTF-8 of the client id; its own bytes. */
  readonly bytes: Buffer;
  /** Grows whenever it may be another one who speaks under the id. */
  version = 0;
  readonly users = new Map<string, ClientState>();

  constructor(client: string) {
    this.bytes = Buffer.from(client);
  }

  /**
   * Name of the one who speaks for a device under this id: connected, and allowed to write of the device. Undefined when
   * nobody is, or more than one could be: client ids are the clients' own choice, and nothing of one may be told to the other.
   */
  speakerFor(device: DeviceKey): string | undefined {
    let found: string | undefined;
    for (const [user, { last, scopes }] of this.users) {
      if (last.kind !== 'connected' || !scopes.some((scope) => covers(scope, device))) continue;
      if (found !== undefined) return undefined;
      found = user;
    }
    return found;
  }
}

/** What became known since the last seal was drafted. */
export interface SessionDraft {
  readonly events: SessionEvent[];
  readonly clients: Map<string, { readonly client: string; readonly user: string }>;
}

/** A draft without anything. */
export function noSessions(): SessionDraft {
  return { events: [], clients: new Map() };
}

/** The connection state of clients, as the journal tells; bounded, and the same after a restart. */
export class SessionBook {
  /** By client id; those heard of last at the end. */
  readonly #entries = new Map<string, ClientEntry>();
  /** Client ids that were asked for and of whom no connection is known: they may connect yet. */
  readonly #unknown = new Map<string, ClientEntry>();
  #clients = 0;
  /** Events kept on the newest day. */
  #day = 0;
  #kept = 0;

  /** Takes over what the store knows. */
  restore(clients: readonly SessionClient[]): void {
    for (const { scopes, day, kept, leftOut, ...last } of [...clients].sort((a, b) => a.offset - b.offset)) {
      const parsed: readonly Scope[] = JSON.parse(scopes); // written from this type
      this.#set(last, { last, scopes: parsed, day, kept, leftOut });
      if (day > this.#day) this.#kept = 0;
      this.#day = Math.max(this.#day, day);
      if (day === this.#day) this.#kept += kept;
    }
  }

  /** Takes a session record. One that cannot be read, or names somebody no broker of ours would, changes nothing. */
  note(record: RecordCursor, draft: SessionDraft): void {
    const change = readSessionChange(record.payload);
    if (!change) return;
    const { offset, receivedMicros: timeMicros } = record;
    if (change.kind === 'started') {
      this.#endAll(offset, timeMicros, draft);
      return;
    }
    const names = [record.client, change.user];
    if (names.some((name) => Buffer.byteLength(name) > LIMITS.sessionNameBytesMax.value)) return;
    const { scopes, ...told } = change;
    const event: SessionEvent = { ...told, kind: change.kind, client: record.client, offset, timeMicros };
    this.#take(event, scopes, draft);
  }

  /** Takes an event that another record than one of a session tells of; `scopes` is whom the client speaks for. */
  tell(event: SessionEvent, scopes: readonly Scope[], draft: SessionDraft): void {
    this.#take(event, scopes, draft);
  }

  /** Everybody under a client id. Ask again when its version has grown: it may be another one then. */
  entry(client: string): ClientEntry {
    const known = this.#entries.get(client) ?? this.#unknown.get(client);
    if (known) return known;
    const entry = new ClientEntry(client);
    this.#unknown.set(client, entry);
    if (this.#unknown.size > LIMITS.sessionsMax.value) {
      for (const [oldest, gone] of this.#unknown) {
        this.#unknown.delete(oldest);
        gone.version++;
        break;
      }
    }
    return entry;
  }

  /** What is known of a client; undefined when it is not remembered. */
  find(client: string, user: string): SessionClient | undefined {
    const state = this.#entries.get(client)?.users.get(user);
    return state && rowOf(state);
  }

  /** What the seal is to tell of the clients that a draft names. */
  sealOf(draft: SessionDraft): Pick<SessionSeal, 'events' | 'clients' | 'gone'> {
    const keys = [...draft.clients.values()];
    const known = keys.flatMap(({ client, user }) => this.find(client, user) ?? []);
    const gone = keys.filter(({ client, user }) => !this.#entries.get(client)?.users.has(user));
    return { events: draft.events, clients: known, gone };
  }

  #take(event: SessionEvent, scopes: readonly Scope[] | undefined, draft: SessionDraft): void {
    const { client, user, timeMicros } = event;
    const before = this.#entries.get(client)?.users.get(user);
    const day = Math.floor(timeMicros / DAY_MICROS);
    const isNewDay = before?.day !== day;
    const state: ClientState = {
      last: event,
      scopes: scopes ?? before?.scopes ?? [],
      day,
      kept: isNewDay ? 0 : before.kept,
      leftOut: isNewDay ? 0 : before.leftOut,
    };
    if (day > this.#day) this.#kept = 0;
    this.#day = Math.max(this.#day, day);
    const hasRoom =
      state.kept < LIMITS.sessionEventsMax.value && this.#kept < LIMITS.sessionEventsDayMax.value;
    if (hasRoom) {
      state.kept++;
      this.#kept++;
      draft.events.push(event);
    } else state.leftOut++;
    this.#set(event, state);
    draft.clients.set(keyOf(client, user), { client, user });
    this.#forgetBeyond(draft);
  }

  #set({ client, user }: SessionEvent, state: ClientState): void {
    const entry = this.entry(client);
    this.#unknown.delete(client);
    this.#entries.delete(client);
    this.#entries.set(client, entry);
    if (!entry.users.has(user)) this.#clients++;
    entry.users.set(user, state);
    entry.version++;
  }

  /** The process began to serve: connections of an earlier life are over, and nobody told. */
  #endAll(offset: number, timeMicros: number, draft: SessionDraft): void {
    const open = [...this.#entries.values()].flatMap(({ users }) => [...users.values()]);
    for (const { last } of open)
      if (last.kind === 'connected')
        this.#take(
          { ...last, kind: 'disconnected', reason: 'server-restart', offset, timeMicros },
          undefined,
          draft,
        );
  }

  #forgetBeyond(draft: SessionDraft): void {
    for (const [client, entry] of this.#entries) {
      if (this.#clients <= LIMITS.sessionsMax.value) return;
      this.#entries.delete(client);
      entry.version++;
      this.#clients -= entry.users.size;
      for (const user of entry.users.keys()) draft.clients.set(keyOf(client, user), { client, user });
    }
  }
}

function rowOf({ last, scopes, day, kept, leftOut }: ClientState): SessionClient {
  return { ...last, scopes: JSON.stringify(scopes), day, kept, leftOut };
}

function keyOf(client: string, user: string): string {
  return `${user}\u0000${client}`;
}
