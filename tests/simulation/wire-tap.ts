import type { Connection, ConnectionEvents, Net } from '@skerry/kernel';
import { type Level, PacketReader, readPuback, readPublish, TYPE } from './wire.ts';

/** Who hears of refusals. */
export interface RefusalListener {
  /** The broker refuses this publication, or is about to: the answer may never be written, or never arrive. */
  refused(payload: Uint8Array): void;
  /** Notes a line for the log of the run. */
  note(line: string, bytes?: Uint8Array): void;
  /** Whether publications are refused at this moment. */
  isRefusing(): boolean;
}

/** The network as a broker sees it, with what comes and what is answered read along. */
export function tapped(net: Net, listener: RefusalListener): Net {
  return {
    listen: (address, onConnection) =>
      net.listen(address, (connection) => onConnection(new TappedConnection(connection, listener))),
    connect: (address, signal) => net.connect(address, signal),
  };
}

class TappedConnection implements Connection {
  readonly #inner: Connection;
  readonly #listener: RefusalListener;
  readonly #in = new PacketReader();
  readonly #out = new PacketReader();
  readonly #published = new Map<number, Uint8Array>();
  #level: Level = 4;

  constructor(inner: Connection, listener: RefusalListener) {
    this.#inner = inner;
    this.#listener = listener;
  }

  get remote() {
    return this.#inner.remote;
  }

  get bufferedBytes() {
    return this.#inner.bufferedBytes;
  }

  start(events: ConnectionEvents): void {
    this.#inner.start({
      onData: (bytes) => {
        const isRefusing = this.#listener.isRefusing();
        for (const packet of this.#in.push(bytes)) {
          if (packet.type === TYPE.connect) this.#level = packet.body[6] === 5 ? 5 : 4;
          if (packet.type !== TYPE.publish) continue;
          const { packetId, payload } = readPublish(this.#level, packet);
          this.#listener.note(`in ${packetId}${isRefusing ? ' refusing' : ''}`, payload);
          if (packetId === 0) continue;
          this.#published.set(packetId, payload);
          if (isRefusing && this.#level === 5) this.#listener.refused(payload);
        }
        events.onData(bytes);
      },
      onDrain: () => events.onDrain(),
      onClose: (error) => events.onClose(error),
    });
  }

  write(bytes: Uint8Array): boolean {
    for (const packet of this.#out.push(bytes)) {
      if (packet.type !== TYPE.puback) continue;
      const { packetId, reason } = readPuback(packet);
      const payload = this.#published.get(packetId);
      this.#listener.note(`out ${packetId} ${reason}`, payload);
      if (reason >= 0x80 && payload) this.#listener.refused(payload);
    }
    return this.#inner.write(bytes);
  }

  pause(): void {
    this.#inner.pause();
  }

  resume(): void {
    this.#inner.resume();
  }

  end(): void {
    this.#inner.end();
  }

  destroy(): void {
    this.#inner.destroy();
  }
}
