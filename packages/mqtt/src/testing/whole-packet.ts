import { PacketStream } from '../packet-stream.ts';
import type { Packet } from '../packets/packet.ts';
import type { ProtocolLevel } from '../packets/packet-type.ts';

/** Every whole packet of the chunks, by a stream of a connection of this level; without a level CONNECT comes first. */
export function packetsOf(
  chunks: Iterable<Uint8Array>,
  level?: ProtocolLevel,
  packetBytesMax?: number,
): Packet[] {
  const stream = new PacketStream({
    ...(level && { level }),
    ...(packetBytesMax !== undefined && { packetBytesMax, connectBytesMax: packetBytesMax }),
  });
  const packets: Packet[] = [];
  for (const chunk of chunks) {
    stream.push(chunk);
    // Copied, since views are valid until the stream goes on.
    while (stream.next()) packets.push(structuredClone(stream.packet()));
  }
  return packets;
}
