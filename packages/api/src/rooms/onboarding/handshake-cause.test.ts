import assert from 'node:assert/strict';
import { test } from 'node:test';
import { handshakeCause } from './handshake-cause.ts';

test('handshakeCause says what OpenSSL and the reader of HTTP mean, and keeps what it does not know', () => {
  const cases: readonly (readonly [name: string, reason: string, why: string, found: string])[] = [
    [
      'mqtts',
      'refused',
      '0:error:0A00010B:SSL routines:tls_validate_record_header:wrong version number',
      'not-tls',
    ],
    ['https', 'refused', '0:error:0A00009C:SSL routines:tls_get_more_records:http request', 'not-tls'],
    [
      'mqtts',
      'refused',
      '0:error:0A000418:SSL routines:ssl3_read_bytes:ssl/tls alert unknown ca',
      'untrusted',
    ],
    [
      'wss',
      'refused',
      '0:error:0A000412:SSL routines:ssl3_read_bytes:ssl/tls alert bad certificate',
      'untrusted',
    ],
    ['mqtts', 'refused', '0:error:0A000102:SSL routines:unsupported protocol', 'old-tls'],
    ['mqtts', 'refused', 'read ECONNRESET', 'left'],
    ['ws', 'refused', 'Parse Error: Invalid method encountered', 'not-http'],
    ['wss', 'path', 'A WebSocket asks for a path other than /mqtt.', 'path'],
  ];
  for (const [name, reason, why, found] of cases)
    assert.equal(handshakeCause(name, { reason, why }).reason, found, why);
  const { why } = handshakeCause('wss', {
    reason: 'path',
    why: 'A WebSocket asks for a path other than /mqtt.',
  });
  assert.match(why, /other than \/mqtt/);
});
