import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hasCode } from '@skerry/kernel/testing';
import fc from 'fast-check';
import { ByteReader } from './byte-reader.ts';
import { MqttError } from './errors.ts';
import { LIMITS } from './limits.ts';
import { PacketStream } from './packet-stream.ts';
import { encodePacket, type Packet } from './packets/packet.ts';
import type { ProtocolLevel } from './packets/packet-type.ts';
import { decodePublish, encodePublish, type Publish } from './packets/publish.ts';
import { anyPacket, anyPacketOf } from './testing/any-packet.ts';
import { bytesOf, PACKET_SAMPLES } from './testing/packet-samples.ts';
import { REFUSED_PACKETS } from './testing/refused-packets.ts';
import { packetsOf } from './testing/whole-packet.ts';

const LEVELS = [4, 5] as const;
const CONNECT = bytesOf('10 0c 0004 4d515454 04 02 0000 0000');

test('PacketStream finds the same packets wherever the bytes are cut', () => {
  for (const level of LEVELS) {
    const samples = PACKET_SAMPLES.filter((sample) => sample.level === level);
    const packets = samples.map(({ packet }) => packet);
    const bytes = joined(samples.map(({ hex }) => bytesOf(hex)));
    for (let at = 0; at <= bytes.byteLength; at++)
      assert.deepEqual(
        packetsOf([bytes.subarray(0, at), bytes.subarray(at)], level),
        packets,
        `cut at ${at}`,
      );
    assert.deepEqual(
      packetsOf(
        [...bytes].map((byte) => Uint8Array.of(byte)),
        level,
      ),
      packets,
      'single bytes',
    );
  }
});

test('PacketStream finds the same packets in chunks of any size, held at any moment', () => {
  const sizes = fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1 });
  const long = fc
    .integer({ min: 100, max: 20_000 })
    .map((size): Packet => aPublish({ payload: new Uint8Array(size).fill(7) }));
  for (const level of LEVELS) {
    const packets = fc.array(fc.oneof(anyPacket(level), long), { maxLength: 8 });
    fc.assert(
      fc.property(packets, sizes, fc.infiniteStream(fc.boolean()), (sent, chunkSizes, coin) => {
        const bytes = joined(sent.map((packet) => encodePacket(packet, level)));
        const found = foundInChunks(bytes, chunkSizes, level, () => coin.next().value === true);
        assert.deepEqual(found, sent);
      }),
    );
  }
});

test('PacketStream does not copy what lies whole in the chunk, and gives the chunk back', () => {
  const stream = new PacketStream({ level: 4 });
  const chunk = joined([encodePublish(aPublish(), 4), encodePublish(aPublish(), 4), Uint8Array.of(0x32)]);
  stream.push(chunk);
  for (let found = 0; found < 2; found++) {
    assert.ok(stream.next());
    assert.equal(stream.cursor.bytes, chunk);
    assert.equal(stream.cursor.payload().buffer, chunk.buffer);
  }
  assert.equal(stream.next(), false);
  assert.notEqual(stream.cursor.bytes, chunk);
  assert.equal(stream.waitingBytes, 1);
});

test('PacketStream keeps the rest of a packet when the chunk is overwritten', () => {
  const bytes = encodePublish(aPublish(), 4);
  const stream = new PacketStream({ level: 4 });
  const chunk = bytes.slice(0, 7);
  stream.push(chunk);
  assert.equal(stream.next(), false);
  chunk.fill(0xff);
  stream.push(bytes.slice(7));
  assert.ok(stream.next());
  assert.deepEqual(stream.packet(), aPublish());
});

test('PacketStream refuses a length over its limit at the header, whatever follows', () => {
  const huge = [0x32, 0xff, 0xff, 0xff, 0x7f];
  assert.throws(() => packetsOf([Uint8Array.from(huge)], 4), hasCode('packet-too-large'));
  assert.throws(
    () =>
      packetsOf(
        huge.map((byte) => Uint8Array.of(byte)),
        5,
      ),
    hasCode('packet-too-large'),
  );
  assert.deepEqual(packetsOf([Uint8Array.from(huge.slice(0, 4))], 4), []);
  const most = LIMITS.packetBytesMax.value;
  const fitting = encodePublish(aPublish({ payload: new Uint8Array(most - 11) }), 4);
  assert.equal(fitting.byteLength, most);
  assert.equal(packetsOf([fitting], 4).length, 1);
  const larger = encodePublish(aPublish({ payload: new Uint8Array(most - 10) }), 4);
  assert.throws(() => packetsOf([larger.subarray(0, 5)], 4), hasCode('packet-too-large'));
});

