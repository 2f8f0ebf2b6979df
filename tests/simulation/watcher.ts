import type { Clock, Connection, Net } from '@skerry/kernel';
import type { SentLedger } from './sent-ledger.ts';
import {
  encodeConnect,
  encodePuback,
  encodeSubscribe,
  type Packet,
  PacketReader,
  readPublish,
  TYPE,
} from './wire.ts';

/** What a simulated subscriber works with. */
export interface WatcherNeeds {
  readonly net: Net;
  readonly clock: Clock;
  readonly ledger: SentLedger;
  readonly port: number;
}

const FILTER = 'mtic/#';
const RETRY_MS = 250;

/** A subscriber to all telemetry that notes what it is given; whatever it saw must turn out to be stored. */
export class Watcher {
  readonly #name: string;
  readonly #needs: WatcherNeeds;
  #isActive = true;
  /** Connections that could not be made. */
  refusals = 0;
  /** Payloads that nobody sent. */
  phantoms = 0;
  delivered = 0;

  constructor(name: string, needs: WatcherNeeds) {
    this.#name = name;
    this.#needs = needs;
    void this.#connect();
  }

  /** Connects no more. */
  stop(): void {
    this.#isActive = false;
  }

  async #connect(): Promise<void> {
    const { net, clock, port } = this.#needs;
    while (this.#isActive) {
      const connection = await net.connect({ host: '127.0.0.1', port }).catch(() => this.#refused());
      if (connection) await new Promise<void>((resolve) => this.#listen(connection, resolve));
      await clock.sleep(RETRY_MS);
    }
  }

  #refused(): undefined {
    this.refusals++;
  }

  #listen(connection: Connection, closed: () => void): void {
    const reader = new PacketReader();
    connection.start({
      onData: (bytes) => {
        for (const packet of reader.push(bytes)) this.#take(connection, packet);
      },
      onDrain: () => undefined,
      onClose: () => closed(),
    });
    connection.write(encodeConnect(4, this.#name, 0));
    connection.write(encodeSubscribe(4, 1, FILTER));
  }

  #take(connection: Connection, packet: Packet): void {
    if (packet.type !== TYPE.publish) return;
    const { payload, qos, packetId } = readPublish(4, packet);
    if (qos === 1) connection.write(encodePuback(packetId));
    const message = this.#needs.ledger.findPayload(payload);
    this.delivered++;
    if (message) message.isDelivered = true;
    else this.phantoms++;
  }
}
