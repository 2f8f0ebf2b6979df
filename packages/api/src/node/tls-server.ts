import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { Socket } from 'node:net';
import type { TlsCredentials } from '@skerry/kernel';
import { tlsTerms } from '@skerry/kernel/node';
import { LIMITS } from '../limits.ts';

/** Longest time between two looks at the connections whose headers have not come. */
const LOOK_MS = 2_000;

/** Options of a server, with or without TLS, that give headers so much time. */
export function headerTerms(headersTimeoutMs: number) {
  return {
    headersTimeout: headersTimeoutMs,
    connectionsCheckingInterval: Math.min(LOOK_MS, headersTimeoutMs),
  };
}

/** How requests over TLS are served. */
export interface TlsServerOptions {
  readonly credentials: TlsCredentials;
  readonly headersTimeoutMs: number;
  /** Told of every connection, before its handshake. */
  readonly onConnection: (socket: Socket) => void;
  /** Takes every request. */
  readonly serve: (request: IncomingMessage, response: ServerResponse) => void;
  /** Told of a handshake that came to nothing: the cause in the words of the TLS library, and `host:port` of the peer. */
  readonly onHandshakeFailed: (why: string, remote: string) => void;
}

/** An HTTPS server under the same limits as the plain one. Fails with `tls-credentials-invalid`. */
export function createTlsServer(options: TlsServerOptions): Server {
  const { credentials, headersTimeoutMs, onConnection, serve, onHandshakeFailed } = options;
  const server = createServer(
    {
      ...tlsTerms(credentials),
      maxHeaderSize: LIMITS.headerBytesMax.value,
      requestTimeout: LIMITS.requestTimeoutMs.value,
      keepAliveTimeout: LIMITS.keepAliveTimeoutMs.value,
      requireHostHeader: false, // refused with a problem, as on the plain server
      handshakeTimeout: headersTimeoutMs,
      ...headerTerms(headersTimeoutMs),
    },
    serve,
  );
  server.on('tlsClientError', (error, { remoteAddress = '', remotePort = 0 }) =>
    onHandshakeFailed(error.message, `${remoteAddress}:${remotePort}`),
  );
  server.on('connection', onConnection);
  return server;
}

/** Resolves with the port when it is bound; fails with the error of the bind. */
export function listenTls(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port }, () => {
      server.off('error', reject);
      const bound = server.address();
      resolve(bound !== null && typeof bound === 'object' ? bound.port : port);
    });
  });
}

/** Shows new connections another certificate; those that are open go on. Fails with `tls-credentials-invalid`. */
export function renewTls(server: Server, credentials: TlsCredentials): void {
  server.setSecureContext(tlsTerms(credentials));
}
