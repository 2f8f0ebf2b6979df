import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deviceWays, firstWay, isFor, type ShownCertificate, type WayFacts } from './device-ways.ts';

const PRIVATE: ShownCertificate = {
  chain: 'PEM',
  isSystemTrusted: false,
  isWhole: true,
  names: ['localhost', '192.0.2.2'],
};

const facts = (change: Partial<WayFacts> = {}): WayFacts => ({
  listeners: [
    { name: 'http', host: '127.0.0.1', port: 8080 },
    { name: 'mqtt', host: '127.0.0.1', port: 1883 },
    { name: 'ws', host: '127.0.0.1', port: 8083 },
  ],
  anonymous: 'loopback',
  ownHost: '192.0.2.2',
  certificates: {},
  ...change,
});

const TLS: Partial<WayFacts> = {
  listeners: [
    { name: 'http', host: '127.0.0.1', port: 8080 },
    { name: 'https', host: '0.0.0.0', port: 8443 },
    { name: 'mqtt', host: '127.0.0.1', port: 1883 },
    { name: 'mqtts', host: '0.0.0.0', port: 8883 },
    { name: 'wss', host: '0.0.0.0', port: 8083 },
  ],
  certificates: { http: PRIVATE, mqtt: PRIVATE },
};

const line = ({ reach, url, needsToken, trust, isNamed }: ReturnType<typeof deviceWays>[number]) =>
  `${reach} ${url}${needsToken ? ' token' : ''}${trust === 'nothing' ? '' : ` ${trust}`}${isNamed ? '' : ' misnamed'}`;

test('deviceWays on loopback: this machine alone, MQTT without a token unless nobody is anonymous', () => {
  const asked = { protocol: 'http', host: 'localhost', port: 8080 } as const;
  assert.deepEqual(deviceWays(facts({ asked })).map(line), [
    'machine mqtt://127.0.0.1:1883',
    'machine ws://127.0.0.1:8083/mqtt',
    'machine http://localhost:8080 token',
    'machine http://127.0.0.1:8080 token',
  ]);
  const [strict] = deviceWays(facts({ anonymous: 'never' }));
  assert.equal(strict?.needsToken, true);
});

test('deviceWays with TLS: whoever comes from outside is offered mqtts under the same host first', () => {
  const asked = { protocol: 'https', host: '192.0.2.2', port: 8443 } as const;
  assert.deepEqual(deviceWays(facts({ ...TLS, asked })).map(line), [
    'network mqtts://192.0.2.2:8883 token file',
    'network wss://192.0.2.2:8083/mqtt token file',
    'network https://192.0.2.2:8443 token file',
    'machine mqtt://127.0.0.1:1883',
    'machine mqtts://127.0.0.1:8883 token file misnamed',
    'machine wss://127.0.0.1:8083/mqtt token file misnamed',
    'machine http://127.0.0.1:8080 token',
    'machine https://127.0.0.1:8443 token file misnamed',
  ]);
});

test('deviceWays with TLS: whoever is on the machine is offered the plain way, and the network besides', () => {
  const asked = { protocol: 'http', host: '127.0.0.1', port: 8080 } as const;
  const ways = deviceWays(facts({ ...TLS, asked }));
  assert.equal(firstWay(ways, 'mqtt')?.url, 'mqtt://127.0.0.1:1883');
  assert.equal(firstWay(ways, 'mqtt', 'network')?.url, 'mqtts://192.0.2.2:8883');
  assert.equal(firstWay(ways, 'http', 'network')?.url, 'https://192.0.2.2:8443');
  const alone = deviceWays(facts({ ...TLS, ownHost: '127.0.0.1' }));
  assert.equal(firstWay(alone, 'mqtt', 'network'), undefined);
});

test('deviceWays asked from outside while MQTT is on loopback: MQTT is of the machine alone', () => {
  const asked = { protocol: 'https', host: 'plant.example', port: 443 } as const;
  const ways = deviceWays(facts({ asked }));
  assert.equal(firstWay(ways, 'mqtt', 'network'), undefined);
  assert.equal(firstWay(ways, 'mqtt')?.reach, 'machine');
  assert.equal(firstWay(ways, 'http')?.url, 'https://plant.example');
});

test('deviceWays on every address without TLS: a token everywhere, IPv6 in brackets', () => {
  const listeners = [{ name: 'mqtt', host: '::', port: 1883 }];
  assert.deepEqual(deviceWays(facts({ listeners, ownHost: '2001:db8::1' })).map(line), [
    'machine mqtt://[::1]:1883 token',
    'network mqtt://[2001:db8::1]:1883 token',
  ]);
});

test('isFor compares without case, and lets a star stand for one label', () => {
  assert.equal(isFor(['*.plant.example'], 'A.plant.example'), true);
  assert.equal(isFor(['*.plant.example'], 'a.b.plant.example'), false);
  assert.equal(isFor(['*.plant.example'], 'plant.example'), false);
  assert.equal(isFor([], 'x'), false);
});
