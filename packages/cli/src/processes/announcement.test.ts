import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadConfig } from '../config/load.ts';
import { type AnnouncedFacts, announcement } from './announcement.ts';
import { ownAddress } from './own-address.ts';

function told(flags: Readonly<Record<string, string>>, host: string, rest: Partial<AnnouncedFacts> = {}) {
  const { config } = loadConfig({ file: undefined, environment: { HOME: '/home/somebody' }, flags });
  const facts: AnnouncedFacts = {
    config,
    isReadOnly: false,
    listeners: [
      { name: 'http', host, port: 8_080 },
      { name: 'mqtt', host, port: 1_883 },
      { name: 'ws', host, port: 8_083 },
    ],
    certificates: {},
    certificateFaults: [],
    program: 'npx skerry',
    dataFolder: '/data',
    ownAddress: '192.0.2.7',
    firstPassword: undefined,
    signIn: { user: 'admin', code: 'c' },
    ...rest,
  };
  return announcement(facts).join('\n');
}

test('announcement on loopback says the addresses, no warning, and a line that needs no token', () => {
  const text = told({}, '127.0.0.1');
  assert.match(text, /^ {2}Page {9}http:\/\/127\.0\.0\.1:8080\/$/m);
  assert.match(text, /^ {2}mosquitto_pub -h 127\.0\.0\.1 -p 1883 -q 1 -t /m);
  assert.doesNotMatch(text, /WARNING/);
  assert.match(told({ 'mqtt-anonymous': 'never' }, '127.0.0.1'), /-p 1883 -u NAME -P TOKEN -q 1/);
});

test('announcement says the commands as they are typed here, with the data folder, and by the topic of the page', () => {
  const text = told({}, '127.0.0.1');
  assert.match(text, /\(npx skerry user link --data-dir \/data prints another\):$/m);
  assert.match(text, / -t iot\/my-tenant\/my-project\/my-device\/telemetry -m /);
  assert.doesNotMatch(text, /opens on this machine alone/);
});

test('announcement with TLS: the link is of this machine alone, the line needs no token, bad names are warned of', () => {
  const listeners = [
    { name: 'http', host: '127.0.0.1', port: 8_080 },
    { name: 'https', host: '0.0.0.0', port: 8_443 },
    { name: 'mqtt', host: '127.0.0.1', port: 1_883 },
    { name: 'mqtts', host: '0.0.0.0', port: 8_883 },
  ];
  const shown = { chain: '', isSystemTrusted: false, isWhole: true, names: [] };
  const facts = { listeners, certificates: { mqtt: shown, http: shown } };
  const text = told({}, '127.0.0.1', { ...facts, certificateFaults: ['It lacks a name.'] });
  assert.match(
    text,
    /^ {2}It opens on this machine alone; elsewhere sign in with the password \(npx skerry user password admin sets one\)\.$/m,
  );
  assert.match(text, /^ {2}mosquitto_pub -h 127\.0\.0\.1 -p 1883 -q 1 /m);
  assert.match(text, /^ {2}WARNING {6}It lacks a name\.$/m);
  const strict = told({ 'mqtt-anonymous': 'never' }, '127.0.0.1', facts);
  assert.match(
    strict,
    /mosquitto_pub -h 192\.0\.2\.7 -p 8883 --cafile skerry-ca\.pem -u NAME -P TOKEN -q 1 /,
  );
});

test('announcement beyond loopback names an address that others reach, warns, and wants a name and a token', () => {
  const open = { 'access-insecure-listeners': 'true', 'http-host': '0.0.0.0', 'mqtt-host': '0.0.0.0' };
  const text = told(open, '0.0.0.0');
  assert.doesNotMatch(text, /0\.0\.0\.0/);
  assert.match(text, /^ {2}Page {9}http:\/\/192\.0\.2\.7:8080\/$/m);
  assert.match(text, /^ {15}ws:\/\/192\.0\.2\.7:8083\/mqtt$/m);
  assert.match(text, /http:\/\/192\.0\.2\.7:8080\/#\/sign-in\?code=c/);
  assert.match(text, /mosquitto_pub -h 192\.0\.2\.7 -p 1883 -u NAME -P TOKEN -q 1/);
  assert.match(text, /Page {9}\S+\n {2}WARNING {6}HTTP without TLS/);
  assert.match(text, /WARNING {6}MQTT without TLS/);
  const named = told({ ...open, 'http-host-names': 'plant.example' }, '::');
  assert.match(named, /Page {9}http:\/\/plant\.example:8080\//);
  assert.match(named, /mosquitto_pub -h plant\.example /);
});

test('ownAddress takes the first address that is not this machine alone, IPv4 before IPv6', () => {
  const one = (address: string, family: 'IPv4' | 'IPv6', internal: boolean) => ({
    ...{ address, internal, netmask: '', mac: '', cidr: null },
    ...(family === 'IPv4' ? { family } : { family, scopeid: address.startsWith('fe80') ? 2 : 0 }),
  });
  const lo = [one('127.0.0.1', 'IPv4', true)];
  const eth = [one('fe80::1', 'IPv6', false), one('2001:db8::1', 'IPv6', false)];
  assert.equal(ownAddress({ lo, eth }), '2001:db8::1');
  assert.equal(ownAddress({ lo, eth, other: [one('192.0.2.7', 'IPv4', false)] }), '192.0.2.7');
  assert.equal(ownAddress({ lo }), '127.0.0.1');
});
