import assert from 'node:assert/strict';
import { test } from 'node:test';
import { silentLogger } from '@skerry/kernel';
import { FakeClock } from '@skerry/kernel/testing';
import { ArrivalNotes } from './arrival-notes.ts';

const REMOTE = { host: '192.0.2.9', port: 50_001 };

test('ArrivalNotes tells a want of rights once, and what else clients are cut off for', () => {
  const notes = new ArrivalNotes(new FakeClock());
  const logger = notes.overhearing(silentLogger);
  const refused = { kind: 'publish', client: 'c', user: 'token:t', topic: 't', why: 'no' } as const;
  notes.refused({ ...refused, reason: 'not-authorized', remote: '192.0.2.9:50001' });
  const facts = { client: 'c', remote: '192.0.2.9:50001', why: 'no' };
  logger.log('warn', 'MQTT client cut off.', { ...facts, reason: 'not-authorized' });
  logger.log('warn', 'MQTT client cut off.', { ...facts, reason: 'protocol-error' });
  assert.deepEqual(
    notes.since(0).map(({ kind, reason }) => `${kind} ${reason}`),
    ['publish not-authorized', 'cut-off protocol-error'],
  );
});

test('ArrivalNotes tells of handshakes in words, with where they came from', () => {
  const notes = new ArrivalNotes(new FakeClock());
  const why = '00:error:0A00010B:SSL routines:tls_validate_record_header:wrong version number:';
  notes.handshakeFailed('mqtts', { reason: 'refused', why, remote: REMOTE });
  const [told] = notes.since(0);
  assert.deepEqual(
    [told?.kind, told?.reason, told?.remote, told?.why],
    ['handshake', 'not-tls', '192.0.2.9:50001', 'It does not speak TLS, which this port (mqtts) wants.'],
  );
});
