import type { Duplex } from 'node:stream';
import type { Address, Connection, ConnectionEvents } from '@skerry/kernel';
import { WebSocket } from 'ws';

const CLOSE = { normal: 1_000, wrongType: 1_003 } as const; // RFC 6455, 7.4.1

/**
 * A WebSocket as an ordered byte stream: frames are its chunks, whatever packets they hold [MQTT-6.0.0-2]; each write is
 * one binary frame. A text frame closes it [MQTT-6.0.0-1].
 */
export class WebSocketConnection implements Connection {
  readonly remote: Address;
  readonly #socket: WebSocket;
  /** What the frames are written to. */
  readonly #stream: Duplex;
  #events: ConnectionEvents | undefined;
  #error: Error | undefined;
  #isClosed = false;
  #isTold = false;
  #isPaused = false;
  /** Frames that the receiver had already when it was paused: of one chunk of the network. */
  #held: Uint8Array[] = [];

  constructor(socket: WebSocket, stream: Duplex, remote: Address) {
    this.#socket = socket;
    this.#stream = stream;
    this.remote = remote;
    socket.on('error', (error) => {
      this.#error ??= error;
    });
    socket.on('close', () => {
      this.#isClosed = true;
      if (this.#held.length === 0) this.#tellClose();
    });
  }

  get bufferedBytes(): number {
    return this.#socket.bufferedAmount;
  }

  start(events: ConnectionEvents): void {
    this.#events = events;
    if (this.#isClosed) {
      queueMicrotask(() => this.#tellClose());
      return;
    }
    this.#stream.on('drain', () => events.onDrain());
    this.#socket.on('message', (bytes: Buffer, isBinary) => {
      if (!isBinary) this.#refuseText();
      else if (this.#isPaused || this.#held.length > 0) this.#held.push(bytes);
      else events.onData(bytes);
    });
  }

  write(bytes: Uint8Array): boolean {
    if (this.#socket.readyState !== WebSocket.OPEN) return true;
    this.#socket.send(bytes, { binary: true }, ignore);
    return !this.#stream.writableNeedDrain;
  }

  pause(): void {
    this.#isPaused = true;
    this.#socket.pause();
  }

  resume(): void {
    this.#isPaused = false;
    if (this.#held.length > 0) queueMicrotask(() => this.#release());
    this.#socket.resume();
  }

  end(): void {
    this.#socket.close(CLOSE.normal);
  }

  destroy(): void {
    this.#held = [];
    this.#socket.terminate();
  }

  #release(): void {
    while (!this.#isPaused && this.#held.length > 0) {
      const bytes = this.#held.shift();
      if (bytes) this.#events?.onData(bytes);
    }
    if (this.#isClosed && this.#held.length === 0) this.#tellClose();
  }

  #refuseText(): void {
    this.#error ??= new TypeError(
      'A text frame came over a WebSocket of MQTT, which has binary frames only.',
    );
    this.#socket.close(CLOSE.wrongType, 'MQTT has binary frames only.');
  }

  /** Once, and not before somebody listens. */
  #tellClose(): void {
    if (this.#isTold || !this.#events) return;
    this.#isTold = true;
    this.#events.onClose(this.#error);
  }
}

/** A frame that could not be written belongs to a connection that is ending, which `close` tells. */
function ignore(): void {}
