import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hasCode } from '@skerry/kernel/testing';
import { parseBrokerUrl } from './broker-url.ts';

test('parseBrokerUrl reads way, address and path', () => {
  const read = (text: string): string => {
    const { way, address, path } = parseBrokerUrl(text);
    return `${way} ${address.host} ${address.port} ${path}`;
  };
  assert.equal(read('mqtt://broker'), 'tcp broker 1883 /mqtt');
  assert.equal(read('tcp://10.0.0.1:1884/'), 'tcp 10.0.0.1 1884 /mqtt');
  assert.equal(read('mqtts://[::1]:9'), 'tls ::1 9 /mqtt');
  assert.equal(read('ssl://b'), 'tls b 8883 /mqtt');
  assert.equal(read('tls://b'), 'tls b 8883 /mqtt');
  assert.equal(read('ws://b'), 'ws b 80 /mqtt');
  assert.equal(read('wss://b:8084/broker/mqtt?token=1'), 'wss b 8084 /broker/mqtt?token=1');
});

test('parseBrokerUrl refuses what it cannot reach, and says no secret', () => {
  for (const text of ['', 'broker', 'broker:1883', 'http://b', 'mqtt://', 'mqtt://b/path', 'mqtt://b:99999'])
    assert.throws(() => parseBrokerUrl(text), hasCode('broker-url-invalid'), text);
  assert.throws(
    () => parseBrokerUrl('mqtt://ann:secret@b'),
    (error: Error) => hasCode('broker-url-invalid')(error) && !error.message.includes('secret'),
  );
});
