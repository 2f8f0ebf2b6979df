// One side of the case `codec` in a process of its own: `codec-run.ts SIDE SECS`. Prints its figures as JSON.
import {
  ByteReader,
  encodePuback,
  MqttError,
  PACKET_TYPE,
  PacketStream,
  PUBACK_BYTES,
  TopicCache,
  writePuback,
} from '@skerry/mqtt';
import mqttPacket, { type Packet } from 'mqtt-packet';
import { type PacketStreamBytes, packetStreams } from './codec-packets.ts';

/** What every side delivers is added up, so that all of it is made and can be compared. */
interface Tally {
  packets: number;
  refused: number;
  checksum: number;
}

type Codec = (stream: PacketStreamBytes, tally: Tally) => void;

const CODECS: Readonly<Record<string, Codec>> = {
  skerry: cursorCodec(),
  'skerry-objects': objectCodec,
  'mqtt-packet': peerCodec,
};
const NOT_A_TOPIC = /[\ufffd\0+#]/;

run(String(process.argv[2]), Number(process.argv[3]));

function run(side: string, secs: number): void {
  const codec = CODECS[side];
  if (!codec) throw new TypeError(`There is no side ${side}.`);
  const streams = packetStreams();
  const pass = (): Tally => {
    const tally = { packets: 0, refused: 0, checksum: 0 };
    for (const stream of streams) codec(stream, tally);
    return tally;
  };
  const warmUntil = performance.now() + 1_000;
  while (performance.now() < warmUntil) pass();
  const [startedMs, cpuBefore] = [performance.now(), process.cpuUsage()];
  let packets = 0;
  let last = pass();
  for (packets = last.packets; performance.now() - startedMs < secs * 1_000; packets += last.packets)
    last = pass();
  const ms = performance.now() - startedMs;
  const cpu = process.cpuUsage(cpuBefore);
  const figures = {
    perSec: (packets / ms) * 1_000,
    cpuSecsPerMillion: (cpu.user + cpu.system) / packets,
    refused: last.refused,
    checksum: last.checksum,
  };
  process.stdout.write(`${JSON.stringify(figures)}\n`);
}

/** As the broker does it: fields found in place, topics known by their bytes, one buffer of PUBACKs per read. */
function cursorCodec(): Codec {
  const topics = new TopicCache<string>();
  return ({ level, chunks }, tally) => {
    const stream = new PacketStream({ level });
    const { cursor } = stream;
    try {
      for (const chunk of chunks) {
        const answers = new Uint8Array(Math.ceil(chunk.byteLength / 200) * PUBACK_BYTES);
        let filled = 0;
        stream.push(chunk);
        while (stream.next()) {
          if (cursor.type !== PACKET_TYPE.publish) continue;
          const { bytes, topicStart, topicEnd, topicKey } = cursor;
          let topic = topics.find(bytes, topicStart, topicEnd, topicKey);
          if (topic === undefined) {
            topic = new ByteReader(bytes, topicStart - 2, topicEnd).text();
            topics.add(bytes, topicStart, topicEnd, topicKey, topic);
          }
          const properties = cursor.properties();
          note(tally, topic, cursor.payload(), properties?.messageExpirySecs, properties?.user?.length);
          filled = writePuback(answers, filled, cursor.packetId);
          tally.checksum += PUBACK_BYTES;
        }
      }
    } catch (cause) {
      refuse(cause, tally);
    }
  };
}

/** Every packet as an object, without knowing any topic from before. */
function objectCodec({ level, chunks }: PacketStreamBytes, tally: Tally): void {
  const stream = new PacketStream({ level });
  try {
    for (const chunk of chunks) {
      stream.push(chunk);
      while (stream.next()) {
        const packet = stream.packet();
        if (packet.type !== 'publish') continue;
        const { topic, payload, properties, packetId } = packet;
        note(tally, topic, payload, properties?.messageExpirySecs, properties?.user?.length);
        tally.checksum += encodePuback({ type: 'puback', packetId, reason: 0 }, level).byteLength;
      }
    }
  } catch (cause) {
    refuse(cause, tally);
  }
}

/** mqtt-packet does not check UTF-8: what it could not read has U+FFFD in it. Its properties go unchecked. */
function peerCodec({ level, chunks }: PacketStreamBytes, tally: Tally): void {
  const parser = mqttPacket.parser({ protocolVersion: level });
  let isRefused = false;
  parser.on('packet', (packet: Packet) => {
    if (isRefused || packet.cmd !== 'publish') return;
    if (NOT_A_TOPIC.test(packet.topic)) {
      isRefused = true;
      tally.refused++;
      return;
    }
    const { messageExpiryInterval, userProperties } = packet.properties ?? {};
    const users = userProperties ? Object.keys(userProperties).length : undefined;
    // a payload is a Buffer; only packets that are to be written may have texts
    note(tally, packet.topic, packet.payload as Buffer, messageExpiryInterval, users);
    const answer = mqttPacket.generate(
      { cmd: 'puback', messageId: Number(packet.messageId) },
      { protocolVersion: level },
    );
    tally.checksum += Math.min(answer.byteLength, PUBACK_BYTES); // one of level 5 is longer than it need be
  });
  for (const chunk of chunks) if (!isRefused) parser.parse(chunk);
}

function note(
  tally: Tally,
  topic: string,
  payload: Uint8Array,
  expirySecs: number | undefined,
  users: number | undefined,
): void {
  tally.packets++;
  tally.checksum += topic.length + Number(payload[20]) + payload.length + (expirySecs ?? 0) + (users ?? 0);
}

function refuse(cause: unknown, tally: Tally): void {
  if (!(cause instanceof MqttError)) throw cause;
  tally.refused++;
}
