import type { Connection } from '@skerry/kernel';
import { nodeNet } from '@skerry/kernel/node';
import { encodePacket, PacketStream } from '@skerry/mqtt';

/** One publication that a harbour received. */
export interface Arrival {
  readonly topic: string;
  readonly text: string;
}

/** How a harbour answers. */
export interface HarbourOptions {
  /** The reason of the PUBACK of an arrival, by its number from 1; undefined for no answer. */
  readonly answer?: (number: number) => number | undefined;
}

/** A broker that takes publications on a real port, and acknowledges them as a test says. */
export interface Harbour extends AsyncDisposable {
  readonly port: number;
  readonly arrivals: readonly Arrival[];
  /** Breaks every connection off. */
  cut(): void;
}

/** Opens a harbour on a free port. */
export async function openHarbour({ answer = () => 0 }: HarbourOptions = {}): Promise<Harbour> {
  const arrivals: Arrival[] = [];
  const connections = new Set<Connection>();
  const serve = (connection: Connection): void => {
    connections.add(connection);
    const stream = new PacketStream({ packetBytesMax: 1_000_000 });
    const send = (packet: Parameters<typeof encodePacket>[0]): void =>
      void connection.write(encodePacket(packet, stream.level ?? 4));
    connection.start({
      onData: (bytes) => {
        stream.push(bytes);
        while (stream.next()) {
          const packet = stream.packet();
          if (packet.type === 'connect') send({ type: 'connack', isSessionPresent: false, reason: 0 });
          if (packet.type !== 'publish') continue;
          arrivals.push({ topic: packet.topic, text: new TextDecoder().decode(packet.payload) });
          const reason = answer(arrivals.length);
          if (reason !== undefined) send({ type: 'puback', packetId: packet.packetId, reason });
        }
      },
      onDrain: () => undefined,
      onClose: () => void connections.delete(connection),
    });
  };
  const listener = await nodeNet().listen({ host: '127.0.0.1', port: 0 }, serve);
  const cut = (): void => {
    for (const connection of connections) connection.destroy();
  };
  return {
    port: listener.address.port,
    arrivals,
    cut,
    [Symbol.asyncDispose]: async () => {
      cut();
      await listener[Symbol.asyncDispose]();
    },
  };
}
