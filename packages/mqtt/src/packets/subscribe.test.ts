import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hasCode } from '@skerry/kernel/testing';
import { encodeSubscribe, type SubscribeTopic } from './subscribe.ts';

const TOPIC: SubscribeTopic = {
  filter: 'a/#',
  qos: 1,
  isNoLocal: false,
  isRetainAsPublished: false,
  retainHandling: 0,
};

test('encodeSubscribe refuses No Local on a shared subscription [MQTT-3.8.3-4], and takes each alone', () => {
  const encode = (topic: Partial<SubscribeTopic>) =>
    encodeSubscribe({ type: 'subscribe', packetId: 1, topics: [{ ...TOPIC, ...topic }] }, 5);
  assert.throws(() => encode({ filter: '$share/g/a', isNoLocal: true }), hasCode('protocol-error'));
  assert.ok(encode({ filter: '$share/g/a' }).byteLength > 0);
  assert.ok(encode({ isNoLocal: true }).byteLength > 0);
});

test('encodeSubscribe refuses to ask for nothing [MQTT-3.8.3-2]', () => {
  assert.throws(
    () => encodeSubscribe({ type: 'subscribe', packetId: 1, topics: [] }, 5),
    hasCode('protocol-error'),
  );
});
