import type { Clock } from '../clock.ts';
import { KernelError } from '../errors.ts';
import { LIMITS } from '../limits.ts';
import type { Address, Connection, Listener, Net } from '../net.ts';
import { RunLog } from './run-log.ts';
import type { SeededRandom } from './seeded-random.ts';
import { SimulatedConnection, type Wire } from './simulated-connection.ts';

/** Choices of a simulated network. Without a clock everything arrives as soon as the running call has ended. */
export interface SimulatedNetOptions {
  readonly clock?: Pick<Clock, 'startTimer'>;
  /** Slices and merges what is written, and picks delays; without it bytes arrive as they wait, together. */
  readonly random?: SeededRandom;
  /** Least and greatest delay of one arrival; 0 to 5 ms unless given. Needs clock and random. */
  readonly delayMs?: readonly [least: number, most: number];
  readonly highWaterBytes?: number;
  readonly kernelBytes?: number;
  readonly log?: RunLog;
}

interface Bound {
  readonly address: Address;
  readonly host: SimulatedHost;
  readonly onConnection: (connection: Connection) => void;
}

const FIRST_FREE_PORT = 49_152;

/** Both ends of one connection, for whoever injects faults. */
export interface Link {
  readonly number: number;
  readonly client: SimulatedConnection;
  readonly server: SimulatedConnection;
  /** Both ends see a reset; what was on its way is lost. */
  reset(): void;
  /** While on, nothing arrives at either end and nobody is told; afterwards everything does. */
  setBlackHole(isOn: boolean): void;
  /** The server's side sees the end of the stream although the client sent none. */
  halfClose(): void;
}

/** A network in memory with delays, slicing and faults, the same for the same seed. */
export class SimulatedNet implements Net {
  readonly #options: SimulatedNetOptions;
  readonly #log: RunLog;
  readonly #bound = new Map<number, Bound>();
  readonly #own: SimulatedHost;
  #links: { readonly link: Link; readonly from: SimulatedHost; readonly to: SimulatedHost }[] = [];
  #linkCount = 0;
  #nextPort = FIRST_FREE_PORT;

  constructor(options: SimulatedNetOptions = {}) {
    this.#options = options;
    this.#log = options.log ?? new RunLog();
    this.#own = new SimulatedHost(this);
  }

  listen(address: Address, onConnection: (connection: Connection) => void): Promise<Listener> {
    return this.#own.listen(address, onConnection);
  }

  connect(address: Address, signal?: AbortSignal): Promise<Connection> {
    return this.#own.connect(address, signal);
  }

  /** The network as one process sees it; `crash` ends that process's connections and listeners. */
  host(): SimulatedHost {
    return new SimulatedHost(this);
  }

  /** Connections with an end still open, oldest first. */
  get links(): readonly Link[] {
    this.#links = this.#links.filter(({ link }) => !(link.client.isClosed && link.server.isClosed));
    return this.#links.map(({ link }) => link);
  }

