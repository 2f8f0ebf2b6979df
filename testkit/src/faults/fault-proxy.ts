import { connect, createServer, type Server, type Socket } from 'node:net';
import { Writable } from 'node:stream';

/** What a proxy does to the bytes that pass from now on, in both directions. */
export interface ProxyFaults {
  /** Holds bytes back for so long. */
  readonly delayMs?: number;
  /** Passes them on in pieces of this size, each by itself. */
  readonly sliceBytes?: number;
  /** Swallows them; connections stay open. */
  readonly isBlackHole?: boolean;
}

/** A TCP proxy with faults. Disposing closes it and everything that goes through it. */
export class FaultProxy implements AsyncDisposable {
  readonly #server: Server;
  readonly #pairs = new Set<readonly [Socket, Socket]>();
  #faults: ProxyFaults = {};
  /** Port that connections made from now on go to. */
  target: number;

  private constructor(server: Server, target: number) {
    this.#server = server;
    this.target = target;
  }

  /** Opens a proxy on a free port. */
  static async open(target: number): Promise<FaultProxy> {
    const server = createServer({ allowHalfOpen: true, noDelay: true });
    const proxy = new FaultProxy(server, target);
    server.on('connection', (near) => proxy.#join(near));
    const { promise, resolve } = Promise.withResolvers<void>();
    server.listen(0, '127.0.0.1', resolve);
    await promise;
    return proxy;
  }

  /** Where clients connect to. */
  get port(): number {
    const address = this.#server.address();
    return typeof address === 'object' && address ? address.port : 0;
  }

  /** Connections that go through it. */
  get connections(): number {
    return this.#pairs.size;
  }

  /** Replaces the faults in force. */
  set faults(faults: ProxyFaults) {
    this.#faults = faults;
  }

  /** Cuts every connection with a reset, on both sides. */
  reset(): void {
    for (const pair of this.#pairs) for (const socket of pair) socket.resetAndDestroy();
  }

  /** Ends the direction from the clients to the target and leaves the other open. */
  halfClose(): void {
    for (const [, far] of this.#pairs) far.end();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    for (const pair of this.#pairs) for (const socket of pair) socket.destroy();
  }

  #join(near: Socket): void {
    const far = connect({ port: this.target, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
    const pair = [near, far] as const;
    this.#pairs.add(pair);
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      from.pipe(this.#passage(to));
      from.on('error', () => to.resetAndDestroy());
      from.once('close', () => {
        this.#pairs.delete(pair);
        to.destroySoon();
      });
    }
  }

  /** A stage that does what the faults say to each piece before it reaches the socket. */
  #passage(to: Socket): Writable {
    return new Writable({
      highWaterMark: 65_536,
      write: (piece: Buffer, _, done) => {
        const { delayMs = 0, isBlackHole = false } = this.#faults;
        if (isBlackHole) done();
        else if (delayMs > 0) setTimeout(() => this.#pass(piece, to, done), delayMs);
        else this.#pass(piece, to, done);
      },
      final: (done) => {
        if (!this.#faults.isBlackHole) to.end();
        done();
      },
    });
  }

  #pass(piece: Buffer, to: Socket, done: () => void): void {
    const { sliceBytes } = this.#faults;
    if (to.destroyed || !to.writable) {
      done();
      return;
    }
    if (sliceBytes === undefined || piece.byteLength <= sliceBytes) {
      to.write(piece, () => done());
      return;
    }
    to.write(piece.subarray(0, sliceBytes), () =>
      setImmediate(() => this.#pass(piece.subarray(sliceBytes), to, done)),
    );
  }
}
