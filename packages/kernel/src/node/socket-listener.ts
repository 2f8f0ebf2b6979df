import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:tls';
import { LIMITS } from '../limits.ts';
import type { Address, TlsCredentials, TlsListener } from '../net.ts';
import { listenFault, systemCode } from './system-fault.ts';
import { tlsTerms } from './tls-terms.ts';

/** Choices of a listener of sockets. */
export interface SocketListenOptions {
  /** With them a socket is given out when its handshake is over, without them at once. */
  readonly tls?: TlsCredentials | undefined;
  /** Output buffered per socket before `write` returns false; `LIMITS.netHighWaterBytes` unless given. */
  readonly highWaterBytes?: number | undefined;
  /** `LIMITS.tlsHandshakeMs` unless given. */
  readonly handshakeMs?: number | undefined;
  /** `LIMITS.tlsHandshakesMax` unless given. */
  readonly handshakesMax?: number | undefined;
  /** Told when a connection could not be accepted (no file descriptor left); the listener goes on. */
  readonly onAcceptError?: ((error: Error) => void) | undefined;
  /** Told of every connection that ended before its handshake was over. */
  readonly onHandshakeFailed?: ((failure: HandshakeFailure) => void) | undefined;
}

/** A connection that never became one. */
export interface HandshakeFailure {
  /** `too-many`: no handshake was begun. `timeout`: it took too long. `refused`: the peer or this side broke it off. */
  readonly reason: 'too-many' | 'timeout' | 'refused';
  /** The cause in the words of the TLS library, or of the limit. */
  readonly why: string;
  /** Of the peer; the host is empty where it was gone before it could be told. */
  readonly remote: Address;
}

/**
 * Binds a port and gives every TCP connection, or every TLS connection whose handshake is over, to `onSocket`, without
 * Nagle's delay. For adapters that need sockets; everybody else uses `Net`. Fails as `Net.listen` does, and with
 * `tls-credentials-invalid`.
 */
export async function listenSockets(
  address: Address,
  options: SocketListenOptions,
  onSocket: (socket: Socket) => void,
): Promise<TlsListener> {
  const secured = options.tls ? secure(options.tls, options, onSocket) : undefined;
  const highWaterMark = options.highWaterBytes ?? LIMITS.netHighWaterBytes.value;
  const server = createServer({ noDelay: true, highWaterMark }, secured?.onSocket ?? onSocket);
  return await new Promise((resolve, reject) => {
    const refuse = (error: Error): void => reject(listenFault(address.host, address.port, error));
    server.once('error', refuse);
    server.listen({ ...address, backlog: LIMITS.netBacklogMax.value }, () => {
      server.off('error', refuse);
      server.on('error', (error) => options.onAcceptError?.(error));
      resolve({
        address: boundAddress(server, address),
        renew: (credentials) => secured?.server.setSecureContext(tlsTerms(credentials)),
        [Symbol.asyncDispose]: async () => {
          secured?.end();
          server.close();
        },
      });
    });
  });
}

interface Secured {
  /** Holds the terms; it never listens itself. */
  readonly server: TlsServer;
  onSocket(socket: Socket): void;
  /** Handshakes that are not over yet come to nothing. */
  end(): void;
}

/** Every socket ends in exactly one of the two events of the TLS server, so handshakes can be counted. */
function secure(
  credentials: TlsCredentials,
  { handshakeMs, handshakesMax, onHandshakeFailed }: SocketListenOptions,
  onSocket: (socket: Socket) => void,
): Secured {
  const most = handshakesMax ?? LIMITS.tlsHandshakesMax.value;
  const handshakeTimeout = handshakeMs ?? LIMITS.tlsHandshakeMs.value;
  let handshakes = 0;
  let isEnded = false;
  const server = createTlsServer({ ...tlsTerms(credentials), handshakeTimeout });
  server.on('secureConnection', (socket) => {
    handshakes--;
    socket.disableRenegotiation();
    if (isEnded) socket.destroy();
    else onSocket(socket);
  });
  server.on('tlsClientError', (error, socket) => {
    handshakes--;
    const remote = remoteOf(socket);
    socket.destroy();
    const isLate = systemCode(error) === 'ERR_TLS_HANDSHAKE_TIMEOUT';
    onHandshakeFailed?.({ reason: isLate ? 'timeout' : 'refused', why: error.message, remote });
  });
  return {
    server,
    onSocket: (socket) => {
      if (handshakes < most) {
        handshakes++;
        server.emit('connection', socket);
        return;
      }
      socket.on('error', () => undefined); // a reset of a connection that is closed anyway
      const remote = remoteOf(socket);
      socket.destroy();
      onHandshakeFailed?.({ reason: 'too-many', why: `${most} handshakes are going on.`, remote });
    },
    end: () => {
      isEnded = true;
    },
  };
}

/** Where a socket comes from. */
export function remoteOf({ remoteAddress: host = '', remotePort: port = 0 }: Socket): Address {
  return { host, port };
}

function boundAddress(server: Server, asked: Address): Address {
  const bound = server.address();
  return bound && typeof bound === 'object' ? { host: bound.address, port: bound.port } : asked;
}