  /** Binds a port for a host; for `SimulatedHost`. */
  bind(host: SimulatedHost, asked: Address, onConnection: (connection: Connection) => void): Listener {
    if (!isLocal(asked.host)) throw listenFault('address-not-available', asked);
    if (asked.port !== 0 && this.#bound.has(asked.port)) throw listenFault('port-in-use', asked);
    const address = { host: asked.host, port: asked.port === 0 ? this.#freePort() : asked.port };
    const bound = { address, host, onConnection };
    this.#bound.set(address.port, bound);
    const unbind = (): void => {
      if (this.#bound.get(address.port) === bound) this.#bound.delete(address.port);
    };
    return { address, [Symbol.asyncDispose]: async () => unbind() };
  }

  /** Connects a host to a port; for `SimulatedHost`. */
  dial(from: SimulatedHost, address: Address, signal: AbortSignal | undefined): Promise<Connection> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(signal.reason);
        return;
      }
      const abort = (): void => reject(signal?.reason);
      signal?.addEventListener('abort', abort, { once: true });
      this.#later(() => {
        signal?.removeEventListener('abort', abort);
        if (signal?.aborted) return;
        const bound = this.#bound.get(address.port);
        if (!bound || !isLocal(address.host)) {
          reject(connectFault(address));
          return;
        }
        const link = this.#link(from, bound, address);
        bound.onConnection(link.server);
        this.#later(() => resolve(link.client));
      });
    });
  }

  /** Ends everything that belongs to a host; for `SimulatedHost`. */
  crash(host: SimulatedHost): void {
    for (const [port, bound] of this.#bound) if (bound.host === host) this.#bound.delete(port);
    for (const { link, from, to } of this.#links) {
      if (from === host) abandon(link.client, link.server);
      if (to === host) abandon(link.server, link.client);
    }
  }

  #link(from: SimulatedHost, { host, address }: Bound, dialled: Address): Link {
    const number = ++this.#linkCount;
    const wire = this.#wire();
    const client = new SimulatedConnection(`${number}c`, dialled, wire);
    const server = new SimulatedConnection(
      `${number}s`,
      { host: address.host, port: this.#freePort() },
      wire,
    );
    client.joinTo(server);
    server.joinTo(client);
    const link: Link = {
      number,
      client,
      server,
      reset: () => {
        client.reset();
        server.reset();
      },
      setBlackHole: (isOn) => {
        client.setBlackHole(isOn);
        server.setBlackHole(isOn);
      },
      halfClose: () => server.finish(),
    };
    this.#links.push({ link, from, to: host });
    this.#log.add(`net ${number} connected`);
    return link;
  }

  #wire(): Wire {
    const { random } = this.#options;
    return {
      later: (task) => this.#later(task),
      arriving: (waiting) => (random?.chance(0.5) ? random.between(1, waiting) : waiting),
      note: (line, bytes) => this.#log.add(line, bytes),
      highWaterBytes: this.#options.highWaterBytes ?? LIMITS.netHighWaterBytes.value,
      kernelBytes: this.#options.kernelBytes ?? 65_536,
    };
  }

  #later(task: () => void): void {
    const { clock, random, delayMs = [0, 5] } = this.#options;
    if (!clock) {
      queueMicrotask(task);
      return;
    }
    const delay = random ? delayMs[0] + random.float() * (delayMs[1] - delayMs[0]) : delayMs[0];
    clock.startTimer(delay, task);
  }

  #freePort(): number {
    while (this.#bound.has(this.#nextPort)) this.#nextPort++;
    return this.#nextPort++;
  }
}

/** The network as one simulated process sees it. */
export class SimulatedHost implements Net {
  readonly #net: SimulatedNet;
  #isDown = false;

  constructor(net: SimulatedNet) {
    this.#net = net;
  }

  async listen(address: Address, onConnection: (connection: Connection) => void): Promise<Listener> {
    if (this.#isDown) throw listenFault('address-not-available', address);
    return this.#net.bind(this, address, onConnection);
  }

  connect(address: Address, signal?: AbortSignal): Promise<Connection> {
    if (this.#isDown) return Promise.reject(connectFault(address));
    return this.#net.dial(this, address, signal);
  }

  /** The process is gone: its ports are free, its connections are reset for their peers, nothing of its own is called. */
  crash(): void {
    this.#isDown = true;
    this.#net.crash(this);
  }
}

function abandon(end: SimulatedConnection, peer: SimulatedConnection): void {
  end.abandon();
  peer.reset();
}

function isLocal(host: string): boolean {
  return (
    host === 'localhost' || host.startsWith('127.') || host === '::1' || host === '0.0.0.0' || host === '::'
  );
}

function listenFault(code: 'port-in-use' | 'address-not-available', { host, port }: Address): KernelError {
  return new KernelError(code, `Cannot listen on ${host} port ${port}: ${code}.`, { host, port });
}

function connectFault({ host, port }: Address): KernelError {
  return new KernelError('connect-failed', `Cannot connect to ${host} port ${port}: nobody listens.`, {
    host,
    port,
  });
}
