import type { IngressProperties } from '../ingress.ts';

/** A Will Message as CONNECT left it. */
export interface Will {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly qos: 0 | 1 | 2;
  readonly isRetained: boolean;
  readonly delayMs: number;
  readonly properties: IngressProperties | undefined;
}

/** Wills whose connection has ended and whose delay has not [MQTT-3.1.3-9]; at most one of each owner. */
export class WillBook<Owner> {
  readonly #waiting = new Map<Owner, { readonly will: Will; readonly dueMs: number }>();

  /** Wills that wait. */
  get count(): number {
    return this.#waiting.size;
  }

  /** Lets a will wait until `dueMs`. */
  schedule(owner: Owner, will: Will, dueMs: number): void {
    this.#waiting.set(owner, { will, dueMs });
  }

  /** The owner has come back in time: its will is not published. */
  cancel(owner: Owner): void {
    this.#waiting.delete(owner);
  }

  /** Takes one owner's will, due or not: its session has ended. */
  take(owner: Owner): Will | undefined {
    const waiting = this.#waiting.get(owner);
    this.#waiting.delete(owner);
    return waiting?.will;
  }

  /** Takes every will that has fallen due, with its owner. */
  takeDue(nowMs: number): { readonly owner: Owner; readonly will: Will }[] {
    const due = [...this.#waiting].filter(([, { dueMs }]) => dueMs <= nowMs);
    for (const [owner] of due) this.#waiting.delete(owner);
    return due.map(([owner, { will }]) => ({ owner, will }));
  }
}
