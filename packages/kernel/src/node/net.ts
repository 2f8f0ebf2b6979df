import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { KernelError } from '../errors.ts';
import { LIMITS } from '../limits.ts';
import type { Address, Connection, ConnectionEvents, Net, TlsNet } from '../net.ts';
import { GatheredReads } from './gathered-reads.ts';
import { listenSockets, type SocketListenOptions } from './socket-listener.ts';
import { systemCode } from './system-fault.ts';
import { tlsWishes } from './tls-terms.ts';

/** Choices of the machine's network. */
export interface NodeNetOptions extends Omit<SocketListenOptions, 'tls'> {
  /**
   * A connection made by `connect` is not read again for so many milliseconds after a read that took all there was, and
   * has a read buffer of its own (64 KiB): for few connections over which a peer sends much in small pieces.
   */
  readonly readRestMs?: number;
}

/** TCP and TLS of the machine, without Nagle's delay. */
export function nodeNet(options: NodeNetOptions = {}): Net & TlsNet {
  const highWaterMark = options.highWaterBytes ?? LIMITS.netHighWaterBytes.value;
  return {
    listen: (address, onConnection) =>
      listenSockets(address, options, (socket) => onConnection(connectionOf(socket))),
    listenTls: (address, tls, onConnection) =>
      listenSockets(address, { ...options, tls }, (socket) => onConnection(connectionOf(socket))),
    connect: (address, signal) => {
      const { readRestMs } = options;
      const wanted = { ...address, highWaterMark };
      if (readRestMs === undefined) return connectTo(address, signal, 'connect', () => connect(wanted));
      const reads = new GatheredReads(readRestMs);
      const open = (): Socket => connect({ ...wanted, onread: reads.onread }).pause();
      return connectTo(address, signal, 'connect', open, reads);
    },
    connectTls: async (address, trust, signal) => {
      const wanted = { ...address, ...tlsWishes(address, trust), highWaterMark };
      return await connectTo(address, signal, 'secureConnect', () => connectTls(wanted));
    },
  };
}

class SocketConnection implements Connection {
  readonly remote: Address;
  readonly #socket: Socket;
  readonly #reads: GatheredReads | undefined;
  #events: ConnectionEvents | undefined;
  #error: Error | undefined;
  #isClosed = false;

  constructor(socket: Socket, remote: Address, reads?: GatheredReads) {
    this.#socket = socket;
    this.#reads = reads;
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
    if (this.#reads) this.#reads.begin(this.#socket, (bytes) => events.onData(bytes));
    else this.#socket.on('data', (bytes: Buffer) => events.onData(bytes));
  }

  write(bytes: Uint8Array): boolean {
    if (this.#socket.destroyed || this.#socket.writableEnded) return true;
    return this.#socket.write(bytes);
  }

  pause(): void {
    (this.#reads ?? this.#socket).pause();
  }

  resume(): void {
    (this.#reads ?? this.#socket).resume();
  }

  end(): void {
    this.#socket.end();
  }

  destroy(): void {
    this.#socket.destroy();
  }
}

function connectionOf(socket: Socket): SocketConnection {
  return new SocketConnection(socket, { host: socket.remoteAddress ?? '', port: socket.remotePort ?? 0 });
}

function connectTo(
  address: Address,
  signal: AbortSignal | undefined,
  ready: 'connect' | 'secureConnect',
  open: () => Socket,
  reads?: GatheredReads,
): Promise<Connection> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const socket = open();
    socket.setNoDelay();
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
    socket.once(ready, () => {
      signal?.removeEventListener('abort', abort);
      socket.off('error', refuse);
      resolve(new SocketConnection(socket, address, reads));
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
