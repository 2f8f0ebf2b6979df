import type { ByteReader } from '../byte-reader.ts';
import { malformed } from '../errors.ts';
import { type Auth, decodeAuth, encodeAuth } from './auth.ts';
import { type Connack, decodeConnack, encodeConnack } from './connack.ts';
import { type Connect, decodeConnect, encodeConnect } from './connect.ts';
import { type Disconnect, decodeDisconnect, encodeDisconnect } from './disconnect.ts';
import { PACKET_TYPE, type ProtocolLevel } from './packet-type.ts';
import { decodePingreq, encodePingreq, type Pingreq } from './pingreq.ts';
import { decodePingresp, encodePingresp, type Pingresp } from './pingresp.ts';
import { decodePuback, encodePuback, type Puback } from './puback.ts';
import { decodePubcomp, encodePubcomp, type Pubcomp } from './pubcomp.ts';
import { decodePublish, encodePublish, type Publish } from './publish.ts';
import { decodePubrec, encodePubrec, type Pubrec } from './pubrec.ts';
import { decodePubrel, encodePubrel, type Pubrel } from './pubrel.ts';
import { decodeSuback, encodeSuback, type Suback } from './suback.ts';
import { decodeSubscribe, encodeSubscribe, type Subscribe } from './subscribe.ts';
import { decodeUnsuback, encodeUnsuback, type Unsuback } from './unsuback.ts';
import { decodeUnsubscribe, encodeUnsubscribe, type Unsubscribe } from './unsubscribe.ts';

/** Any packet of MQTT 3.1.1 or 5.0, told apart by `type`. */
export type Packet =
  | Connect
  | Connack
  | Publish
  | Puback
  | Pubrec
  | Pubrel
  | Pubcomp
  | Subscribe
  | Suback
  | Unsubscribe
  | Unsuback
  | Pingreq
  | Pingresp
  | Disconnect
  | Auth;

/** Encodes any packet, fixed header included; CONNECT at the level it names itself. */
export function encodePacket(packet: Packet, level: ProtocolLevel): Uint8Array {
  switch (packet.type) {
    case 'connect':
      return encodeConnect(packet);
    case 'connack':
      return encodeConnack(packet, level);
    case 'publish':
      return encodePublish(packet, level);
    case 'puback':
      return encodePuback(packet, level);
    case 'pubrec':
      return encodePubrec(packet, level);
    case 'pubrel':
      return encodePubrel(packet, level);
    case 'pubcomp':
      return encodePubcomp(packet, level);
    case 'subscribe':
      return encodeSubscribe(packet, level);
    case 'suback':
      return encodeSuback(packet, level);
    case 'unsubscribe':
      return encodeUnsubscribe(packet, level);
    case 'unsuback':
      return encodeUnsuback(packet, level);
    case 'pingreq':
      return encodePingreq();
    case 'pingresp':
      return encodePingresp();
    case 'disconnect':
      return encodeDisconnect(packet, level);
    case 'auth':
      return encodeAuth(packet, level);
  }
}

/**
 * Decodes one packet from its first byte and the bytes behind its Remaining Length, which `reader` holds alone.
 * Binary values are views. Throws `MqttError` for every violation of the specification.
 */
export function decodePacket(first: number, reader: ByteReader, level: ProtocolLevel): Packet {
  const decode = DECODERS[first >> 4];
  if (!decode) throw malformed(`A packet is of type ${first >> 4}; 1 to 15 is wanted.`, { first });
  return decode(first & 15, reader, level);
}

type Decoder = (flags: number, reader: ByteReader, level: ProtocolLevel) => Packet;

const DECODERS: Readonly<Record<number, Decoder>> = {
  [PACKET_TYPE.connect]: decodeConnect,
  [PACKET_TYPE.connack]: decodeConnack,
  [PACKET_TYPE.publish]: decodePublish,
  [PACKET_TYPE.puback]: decodePuback,
  [PACKET_TYPE.pubrec]: decodePubrec,
  [PACKET_TYPE.pubrel]: decodePubrel,
  [PACKET_TYPE.pubcomp]: decodePubcomp,
  [PACKET_TYPE.subscribe]: decodeSubscribe,
  [PACKET_TYPE.suback]: decodeSuback,
  [PACKET_TYPE.unsubscribe]: decodeUnsubscribe,
  [PACKET_TYPE.unsuback]: decodeUnsuback,
  [PACKET_TYPE.pingreq]: decodePingreq,
  [PACKET_TYPE.pingresp]: decodePingresp,
  [PACKET_TYPE.disconnect]: decodeDisconnect,
  [PACKET_TYPE.auth]: decodeAuth,
};
