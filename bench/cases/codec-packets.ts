import { encodePublish, type Properties } from '@skerry/mqtt';

/** The bytes of one connection, as its reads bring them. */
export interface PacketStreamBytes {
  readonly level: 4 | 5;
  readonly chunks: readonly Buffer[];
  readonly packets: number;
  /** Whether the last packet has a topic that is not UTF-8. */
  readonly isInvalid: boolean;
}

const STREAMS = 16;
const PACKETS = 4_096;
const CHUNK_BYTES = 64 * 1_024;
const DEVICES = 1_000;
const encoder = new TextEncoder();

/**
 * 16 connections of 4,096 PUBLISH packets at QoS 1, 200 bytes of JSON, 1,000 topics of which one in twenty is not ASCII.
 * Half of them speak MQTT 5: a third of those packets without properties, a third with two, a third with four. Every
 * fourth connection ends with a topic that is not valid UTF-8.
 */
export function packetStreams(): PacketStreamBytes[] {
  return Array.from({ length: STREAMS }, (_, stream) => {
    const level = stream % 2 === 0 ? 4 : 5;
    const isInvalid = stream % 4 === 3;
    const packets = Array.from({ length: PACKETS }, (_, i) => packetBytes(stream * PACKETS + i, level));
    if (isInvalid) packets.push(invalidPacket(level));
    const whole = Buffer.concat(packets);
    const chunks: Buffer[] = [];
    for (let at = 0; at < whole.byteLength; at += CHUNK_BYTES)
      chunks.push(whole.subarray(at, at + CHUNK_BYTES));
    return { level, chunks, packets: packets.length, isInvalid };
  });
}

function packetBytes(number: number, level: 4 | 5): Uint8Array {
  const device = (number * 7) % DEVICES;
  const name = device % 20 === 0 ? `wärme-${device}-温度` : `device-${device}`;
  const text = `{"temperature":${(number % 1_000) / 10},"pressure":${number % 7_919}`;
  const properties = level === 5 ? propertiesOf(number) : undefined;
  return encodePublish(
    {
      type: 'publish',
      topic: `mtic/msg/client/realtime/tenant/project/${name}`,
      payload: encoder.encode(`${text.padEnd(199)}}`),
      qos: 1,
      isDup: false,
      isRetain: false,
      packetId: (number % 65_535) + 1,
      ...(properties && { properties }),
    },
    level,
  );
}

function propertiesOf(number: number): Properties | undefined {
  if (number % 3 === 0) return undefined;
  const few = { contentType: 'application/json', messageExpirySecs: 3_600 };
  if (number % 3 === 1) return few;
  return {
    ...few,
    user: [
      ['skerry-seq', String(number)],
      ['line', 'nº 7'],
    ],
  };
}

function invalidPacket(level: 4 | 5): Uint8Array {
  const bytes = packetBytes(1, level);
  bytes[bytes.indexOf(0x6d) + 1] = 0xff; // the second letter of the topic
  return bytes;
}
