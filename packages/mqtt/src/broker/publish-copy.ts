import { PacketCursor } from '../packet-cursor.ts';

/** A cursor of its own over a copy of the PUBLISH that `cursor` points at, so that it can be taken later. */
export function copyPublish(cursor: PacketCursor): PacketCursor {
  const { bodyStart } = cursor;
  const copy = new PacketCursor();
  copy.bytes = cursor.bytes.slice(bodyStart, cursor.end);
  copy.type = cursor.type;
  copy.flags = cursor.flags;
  copy.end = cursor.end - bodyStart;
  copy.packetId = cursor.packetId;
  copy.qos = cursor.qos;
  copy.isDup = cursor.isDup;
  copy.isRetain = cursor.isRetain;
  copy.topicStart = cursor.topicStart - bodyStart;
  copy.topicEnd = cursor.topicEnd - bodyStart;
  copy.topicKey = cursor.topicKey;
  copy.topicAlias = cursor.topicAlias;
  copy.propertiesStart = cursor.propertiesStart - bodyStart;
  copy.propertiesEnd = cursor.propertiesEnd - bodyStart;
  copy.payloadStart = cursor.payloadStart - bodyStart;
  return copy;
}
