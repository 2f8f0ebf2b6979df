import type { Clock, Connection, Net } from '@skerry/kernel';
import type { SeededRandom } from '@skerry/kernel/testing';
import { text } from './wire.ts';

/** What a visitor works with. */
export interface VisitorNeeds {
  readonly net: Net;
  readonly clock: Clock;
  readonly random: SeededRandom;
  readonly port: number;
}

const STAY_MS = 400;

/**
 * A client that speaks all of MQTT, well and badly, about messages that nobody stores as telemetry: retained ones, QoS 2,
 * wills, properties, subscriptions of every kind, packets that are none. It judges nothing; that others go on undisturbed
 * is judged by them.
 */
export class Visitor {
  readonly #needs: VisitorNeeds;
  readonly #name: string;
  #isActive = true;
  /** Connections that could not be made. */
  refusals = 0;

  constructor(name: string, needs: VisitorNeeds) {
    this.#name = name;
    this.#needs = needs;
    void this.#visit();
  }

  /** Comes no more. */
  stop(): void {
    this.#isActive = false;
  }

  async #visit(): Promise<void> {
    const { net, clock, random, port } = this.#needs;
    while (this.#isActive) {
      await clock.sleep(random.between(10, STAY_MS));
      const connection = await net.connect({ host: '127.0.0.1', port }).catch(() => this.#refused());
      if (connection) await this.#stay(connection);
    }
  }

  #refused(): undefined {
    this.refusals++;
  }

  async #stay(connection: Connection): Promise<void> {
    const { clock, random } = this.#needs;
    let isOpen = true;
    const level = random.pick([4, 5] as const);
    connection.start({
      onData: (bytes) => answer(connection, bytes),
      onDrain: () => undefined,
      onClose: () => {
        isOpen = false;
      },
    });
    connection.write(connect(level, random.chance(0.1) ? '' : this.#name, random));
    for (let left = random.between(1, 12); left > 0 && isOpen; left--) {
      await clock.sleep(random.int(30));
      connection.write(sentence(level, random));
    }
    if (random.chance(0.5)) connection.write(Uint8Array.of(0xe0, 0));
    if (random.chance(0.5)) connection.end();
    else connection.destroy();
  }
}

/** Acknowledges what needs it, however the packets are cut: single whole packets are all that it understands. */
function answer(connection: Connection, bytes: Uint8Array): void {
  const [first = 0, , high = 0, low = 0] = bytes;
  if (first === 0x50) connection.write(Uint8Array.of(0x62, 2, high, low));
  if (first >> 4 === 3) {
    const topicEnd = 4 + high * 256 + low;
    const id = [bytes[topicEnd] ?? 0, bytes[topicEnd + 1] ?? 0];
    if (first & 2) connection.write(Uint8Array.of(0x40, 2, ...id));
    else if (first & 4) connection.write(Uint8Array.of(0x50, 2, ...id));
  }
}

function connect(level: 4 | 5, client: string, random: SeededRandom): Uint8Array {
  const isClean = random.chance(0.6);
  const hasWill = random.chance(0.4);
  const hasUser = random.chance(0.1);
  const flags = (isClean ? 2 : 0) | (hasWill ? 0x2c : 0) | (hasUser ? 0x80 : 0);
  const keepAlive = random.pick([0, 1, 60]);
  const properties =
    level === 4 ? [] : list(random.chance(0.5) ? [0x11, 0, 0, 0, 5, 0x21, 0, 2, 0x22, 0, 4] : []);
  const will = hasWill
    ? [...(level === 5 ? list([0x18, 0, 0, 0, 1]) : []), ...text('will/of'), ...text('gone')]
    : [];
  const version = random.chance(0.05) ? 9 : level;
  const name = text(random.chance(0.03) ? 'MQXX' : 'MQTT');
  const user = hasUser ? text('somebody') : [];
  return packet(0x10, [
    ...name,
    version,
    flags,
    0,
    keepAlive,
    ...properties,
    ...text(client),
    ...will,
    ...user,
  ]);
}

/** One packet, or something that is none. */
function sentence(level: 4 | 5, random: SeededRandom): Uint8Array {
  const id = [0, random.between(1, 9)];
  const none = level === 5 ? [0] : [];
  const topic = random.pick(['talk/a', 'talk/a/b', '$hw/x', '$skerry/y', 'talk', 'mtic/bad/+', '']);
  const filter = random.pick(['talk/#', '+/a', 'talk/a/+', '#', '$hw/#', '$share/g/talk/#', 'ta+k', 'x/#/y']);
  const payload = random.pick([[], [1, 2, 3], [...'hello'].map((letter) => letter.charCodeAt(0))] as const);
  const options = level === 5 ? random.pick([0, 1, 2, 0x0d, 0x1a, 0x25, 0x3f]) : random.pick([0, 1, 2, 3]);
  const properties =
    level === 5 ? list(random.chance(0.6) ? (PROPERTIES[random.int(PROPERTIES.length)] ?? []) : []) : [];
  const kinds = [
    () => packet(0x30 | random.pick([0, 1]), [...text(topic), ...properties, ...payload]),
    () => packet(0x32 | random.pick([0, 1, 8]), [...text(topic), ...id, ...properties, ...payload]),
    () => packet(0x34 | random.pick([0, 8]), [...text(topic), ...id, ...properties, ...payload]),
    () => packet(0x62, id),
    () => packet(0x40, level === 5 ? [...id, random.pick([0, 0x80]), 0] : id),
    () => packet(0x50, id),
    () =>
      packet(0x82, [
        ...id,
        ...(level === 5 ? list(random.chance(0.3) ? [0x0b, 7] : []) : []),
        ...text(filter),
        options,
      ]),
    () => packet(0x82, [...id, ...none, ...text(filter), options, ...text('talk/b'), 1]),
    () => packet(0xa2, [...id, ...none, ...text(filter)]),
    () => packet(0xc0, []),
    () => packet(0xe0, level === 5 ? [random.pick([0, 4]), 0] : []),
    () => packet(0xf0, level === 5 ? [0x18, 0] : []),
    () => packet(0x10, [...text('MQTT'), level, 2, 0, 0, ...none, ...text('again')]),
    () => Uint8Array.of(0x30, 0xff, 0xff, 0xff, 0xff, 0x7f),
    () => random.bytes(random.between(1, 20)),
    () => packet(0x32, [0, 3, 0xc3, 0x28, 0x61, ...id, ...none]),
    () => packet(0x36, [...text(topic), ...id, ...none]),
  ];
  return (kinds[random.int(kinds.length)] ?? (() => packet(0xc0, [])))();
}

/** Properties of a PUBLISH. */
const PROPERTIES: readonly (readonly number[])[] = [
  [0x01, 1],
  [0x02, 0, 0, 0, 2],
  [0x03, 0, 1, 0x6a],
  [0x08, 0, 1, 0x72, 0x09, 0, 2, 1, 2],
  [0x26, 0, 1, 0x6b, 0, 1, 0x76, 0x26, 0, 1, 0x6b, 0, 1, 0x77],
  [0x23, 0, 1],
  [0x23, 0, 0],
  [0x7f, 1],
];

function list(properties: readonly number[]): number[] {
  return [properties.length, ...properties];
}

function packet(first: number, body: readonly number[]): Uint8Array {
  const { length } = body;
  return Uint8Array.from([
    first,
    ...(length < 128 ? [length] : [(length & 127) | 128, length >> 7]),
    ...body,
  ]);
}
