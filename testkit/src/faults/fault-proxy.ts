import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { Writable } from 'node:stream';
import { onFreePorts } from '../engines/ports.ts';
import { afterBytes, atPattern, type CutPoint, type CutVerdict, type Direction } from './cut-point.ts';

/** What a proxy does to the bytes that pass from now on, in both directions where nothing else is said. */
export interface ProxyFaults {
  /** Holds bytes back for so long. */
  readonly delayMs?: number;
  /** Passes them on in pieces of this size, each by itself. */
  readonly sliceBytes?: number;
  /** Swallows them; connections stay open. */
  readonly isBlackHole?: boolean;
  /** Holds back all bytes of one direction, or of both, until other faults are in force; nothing is lost. */
  readonly stalls?: Direction | 'both';
}

/** Which passage of a pattern a connection is cut at. */
export interface CutPlace {
  /** Of those on one connection from now on; the first when absent. */
  readonly nth?: number;
  /** Asked while the pattern is held back, from the nth on: whether it is to be this connection, by its port as the server sees it. Any when absent. */
  readonly where?: (port: number) => Promise<boolean>;
  /** Gives the cut up. */
  readonly signal?: AbortSignal;
}

/** A cut that a proxy waits to make. */
interface ArmedCut {
  readonly point: CutPoint;
  readonly isMade: PromiseWithResolvers<void>;
  readonly where?: CutPlace['where'];
  /** Set while an answer to `where` is waited for. */
  isAsking?: boolean;
}

/** One connection through the proxy. */
interface Link {
  readonly near: Socket;
  readonly far: Socket;
  /** Set when it is cut as soon as the server has said something more. */
  cutAtAnswer?: ArmedCut | undefined;
}

/** A piece on its way to one end of a connection. */
interface Passage {
  readonly link: Link;
  readonly to: Socket;
  readonly piece: Buffer;
  readonly done: () => void;
}

/**
 * A TCP proxy with faults, on a loopback port below those of outgoing connections. Disposing closes it and everything
 * that goes through it.
 */
export class FaultProxy implements AsyncDisposable {
  /** Where clients connect to. */
  readonly port: number;
  /** Port that connections made from now on go to. */
  target: number;
  #server: Server | undefined;
  readonly #links = new Set<Link>();
  readonly #held = new Set<() => void>();
  #cuts: ArmedCut[] = [];
  #faults: ProxyFaults = {};

  private constructor(port: number, target: number) {
    this.port = port;
    this.target = target;
  }

  /** Opens a proxy on a free port. */
  static async open(target: number): Promise<FaultProxy> {
    return await onFreePorts(1, async ([port = 0]) => {
      const proxy = new FaultProxy(port, target);
      await proxy.accept();
      return proxy;
    });
  }

  /** Connections that go through it. */
  get connections(): number {
    return this.#links.size;
  }

