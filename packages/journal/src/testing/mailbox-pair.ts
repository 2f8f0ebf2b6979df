import type { Mailbox } from '../mailbox.ts';

/** How messages of a pair are brought over: a call of `deliver` per message, in order. */
export type Postman = (deliver: () => void) => void;

/** Two ends of a channel in memory. Messages are cloned and buffers change hands as between threads; the microtask queue brings them unless a postman is given. */
export function mailboxPair(postman: Postman = queueMicrotask): readonly [Mailbox, Mailbox] {
  const left = new End(postman);
  const right = new End(postman);
  left.other = right;
  right.other = left;
  return [left, right];
}

class End implements Mailbox {
  other: End | undefined;
  readonly #postman: Postman;
  #listener: ((message: unknown) => void) | undefined;
  #early: unknown[] = [];

  constructor(postman: Postman) {
    this.#postman = postman;
  }

  post(message: unknown, transfer: readonly ArrayBuffer[] = []): void {
    const copy: unknown = structuredClone(message, { transfer: [...transfer] });
    this.#postman(() => this.other?.receive(copy));
  }

  onMessage(listener: (message: unknown) => void): void {
    this.#listener = listener;
    for (const message of this.#early.splice(0)) listener(message);
  }

  receive(message: unknown): void {
    if (this.#listener) this.#listener(message);
    else this.#early.push(message);
  }
}
