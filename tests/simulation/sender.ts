import type { Clock, Connection, Net, Timer } from '@skerry/kernel';
import type { SeededRandom } from '@skerry/kernel/testing';
import type { MessageKind, SentLedger, SentMessage } from './sent-ledger.ts';
import {
  encodeConnect,
  encodeDisconnect,
  encodePingreq,
  encodePublish,
  type Level,
  PacketReader,
  readPuback,
  TYPE,
} from './wire.ts';

/** What a simulated device works with. */
export interface SenderNeeds {
  readonly net: Net;
  readonly clock: Clock;
  readonly random: SeededRandom;
  readonly ledger: SentLedger;
  readonly port: number;
}

/** Members that some payloads have besides, so that the decoder meets every kind of value. */
const MEMBERS: readonly [string, ...string[]] = [
  ',"a":{"b":{"c":1.5,"on":true},"t":"äöü \\u00e9 \\n"}',
  ',"big":12345678901234567890,"neg":-0.25e-3,"exact":9007199254740993',
  ',"list":[1,2,3],"long":[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18],"mixed":[1,"a",null,{"x":1}]',
  ',"none":null,"empty":{},"nothing":[]',
  ',"ts":1767225600',
  ',"timestamp":1767225600123',
  ',"time":"2026-01-01T00:00:00.5Z"',
  ',"ts":"2026-01-01 01:00:00+01:00"',
  ',"ts":1767225600123456789',
  ',"ts":12,"note":"far too early"',
  ',"time":"not a time"',
];
const KEEP_ALIVE_SECS = 30;
const ACK_TIMEOUT_MS = 4_000;

/**
 * A device that publishes numbered messages within a window and, as the specification says, sends every unacknowledged
 * one again in order after a reconnect: as a new PUBLISH with a new packet id and the same bytes.
 */
export class Sender {
  readonly name: string;
  readonly #needs: SenderNeeds;
  readonly #level: Level;
  readonly #window: number;
  readonly #total: number;
  /** Connections that could not be made. */
  refusals = 0;
  #connection: Connection | undefined;
  #isAccepted = false;
  #isConnecting = false;
  #timer: Timer | undefined;
  #packetId = 0;
  #created = 0;
  #lastProgressMs = 0;
  /** Unacknowledged, oldest first. */
  #unacked: SentMessage[] = [];
  /** Unacknowledged of this connection by packet id. */
  #flying = new Map<number, SentMessage>();
  /** Unacknowledged that this connection has not sent yet. */
  #waiting: SentMessage[] = [];

  constructor(name: string, total: number, needs: SenderNeeds) {
    this.name = name;
    this.#needs = needs;
    this.#total = total;
    this.#level = needs.random.chance(0.5) ? 4 : 5;
    this.#window = needs.random.pick([1, 5, 20, 60]);
    this.#again(needs.random.int(50));
  }

  /** Nothing is left to send and everything is acknowledged. */
  get isDone(): boolean {
    return this.#created === this.#total && this.#unacked.length === 0;
  }

  /** One connected line of what it waits for, for the report of a run that never ends. */
  get standing(): string {
    const state = this.#isAccepted
      ? 'connected'
      : this.#connection || this.#isConnecting
        ? 'connecting'
        : 'away';
    return `${this.name} (level ${this.#level}): ${state}, ${this.#created}/${this.#total} sent, ${this.#unacked.length} unacked`;
  }

