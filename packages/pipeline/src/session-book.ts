import { LIMITS } from './limits.ts';

/** Whether a client is connected, as the journal last told. */
export interface SessionState {
  readonly client: string;
  readonly isConnected: boolean;
  readonly changedMicros: number;
}

/** The connection state of clients, for those heard of since the start; bounded. */
export class SessionBook {
  readonly #states = new Map<string, SessionState>();

  /** Takes a session record: JSON with `kind` `connected` or `disconnected`. Anything else changes nothing. */
  note(client: string, payload: Uint8Array, changedMicros: number): void {
    const kind = /"kind"\s*:\s*"(connected|disconnected)"/.exec(Buffer.from(payload).toString('latin1'))?.[1];
    if (!kind) return;
    this.#states.delete(client);
    this.#states.set(client, { client, isConnected: kind === 'connected', changedMicros });
    if (this.#states.size <= LIMITS.sessionsMax.value) return;
    for (const oldest of this.#states.keys()) {
      this.#states.delete(oldest);
      return;
    }
  }

  /** By client id, those heard of last at the end. */
  list(): SessionState[] {
    return [...this.#states.values()];
  }
}