test('PacketStream refuses a CONNECT over its limit at the header, and takes more after it', () => {
  const header = bytesOf('10 fe ff 03');
  assert.throws(() => packetsOf([header]), hasCode('packet-too-large'));
  const publish = encodePublish(aPublish({ payload: new Uint8Array(100_000) }), 4);
  assert.equal(packetsOf([CONNECT, publish]).length, 2);
});

test('PacketStream wants CONNECT first, at its first byte [MQTT-3.1.0-1]', () => {
  for (const first of [0x20, 0x32, 0x40, 0xc0, 0xe0, 0xf0])
    assert.throws(() => packetsOf([Uint8Array.of(first)]), hasCode('protocol-error'), first.toString(16));
  assert.throws(() => packetsOf([Uint8Array.of(0)]), hasCode('malformed-packet'));
});

test('PacketStream learns the level from CONNECT', () => {
  const stream = new PacketStream();
  const connect: Packet = { type: 'connect', level: 5, isCleanStart: true, keepAliveSecs: 0, clientId: 'c' };
  stream.push(
    joined([encodePacket(connect, 5), encodePublish(aPublish({ properties: { topicAlias: 9 } }), 5)]),
  );
  assert.equal(stream.level, undefined);
  assert.ok(stream.next());
  assert.deepEqual(stream.packet(), connect);
  assert.equal(stream.level, 5);
  assert.ok(stream.next());
  assert.equal(stream.cursor.topicAlias, 9);
});

test('PacketStream refuses a Remaining Length of five bytes, and at level 5 one that is longer than it need be', () => {
  assert.throws(() => packetsOf([bytesOf('32 ff ff ff ff 01')], 4), hasCode('malformed-packet'));
  assert.throws(() => packetsOf([bytesOf('32 80 80 80 80 00')], 4), hasCode('malformed-packet'));
  assert.throws(() => packetsOf([bytesOf('d0 80 00')], 5), hasCode('malformed-packet'));
  assert.deepEqual(packetsOf([bytesOf('d0 80 00')], 4), [{ type: 'pingresp' }]);
});

test('PacketStream keeps no more than twice of what it received of a packet', () => {
  const stream = new PacketStream({ level: 4 });
  const bytes = encodePublish(aPublish({ payload: new Uint8Array(1_000_000) }), 4);
  for (let at = 0; at < bytes.byteLength - 1; at += 997) {
    stream.push(bytes.subarray(at, Math.min(at + 997, bytes.byteLength - 1)));
    assert.equal(stream.next(), false);
    assert.equal(stream.waitingBytes, Math.min(at + 997, bytes.byteLength - 1));
  }
  stream.push(bytes.subarray(-1));
  assert.ok(stream.next());
  assert.ok(stream.cursor.bytes.byteLength <= 2 * bytes.byteLength, `${stream.cursor.bytes.byteLength}`);
});

test('PacketCursor points at the same fields as decodePublish finds', () => {
  for (const level of LEVELS) {
    fc.assert(
      fc.property(anyPacketOf('publish', level), (packet) => {
        assert.deepEqual(scanned(encodePacket(packet, level), level), packet);
      }),
    );
  }
});

test('PacketStream judges a damaged PUBLISH as decodePublish does', () => {
  const seen = new Map<string, number>();
  const edit = fc.record({
    at: fc.nat(),
    by: fc.oneof(fc.integer({ min: 0, max: 255 }), fc.constantFrom(0, 1, 2, 3, 8, 9, 11, 35, 38, 43, 128)),
  });
  for (const level of LEVELS) {
    fc.assert(
      fc.property(
        anyPacketOf('publish', level),
        fc.array(edit, { minLength: 1, maxLength: 3 }),
        (packet, edits) => {
          const bytes = encodePacket(packet, level);
          for (const { at, by } of edits) {
            const place = at % bytes.byteLength;
            if (place > 0 && place < bodyAt(bytes)) continue;
            bytes[place] = place === 0 ? 0x30 | (by & 15) : by;
          }
          const wanted = verdict(() =>
            decodePublish(Number(bytes[0]) & 15, new ByteReader(bytes, bodyAt(bytes)), level),
          );
          const found = verdict(() => scanned(bytes, level));
          seen.set(codeOf(wanted), (seen.get(codeOf(wanted)) ?? 0) + 1);
          assert.deepEqual(codeOf(found), codeOf(wanted));
          if (codeOf(wanted) === 'right') assert.deepEqual(found, wanted);
        },
      ),
      { numRuns: 2_000 },
    );
  }
  for (const code of ['right', 'malformed-packet', 'protocol-error', 'topic-invalid'])
    assert.ok((seen.get(code) ?? 0) > 0, `${code} was never drawn: ${JSON.stringify([...seen])}`);
});

