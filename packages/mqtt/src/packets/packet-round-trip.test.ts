import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { MqttError } from '../errors.ts';
import { anyPacket, anyPacketOf } from '../testing/any-packet.ts';
import { bytesOf, PACKET_SAMPLES } from '../testing/packet-samples.ts';
import { packetsOf } from '../testing/whole-packet.ts';
import { encodePacket } from './packet.ts';
import { PACKET_TYPE, type PacketName } from './packet-type.ts';

const LEVELS = [4, 5] as const;

for (const name of Object.keys(PACKET_TYPE) as PacketName[]) {
  for (const level of name === 'auth' ? ([5] as const) : LEVELS) {
    test(`decodePacket gives back what encodePacket took: ${name} at level ${level}`, () => {
      fc.assert(
        fc.property(anyPacketOf(name, level), (packet) => {
          assert.deepEqual(packetsOf([encodePacket(packet, level)], level), [packet]);
        }),
      );
    });
  }
}

test('decodePacket has only faults of MQTT for packets with bytes changed, added and taken away', () => {
  const whole = fc.constantFrom(...PACKET_SAMPLES).map(({ hex, level }) => ({ bytes: bytesOf(hex), level }));
  const change = fc.record({
    at: fc.nat(),
    by: fc.integer({ min: 0, max: 255 }),
    cut: fc.nat(3),
    add: fc.uint8Array({ maxLength: 3 }),
  });
  let refused = 0;
  fc.assert(
    fc.property(whole, fc.array(change, { minLength: 1, maxLength: 4 }), ({ bytes, level }, changes) => {
      let body = bytes.slice(2);
      for (const { at, by, cut, add } of changes) {
        const place = at % (body.byteLength + 1);
        if (place < body.byteLength) body[place] = by;
        body = Uint8Array.of(...body.subarray(0, place), ...add, ...body.subarray(place + cut));
      }
      const packet = Uint8Array.of(Number(bytes[0]), Math.min(127, body.byteLength), ...body);
      if (!isDecoded(packet, level)) refused++;
    }),
    { numRuns: 3_000 },
  );
  assert.ok(refused > 500, `only ${refused} were refused`);
});

test('decodePacket has only faults of MQTT for random bytes', () => {
  let refused = 0;
  const chunks = fc.array(fc.uint8Array({ maxLength: 30 }), { maxLength: 4 });
  fc.assert(
    fc.property(chunks, fc.constantFrom(...LEVELS), (random, level) => {
      if (!isDecoded(random, level)) refused++;
    }),
    { numRuns: 3_000 },
  );
  assert.ok(refused > 500, `only ${refused} were refused`);
});

test('encodePacket gives each packet the one form that decodes to it', () => {
  fc.assert(
    fc.property(anyPacket(5), anyPacket(5), (one, other) => {
      const same = encodePacket(one, 5).toHex() === encodePacket(other, 5).toHex();
      assert.equal(same, isSame(one, other));
    }),
  );
});

function isSame(one: unknown, other: unknown): boolean {
  try {
    assert.deepEqual(one, other);
    return true;
  } catch (error) {
    assert.ok(error instanceof assert.AssertionError);
    return false;
  }
}

/** Whether the bytes were taken; a failure when they were refused with anything but a fault of MQTT. */
function isDecoded(bytes: Uint8Array | readonly Uint8Array[], level: 4 | 5): boolean {
  try {
    packetsOf(bytes instanceof Uint8Array ? [bytes] : bytes, level);
    return true;
  } catch (error) {
    assert.ok(error instanceof MqttError, String(error));
    return false;
  }
}
