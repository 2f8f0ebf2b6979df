/** What hears of the packets of a server. */
export interface AnswerEvents {
  /** `receiveMaximum` is 65,535 where the server named none. */
  onConnack(reason: number, receiveMaximum: number): void;
  onPuback(packetId: number, reason: number): void;
  /** DISCONNECT of MQTT 5. */
  onDisconnect(reason: number): void;
}

/** Splits a server's bytes into packets, however they were cut. Fails with a plain error on a packet it does not expect. */
export class AnswerReader {
  #kept: Buffer = Buffer.alloc(0);
  readonly #events: AnswerEvents;

  constructor(events: AnswerEvents) {
    this.#events = events;
  }

  /** Takes bytes; those of an unfinished packet are copied. */
  push(chunk: Buffer): void {
    const bytes = this.#kept.byteLength > 0 ? Buffer.concat([this.#kept, chunk]) : chunk;
    let at = 0;
    for (;;) {
      // the usual case first: PUBACK without reason and properties
      while (at + 4 <= bytes.byteLength && bytes[at] === 0x40 && bytes[at + 1] === 2) {
        this.#events.onPuback((Number(bytes[at + 2]) << 8) | Number(bytes[at + 3]), 0);
        at += 4;
      }
      const end = packetEnd(bytes, at);
      if (end === undefined) break;
      this.#packet(bytes, at, end);
      at = end;
    }
    this.#kept = at < bytes.byteLength ? Buffer.from(bytes.subarray(at)) : Buffer.alloc(0);
  }

  #packet(bytes: Buffer, start: number, end: number): void {
    let at = start + 1;
    while (Number(bytes[at]) >= 128) at += 1;
    at += 1;
    const type = Number(bytes[start]) >> 4;
    if (type === 4) this.#events.onPuback(bytes.readUInt16BE(at), at + 2 < end ? Number(bytes[at + 2]) : 0);
    else if (type === 2)
      this.#events.onConnack(Number(bytes[at + 1]), receiveMaximum(bytes.subarray(at + 2, end)));
    else if (type === 14) this.#events.onDisconnect(at < end ? Number(bytes[at]) : 0);
    else if (type !== 13) throw new TypeError(`A packet of type ${type} came; PUBACK was expected.`);
  }
}

/** Where the packet at `at` ends, or undefined while it is not whole. */
function packetEnd(bytes: Buffer, at: number): number | undefined {
  let length = 0;
  for (let i = 0; i < 4; i++) {
    const byte = bytes[at + 1 + i];
    if (byte === undefined) return undefined;
    length += (byte & 127) * 128 ** i;
    if (byte >= 128) continue;
    const end = at + 2 + i + length;
    return end <= bytes.byteLength ? end : undefined;
  }
  throw new TypeError('The remaining length of a packet has more than four bytes.');
}

/** Lengths of CONNACK's properties in bytes; -1 for a text, -2 for a pair of texts. */
const PROPERTY_BYTES: Readonly<Record<number, number>> = {
  17: 4,
  33: 2,
  36: 1,
  37: 1,
  39: 4,
  18: -1,
  34: 2,
  31: -1,
  38: -2,
  40: 1,
  41: 1,
  42: 1,
  19: 2,
  26: -1,
  28: -1,
  21: -1,
  22: -1,
};

/** Receive Maximum among CONNACK's properties; `bytes` begins with their length, or is empty (3.1.1). */
function receiveMaximum(bytes: Buffer): number {
  let at = 0;
  while (Number(bytes[at]) >= 128) at += 1;
  at += 1;
  while (at < bytes.byteLength) {
    const id = Number(bytes[at]);
    at += 1;
    if (id === 0x21) return bytes.readUInt16BE(at);
    const length = PROPERTY_BYTES[id];
    if (length === undefined) throw new TypeError(`CONNACK has the unknown property ${id}.`);
    if (length >= 0) at += length;
    else for (let i = 0; i < -length; i++) at += 2 + bytes.readUInt16BE(at);
  }
  return 65_535;
}
