import type { Address, Connection, ConnectionEvents } from '../net.ts';

/** What the two ends of a simulated connection need from their network. */
export interface Wire {
  /** Calls `task` later, never inside the call that asks. */
  later(task: () => void): void;
  /** How many of the waiting bytes arrive together. */
  arriving(waitingBytes: number): number;
  note(line: string, bytes?: Uint8Array): void;
  readonly highWaterBytes: number;
  /** Bytes that the operating systems between the two ends take without their being read. */
  readonly kernelBytes: number;
}

/** One end of a simulated connection. Made in pairs by `pairOf`. */
export class SimulatedConnection implements Connection {
  readonly name: string;
  readonly remote: Address;
  readonly #wire: Wire;
  #peer: SimulatedConnection | undefined;
  #events: ConnectionEvents | undefined;
  #inbox: Uint8Array[] = [];
  #inboxBytes = 0;
  /** The peer has finished; told after the last byte. */
  #isFinished = false;
  #hasSeenFinish = false;
  #hasEnded = false;
  #isClosed = false;
  #isClosing = false;
  #isPaused = false;
  #isBlackHole = false;
  #isPumping = false;
  #needsDrain = false;
  /** The process behind this end is gone: nothing is told any more. */
  #isDead = false;

  constructor(name: string, remote: Address, wire: Wire) {
    this.name = name;
    this.remote = remote;
    this.#wire = wire;
  }

  /** Connects the two ends; once, by the network. */
  joinTo(peer: SimulatedConnection): void {
    this.#peer = peer;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  get bufferedBytes(): number {
    return Math.max(0, (this.#peer?.waitingBytes ?? 0) - this.#wire.kernelBytes);
  }

  /** Bytes on their way to this end. */
  get waitingBytes(): number {
    return this.#isClosed ? 0 : this.#inboxBytes;
  }

  start(events: ConnectionEvents): void {
    this.#events = events;
    this.#pump();
  }

  write(bytes: Uint8Array): boolean {
    if (this.#hasEnded || this.#isClosed || bytes.byteLength === 0) return true;
    this.#peer?.receive(bytes);
    const isBelow = this.bufferedBytes < this.#wire.highWaterBytes;
    if (!isBelow) this.#needsDrain = true;
    return isBelow;
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    this.#pump();
  }

  end(): void {
    if (this.#hasEnded || this.#isClosed) return;
    this.#hasEnded = true;
    this.#peer?.finish();
    this.#closeWhenDone();
  }

  destroy(): void {
    if (this.#isClosed) return;
    if (!this.#hasEnded) this.#peer?.finish();
    this.#hasEnded = true;
    this.#close(undefined);
  }

  /** Bytes from the peer. */
  receive(bytes: Uint8Array): void {
    if (this.#isClosed || this.#isFinished) return;
    this.#inbox.push(bytes);
    this.#inboxBytes += bytes.byteLength;
    this.#pump();
  }

  /** The peer sends nothing more. */
  finish(): void {
    this.#isFinished = true;
    this.#pump();
  }

  /** Breaks this end off with a reset; bytes on their way are lost. */
  reset(): void {
    if (this.#isClosed) return;
    this.#wire.note(`net ${this.name} reset`);
    this.#close(Object.assign(new Error('The peer reset the connection.'), { code: 'ECONNRESET' }));
  }

  /** The process behind this end is gone; its callbacks are never called again. */
  abandon(): void {
    this.#isDead = true;
    this.#isClosed = true;
    this.#inbox = [];
    this.#inboxBytes = 0;
  }

  /** While set, nothing arrives here, without a word to anybody. */
  setBlackHole(isOn: boolean): void {
    this.#isBlackHole = isOn;
    this.#pump();
  }

  /** Some bytes of this end were read: it may write again, or close after its end. */
  noteTaken(): void {
    if (this.#isClosed) return;
    if (this.#needsDrain && this.bufferedBytes < this.#wire.highWaterBytes) {
      this.#needsDrain = false;
      this.#wire.later(() => {
        if (!this.#isClosed) this.#events?.onDrain();
      });
    }
    this.#closeWhenDone();
  }

  get #canPump(): boolean {
    if (this.#isClosed || this.#isPaused || this.#isBlackHole || !this.#events) return false;
    return this.#inboxBytes > 0 || (this.#isFinished && !this.#hasSeenFinish);
  }

  #pump(): void {
    if (this.#isPumping || !this.#canPump) return;
    this.#isPumping = true;
    this.#wire.later(() => {
      this.#isPumping = false;
      if (!this.#canPump) return;
      if (this.#inboxBytes > 0) this.#deliver();
      else this.#seeFinish();
      this.#pump();
    });
  }

  #deliver(): void {
    const count = this.#wire.arriving(this.#inboxBytes);
    const bytes = this.#take(count);
    this.#wire.note(`net ${this.name} data ${count}`, bytes);
    this.#events?.onData(bytes);
    this.#peer?.noteTaken();
  }

  #seeFinish(): void {
    this.#hasSeenFinish = true;
    this.#wire.note(`net ${this.name} finish`);
    this.end();
    this.#closeWhenDone();
  }

  #closeWhenDone(): void {
    if (this.#hasEnded && this.#hasSeenFinish && this.bufferedBytes === 0) this.#close(undefined);
  }

  #close(error: Error | undefined): void {
    if (this.#isClosing) return;
    this.#isClosing = true;
    this.#isClosed = true;
    this.#inbox = [];
    this.#inboxBytes = 0;
    this.#peer?.noteTaken();
    this.#wire.later(() => {
      this.#wire.note(`net ${this.name} close`);
      if (!this.#isDead) this.#events?.onClose(error);
    });
  }

  #take(count: number): Uint8Array {
    this.#inboxBytes -= count;
    const first = this.#inbox[0];
    if (first && first.byteLength >= count) {
      if (first.byteLength === count) this.#inbox.shift();
      else this.#inbox[0] = first.subarray(count);
      return first.subarray(0, count);
    }
    const taken = new Uint8Array(count);
    let filled = 0;
    while (filled < count) {
      const next = this.#inbox[0] ?? new Uint8Array(0);
      const part = next.subarray(0, count - filled);
      taken.set(part, filled);
      filled += part.byteLength;
      if (part.byteLength === next.byteLength) this.#inbox.shift();
      else this.#inbox[0] = next.subarray(part.byteLength);
    }
    return taken;
  }
}
