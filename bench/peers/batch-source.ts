import { createServer, type Server, type Socket } from 'node:net';

/** Messages of one write. */
const BATCH = 100;
/** Messages that may be unacknowledged, in whole batches; each has a packet identifier of its own. */
const BATCHES = 10;
const DEVICES = 100;
const PAYLOAD_BYTES = 200;
const CONNECT = 1;
const PUBACK = 4;
const SUBSCRIBE = 8;
const PINGREQ = 12;

/**
 * A small server of MQTT 3.1.1 that sends QoS 1 messages of 200 bytes to its one subscriber, a hundred to a write, as fast
 * as they are acknowledged: 1,000 at most are not. What it costs is not measured.
 */
export class BatchSource implements AsyncDisposable {
  readonly #server: Server;
  readonly #batches: readonly Buffer[];
  #subscriber: Socket | undefined;
  #isOn = false;
  #sent = 0;
  #acked = 0;
  #waiters: (() => void)[] = [];

  private constructor(server: Server) {
    this.#server = server;
    this.#batches = Array.from({ length: BATCHES }, (_, i) => batchOf(i));
    server.on('connection', (socket) => this.#serve(socket));
  }

  /** Listens on a loopback port. */
  static async open(): Promise<BatchSource> {
    const server = createServer({ noDelay: true });
    const source = new BatchSource(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return source;
  }

  /** Port that it listens on. */
  get port(): number {
    const address = this.#server.address();
    return typeof address === 'object' && address ? address.port : 0;
  }

  /** Messages that the subscriber has acknowledged. */
  get acked(): number {
    return this.#acked;
  }

  /** Sends from now on. Waits for a subscriber. */
  begin(): void {
    this.#isOn = true;
    this.#send();
  }

  /** Sends no more; resolves when everything is acknowledged. */
  async end(): Promise<void> {
    this.#isOn = false;
    while (this.#acked < this.#sent) await new Promise<void>((resolve) => this.#waiters.push(resolve));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#subscriber?.destroy();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #serve(socket: Socket): void {
    let rest: Buffer = Buffer.alloc(0);
    socket.on('error', () => socket.destroy());
    socket.on('data', (received) => {
      const chunk = Buffer.from(received);
      const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      let at = 0;
      // what a subscriber sends is short: one byte of length
      while (bytes.length >= at + 2 && bytes.length >= at + 2 + Number(bytes[at + 1])) {
        this.#take(socket, Number(bytes[at]) >> 4, bytes.subarray(at + 2, at + 2 + Number(bytes[at + 1])));
        at += 2 + Number(bytes[at + 1]);
      }
      rest = bytes.subarray(at);
      this.#send();
      for (const waiter of this.#waiters.splice(0)) waiter();
    });
  }

  #take(socket: Socket, type: number, body: Buffer): void {
    if (type === PUBACK) this.#acked++;
    else if (type === CONNECT) socket.write(Buffer.from([0x20, 2, 0, 0]));
    else if (type === PINGREQ) socket.write(Buffer.from([0xd0, 0]));
    else if (type === SUBSCRIBE) {
      const [high = 0, low = 0] = body;
      // the second filter, if any, is $SYS
      const qos = Number(body.at(-1));
      socket.write(Buffer.from([0x90, 3, high, low, qos]));
      if (qos === 1) this.#subscriber = socket;
    }
  }

  #send(): void {
    const socket = this.#subscriber;
    while (this.#isOn && socket && this.#sent - this.#acked <= (BATCHES - 1) * BATCH) {
      socket.write(this.#batches[(this.#sent / BATCH) % BATCHES] ?? Buffer.alloc(0));
      this.#sent += BATCH;
    }
  }
}

function batchOf(number: number): Buffer {
  const packets = Array.from({ length: BATCH }, (_, i) => {
    const packetId = number * BATCH + i + 1;
    const topic = Buffer.from(`mtic/msg/client/realtime/tenant-1/project-1/device-${packetId % DEVICES}`);
    const text = `{"deviceId":"device-${packetId % DEVICES}","temperature":25.3,"humidity":65.2,"n":${packetId}`;
    const payload = Buffer.from(`${text.padEnd(PAYLOAD_BYTES - 1)}}`);
    const length = 2 + topic.length + 2 + payload.length;
    const head = [0x32, 0x80 | (length & 127), length >> 7, topic.length >> 8, topic.length & 255];
    return Buffer.concat([Buffer.from(head), topic, Buffer.from([packetId >> 8, packetId & 255]), payload]);
  });
  return Buffer.concat(packets);
}
