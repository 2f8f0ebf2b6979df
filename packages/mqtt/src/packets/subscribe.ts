import type { ByteReader } from '../byte-reader.ts';
import { ByteWriter } from '../byte-writer.ts';
import { malformed, protocolError } from '../errors.ts';
import { decodeProperties, encodeProperties, type Properties } from '../properties.ts';
import { checkFlags, firstByte, type ProtocolLevel, type Qos, qosOf } from './packet-type.ts';

/** One wish of SUBSCRIBE. The syntax of the filter is the broker's to judge, which answers each filter by itself. */
export interface SubscribeTopic {
  readonly filter: string;
  readonly qos: Qos;
  /** Level 5: the client's own publications are left out. */
  readonly isNoLocal: boolean;
  /** Level 5: the retain flag arrives as it was published. */
  readonly isRetainAsPublished: boolean;
  /** Level 5: retained messages are sent 0 always, 1 for a new subscription, 2 never. */
  readonly retainHandling: 0 | 1 | 2;
}

/** SUBSCRIBE: a client asks for topics. */
export interface Subscribe {
  readonly type: 'subscribe';
  readonly packetId: number;
  readonly topics: readonly SubscribeTopic[];
  /** Level 5 only; absent when there are none. */
  readonly properties?: Properties;
}

/*
 * SUBSCRIBE = 0x82 Remaining-Length Packet-Identifier [Properties] 1*(Topic-Filter Options)
 *             the lower four bits are 0010                               [MQTT-3.8.1-1]
 *             at least one filter                                        [MQTT-3.8.3-2], 3.1.1: [MQTT-3.8.3-3]
 * Options   = 0(2) retain-handling(2) retain-as-published no-local qos(2)
 *             the upper two bits are 0                                   [MQTT-3.8.3-5]
 *             3.1.1: the upper six bits are 0, qos is not 3              [MQTT-3-8.3-4]
 *             level 5: qos and retain-handling are not 3; no-local is 0 for a shared subscription [MQTT-3.8.3-4]
 * Properties at level 5
 */

/** Encodes SUBSCRIBE; level 4 carries filter and QoS only. Throws `protocol-error` or `mqtt-string-invalid`. */
export function encodeSubscribe(packet: Subscribe, level: ProtocolLevel): Uint8Array {
  checkCount(packet.topics.length);
  const writer = new ByteWriter().packetId(packet.packetId);
  if (level === 5) encodeProperties(writer, packet.properties, 'subscribe');
  for (const topic of packet.topics) {
    checkShared(topic.filter, topic.isNoLocal);
    writer.text(topic.filter).byte(level === 5 ? optionsOf(topic) : topic.qos);
  }
  return writer.packet(firstByte('subscribe', 2));
}

/** Decodes SUBSCRIBE; throws `malformed-packet` or `protocol-error`. */
export function decodeSubscribe(flags: number, reader: ByteReader, level: ProtocolLevel): Subscribe {
  checkFlags(flags, 2, 'subscribe');
  const packetId = reader.packetId();
  const properties = level === 5 ? decodeProperties(reader, 'subscribe') : undefined;
  const topics: SubscribeTopic[] = [];
  while (reader.left > 0) topics.push(readTopic(reader, level));
  checkCount(topics.length);
  return { type: 'subscribe', packetId, topics, ...(properties && { properties }) };
}

function readTopic(reader: ByteReader, level: ProtocolLevel): SubscribeTopic {
  const filter = reader.text();
  const options = reader.byte();
  if ((options & (level === 5 ? 0xc0 : 0xfc)) !== 0)
    throw malformed(`SUBSCRIBE has the options ${options}; reserved bits are set.`, { options });
  const isNoLocal = (options & 4) !== 0;
  checkShared(filter, isNoLocal);
  if (level === 5 && (options & 3) === 3) throw protocolError('SUBSCRIBE asks for QoS 3.');
  const retainHandling = (options >> 4) & 3;
  if (retainHandling === 3) throw protocolError('SUBSCRIBE asks for retain handling 3.');
  return {
    filter,
    qos: qosOf(options & 3),
    isNoLocal,
    isRetainAsPublished: (options & 8) !== 0,
    retainHandling: retainHandling as 0 | 1 | 2, // two bits, 3 refused
  };
}

function optionsOf({ qos, isNoLocal, isRetainAsPublished, retainHandling }: SubscribeTopic): number {
  return qos | (isNoLocal ? 4 : 0) | (isRetainAsPublished ? 8 : 0) | (retainHandling << 4);
}

function checkCount(count: number): void {
  if (count === 0) throw protocolError('SUBSCRIBE has no topic filter.');
}

function checkShared(filter: string, isNoLocal: boolean): void {
  if (isNoLocal && filter.startsWith('$share/'))
    throw protocolError('SUBSCRIBE asks for No Local on a shared subscription.');
}
