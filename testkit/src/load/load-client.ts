import { connect, type Socket } from 'node:net';
import { AnswerReader } from './answer-reader.ts';
import type { LatencyHistogram } from './latency-histogram.ts';
import type { LedgerFile } from './ledger-file.ts';
import { connectPacket, DISCONNECT, type ProtocolLevel, type PublishTemplate } from './publish-template.ts';

const PACKET_IDS = 65_535;
const RECONNECT_MS = 50;
const sharedInput = Buffer.allocUnsafe(256 * 1024);

/** One of a client's devices. */
export interface ClientDevice {
  /** Index in the sender's ledger. */
  readonly index: number;
  readonly template: PublishTemplate;
  /** Number of its newest message. */
  seq: number;
}

/** What a client tells the run it belongs to. */
export interface ClientNeeds {
  /** How many more messages may be sent now. */
  allowance(): number;
  onSent(count: number): void;
  /** A message was answered: its slot is free again. */
  onAnswered(device: ClientDevice, seq: number, isAcked: boolean): void;
  onUp(): void;
  /** A connection that was up is gone. */
  onDown(): void;
  /** The port to connect to, which may change. */
  port(): number;
  readonly ledger: LedgerFile | undefined;
  readonly latencies: LatencyHistogram;
}

/** How a client is made. */
export interface ClientOptions {
  readonly clientId: string;
  readonly level: ProtocolLevel;
  readonly window: number;
  readonly epoch: number;
  readonly devices: readonly ClientDevice[];
  /** A connection without an answer for so long while something is unacknowledged is given up. */
  readonly ackTimeoutMs: number;
}

/**
 * One MQTT connection that publishes for its devices in turn within a window. Messages lie whole in a ring of slots, so
 * that a run of them is one write. After a reconnect every unacknowledged one is published again, in order, before
 * any new one: with a new packet id and the same bytes.
 */
export class LoadClient {
  readonly #options: ClientOptions;
  readonly #needs: ClientNeeds;
  readonly #slotBytes: number;
  readonly #ring: Buffer;
  readonly #slotDevice: ClientDevice[] = [];
  /** Device whose bytes lie in a slot. */
  readonly #slotContent: (ClientDevice | undefined)[] = [];
  readonly #slotSeq: Float64Array;
  readonly #slotSentMs: Float64Array;
  readonly #slotAnswered: Uint8Array;
  #socket: Socket | undefined;
  #isUp = false;
  #isStopped = false;
  /** Messages ever put into the ring, and those of them that are answered without a gap: unanswered are [tail, head). */
  #head = 0;
  #tail = 0;
  #idBase = 0;
  #window: number;
  #nextDevice = 0;
  #progressMs = 0;

  constructor(options: ClientOptions, needs: ClientNeeds) {
    this.#options = options;
    this.#needs = needs;
    const { window, devices } = options;
    this.#window = window;
    this.#slotBytes = Math.max(0, ...devices.map(({ template }) => template.bytes.byteLength));
    this.#ring = Buffer.allocUnsafe(this.#slotBytes * window);
    this.#slotSeq = new Float64Array(window);
    this.#slotSentMs = new Float64Array(window);
    this.#slotAnswered = new Uint8Array(window);
  }

