import assert from 'node:assert/strict';
import { type Connection, createMeter, type Meter } from '@skerry/kernel';
import { FakeClock, SeededRandom, SimulatedNet } from '@skerry/kernel/testing';
import { PacketStream } from '../packet-stream.ts';
import type { Connack } from '../packets/connack.ts';
import type { Connect } from '../packets/connect.ts';
import { encodePacket, type Packet } from '../packets/packet.ts';
import type { ProtocolLevel } from '../packets/packet-type.ts';
import type { Publish } from '../packets/publish.ts';
import { openSubscriber, type Subscriber } from '../subscriber/subscriber.ts';
import type {
  MessageConsumer,
  ReceivedMessage,
  SubscriberEvent,
  SubscriberNeeds,
  SubscriberOptions,
} from '../subscriber/subscriber-options.ts';
import { aPublish } from './raw-client.ts';

const ADDRESS = { host: '127.0.0.1', port: 1883 };
const TURNS_MAX = 2_000; // beyond it a condition will not come true any more

/** One connection as a broker sees it that does what its test says. */
export class ScriptedPeer {
  readonly packets: Packet[] = [];
  readonly connection: Connection;
  /** Sizes of the writes of the client. */
  readonly chunks: number[] = [];
  isClosed = false;
  level: ProtocolLevel = 4;

  constructor(connection: Connection, answer: (packet: Packet, peer: ScriptedPeer) => void) {
    this.connection = connection;
    const stream = new PacketStream({ packetBytesMax: 1e6 });
    connection.start({
      onData: (bytes) => {
        this.chunks.push(bytes.byteLength);
        stream.push(bytes);
        while (stream.next()) {
          const packet = structuredClone(stream.packet());
          this.level = stream.level ?? 4;
          this.packets.push(packet);
          answer(packet, this);
        }
      },
      onDrain: () => undefined,
      onClose: () => {
        this.isClosed = true;
      },
    });
  }

  /** Sends packets in one write. */
  send(...packets: Packet[]): void {
    const parts = packets.map((packet) => encodePacket(packet, this.level));
    this.connection.write(Uint8Array.from(parts.flatMap((part) => [...part])));
  }

  /** Publishes a text under a packet identifier; QoS 1 unless the change says otherwise. */
  publish(text: string, packetId: number, change: Partial<Publish> = {}): void {
    this.send(aPublish('plant/a', text, { packetId, ...change }));
  }

  /** Packets of one type, in order. */
  all<Type extends Packet['type']>(type: Type): Extract<Packet, { type: Type }>[] {
    return this.packets.filter((packet): packet is Extract<Packet, { type: Type }> => packet.type === type);
  }

  /** Answers of the client to publications, in order: `puback 1`. */
  get answers(): string[] {
    return this.packets.flatMap((packet) =>
      packet.type === 'puback' || packet.type === 'pubrec' || packet.type === 'pubcomp'
        ? [`${packet.type} ${packet.packetId}`]
        : [],
    );
  }
}

/** Keeps what it is handed; it refuses and acknowledges when it is told to. */
export class KeepingConsumer implements MessageConsumer {
  readonly texts: string[] = [];
  readonly messages: Pick<
    ReceivedMessage,
    'number' | 'qos' | 'isRetained' | 'isDuplicate' | 'oversizeBytes'
  >[] = [];
  why: string | undefined;
  /** Times that `refusal` was asked. */
  asked = 0;

  take(message: ReceivedMessage): void {
    const { number, qos, isRetained, isDuplicate, oversizeBytes } = message;
    this.texts.push(new TextDecoder().decode(message.payload));
    this.messages.push({ number, qos, isRetained, isDuplicate, oversizeBytes });
  }

  refusal(): string | undefined {
    this.asked++;
    return this.why;
  }
}

