import type { OnReadOpts, Socket } from 'node:net';

const BUFFER_BYTES = 64 * 1024;

/**
 * Reads a plain connection into one buffer. After a read that took all there was it is left alone for a while, so that
 * what a peer sends in small pieces is read many at a time: each read costs more than what it brings. Nothing waits
 * longer than that, and the first bytes after a silence do not wait at all.
 */
export class GatheredReads {
  /** To make the socket with, which has to be paused before it connects. */
  readonly onread: OnReadOpts;
  readonly #restMs: number;
  #socket: Socket | undefined;
  #onData: (bytes: Uint8Array) => void = () => undefined;
  #rest: NodeJS.Timeout | undefined;
  #isHeld = false;

  constructor(restMs: number) {
    this.#restMs = restMs;
    const buffer = new Uint8Array(BUFFER_BYTES);
    this.onread = { buffer, callback: (count) => this.#take(buffer.subarray(0, count)) };
  }

  /** Begins to read; `onData` has the bytes for the time of the call. */
  begin(socket: Socket, onData: (bytes: Uint8Array) => void): void {
    this.#socket = socket;
    this.#onData = onData;
    socket.once('close', () => clearTimeout(this.#rest));
    socket.resume();
  }

  /** Reads nothing until `resume`. */
  pause(): void {
    this.#isHeld = true;
    this.#socket?.pause();
  }

  /** Reads again. */
  resume(): void {
    this.#isHeld = false;
    if (this.#rest === undefined) this.#socket?.resume();
  }

  /** False stops reading. */
  #take(bytes: Uint8Array): boolean {
    this.#onData(bytes);
    if (this.#isHeld || this.#socket?.destroyed) return false;
    if (bytes.byteLength === BUFFER_BYTES) return true; // there is more
    this.#rest = setTimeout(() => {
      this.#rest = undefined;
      if (!this.#isHeld && !this.#socket?.destroyed) this.#socket?.resume();
    }, this.#restMs);
    return false;
  }
}
