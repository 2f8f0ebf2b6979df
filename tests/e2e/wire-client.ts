import { connect, type Socket } from 'node:net';
import { encodePacket, type Packet, PacketStream, type ProtocolLevel, type Publish } from '@skerry/mqtt';
import { until } from './condition.ts';

/** A client that sends bytes or packets as it is told, answers nothing by itself, and keeps what it is sent. */
export class WireClient implements Disposable {
  readonly level: ProtocolLevel;
  readonly packets: Packet[] = [];
  /** Whether the connection is gone. */
  isClosed = false;
  readonly #socket: Socket;
  readonly #stream: PacketStream;
  #packetId = 0;
  #unanswered = 0;

  private constructor(socket: Socket, level: ProtocolLevel) {
    this.#socket = socket;
    this.level = level;
    this.#stream = new PacketStream({ level, packetBytesMax: 2 ** 28 });
    socket.setNoDelay(true);
    socket.on('data', (bytes: Buffer) => {
      this.#stream.push(bytes);
      while (this.#stream.next()) this.packets.push(structuredClone(this.#stream.packet()));
    });
    socket.on('close', () => {
      this.isClosed = true;
    });
    socket.on('error', () => {
      this.isClosed = true; // a reset is how a broker may end what it refuses
    });
  }

  /** Opens a TCP connection and sends nothing. */
  static async open(port: number, level: ProtocolLevel = 5): Promise<WireClient> {
    const socket = connect({ host: '127.0.0.1', port });
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.once('connect', () => {
        socket.off('error', reject);
        resolve();
      });
    });
    return new WireClient(socket, level);
  }

  /** Opens a connection and a session; resolves after CONNACK. */
  static async join(port: number, clientId: string, level: ProtocolLevel = 5): Promise<WireClient> {
    const client = await WireClient.open(port, level);
    client.send({ type: 'connect', level, isCleanStart: true, keepAliveSecs: 0, clientId });
    const connack = await client.first('connack');
    if (connack.reason !== 0) throw new TypeError(`CONNACK says ${connack.reason}`);
    return client;
  }

  /** Packets of one type, in order. */
  all<Type extends Packet['type']>(type: Type): Extract<Packet, { type: Type }>[] {
    return this.packets.filter((packet): packet is Extract<Packet, { type: Type }> => packet.type === type);
  }

  /** The first packet of a type, waited for. */
  first<Type extends Packet['type']>(type: Type): Promise<Extract<Packet, { type: Type }>> {
    return until(
      `a ${type}`,
      () => this.all(type)[0],
      60_000,
      () => JSON.stringify(this.packets),
    );
  }

  /** Sends packets in one write. */
  send(...packets: Packet[]): void {
    this.sendBytes(...packets.map((packet) => encodePacket(packet, this.level)));
  }

  /** Sends bytes as they are, in one write. */
  sendBytes(...parts: Uint8Array[]): void {
    if (!this.#socket.destroyed) this.#socket.write(Buffer.concat(parts));
  }

  /** Publishes at QoS 1 with the next packet id, and says which; the answer is waited for by `answered`. */
  publish(topic: string, payload: string | Uint8Array, change: Partial<Publish> = {}): number {
    this.#packetId = (this.#packetId % 65_535) + 1;
    const bytes = typeof payload === 'string' ? new TextEncoder().encode(payload) : payload;
    const rest = { isDup: false, isRetain: false, qos: 1 as const, packetId: this.#packetId };
    this.send({ type: 'publish', topic, payload: bytes, ...rest, ...change });
    if ((change.qos ?? 1) === 1) this.#unanswered++;
    return this.#packetId;
  }

  /** Publishes at QoS 1 and resolves with the reason of its PUBACK. */
  async accepted(topic: string, payload: string | Uint8Array): Promise<number> {
    const id = this.publish(topic, payload);
    const before = this.all('puback').length;
    const found = await until(
      `PUBACK ${id}`,
      () =>
        this.all('puback')
          .slice(Math.max(0, before - 1))
          .find((packet) => packet.packetId === id),
      60_000,
      () => JSON.stringify({ isClosed: this.isClosed, last: this.packets.at(-1) }),
    );
    return found.reason;
  }

  /** Publications of QoS 1 that have no PUBACK yet. */
  get unanswered(): number {
    return this.#unanswered - this.all('puback').length;
  }

  /** Resolves when every publication of QoS 1 has its PUBACK. */
  async answered(mostMs = 60_000): Promise<void> {
    await until(
      'all PUBACKs',
      () => this.unanswered === 0,
      mostMs,
      () => `${this.unanswered} are missing`,
    );
  }

  /** Resolves when the server has closed the connection. */
  async closed(mostMs = 60_000): Promise<void> {
    await until(
      'the end of the connection',
      () => this.isClosed,
      mostMs,
      () => JSON.stringify(this.packets),
    );
  }

  /** Says that nothing more will be sent, and reads on. */
  endWriting(): void {
    this.#socket.end();
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }
}
