import type { DeviceKey } from './values.ts';

/** Who speaks MQTT: a client id belongs to the subject that connected under it. */
export interface ClientKey {
  readonly client: string;
  /** Name of the subject. */
  readonly user: string;
}

/** How a client connects. */
export interface ClientWay {
  /** `host:port` of the peer. */
  readonly remote: string;
  /** `3.1.1` or `5.0`. */
  readonly protocol: string;
  /** What it came over: `mqtt`, `mqtts`, `ws`, `wss`; empty where a record of old does not tell. */
  readonly listener: string;
  readonly isEncrypted: boolean;
}

/** A connection that began or ended, as the journal tells. */
export interface SessionEvent extends ClientKey, ClientWay {
  /** Of the journal's record that tells it. */
  readonly offset: number;
  /** Microseconds since 1970, by the server. */
  readonly timeMicros: number;
  readonly kind: 'connected' | 'disconnected';
  /** A stable word: those of the broker, and `server-restart` where the process ended without telling. */
  readonly reason: string;
}

/** What is known of a client: its last event, and how many events of a day are kept and were left out. */
export interface SessionClient extends SessionEvent {
  /** The writing scopes of its subject as JSON, for the pipeline. */
  readonly scopes: string;
  /** Day of the counts, as days since 1970. */
  readonly day: number;
  readonly kept: number;
  readonly leftOut: number;
}

/** The clients that spoke for a device, the last one first. */
export interface DeviceClients extends DeviceKey {
  readonly clients: readonly SpeakingClient[];
}

/** A client that spoke for a device. */
export interface SpeakingClient extends ClientKey {
  /** When it was first heard after another one, microseconds since 1970. */
  readonly sinceMicros: number;
}

/** Where a device stands, as far as MQTT tells. */
export interface DeviceConnectivity {
  /** `never`: nobody has spoken for it over MQTT that is remembered. */
  readonly now: 'connected' | 'disconnected' | 'never';
  /** Its clients, the last to speak first. */
  readonly clients: readonly (SessionClient & { readonly sinceMicros: number })[];
  /** Events in the range, oldest first, and before them the last one of each client before the range. */
  readonly events: readonly SessionEvent[];
  /** Events beyond what a client may have in a day, not kept: of the last day of each client. */
  readonly leftOut: number;
  /** True when older events of the range were left out of the answer. */
  readonly isCut: boolean;
}
