import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { encodePublish } from '../packets/publish.ts';
import { propertyBytes } from '../properties.ts';
import type { Delivery } from './message.ts';
import { Outbox, publishBytes } from './outbox.ts';

/** An outbox and what it wrote; `isFull` is what the network says. */
function anOutbox(bytesMax = 65_536): { outbox: Outbox; written: Uint8Array[]; net: { isFull: boolean } } {
  const written: Uint8Array[] = [];
  const net = { isFull: false };
  const connection = {
    remote: { host: '', port: 0 },
    bufferedBytes: 0,
    start: () => undefined,
    write: (bytes: Uint8Array) => {
      written.push(bytes);
      return !net.isFull;
    },
    pause: () => undefined,
    resume: () => undefined,
    end: () => undefined,
    destroy: () => undefined,
  };
  return { outbox: new Outbox(connection, bytesMax, () => undefined), written, net };
}

const text = fc.string({ minLength: 1, maxLength: 300 }).filter((topic) => !/[\0+#]/.test(topic));

test('Outbox writes PUBLISH as the codec does, and publishBytes says how long it is', () => {
  const anyDelivery = fc.record({
    topic: text,
    payload: fc.uint8Array({ maxLength: 400 }),
    qos: fc.constantFrom(0 as const, 1 as const),
    isRetained: fc.boolean(),
    identifiers: fc.array(fc.integer({ min: 1, max: 268_435_455 }), { maxLength: 3 }),
    contentType: fc.option(fc.constant('x'.repeat(200)), { nil: undefined }),
    expirySecs: fc.option(fc.integer({ min: 0, max: 0xffff_ffff }), { nil: undefined }),
    isAgain: fc.boolean(),
    level: fc.constantFrom(4 as const, 5 as const),
  });
  fc.assert(
    fc.property(anyDelivery, ({ topic, payload, qos, isRetained, identifiers, contentType, ...rest }) => {
      const { expirySecs, level } = rest;
      const isAgain = rest.isAgain && qos === 1;
      const lasting = contentType === undefined ? undefined : propertyBytes({ contentType }, 'publish');
      const message = {
        topic,
        topicBytes: new TextEncoder().encode(topic),
        payload,
        qos,
        isRetained,
        properties: lasting?.subarray(2),
        expiresMs: expirySecs === undefined ? Number.POSITIVE_INFINITY : 1,
        publisher: undefined,
      };
      const delivery: Delivery = { message, qos, isRetained, identifiers };
      const { outbox, written } = anOutbox();
      outbox.publish(delivery, level, 7, isAgain, expirySecs ?? 0);
      outbox.flush();
      const properties = {
        ...(expirySecs !== undefined && { messageExpirySecs: expirySecs }),
        ...(identifiers.length > 0 && { subscriptionIdentifiers: identifiers }),
        ...(contentType !== undefined && { contentType }),
      };
      const wanted = encodePublish(
        {
          type: 'publish',
          topic,
          payload,
          qos,
          isDup: isAgain,
          isRetain: isRetained,
          packetId: 7,
          properties,
        },
        level,
      );
      // The order of properties is free: length and multiset of bytes are compared, and all of it where there is one.
      assert.equal(written[0]?.byteLength, wanted.byteLength);
      assert.equal(publishBytes(delivery, level), wanted.byteLength);
      const isOrdered = level === 4 || Object.keys(properties).length <= 1;
      if (isOrdered) assert.deepEqual(Uint8Array.from(written[0] ?? []), Uint8Array.from(wanted));
      else assert.deepEqual([...(written[0] ?? [])].toSorted(), [...wanted].toSorted());
    }),
    { numRuns: 500 },
  );
});

test('Outbox gathers up to its bound and keeps the order of what it writes', () => {
  const { outbox, written } = anOutbox(10);
  for (let id = 1; id <= 5; id++) outbox.acknowledge(0x40, id);
  outbox.packet(Uint8Array.of(0xd0, 0));
  outbox.packet(new Uint8Array(20_000).fill(1));
  outbox.flush();
  outbox.flush();
  assert.deepEqual(
    written.map(({ byteLength }) => byteLength),
    [8, 8, 6, 20_000],
  );
  const bytes = Buffer.concat(written);
  assert.deepEqual([...bytes.subarray(0, 8)], [0x40, 2, 0, 1, 0x40, 2, 0, 2]);
  outbox.acknowledge(0x50, 65_535);
  outbox.flush();
  assert.deepEqual([...(written.at(-1) ?? [])], [0x50, 2, 255, 255]);
  assert.deepEqual(
    [...bytes.subarray(0, 8)],
    [0x40, 2, 0, 1, 0x40, 2, 0, 2],
    'what was written is not touched again',
  );
});

test('Outbox is blocked from a write over the high-water mark until it is told otherwise', () => {
  const { outbox, net } = anOutbox();
  outbox.packet(Uint8Array.of(1));
  net.isFull = true;
  assert.equal(outbox.isBlocked, false);
  outbox.flush();
  assert.equal(outbox.isBlocked, true);
  outbox.unblock();
  assert.equal(outbox.isBlocked, false);
});
