import { ByteReader } from './byte-reader.ts';
import type { Qos } from './packets/packet-type.ts';
import { decodeProperties, type Properties } from './properties.ts';

/** No bytes. */
export const NO_BYTES = new Uint8Array(0);

/**
 * Where the fields of the packet lie that a `PacketStream` found last: indexes into `bytes`, no objects. Everything is
 * valid until the stream goes on; whoever keeps bytes copies them. Only the stream writes the fields. One cursor may
 * serve all streams of a thread.
 */
export class PacketCursor {
  /** What the packet lies in: the chunk, or the stream's own buffer for a packet that came in pieces. */
  bytes: Uint8Array = NO_BYTES;
  /** Packet type (`PACKET_TYPE`). */
  type = 0;
  /** Lower four bits of the first byte. */
  flags = 0;
  /** First byte behind the Remaining Length. */
  bodyStart = 0;
  /** First byte behind the packet. */
  end = 0;
  /** PUBLISH, PUBACK, PUBREC, PUBREL, PUBCOMP; 0 for a PUBLISH of QoS 0. */
  packetId = 0;
  /** PUBACK, PUBREC, PUBREL, PUBCOMP: the reason; 0 at level 4. */
  reason = 0;
  /** PUBLISH only, as everything below. */
  qos: Qos = 0;
  isDup = false;
  isRetain = false;
  topicStart = 0;
  /** Equal to `topicStart` only where `topicAlias` is not 0. */
  topicEnd = 0;
  /** A hash (FNV-1a) of the topic's bytes, for caches by topic. */
  topicKey = 0;
  /** Level 5: 0 for none. */
  topicAlias = 0;
  /** Level 5: the properties without their length; equal to `propertiesEnd` for none. */
  propertiesStart = 0;
  propertiesEnd = 0;
  /** The payload ends at `end`. */
  payloadStart = 0;

  /** The topic name: a view of UTF-8 that was checked, without wildcards. */
  topic(): Uint8Array {
    return this.bytes.subarray(this.topicStart, this.topicEnd);
  }

  /** The payload: a view. */
  payload(): Uint8Array {
    return this.bytes.subarray(this.payloadStart, this.end);
  }

  /** The properties of a PUBLISH as an object; undefined when there are none. */
  properties(): Properties | undefined {
    const { propertiesStart: start, propertiesEnd: end } = this;
    if (start === end) return undefined;
    return decodeProperties(new ByteReader(this.bytes, start, end), 'publish', end - start);
  }
}
