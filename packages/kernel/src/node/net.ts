import { connect, createServer, type Server, type Socket } from 'node:net';
import { KernelError } from '../errors.ts';
import { LIMITS } from '../limits.ts';
import type { Address, Connection, ConnectionEvents, Listener, Net } from '../net.ts';
import { listenFault, systemCode } from './system-fault.ts';

/** Choices of the machine's network. */
export interface NodeNetOptions {
  /** Output buffered per connection before `write` returns false. */
  readonly highWaterBytes?: number;
  /** Told when a connection could not be accepted (no file descriptor left); the listener goes on. */
  readonly onAcceptError?: (error: Error) => void;
}

/** TCP of the machine, without Nagle's delay. */
export function nodeNet(options: NodeNetOptions = {}): Net {
  const highWaterMark = options.highWaterBytes ?? LIMITS.netHighWaterBytes.value;
  return {
    listen: (address, onConnection) => listen(address, onConnection, highWaterMark, options.onAcceptError),
    connect: (address, signal) => connectTo(address, signal, highWaterMark),
  };
}

class SocketConnection implements Connection {
  readonly remote: Address;
  readonly #socket: Socket;
  #events: ConnectionEvents | undefined;
  #error: Error | undefined;
  #isClosed = false;

  constructor(socket: Socket, remote: Address) {
    this.#socket = socket;
    this.remote = remote;
    socket.on('error', (error) => {
      this.#error ??= error;
    });
    socket.on('close', () => {
      this.#isClosed = true;
      this.#events?.onClose(this.#error);
    });
  }

  get bufferedBytes(): number {
    return this.#socket.writableLength;
  }

  start(events: ConnectionEvents): void {
    this.#events = events;
    if (this.#isClosed) {
      queueMicrotask(() => events.onClose(this.#error));
      return;
    }
    this.#socket.on('drain', () => events.onDrain());
    this.#socket.on('data', (bytes: Buffer) => events.onData(bytes));
  }

  write(bytes: Uint8Array): boolean {
    if (this.#socket.destroyed || this.#socket.writableEnded) return true;
    return this.#socket.write(bytes);
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  end(): void {
    this.#socket.end();
  }

  destroy(): void {
    this.#socket.destroy();
  }
}

function listen(
  address: Address,
  onConnection: (connection: Connection) => void,
  highWaterMark: number,
  onAcceptError: ((error: Error) => void) | undefined,
): Promise<Listener> {
  const server = createServer({ noDelay: true, highWaterMark }, (socket) => {
    const remote = { host: socket.remoteAddress ?? '', port: socket.remotePort ?? 0 };
    onConnection(new SocketConnection(socket, remote));
  });
  return new Promise((resolve, reject) => {
    const refuse = (error: Error): void => reject(listenFault(address.host, address.port, error));
    server.once('error', refuse);
    server.listen({ ...address, backlog: LIMITS.netBacklogMax.value }, () => {
      server.off('error', refuse);
      server.on('error', (error) => onAcceptError?.(error));
      resolve({
        address: boundAddress(server, address),
        [Symbol.asyncDispose]: async () => void server.close(),
      });
    });
  });
}

function boundAddress(server: Server, asked: Address): Address {
  const bound = server.address();
  return bound && typeof bound === 'object' ? { host: bound.address, port: bound.port } : asked;
}

function connectTo(
  address: Address,
  signal: AbortSignal | undefined,
  highWaterMark: number,
): Promise<Connection> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const options = { ...address, noDelay: true, highWaterMark };
    const socket = connect(options);
    const abort = (): void => {
      socket.destroy();
      reject(signal?.reason);
    };
    const refuse = (error: Error): void => {
      signal?.removeEventListener('abort', abort);
      reject(connectFault(address, error));
    };
    signal?.addEventListener('abort', abort, { once: true });
    socket.once('error', refuse);
    socket.once('connect', () => {
      signal?.removeEventListener('abort', abort);
      socket.off('error', refuse);
      resolve(new SocketConnection(socket, address));
    });
  });
}

function connectFault({ host, port }: Address, error: Error): KernelError {
  const system = systemCode(error);
  return new KernelError(
    'connect-failed',
    `Cannot connect to ${host} port ${port}: ${system ?? error.message}.`,
    { host, port, system },
    error,
  );
}
