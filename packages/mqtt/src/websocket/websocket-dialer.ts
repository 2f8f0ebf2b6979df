import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { type Address, type Connection, KernelError, type TlsTrust } from '@skerry/kernel';
import { tlsWishes } from '@skerry/kernel/node';
import { type ClientOptions, WebSocket } from 'ws';
import { LIMITS } from '../limits.ts';
import { WebSocketConnection } from './websocket-connection.ts';

/** Where a WebSocket is made to. */
export interface WebSocketTarget {
  readonly address: Address;
  /** Path with its query. */
  readonly path: string;
  /** Encrypted (wss) with them. */
  readonly tls?: TlsTrust | undefined;
  /** Greatest message of the peer; `LIMITS.subscriberPacketBytesTold` unless given. */
  readonly messageBytesMax?: number | undefined;
}

/**
 * Connects by WebSocket, sub-protocol `mqtt`, without compression. Fails with `connect-failed`, `tls-credentials-invalid`,
 * or the reason of the aborted signal; a redirection is not followed.
 */
export async function dialWebSocket(
  { address, path, tls, messageBytesMax }: WebSocketTarget,
  signal?: AbortSignal,
): Promise<Connection> {
  const options: ClientOptions = {
    perMessageDeflate: false,
    maxPayload: messageBytesMax ?? LIMITS.subscriberPacketBytesTold.value,
    ...(tls && (tlsWishes(address, tls) as object)), // handed on to tls.connect, whose terms ws does not declare
  };
  const host = address.host.includes(':') ? `[${address.host}]` : address.host;
  const url = `${tls ? 'wss' : 'ws'}://${host}:${address.port}${path}`;
  return await new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const socket = new WebSocket(url, 'mqtt', options);
    let stream: Socket | undefined;
    const abort = (): void => {
      socket.terminate();
      reject(signal?.reason);
    };
    const refuse = (error: Error): void => {
      signal?.removeEventListener('abort', abort);
      reject(connectFault(url, error));
    };
    signal?.addEventListener('abort', abort, { once: true });
    socket.once('upgrade', (response: IncomingMessage) => {
      stream = response.socket;
      stream.setNoDelay();
    });
    socket.on('error', refuse);
    socket.once('open', () => {
      signal?.removeEventListener('abort', abort);
      socket.off('error', refuse);
      if (stream) resolve(new WebSocketConnection(socket, stream, address));
    });
  });
}

function connectFault(url: string, error: Error): KernelError {
  const message = `Cannot connect to ${url.replace(/\?.*$/s, '')}: ${error.message}.`;
  return new KernelError('connect-failed', message, {}, error);
}