  /** Replaces the faults in force. */
  set faults(faults: ProxyFaults) {
    this.#faults = faults;
    const held = [...this.#held];
    this.#held.clear();
    for (const goOn of held) goOn();
  }

  /** Cuts every connection with a reset, on both sides. */
  reset(): void {
    for (const { near, far } of this.#links) for (const socket of [near, far]) socket.resetAndDestroy();
  }

  /** Ends the direction from the clients to the target and leaves the other open. */
  halfClose(): void {
    for (const { far } of this.#links) far.end();
  }

  /** Refuses new connections (ECONNREFUSED) until `accept`; those that there are go on. */
  refuse(): void {
    this.#server?.close();
    this.#server = undefined;
  }

  /** Takes new connections again, on the same port; resolves when it does. */
  async accept(): Promise<void> {
    if (this.#server) return;
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (near) => this.#join(near));
    server.listen(this.port, '127.0.0.1');
    await once(server, 'listening');
    this.#server = server;
  }

  /**
   * Cuts the connection on which the nth byte from now passes in a direction, counted over all connections. The bytes
   * up to it pass, none after it; the sender is reset, the receiver sees an end. Resolves when the cut is made.
   */
  cutAfter(direction: Direction, bytes: number): Promise<void> {
    return this.#arm(afterBytes(direction, bytes));
  }

  /**
   * Resets a client's connection when it has sent a pattern, `COMMIT` for instance. `before`: the server does not get to
   * see it. `answered`: it passes, and the client is cut when the server has answered, so that the work is done and the
   * client does not know; the first bytes of the server after the pattern count as the answer, so nothing else should be
   * under way on that connection. Resolves when the cut is made, fails with a plain error when the connection ends before
   * the answer, and with the reason of the signal. Encrypted bytes have no patterns.
   */
  cutAt(pattern: string | Buffer, when: 'before' | 'answered', place: CutPlace = {}): Promise<void> {
    return this.#arm(atPattern(Buffer.from(pattern), when, place.nth ?? 1), place);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.refuse();
    for (const { near, far } of this.#links) for (const socket of [near, far]) socket.destroy();
  }

  #arm(point: CutPoint, { where, signal }: CutPlace = {}): Promise<void> {
    const isMade = Promise.withResolvers<void>();
    const cut: ArmedCut = { point, isMade, where };
    this.#cuts.push(cut);
    const giveUp = (): void => {
      this.#disarm(cut);
      for (const link of this.#links) if (link.cutAtAnswer === cut) link.cutAtAnswer = undefined;
      isMade.reject(signal?.reason);
    };
    if (signal?.aborted) giveUp();
    signal?.addEventListener('abort', giveUp, { once: true });
    return isMade.promise.finally(() => signal?.removeEventListener('abort', giveUp));
  }

  #disarm(cut: ArmedCut): void {
    this.#cuts = this.#cuts.filter((other) => other !== cut);
  }

  #join(near: Socket): void {
    const far = connect({ port: this.target, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
    const link: Link = { near, far };
    this.#links.add(link);
    for (const [from, to, direction] of [
      [near, far, 'to-server'],
      [far, near, 'to-client'],
    ] as const) {
      from.pipe(this.#passage(link, to, direction));
      from.on('error', () => to.resetAndDestroy());
      from.once('close', () => {
        this.#links.delete(link);
        link.cutAtAnswer?.isMade.reject(new TypeError('The connection ended before the server answered'));
        to.destroySoon();
      });
    }
  }

  /** A stage that does what the faults say to each piece before it reaches the socket. */
  #passage(link: Link, to: Socket, direction: Direction): Writable {
    return new Writable({
      highWaterMark: 65_536,
      write: (piece: Buffer, _, done) => this.#receive(link, to, direction, piece, done),
      final: (done) => {
        if (!this.#faults.isBlackHole) to.end();
        done();
      },
    });
  }

  #receive(link: Link, to: Socket, direction: Direction, piece: Buffer, done: () => void): void {
    const { delayMs = 0, isBlackHole = false, stalls } = this.#faults;
    if (isBlackHole) done();
    else if (stalls === 'both' || stalls === direction)
      this.#held.add(() => this.#receive(link, to, direction, piece, done));
    else if (delayMs > 0) setTimeout(() => this.#judge(link, to, direction, piece, done), delayMs);
    else this.#judge(link, to, direction, piece, done);
  }

  /** Passes a piece on, or what of it comes before a cut. */
  #judge(link: Link, to: Socket, direction: Direction, piece: Buffer, done: () => void): void {
    if (direction === 'to-client' && link.cutAtAnswer) {
      // an orderly end towards the server, which is to keep what it has taken in
      link.near.resetAndDestroy();
      link.cutAtAnswer.isMade.resolve();
      link.far.destroySoon();
      done();
      return;
    }
    for (const cut of this.#cuts) {
      if (cut.isAsking) continue;
      const verdict = cut.point.judge(link, direction, piece);
      if (!verdict.cut) continue;
      const passage = { link, to, piece, done };
      if (cut.where) void this.#ask(cut, verdict, passage, cut.where);
      else this.#cut(cut, verdict, passage);
      return;
    }
    this.#pass(piece, to, done);
  }

  /** Holds a piece back until it is known whether this is the connection that is to be cut. */
  async #ask(
    cut: ArmedCut,
    verdict: CutVerdict,
    passage: Passage,
    where: (port: number) => Promise<boolean>,
  ): Promise<void> {
    const { link, to, piece, done } = passage;
    cut.isAsking = true;
    try {
      const isIt = await where(Number(link.far.localPort));
      if (isIt && this.#links.has(link) && this.#cuts.includes(cut)) this.#cut(cut, verdict, passage);
      else this.#pass(piece, to, done);
    } catch (cause) {
      this.#disarm(cut);
      cut.isMade.reject(cause);
      this.#pass(piece, to, done);
    } finally {
      cut.isAsking = false;
    }
  }

  /** Makes a cut, now or at the server's answer. */
  #cut(cut: ArmedCut, verdict: CutVerdict, { link, to, piece, done }: Passage): void {
    this.#disarm(cut);
    if (verdict.cut === 'at-answer') {
      link.cutAtAnswer = cut;
      this.#pass(piece, to, done);
      return;
    }
    this.#pass(piece.subarray(0, verdict.passes), to, () => {
      (to === link.far ? link.near : link.far).resetAndDestroy();
      to.destroySoon(); // an orderly end, since a reset could take from the receiver what has passed
      cut.isMade.resolve();
      done();
    });
  }

  #pass(piece: Buffer, to: Socket, done: () => void): void {
    const { sliceBytes } = this.#faults;
    if (to.destroyed || !to.writable || piece.byteLength === 0) {
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