  #again(delayMs: number): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = this.#needs.clock.startTimer(delayMs, () => this.#tick());
  }

  #tick(): void {
    const { clock, random } = this.#needs;
    if (!this.#connection && !this.#isConnecting) void this.#connect();
    else if (this.#isAccepted) this.#send();
    if (this.#connection && clock.monotonicMs() - this.#lastProgressMs > ACK_TIMEOUT_MS) {
      this.#connection.destroy();
      this.#forget();
    }
    if (!this.isDone) this.#again(1 + random.int(40));
    else if (this.#connection) this.#leave();
  }

  async #connect(): Promise<void> {
    const { net, port, clock } = this.#needs;
    this.#isConnecting = true;
    const connection = await net.connect({ host: '127.0.0.1', port }).catch(() => this.#refused());
    this.#isConnecting = false;
    if (!connection) return; // nobody listens: the next tick tries again
    this.#connection = connection;
    this.#lastProgressMs = clock.monotonicMs();
    this.#listen(connection);
    connection.write(encodeConnect(this.#level, this.name, KEEP_ALIVE_SECS));
  }

  #refused(): undefined {
    this.refusals++;
  }

  #listen(connection: Connection): void {
    const reader = new PacketReader();
    connection.start({
      onData: (bytes) => {
        if (connection !== this.#connection) return;
        this.#lastProgressMs = this.#needs.clock.monotonicMs();
        for (const packet of reader.push(bytes)) {
          if (packet.type === TYPE.connack) this.#accepted(Number(packet.body[1]));
          else if (packet.type === TYPE.puback) this.#settle(readPuback(packet));
        }
      },
      onDrain: () => undefined,
      onClose: () => {
        if (connection === this.#connection) this.#forget();
      },
    });
  }

  #accepted(code: number): void {
    if (code !== 0) {
      this.#drop();
      return;
    }
    this.#isAccepted = true;
    this.#waiting = [...this.#unacked];
    this.#flying.clear();
  }

  #send(): void {
    const { random } = this.#needs;
    if (random.chance(0.02)) this.#connection?.write(encodePingreq());
    const parts: Uint8Array[] = [];
    for (
      let burst = random.between(1, this.#window);
      burst > 0 && this.#flying.size < this.#window;
      burst--
    ) {
      const message = this.#waiting.shift() ?? this.#create();
      if (!message) break;
      this.#packetId = (this.#packetId % 65_535) + 1;
      const packetId = message.qos === 0 ? 0 : this.#packetId;
      if (message.qos === 1) this.#flying.set(packetId, message);
      message.sends++;
      parts.push(
        encodePublish(this.#level, {
          topic: message.topic,
          payload: message.payload,
          qos: message.qos,
          packetId,
        }),
      );
    }
    if (parts.length > 0) this.#connection?.write(Buffer.concat(parts));
  }

  #create(): SentMessage | undefined {
    if (this.#created === this.#total) return undefined;
    const { random, ledger } = this.#needs;
    const draw = random.float();
    const kind: MessageKind =
      draw < 0.75 ? 'numbered' : draw < 0.9 ? 'plain' : draw < 0.96 ? 'undecodable' : 'misrouted';
    const qos = random.chance(0.07) ? 0 : 1;
    const length = random.chance(0.05) ? random.between(500, 3_000) : random.int(60);
    const filler = 'x'.repeat(length);
    const more = random.chance(0.2) ? random.pick(MEMBERS) : '';
    const message = ledger.create(this.name, ++this.#created, kind, qos, { filler, more });
    if (qos === 1) this.#unacked.push(message);
    return message;
  }

  #settle({ packetId, reason }: { readonly packetId: number; readonly reason: number }): void {
    const message = this.#flying.get(packetId);
    if (!message) return;
    if (reason >= 0x80) {
      this.#drop();
      return;
    }
    this.#flying.delete(packetId);
    message.isAcked = true;
    this.#unacked.splice(this.#unacked.indexOf(message), 1);
  }

  /** Goes away without a word and comes back after a while. */
  #drop(): void {
    this.#connection?.destroy();
    this.#forget();
    this.#again(200 + this.#needs.random.int(800));
  }

  #leave(): void {
    this.#connection?.write(encodeDisconnect());
    this.#connection?.end();
    this.#forget();
  }

  #forget(): void {
    this.#connection = undefined;
    this.#isAccepted = false;
    this.#waiting = [];
    this.#flying.clear();
  }
}
