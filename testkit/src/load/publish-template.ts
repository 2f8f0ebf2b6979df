import { type MessageShape, PayloadTemplate, type ShapedDevice } from './message-shape.ts';

/** Protocol levels: 4 is MQTT 3.1.1. */
export type ProtocolLevel = 4 | 5;

/** A whole PUBLISH of one device at QoS 1, of which only packet id and numbers change. */
export class PublishTemplate {
  readonly bytes: Buffer;
  readonly payloadAt: number;
  readonly payload: PayloadTemplate;
  readonly #packetIdAt: number;

  constructor(device: ShapedDevice, epoch: number, shape: MessageShape, level: ProtocolLevel) {
    this.payload = new PayloadTemplate(device, epoch, shape);
    const topic = Buffer.from(device.topic);
    const propertyBytes = level === 5 ? 1 : 0;
    const rest = 2 + topic.byteLength + 2 + propertyBytes + this.payload.bytes.byteLength;
    const head = Buffer.from([0x32, ...remainingLength(rest), topic.byteLength >> 8, topic.byteLength & 255]);
    this.#packetIdAt = head.byteLength + topic.byteLength;
    this.payloadAt = this.#packetIdAt + 2 + propertyBytes;
    this.bytes = Buffer.concat([head, topic, Buffer.alloc(2 + propertyBytes), this.payload.bytes]);
  }

  /** Writes packet id and numbers into a copy of `bytes` that begins at `at`. */
  fill(into: Buffer, at: number, packetId: number, seq: number): void {
    into[at + this.#packetIdAt] = packetId >> 8;
    into[at + this.#packetIdAt + 1] = packetId & 255;
    this.payload.fill(into, at + this.payloadAt, seq);
  }

  /** Writes a new packet id only. */
  renumber(into: Buffer, at: number, packetId: number): void {
    into[at + this.#packetIdAt] = packetId >> 8;
    into[at + this.#packetIdAt + 1] = packetId & 255;
  }
}

/** CONNECT with a clean start and without keep-alive. The caller owns it. */
export function connectPacket(clientId: string, level: ProtocolLevel): Buffer {
  const client = Buffer.from(clientId);
  const properties = level === 5 ? [0] : [];
  const body = [0, 4, 0x4d, 0x51, 0x54, 0x54, level, 2, 0, 0, ...properties, 0, client.byteLength, ...client];
  return Buffer.from([0x10, ...remainingLength(body.length), ...body]);
}

/** DISCONNECT without a reason. */
export const DISCONNECT = Buffer.from([0xe0, 0]);

function remainingLength(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  do {
    bytes.push((rest % 128) | (rest >= 128 ? 128 : 0));
    rest = Math.floor(rest / 128);
  } while (rest > 0);
  return bytes;
}