  /** Messages that are neither acknowledged nor refused. */
  get unanswered(): number {
    let answered = 0;
    for (let number = this.#tail; number < this.#head; number++)
      answered += Number(this.#slotAnswered[number % this.#options.window]);
    return this.#head - this.#tail - answered;
  }

  /** Whether the server has taken the connection. */
  get isUp(): boolean {
    return this.#isUp;
  }

  /** Connects, and again whenever the connection is lost, until `stop`. */
  start(): void {
    if (this.#isStopped) return;
    const { clientId, level } = this.#options;
    const reader = new AnswerReader({
      onConnack: (reason, receiveMaximum) => this.#accepted(reason, receiveMaximum),
      onPuback: (packetId, reason) => this.#answered(packetId, reason),
      onDisconnect: () => this.#socket?.destroy(),
    });
    const onInput = (bytes: number): boolean => {
      this.#progressMs = performance.now();
      this.#needs.ledger?.tick();
      reader.push(sharedInput.subarray(0, bytes));
      this.send();
      return true;
    };
    const socket = connect({
      host: '127.0.0.1',
      port: this.#needs.port(),
      noDelay: true,
      onread: { buffer: sharedInput, callback: onInput },
    });
    this.#socket = socket;
    socket.once('connect', () => socket.write(connectPacket(clientId, level)));
    socket.on('error', () => socket.destroy());
    socket.once('close', () => this.#closed());
  }

  /** Sends new messages while window and allowance have room. */
  send(): void {
    if (!this.#isUp || !this.#socket || this.#socket.writableNeedDrain) return;
    const room = this.#window - (this.#head - this.#tail);
    const count = Math.min(room, this.#needs.allowance());
    if (count <= 0) return;
    const first = this.#head;
    const now = performance.now();
    if (this.#head === this.#tail) this.#progressMs = now;
    for (let i = 0; i < count; i++) this.#fill(now);
    this.#needs.onSent(count);
    this.#needs.ledger?.flush();
    this.#write(first, this.#head);
  }

  /** Gives up a connection that has been silent for too long. */
  checkProgress(): void {
    if (!this.#isUp || this.#head === this.#tail) return;
    if (performance.now() - this.#progressMs > this.#options.ackTimeoutMs) this.#socket?.destroy();
  }

  /** Ends the connection, in an orderly way where it is up, and connects no more. */
  stop(): void {
    this.#isStopped = true;
    if (this.#isUp) this.#socket?.end(DISCONNECT);
    else this.#socket?.destroy();
  }

  #fill(now: number): void {
    const { window, devices, epoch } = this.#options;
    const slot = this.#head % window;
    // devices is not empty: a client is made for its devices
    const device = devices[this.#nextDevice] as ClientDevice;
    this.#nextDevice = (this.#nextDevice + 1) % devices.length;
    device.seq += 1;
    const at = slot * this.#slotBytes;
    const { template } = device;
    if (this.#slotContent[slot] !== device) {
      template.bytes.copy(this.#ring, at);
      this.#slotContent[slot] = device;
    }
    template.fill(this.#ring, at, this.#packetId(slot), device.seq);
    this.#slotDevice[slot] = device;
    this.#slotSeq[slot] = device.seq;
    this.#slotSentMs[slot] = now;
    this.#slotAnswered[slot] = 0;
    this.#head += 1;
    const { ledger } = this.#needs;
    if (!ledger) return;
    const payloadAt = at + template.payloadAt;
    const payload = this.#ring.subarray(payloadAt, payloadAt + template.payload.bytes.byteLength);
    ledger.sent(device.index, epoch, device.seq, payload);
  }

  /** Writes the messages [from, to), whose slots are one or two runs of the ring. */
  #write(from: number, to: number): void {
    const { window } = this.#options;
    const start = from % window;
    const count = to - from;
    const straight = Math.min(count, window - start);
    const { length } = this.#slotContent[start]?.template.bytes ?? this.#ring;
    if (length !== this.#slotBytes) throw new TypeError('All packets of a client have one length.');
    this.#socket?.write(this.#ring.subarray(start * this.#slotBytes, (start + straight) * this.#slotBytes));
    if (count > straight) this.#socket?.write(this.#ring.subarray(0, (count - straight) * this.#slotBytes));
  }

  #packetId(slot: number): number {
    return this.#idBase + slot + 1;
  }

  #accepted(reason: number, receiveMaximum: number): void {
    if (reason !== 0) {
      this.#socket?.destroy();
      return;
    }
    this.#isUp = true;
    this.#window = Math.min(this.#options.window, receiveMaximum);
    this.#progressMs = performance.now();
    this.#socket?.on('drain', () => this.send());
    this.#needs.onUp();
    this.#sendAgain();
  }

  #sendAgain(): void {
    const { window, epoch } = this.#options;
    const bases = Math.floor(PACKET_IDS / window);
    this.#idBase = ((this.#idBase / window + 1) % bases) * window;
    const now = performance.now();
    for (let number = this.#tail; number < this.#head; number++) {
      const slot = number % window;
      if (this.#slotAnswered[slot] === 1) continue;
      const device = this.#slotDevice[slot] as ClientDevice; // a filled slot
      device.template.renumber(this.#ring, slot * this.#slotBytes, this.#packetId(slot));
      this.#slotSentMs[slot] = now;
      this.#needs.ledger?.sentAgain(device.index, epoch, Number(this.#slotSeq[slot]));
    }
    this.#needs.ledger?.flush();
    this.#socket?.cork();
    for (let number = this.#tail; number < this.#head; number++)
      if (this.#slotAnswered[number % window] === 0) this.#write(number, number + 1);
    this.#socket?.uncork();
  }

  #answered(packetId: number, reason: number): void {
    const { window, epoch } = this.#options;
    const slot = packetId - 1 - this.#idBase;
    const device = this.#slotDevice[slot];
    if (slot < 0 || slot >= window || !device || this.#slotAnswered[slot] === 1)
      throw new TypeError(`PUBACK for the packet id ${packetId} came, which is not in use.`);
    this.#slotAnswered[slot] = 1;
    const seq = Number(this.#slotSeq[slot]);
    this.#needs.ledger?.answered(device.index, epoch, seq, reason);
    this.#needs.latencies.add(performance.now() - Number(this.#slotSentMs[slot]));
    this.#needs.onAnswered(device, seq, reason < 0x80);
    while (this.#tail < this.#head && this.#slotAnswered[this.#tail % window] === 1) this.#tail += 1;
  }

  #closed(): void {
    this.#socket = undefined;
    if (this.#isUp) {
      this.#isUp = false;
      this.#needs.ledger?.flush();
      this.#needs.onDown();
    }
    if (!this.#isStopped) setTimeout(() => this.start(), RECONNECT_MS);
  }
}