/** A subscriber's broker, in a network in which everything arrives at once, with a clock that the test moves. */
export class ScriptedBroker implements AsyncDisposable {
  readonly clock = new FakeClock();
  readonly net = new SimulatedNet();
  readonly peers: ScriptedPeer[] = [];
  readonly events: SubscriberEvent[] = [];
  readonly consumer = new KeepingConsumer();
  readonly meter: Meter = createMeter();
  /** Undefined: CONNECT stays without an answer. */
  connack: Connack | undefined = { type: 'connack', isSessionPresent: false, reason: 0 };
  /** Reason of SUBACK for a filter; undefined stays without an answer. */
  grant: (filter: string, qos: number) => number | undefined = (_, qos) => qos;
  isDeaf = false;
  readonly #random = new SeededRandom(7);
  readonly #listener = this.net.listen(ADDRESS, (connection) => {
    this.peers.push(new ScriptedPeer(connection, (packet, peer) => this.#answer(packet, peer)));
  });

  /** Opens a subscriber and waits until its filters are granted, unless `isAwaited` is false. */
  async open(
    options: Partial<SubscriberOptions> = {},
    needs: Partial<SubscriberNeeds> = {},
    isAwaited = true,
  ): Promise<Subscriber> {
    await this.#listener;
    const subscriber = await openSubscriber(
      {
        name: 'up',
        clientId: 'gateway-0',
        filters: [{ filter: 'plant/#' }],
        keepAliveSecs: 0,
        onEvent: (event) => this.events.push(event),
        ...options,
      },
      {
        dial: (signal) => this.net.connect(ADDRESS, signal),
        clock: this.clock,
        random: this.#random,
        meter: this.meter,
        consumer: this.consumer,
        ...needs,
      },
    );
    if (isAwaited) await subscriber.subscribed();
    return subscriber;
  }

  /** The connection made last. */
  get peer(): ScriptedPeer {
    const peer = this.peers.at(-1);
    assert.ok(peer, 'nobody has connected');
    return peer;
  }

  /** CONNECT of the connection made last. */
  get connect(): Connect | undefined {
    return this.peer.all('connect')[0];
  }

  /** Events of one type. */
  told<Type extends SubscriberEvent['type']>(type: Type): Extract<SubscriberEvent, { type: Type }>[] {
    return this.events.filter(
      (event): event is Extract<SubscriberEvent, { type: Type }> => event.type === type,
    );
  }

  /** Breaks the connection off; resolves when the subscriber waits to come back. */
  async lose(): Promise<void> {
    const count = this.told('disconnected').length;
    for (const link of this.net.links) link.reset();
    await until(() => this.told('disconnected').length > count, 'the end of the connection');
  }

  /** Lets the back-off pass; resolves when CONNECT came again. */
  async comeBack(): Promise<void> {
    const count = this.peers.length;
    await until(() => this.clock.nextDueMs !== undefined, 'a back-off');
    this.clock.fireNext();
    await until(() => this.peers.length === count + 1 && this.peer.packets.length > 0, 'another connection');
  }

  /** The value of a metric, of all its labels together. */
  metric(name: string): number {
    const family = this.meter.snapshot().find((one) => one.name === name);
    return (family?.samples ?? []).reduce((sum, { value }) => sum + value, 0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await (await this.#listener)[Symbol.asyncDispose]();
  }

  #answer(packet: Packet, peer: ScriptedPeer): void {
    if (this.isDeaf) return;
    if (packet.type === 'connect' && this.connack) peer.send(this.connack);
    if (packet.type === 'pingreq') peer.send({ type: 'pingresp' });
    if (packet.type === 'unsubscribe') {
      const reasons = peer.level === 5 ? packet.filters.map(() => 0) : [];
      peer.send({ type: 'unsuback', packetId: packet.packetId, reasons });
    }
    if (packet.type !== 'subscribe') return;
    const reasons = packet.topics.map(({ filter, qos }) => this.grant(filter, qos));
    if (reasons.every((reason) => reason !== undefined))
      peer.send({ type: 'suback', packetId: packet.packetId, reasons });
  }
}

/** Resolves when the condition holds; every microtask has its turn between two looks. */
export async function until(isMet: () => boolean, what: string): Promise<void> {
  for (let turns = 0; !isMet(); turns++) {
    assert.ok(turns < TURNS_MAX, `never came about: ${what}`);
    await Promise.resolve();
  }
}
