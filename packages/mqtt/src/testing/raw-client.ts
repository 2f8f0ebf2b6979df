import type { Connection } from '@skerry/kernel';
import { PacketStream } from '../packet-stream.ts';
import { encodePacket, type Packet } from '../packets/packet.ts';
import type { ProtocolLevel } from '../packets/packet-type.ts';
import type { Publish } from '../packets/publish.ts';

/** A client that sends what it is told to and keeps what it is sent; it answers nothing by itself. */
export class RawClient {
  readonly level: ProtocolLevel;
  readonly packets: Packet[] = [];
  /** Whether the connection is gone. */
  isClosed = false;
  readonly #connection: Connection;
  readonly #stream: PacketStream;

  constructor(connection: Connection, level: ProtocolLevel) {
    this.level = level;
    this.#connection = connection;
    this.#stream = new PacketStream({ level, packetBytesMax: 2 ** 28 });
    connection.start({
      onData: (bytes) => {
        this.#stream.push(bytes);
        while (this.#stream.next()) this.packets.push(structuredClone(this.#stream.packet()));
      },
      onDrain: () => undefined,
      onClose: () => {
        this.isClosed = true;
      },
    });
  }

  /** Packets of one type, in order. */
  all<Type extends Packet['type']>(type: Type): Extract<Packet, { type: Type }>[] {
    return this.packets.filter((packet): packet is Extract<Packet, { type: Type }> => packet.type === type);
  }

  /** Payloads of the publications that came, as text. */
  get payloads(): string[] {
    return this.all('publish').map(({ payload }) => new TextDecoder().decode(payload));
  }

  /** Sends packets in one write; gives the array as `sendBytes` does. */
  send(...packets: Packet[]): Uint8Array {
    return this.sendBytes(...packets.map((packet) => encodePacket(packet, this.level)));
  }

  /** Sends bytes as they are, in one write; gives the array that was written, which a simulated network does not copy. */
  sendBytes(...parts: Uint8Array[]): Uint8Array {
    const whole = Uint8Array.from(parts.flatMap((part) => [...part]));
    this.#connection.write(whole);
    return whole;
  }

  /** Publishes a text; QoS 1 unless the change says otherwise. */
  publish(topic: string, payload: string, change: Partial<Publish> = {}): void {
    this.send(aPublish(topic, payload, change));
  }

  /** Stops reading. */
  pause(): void {
    this.#connection.pause();
  }

  /** Reads on. */
  resume(): void {
    this.#connection.resume();
  }

  /** Breaks the connection off. */
  destroy(): void {
    this.#connection.destroy();
  }
}

/** A PUBLISH of QoS 1 with packet id 1, or as changed. */
export function aPublish(topic: string, payload: string, change: Partial<Publish> = {}): Publish {
  const qos = change.qos ?? 1;
  return {
    type: 'publish',
    topic,
    payload: new TextEncoder().encode(payload),
    isDup: false,
    isRetain: false,
    ...change,
    qos,
    packetId: qos === 0 ? 0 : (change.packetId ?? 1),
  };
}
