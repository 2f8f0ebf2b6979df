import type { Submittable } from 'pg';

/** What of the library's connection a COPY uses; its messages are those of the protocol (PostgreSQL, chapter 55). */
interface WireConnection {
  readonly stream: {
    write(bytes: Uint8Array): boolean;
    cork(): void;
    uncork(): void;
    on(event: 'drain' | 'close', listener: () => void): unknown;
    off(event: 'drain' | 'close', listener: () => void): unknown;
    readonly destroyed: boolean;
  };
  query(text: string): void;
  sendCopyFail(message: string): void;
}

/** Header of a binary COPY: signature, flags, no extension. */
const HEADER = Uint8Array.from([
  0x50, 0x47, 0x43, 0x4f, 0x50, 0x59, 0x0a, 0xff, 0x0d, 0x0a, 0, 0, 0, 0, 0, 0, 0, 0, 0,
]);
/** Bytes before the rows of one CopyData message: its kind and its length. */
export const FRAME_BYTES = 5;
const COPY_DATA = 0x64;
const COPY_DONE = Uint8Array.from([0x63, 0, 0, 0, 4]);

/**
 * One `COPY … FROM STDIN (FORMAT binary)`, submitted to a client of `pg`. The data goes out without waiting for the
 * server's readiness: a server that refuses the statement throws them away, as the protocol says. `chunks` are whole
 * messages whose first `FRAME_BYTES` bytes are left free. `done` resolves with the rows copied, and fails as the server says.
 */
export class CopyIn implements Submittable {
  readonly done: Promise<number>;
  /** Put here by the client, which counts the time of a statement from its submission to this call. */
  callback: ((fault: Error | undefined) => void) | undefined;
  readonly #text: string;
  readonly #chunks: Iterable<Uint8Array>;
  readonly #settle: PromiseWithResolvers<number>;
  #rows = 0;
  #fault: Error | undefined;

  constructor(text: string, chunks: Iterable<Uint8Array>) {
    this.#text = text;
    this.#chunks = chunks;
    this.#settle = Promise.withResolvers();
    this.done = this.#settle.promise;
    // the client tells a fault before anybody waits
    this.done.catch(() => undefined);
  }

  /** Called by the client when it is the statement's turn. Statement and rows go out in as few writes as they fit. */
  submit(connection: unknown): void {
    const wire = connection as WireConnection; // the client gives its own connection; the library's types leave it out
    wire.stream.cork();
    wire.query(this.#text);
    wire.stream.write(frame(Uint8Array.from([0, 0, 0, 0, 0, ...HEADER])));
    this.#send(wire).catch((fault: unknown) => {
      this.#fault ??= fault instanceof Error ? fault : new Error(String(fault));
      wire.sendCopyFail(this.#fault.message);
      wire.stream.uncork();
    });
  }

  async #send(wire: WireConnection): Promise<void> {
    const { stream } = wire;
    for (const chunk of this.#chunks) {
      if (this.#fault || stream.destroyed) break;
      if (stream.write(frame(chunk))) continue;
      stream.uncork();
      await drained(wire);
      stream.cork();
    }
    if (!this.#fault && !stream.destroyed) {
      stream.write(frame(Uint8Array.from([0, 0, 0, 0, 0, 0xff, 0xff])));
      stream.write(COPY_DONE);
    }
    stream.uncork();
  }

  handleCommandComplete(message: { readonly text: string }): void {
    const match = /^COPY (\d+)/.exec(message.text);
    if (match) this.#rows = Number(match[1]);
  }

  handleCopyInResponse(): void {}

  handleReadyForQuery(): void {
    this.callback?.(this.#fault);
    if (this.#fault) this.#settle.reject(this.#fault);
    else this.#settle.resolve(this.#rows);
  }

  handleError(fault: Error): void {
    this.#fault ??= fault;
    this.callback?.(this.#fault);
    // a connection that is gone is never ready again
    this.#settle.reject(this.#fault);
  }

  handleRowDescription(): void {}

  handleDataRow(): void {}

  handlePortalSuspended(): void {}

  handleEmptyQuery(): void {}
}

function frame(message: Uint8Array): Uint8Array {
  new DataView(message.buffer, message.byteOffset).setUint32(1, message.byteLength - 1);
  message[0] = COPY_DATA;
  return message;
}

function drained({ stream }: WireConnection): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      stream.off('drain', done);
      stream.off('close', done);
      resolve();
    };
    stream.on('drain', done);
    stream.on('close', done);
  });
}
