import { LIMITS } from '../../limits.ts';

/** Something that did not come through, and is no dead letter. */
export interface RefusedArrival {
  /** Microseconds since 1970. */
  readonly atMicros: number;
  /**
   * `elsewhere`: published on a topic that is no telemetry. `cut-off`: the connection was ended for what was sent.
   * `http`: telemetry over HTTP was refused. `handshake`: it never became a connection of MQTT.
   */
  readonly kind:
    | 'connect'
    | 'publish'
    | 'will'
    | 'subscribe'
    | 'cut-off'
    | 'elsewhere'
    | 'http'
    | 'handshake';
  /** Client id, as far as it is known. */
  readonly client: string;
  /** Name of the subject or user name; empty without one. */
  readonly user: string;
  /** Topic or filter, for `http` tenant, project and device of the path; empty without one. */
  readonly topic: string;
  /** A stable word. */
  readonly reason: string;
  readonly why: string;
  /** `host:port` of the peer. */
  readonly remote: string;
}

/**
 * What did not come through in the last minutes, for whoever connects a device. It holds a bounded number: the oldest
 * make room, and of what one client repeats only the newest is kept.
 */
export class RefusalBook {
  readonly #entries = new Map<string, RefusedArrival>();

  /** Notes one; the same of the same client replaces the one before. */
  note(told: RefusedArrival): void {
    const refusal = {
      ...told,
      topic: clip(told.topic),
      client: clip(told.client),
      user: clip(told.user),
      why: clip(told.why),
    };
    const { kind, client, topic, reason, user } = refusal;
    const key = JSON.stringify([kind, client, topic, reason, user]);
    this.#entries.delete(key);
    this.#entries.set(key, refusal);
    if (this.#entries.size <= LIMITS.refusalsKept.value) return;
    const [oldest] = this.#entries.keys();
    if (oldest !== undefined) this.#entries.delete(oldest);
  }

  /** Those at or after a moment, oldest first. */
  since(micros: number): RefusedArrival[] {
    return [...this.#entries.values()].filter(({ atMicros }) => atMicros >= micros);
  }
}

/** Texts of strangers are kept as far as somebody would read them. */
function clip(text: string): string {
  return text.length > CHARS ? `${text.slice(0, CHARS)}…` : text;
}

const CHARS = 256;
