import type { ByteReader } from '../byte-reader.ts';
import { ByteWriter } from '../byte-writer.ts';
import { protocolError } from '../errors.ts';
import { decodeProperties, encodeProperties, type Properties } from '../properties.ts';
import { firstByte, type ProtocolLevel, type Qos, qosOf } from './packet-type.ts';
import { checkTopicName } from './topic-field.ts';

/** PUBLISH: an application message, in either direction. */
export interface Publish {
  readonly type: 'publish';
  /** Empty only at level 5 beside a topic alias. */
  readonly topic: string;
  /** Read: a view of the packet. */
  readonly payload: Uint8Array;
  readonly qos: Qos;
  readonly isDup: boolean;
  readonly isRetain: boolean;
  /** 0 at QoS 0, else 1 to 65,535. */
  readonly packetId: number;
  /** Level 5 only; absent when there are none. */
  readonly properties?: Properties;
}

/*
 * PUBLISH = 0x3X Remaining-Length Topic-Name [Packet-Identifier] [Properties] Payload
 * X       = dup qos(2) retain
 *           qos is not 3                                                 [MQTT-3.3.1-4]
 *           dup is 0 at qos 0                                            [MQTT-3.3.1-2]
 * Topic-Name is UTF-8 without wildcards                                  [MQTT-3.3.2-1, -2]
 *           with at least one character                                  [MQTT-4.7.3-1]; level 5: or a topic alias (3.3.2.1)
 * Packet-Identifier, not 0, at qos 1 and 2                               [MQTT-2.2.1-2, -3]
 * Properties at level 5
 */

/** Encodes PUBLISH; throws `topic-invalid`, `protocol-error`, `mqtt-string-invalid` or `packet-too-large`. */
export function encodePublish(packet: Publish, level: ProtocolLevel): Uint8Array {
  const { qos, isDup, isRetain, properties } = packet;
  checkDup(isDup, qos);
  checkTopic(packet.topic, properties, level);
  const writer = new ByteWriter().text(packet.topic);
  if (qos > 0) writer.packetId(packet.packetId);
  if (level === 5) encodeProperties(writer, properties, 'publish');
  writer.raw(packet.payload);
  return writer.packet(firstByte('publish', publishFlags(qos, isDup, isRetain)));
}

/** Decodes PUBLISH; throws `malformed-packet`, `protocol-error`, `topic-invalid` or `topic-alias-invalid`. */
export function decodePublish(flags: number, reader: ByteReader, level: ProtocolLevel): Publish {
  const qos = qosOf((flags >> 1) & 3);
  const isDup = (flags & 8) !== 0;
  checkDup(isDup, qos);
  const topic = reader.text();
  if (topic !== '') checkTopicName(topic);
  const packetId = qos > 0 ? reader.packetId() : 0;
  const properties = level === 5 ? decodeProperties(reader, 'publish') : undefined;
  checkTopic(topic, properties, level);
  const payload = reader.take(reader.left);
  const isRetain = (flags & 1) !== 0;
  return {
    type: 'publish',
    topic,
    payload,
    qos,
    isDup,
    isRetain,
    packetId,
    ...(properties && { properties }),
  };
}

/** The lower four bits of a PUBLISH's first byte. */
export function publishFlags(qos: Qos, isDup: boolean, isRetain: boolean): number {
  return (isDup ? 8 : 0) | (qos << 1) | (isRetain ? 1 : 0);
}

function checkDup(isDup: boolean, qos: Qos): void {
  if (isDup && qos === 0) throw protocolError('PUBLISH of QoS 0 has the DUP flag.');
}

function checkTopic(topic: string, properties: Properties | undefined, level: ProtocolLevel): void {
  if (topic !== '' || level === 4) checkTopicName(topic);
  else if (properties?.topicAlias === undefined)
    throw protocolError('PUBLISH has neither topic name nor topic alias.');
}
