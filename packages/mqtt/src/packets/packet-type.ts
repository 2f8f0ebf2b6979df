import { malformed } from '../errors.ts';

/** Protocol level of CONNECT: 4 is MQTT 3.1.1, 5 is MQTT 5.0. */
export type ProtocolLevel = 4 | 5;

/** Quality of service of a publication. */
export type Qos = 0 | 1 | 2;

/** Control packet types (table 2-1): the upper four bits of a packet's first byte. */
export const PACKET_TYPE = {
  connect: 1,
  connack: 2,
  publish: 3,
  puback: 4,
  pubrec: 5,
  pubrel: 6,
  pubcomp: 7,
  subscribe: 8,
  suback: 9,
  unsubscribe: 10,
  unsuback: 11,
  pingreq: 12,
  pingresp: 13,
  disconnect: 14,
  auth: 15,
} as const;

/** Name of a packet. */
export type PacketName = keyof typeof PACKET_TYPE;

const NAMES = Object.keys(PACKET_TYPE) as PacketName[]; // the keys of a constant

/** The name of a packet type; undefined for 0, which is none. */
export function packetOfType(type: number): PacketName | undefined {
  return NAMES[type - 1];
}

/** The name of a packet type in capitals, for messages. */
export function packetNameOf(type: number): string {
  return packetOfType(type)?.toUpperCase() ?? `type ${type}`;
}

/** The first byte of a packet. */
export function firstByte(name: PacketName, flags = 0): number {
  return (PACKET_TYPE[name] << 4) | flags;
}

/** Throws `malformed-packet` unless the lower four bits of the first byte are those of table 2-2 [MQTT-2.1.3-1]. */
export function checkFlags(flags: number, wanted: number, name: PacketName): void {
  if (flags !== wanted)
    throw malformed(`${name.toUpperCase()} has the flags ${flags}; ${wanted} is wanted.`, { flags });
}

/** A quality of service; throws `malformed-packet` for 3 [MQTT-3.3.1-4, MQTT-3.1.2-12]. */
export function qosOf(bits: number): Qos {
  if (bits === 0 || bits === 1 || bits === 2) return bits;
  throw malformed(`The quality of service is ${bits}; 0, 1 or 2 is wanted.`, { qos: bits });
}
