/** Protocol levels of MQTT 3.1.1 and 5. */
export type Level = 4 | 5;

/** One packet as it came: type (high nibble of the first byte), flags (low nibble) and what follows the length. */
export interface Packet {
  readonly type: number;
  readonly flags: number;
  readonly body: Uint8Array;
}

/** Packet types that the simulated clients speak. */
export const TYPE = {
  connect: 1,
  connack: 2,
  publish: 3,
  puback: 4,
  subscribe: 8,
  suback: 9,
  pingreq: 12,
  pingresp: 13,
  disconnect: 14,
} as const;

/** What a PUBLISH says. */
export interface Publish {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly qos: 0 | 1;
  /** 0 for QoS 0. */
  readonly packetId: number;
}

/** CONNECT with a clean session. */
export function encodeConnect(level: Level, client: string, keepAliveSecs: number): Uint8Array {
  const properties = level === 5 ? [0] : [];
  const body = [
    ...text('MQTT'),
    level,
    2,
    keepAliveSecs >> 8,
    keepAliveSecs & 255,
    ...properties,
    ...text(client),
  ];
  return packet(TYPE.connect << 4, Uint8Array.from(body));
}

/** PUBLISH, neither DUP nor retained. */
export function encodePublish(level: Level, { topic, payload, qos, packetId }: Publish): Uint8Array {
  const head = [...text(topic)];
  if (qos === 1) head.push(packetId >> 8, packetId & 255);
  if (level === 5) head.push(0);
  return packet((TYPE.publish << 4) | (qos << 1), Uint8Array.from([...head, ...payload]));
}

/** SUBSCRIBE to one filter at QoS 1. */
export function encodeSubscribe(level: Level, packetId: number, filter: string): Uint8Array {
  const properties = level === 5 ? [0] : [];
  return packet(0x82, Uint8Array.from([packetId >> 8, packetId & 255, ...properties, ...text(filter), 1]));
}

/** PUBACK with success. */
export function encodePuback(packetId: number): Uint8Array {
  return packet(TYPE.puback << 4, Uint8Array.of(packetId >> 8, packetId & 255));
}

/** PINGREQ. */
export function encodePingreq(): Uint8Array {
  return Uint8Array.of(TYPE.pingreq << 4, 0);
}

/** DISCONNECT in the short form of both levels. */
export function encodeDisconnect(): Uint8Array {
  return Uint8Array.of(TYPE.disconnect << 4, 0);
}

/** The PUBLISH inside a packet. */
export function readPublish(level: Level, { flags, body }: Packet): Publish {
  const qos = (flags >> 1) & 3;
  const topicEnd = 2 + word(body, 0);
  const topic = new TextDecoder().decode(body.subarray(2, topicEnd));
  let at = topicEnd;
  const packetId = qos === 0 ? 0 : word(body, at);
  if (qos !== 0) at += 2;
  if (level === 5) {
    const [length, bytes] = readLength(body, at) ?? [0, 1];
    at += bytes + length;
  }
  return { topic, payload: body.slice(at), qos: qos === 0 ? 0 : 1, packetId };
}

/** Packet id and reason of a PUBACK; success where the reason is left out. */
export function readPuback({ body }: Packet): { readonly packetId: number; readonly reason: number } {
  return { packetId: word(body, 0), reason: body[2] ?? 0 };
}

/** Cuts a byte stream into packets. */
export class PacketReader {
  #held: Uint8Array = new Uint8Array(0);

  /** Every packet that is complete with these bytes. */
  push(bytes: Uint8Array): Packet[] {
    let rest = new Uint8Array(this.#held.byteLength + bytes.byteLength);
    rest.set(this.#held);
    rest.set(bytes, this.#held.byteLength);
    const packets: Packet[] = [];
    for (;;) {
      const length = readLength(rest, 1);
      if (!length || rest.byteLength < 1 + length[1] + length[0]) break;
      const end = 1 + length[1] + length[0];
      const first = Number(rest[0]);
      packets.push({ type: first >> 4, flags: first & 15, body: rest.slice(1 + length[1], end) });
      rest = rest.subarray(end);
    }
    this.#held = rest.slice();
    return packets;
  }
}

function packet(first: number, body: Uint8Array): Uint8Array {
  const length: number[] = [];
  for (let rest = body.byteLength; ; ) {
    const low = rest & 127;
    rest >>>= 7;
    length.push(rest > 0 ? low | 128 : low);
    if (rest === 0) break;
  }
  const bytes = new Uint8Array(1 + length.length + body.byteLength);
  bytes.set([first, ...length]);
  bytes.set(body, 1 + length.length);
  return bytes;
}

/** Value and size of a variable byte integer; undefined while bytes are missing. */
function readLength(bytes: Uint8Array, at: number): readonly [value: number, bytes: number] | undefined {
  let value = 0;
  for (let i = 0; i < 4; i++) {
    const byte = bytes[at + i];
    if (byte === undefined) return undefined;
    value |= (byte & 127) << (7 * i);
    if (byte < 128) return [value, i + 1];
  }
  return undefined;
}

/** A UTF-8 string with its length before it. */
export function text(value: string): Uint8Array {
  const bytes = new TextEncoder().encode(value);
  return Uint8Array.of(bytes.byteLength >> 8, bytes.byteLength & 255, ...bytes);
}

function word(bytes: Uint8Array, at: number): number {
  return (Number(bytes[at]) << 8) | Number(bytes[at + 1]);
}
