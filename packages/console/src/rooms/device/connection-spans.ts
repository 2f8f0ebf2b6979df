/** An event of a connection, as far as spans are made of it. Times in seconds since 1970. */
export interface ConnectionEvent {
  readonly at: number;
  readonly kind: 'connected' | 'disconnected';
  readonly reason: string;
  /** Client and user: whose state it changes. */
  readonly who: string;
}

/** A stretch of time in which a device was connected or not; `unknown` before anything is known. */
export interface ConnectionSpan {
  readonly from: number;
  readonly to: number;
  readonly state: 'connected' | 'disconnected' | 'unknown';
  /** Of the event that began it; empty where that is not known. */
  readonly reason: string;
}

/**
 * Spans of [from, to) without holes, from events in their order, those before `from` included. A device is connected
 * while one of the clients that speak for it is.
 */
export function spansOf(events: readonly ConnectionEvent[], from: number, to: number): ConnectionSpan[] {
  const spans: ConnectionSpan[] = [];
  const kinds = new Map<string, ConnectionEvent['kind']>();
  let open: Omit<ConnectionSpan, 'to'> = { from, state: 'unknown', reason: '' };
  const end = (at: number): void => {
    if (at > open.from) spans.push({ ...open, to: at });
  };
  for (const { at, kind, reason, who } of events) {
    if (at >= to) break;
    kinds.set(who, kind);
    const state = [...kinds.values()].includes('connected') ? 'connected' : 'disconnected';
    if (state === open.state) continue;
    const begin = Math.max(from, at);
    end(begin);
    open = { from: begin, state, reason };
  }
  end(to);
  return spans;
}
