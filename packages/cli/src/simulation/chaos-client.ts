import type { Connection } from '@skerry/kernel';
import { encodePacket, type Packet, PacketStream, type ProtocolLevel } from '@skerry/mqtt';
import { type MqttTarget, netOf } from './target.ts';

/** What a broker did with what was sent. */
export interface ChaosAnswer {
  /** Reason of the newest answer: CONNACK, PUBACK, SUBACK or DISCONNECT; undefined when there was none. */
  readonly reason: number | undefined;
  readonly answeredBy: Packet['type'] | undefined;
  /** PUBACKs with a reason below 0x80. */
  readonly accepted: number;
  readonly isClosed: boolean;
}

/** Largest answer that is read. */
const ANSWER_BYTES = 1_048_576;

/** A connection that sends bytes as it is told and keeps what is answered. */
export class ChaosClient implements Disposable {
  readonly #connection: Connection;
  readonly #level: ProtocolLevel;
  readonly #stream: PacketStream;
  readonly #listeners = new Set<() => void>();
  #reason: number | undefined;
  #answeredBy: Packet['type'] | undefined;
  #accepted = 0;
  #isClosed = false;

  private constructor(connection: Connection, level: ProtocolLevel) {
    this.#connection = connection;
    this.#level = level;
    this.#stream = new PacketStream({ level, packetBytesMax: ANSWER_BYTES });
    connection.start({
      onData: (bytes) => this.#read(bytes),
      onDrain: () => undefined,
      onClose: () => {
        this.#isClosed = true;
        this.#tell();
      },
    });
  }

  /** Connects and sends nothing; fails with `connect-failed`. */
  static async open(target: MqttTarget, level: ProtocolLevel, signal: AbortSignal): Promise<ChaosClient> {
    return new ChaosClient(await netOf(target).connect(target.address, signal), level);
  }

  /** Opens a session; resolves with the reason of CONNACK, undefined when there was none in time. */
  async join(clientId: string, target: MqttTarget, signal: AbortSignal): Promise<number | undefined> {
    const { username, password } = target;
    const connect: Packet = {
      type: 'connect',
      level: this.#level,
      isCleanStart: true,
      keepAliveSecs: 0,
      clientId,
      ...(username === undefined ? {} : { username }),
      ...(password === undefined ? {} : { password }),
    };
    this.send([encodePacket(connect, this.#level)]);
    await this.until((answer) => answer.answeredBy === 'connack' || answer.isClosed, signal);
    const { reason } = this.answer;
    this.#reason = undefined;
    this.#answeredBy = undefined;
    return reason;
  }

  /** What was answered so far. */
  get answer(): ChaosAnswer {
    return {
      reason: this.#reason,
      answeredBy: this.#answeredBy,
      accepted: this.#accepted,
      isClosed: this.#isClosed,
    };
  }

  /** Sends bytes, each part in one write. */
  send(parts: readonly Uint8Array[]): void {
    for (const part of parts) this.#connection.write(part.slice());
  }

  /** Says that nothing more will be sent. */
  cut(): void {
    this.#connection.end();
  }

  /** Resolves when the answer is as wanted, or when the signal is aborted. */
  async until(isEnough: (answer: ChaosAnswer) => boolean, signal: AbortSignal): Promise<void> {
    if (isEnough(this.answer) || signal.aborted) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const look = (): void => {
      if (isEnough(this.answer)) resolve();
    };
    this.#listeners.add(look);
    signal.addEventListener('abort', () => resolve(), { once: true });
    await promise;
    this.#listeners.delete(look);
  }

  [Symbol.dispose](): void {
    this.#connection.destroy();
  }

  #read(bytes: Uint8Array): void {
    this.#stream.push(bytes);
    while (this.#stream.next()) {
      const packet = this.#stream.packet();
      this.#answeredBy = packet.type;
      if ('reason' in packet && typeof packet.reason === 'number') this.#reason = packet.reason;
      if (packet.type === 'puback' && packet.reason < 0x80) this.#accepted += 1;
    }
    this.#tell();
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }
}
