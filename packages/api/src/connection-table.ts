import type { IncomingMessage, ServerResponse } from 'node:http';

/** What of a socket the table looks at. */
export interface PeerSocket {
  readonly remoteAddress?: string | undefined;
  readonly remotePort?: number | undefined;
  readonly localPort?: number | undefined;
  destroy(): unknown;
  once(event: 'close', listener: () => void): unknown;
}

/** How many connections there may be at a time. */
export interface ConnectionBounds {
  readonly max: number;
  /** Of one address (of IPv6: one /64). */
  readonly addressMax: number;
}

interface Connection {
  readonly key: string;
  readonly address: string;
  readonly socket: PeerSocket;
  request?: Pick<IncomingMessage, 'complete'>;
  answer?: Pick<ServerResponse, 'writableEnded'>;
}

/**
 * The connections of one server, over TLS or not. When there are too many, one makes room that does no work: the oldest
 * whose request has not come whole, that is idle, or whose answer only waits for the client; of the same address, when that
 * has used up its share, else of the address with the most. Where all work, the new one is closed.
 */
export class ConnectionTable {
  readonly #bounds: ConnectionBounds;
  readonly #onCount: (open: number) => void;
  /** By both ends, in the order in which they came. */
  readonly #open = new Map<string, Connection>();
  readonly #byAddress = new Map<string, Set<Connection>>();

  constructor(bounds: ConnectionBounds, onCount: (open: number) => void) {
    this.#bounds = bounds;
    this.#onCount = onCount;
  }

  /** Takes a new connection in, or closes it. */
  enter(socket: PeerSocket): void {
    const address = sourceOf(socket.remoteAddress ?? '');
    const own = this.#byAddress.get(address) ?? new Set();
    if (own.size >= this.#bounds.addressMax && !this.#makeRoom(own)) {
      socket.destroy();
      return;
    }
    if (this.#open.size >= this.#bounds.max && !this.#makeRoomAnywhere()) {
      socket.destroy();
      return;
    }
    const connection: Connection = { key: keyOf(socket), address, socket };
    this.#open.set(connection.key, connection);
    own.add(connection);
    this.#byAddress.set(address, own);
    this.#onCount(this.#open.size);
    socket.once('close', () => this.#leave(connection));
  }

  /** Notes that a request has begun on a connection. */
  begin(
    socket: PeerSocket,
    request: Pick<IncomingMessage, 'complete'>,
    answer: Pick<ServerResponse, 'writableEnded'>,
  ): void {
    const connection = this.#open.get(keyOf(socket));
    if (connection) Object.assign(connection, { request, answer });
  }

  #leave(connection: Connection): void {
    if (this.#open.get(connection.key) !== connection) return;
    this.#open.delete(connection.key);
    const own = this.#byAddress.get(connection.address);
    own?.delete(connection);
    if (own?.size === 0) this.#byAddress.delete(connection.address);
    this.#onCount(this.#open.size);
  }

  #makeRoomAnywhere(): boolean {
    const busiestFirst = [...this.#byAddress.values()].sort((a, b) => b.size - a.size);
    return busiestFirst.some((own) => this.#makeRoom(own));
  }

  #makeRoom(own: ReadonlySet<Connection>): boolean {
    for (const connection of own) {
      if (isWorking(connection)) continue;
      connection.socket.destroy();
      this.#leave(connection);
      return true;
    }
    return false;
  }
}

function isWorking({ request, answer }: Connection): boolean {
  return request?.complete === true && answer?.writableEnded === false;
}

function keyOf({ localPort, remoteAddress, remotePort }: PeerSocket): string {
  return `${localPort} ${remoteAddress} ${remotePort}`;
}

/** What one peer holds: an IPv4 address, or the /64 of an IPv6 address. */
function sourceOf(address: string): string {
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, '');
  if (!plain.includes(':')) return plain;
  const [head = [], tail = []] = plain.split('::').map((part) => part.split(':').filter(Boolean));
  const zeros = Array<string>(Math.max(0, 8 - head.length - tail.length)).fill('0');
  return [...head, ...zeros, ...tail].slice(0, 4).join(':');
}
