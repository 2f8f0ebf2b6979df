import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PublisherWindow } from './publisher-window.ts';

const TOPIC = new TextEncoder().encode('t');

test('PublisherWindow gives every packet identifier once before one comes again, and none that is in use', () => {
  const window = new PublisherWindow();
  const send = (): number => {
    window.add('t', TOPIC, new Uint8Array(1));
    const packetId = Number(window.peek()?.packetId);
    window.noteSent();
    return packetId;
  };
  const held = [send(), send()];
  const seen = new Set(held);
  for (let i = 0; i < 65_533; i++) {
    const packetId = send();
    assert.ok(packetId >= 1 && packetId <= 65_535 && !seen.has(packetId), String(packetId));
    seen.add(packetId);
    assert.ok(window.acknowledge(packetId));
  }
  assert.equal(seen.size, 65_535);
  assert.ok(!held.includes(send()));
  assert.equal(window.count, 3);
  assert.equal(window.bytes, 3 * 2);
});

test('PublisherWindow sends everything again in order after a restart, new messages last', () => {
  const window = new PublisherWindow();
  const sentNow = (): number[] => {
    const numbers: number[] = [];
    for (let next = window.peek(); next; next = window.peek()) {
      numbers.push(next.number);
      window.noteSent();
    }
    return numbers;
  };
  for (let i = 0; i < 4; i++) window.add('t', TOPIC, new Uint8Array(1));
  assert.deepEqual(sentNow(), [1, 2, 3, 4]);
  assert.equal(window.acknowledge(3)?.number, 3);
  assert.equal(window.acknowledge(3), undefined);
  window.restart();
  assert.equal(window.acknowledge(1), undefined, 'not sent on this connection');
  assert.equal(window.onWireCount, 0);
  window.add('t', TOPIC, new Uint8Array(1));
  assert.deepEqual(sentNow(), [1, 2, 4, 5]);
  assert.equal(window.onWireCount, 4);
  assert.equal(window.acknowledge(1)?.sentCount, 2);
});
