import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Address, Connection, TlsCredentials, TlsListener } from '@skerry/kernel';
import { type HandshakeFailure, listenSockets } from '@skerry/kernel/node';
import { WebSocketServer } from 'ws';
import { LIMITS } from '../limits.ts';
import { WebSocketConnection } from './websocket-connection.ts';

/** How WebSockets are listened for. */
export interface WebSocketListenOptions {
  readonly address: Address;
  /** Encrypted (wss) with them. */
  readonly tls?: TlsCredentials | undefined;
  /** Greatest message; one MQTT packet fits. `LIMITS.packetBytesMax` unless given. */
  readonly messageBytesMax?: number | undefined;
  /** Whether a page of `origin` may connect to `host` (Host of the request, with its port); programs have no origin. */
  isOriginAllowed(origin: string, host: string): boolean;
  /** `LIMITS.webSocketHandshakeMs` unless given. */
  readonly handshakeMs?: number | undefined;
  /** `LIMITS.webSocketHandshakesMax` unless given. */
  readonly handshakesMax?: number | undefined;
  readonly onAcceptError?: ((error: Error) => void) | undefined;
  readonly onHandshakeFailed?: ((failure: WebSocketFailure) => void) | undefined;
}

/** A connection that never became a WebSocket of MQTT. */
export interface WebSocketFailure extends Omit<HandshakeFailure, 'reason'> {
  readonly reason: HandshakeFailure['reason'] | 'not-websocket' | 'path' | 'origin' | 'protocol';
}

const PATH = '/mqtt';
const PROTOCOL = 'mqtt'; // [MQTT-6.0.0-3, -4]

/**
 * Listens for MQTT over WebSocket at `/mqtt`, sub-protocol `mqtt`, without compression. Fails as `Net.listen` and
 * `TlsNet.listenTls` do.
 */
export async function listenWebSocket(
  options: WebSocketListenOptions,
  onConnection: (connection: Connection) => void,
): Promise<TlsListener> {
  const handshakes = new Handshakes(options, onConnection);
  const { address, tls, onAcceptError, onHandshakeFailed } = options;
  const listener = await listenSockets(address, { tls, onAcceptError, onHandshakeFailed }, (socket) =>
    handshakes.begin(socket),
  );
  return {
    address: listener.address,
    renew: (credentials) => listener.renew(credentials),
    [Symbol.asyncDispose]: async () => {
      await listener[Symbol.asyncDispose]();
      handshakes.end();
    },
  };
}

/** The upgrades that are going on: their number and their time are bounded. */
class Handshakes {
  readonly #options: WebSocketListenOptions;
  readonly #onConnection: (connection: Connection) => void;
  readonly #http: Server;
  readonly #upgrades: WebSocketServer;
  readonly #waiting = new Map<Duplex, NodeJS.Timeout>();
  /** Addresses as of the accept: a socket that was reset has none any more. */
  readonly #remotes = new WeakMap<Duplex, Address>();

  constructor(options: WebSocketListenOptions, onConnection: (connection: Connection) => void) {
    this.#options = options;
    this.#onConnection = onConnection;
    this.#upgrades = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      perMessageDeflate: false,
      maxPayload: options.messageBytesMax ?? LIMITS.packetBytesMax.value,
      handleProtocols: () => PROTOCOL,
    });
    this.#http = createServer(
      { maxHeaderSize: LIMITS.webSocketHeaderBytesMax.value },
      (request, response) => {
        this.#fail('not-websocket', 'A request is no upgrade to a WebSocket.', request.socket);
        response.writeHead(426, { connection: 'close', upgrade: 'websocket' }).end();
        request.socket.once('finish', () => request.socket.destroy());
      },
    );
    this.#http.on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head));
    this.#http.on('clientError', (error, socket) => {
      this.#fail('refused', error.message, socket);
      socket.destroy();
    });
  }

  /** Takes a new connection. */
  begin(socket: Socket): void {
    const { remoteAddress: host = '', remotePort: port = 0 } = socket;
    this.#remotes.set(socket, { host, port });
    const most = this.#options.handshakesMax ?? LIMITS.webSocketHandshakesMax.value;
    if (this.#waiting.size >= most) {
      socket.on('error', () => undefined); // a reset of a connection that is closed anyway
      this.#fail('too-many', `${most} handshakes are going on.`, socket);
      socket.destroy();
      return;
    }
    const timer = setTimeout(() => {
      this.#fail('timeout', 'The upgrade to a WebSocket did not come in time.', socket);
      socket.destroy();
    }, this.#options.handshakeMs ?? LIMITS.webSocketHandshakeMs.value);
    this.#waiting.set(socket, timer);
    socket.once('close', () => this.#settle(socket));
    this.#http.emit('connection', socket);
  }

  /** Breaks off what is going on. */
  end(): void {
    for (const socket of this.#waiting.keys()) socket.destroy();
    this.#upgrades.close();
  }

  #settle(socket: Duplex): void {
    clearTimeout(this.#waiting.get(socket));
    this.#waiting.delete(socket);
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const refusal = this.#judge(request);
    if (refusal) {
      this.#fail(refusal.reason, refusal.why, request.socket);
      socket.on('error', () => undefined); // the refusal cannot be told
      socket.end(`HTTP/1.1 ${refusal.status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`, () =>
        socket.destroy(),
      );
      return;
    }
    this.#upgrades.handleUpgrade(request, socket, head, (webSocket) => {
      this.#settle(socket);
      const remote = this.#remotes.get(request.socket) ?? { host: '', port: 0 };
      this.#onConnection(new WebSocketConnection(webSocket, socket, remote));
    });
  }

  #judge({
    url = '',
    headers,
  }: IncomingMessage): (Omit<WebSocketFailure, 'remote'> & { readonly status: string }) | undefined {
    if (url.replace(/\?.*$/s, '') !== PATH)
      return {
        status: '404 Not Found',
        reason: 'path',
        why: `A WebSocket asks for a path other than ${PATH}.`,
      };
    const { origin, host = '' } = headers;
    if (origin !== undefined && !this.#options.isOriginAllowed(origin, host))
      return {
        status: '403 Forbidden',
        reason: 'origin',
        why: `A page of ${JSON.stringify(origin.slice(0, 256))} may not connect.`,
      };
    const offered = String(headers['sec-websocket-protocol'] ?? '').split(',');
    if (!offered.some((protocol) => protocol.trim() === PROTOCOL))
      return {
        status: '400 Bad Request',
        reason: 'protocol',
        why: `A WebSocket does not offer the sub-protocol ${PROTOCOL}.`,
      };
    return undefined;
  }

  #fail(reason: WebSocketFailure['reason'], why: string, socket: Duplex): void {
    const remote = this.#remotes.get(socket) ?? { host: '', port: 0 };
    this.#options.onHandshakeFailed?.({ reason, why, remote });
  }
}