test('PacketStream.next refuses a wrong PUBLISH or acknowledgement before anybody decodes it', () => {
  const judged = REFUSED_PACKETS.filter(([, , hex]) => /^[3-7]/.test(hex));
  assert.ok(judged.length > 15);
  for (const [what, level, hex, code] of judged) {
    const stream = new PacketStream({ level });
    stream.push(bytesOf(hex));
    assert.throws(() => stream.next(), hasCode(code), what);
  }
});

test('PacketCursor gives one key to one topic, and others to others', () => {
  const keyOf = (topic: string): number => {
    const stream = new PacketStream({ level: 4 });
    stream.push(encodePublish(aPublish({ topic }), 4));
    assert.ok(stream.next());
    return stream.cursor.topicKey;
  };
  const keys = new Set(
    Array.from({ length: 5_000 }, (_, index) => keyOf(`iot/t/p/device-${index}/telemetry`)),
  );
  assert.ok(keys.size >= 4_998, `${keys.size} keys`);
  assert.equal(keyOf('a/b'), keyOf('a/b'));
});

function aPublish(changes: Partial<Publish> = {}): Publish {
  return {
    type: 'publish',
    topic: 'a/b',
    payload: new TextEncoder().encode('hello'),
    qos: 1,
    isDup: false,
    isRetain: false,
    packetId: 10,
    ...changes,
  };
}

/** A PUBLISH as the cursor shows it. */
function scanned(bytes: Uint8Array, level: ProtocolLevel): Publish {
  const stream = new PacketStream({ level });
  stream.push(bytes);
  assert.ok(stream.next());
  const { cursor } = stream;
  const properties = cursor.properties();
  assert.equal(cursor.topicAlias, properties?.topicAlias ?? 0);
  return {
    type: 'publish',
    topic: new TextDecoder('utf-8', { ignoreBOM: true }).decode(cursor.topic()),
    payload: cursor.payload(),
    qos: cursor.qos,
    isDup: cursor.isDup,
    isRetain: cursor.isRetain,
    packetId: cursor.packetId,
    ...(properties && { properties }),
  };
}

function verdict(call: () => Publish): Publish | MqttError {
  try {
    return call();
  } catch (error) {
    assert.ok(error instanceof MqttError, String(error));
    return error;
  }
}

function codeOf(found: Publish | MqttError): string {
  return found instanceof MqttError ? found.code : 'right';
}

/** First byte behind the Remaining Length. */
function bodyAt(bytes: Uint8Array): number {
  let at = 1;
  while (Number(bytes[at]) > 127) at++;
  return at + 1;
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

function foundInChunks(
  bytes: Uint8Array,
  sizes: readonly number[],
  level: ProtocolLevel,
  stops: () => boolean,
): Packet[] {
  const stream = new PacketStream({ level });
  const found: Packet[] = [];
  let at = 0;
  for (let turn = 0; at < bytes.byteLength; turn++) {
    const size = Number(sizes[turn % sizes.length]) * (1 + (turn % 40));
    const chunk = bytes.slice(at, at + size);
    at += size;
    stream.push(chunk);
    while (!stops() && stream.next()) found.push(structuredClone(stream.packet()));
    stream.hold();
    chunk.fill(0xff);
  }
  while (stream.next()) found.push(structuredClone(stream.packet()));
  return found;
}

test('PacketStream says of a request of HTTP that it is one, and of another first packet what it is', () => {
  const faultOf = (bytes: Uint8Array): string => {
    const stream = new PacketStream();
    stream.push(bytes);
    try {
      stream.next();
    } catch (fault) {
      assert.ok(fault instanceof MqttError);
      return fault.message;
    }
    return '';
  };
  assert.match(faultOf(new TextEncoder().encode('POST /api HTTP/1.1\r\n')), /looks like HTTP/);
  assert.equal(faultOf(bytesOf('c0 00')), 'The first packet is PINGREQ; CONNECT is wanted.');
});
