import assert from 'node:assert/strict';
import { test } from 'node:test';
import { retentionReasons } from './retention-reasons.ts';

test('retentionReasons names the records that wait and the hour at which Kafka removes the first of them', () => {
  const lag = () => ({ records: 1_200, seconds: 60, retentionLeftSeconds: 10 });
  assert.deepEqual(retentionReasons(undefined), []);
  assert.deepEqual(retentionReasons({ lag, retentionDueMicros: () => undefined }), []);
  const due = Date.UTC(2026, 10, 26, 9, 30) * 1_000;
  const [reason] = retentionReasons({ lag, retentionDueMicros: () => due });
  assert.equal(reason?.code, 'retention-near');
  assert.match(
    String(reason?.detail),
    /^1200 records wait, and Kafka removes the first of them at 2026-11-26T09:30:00.000Z: wanted a store that takes them, or a longer /,
  );
  const [ofWriter] = retentionReasons({ lag, retentionDueMicros: () => due }, 'more writers');
  assert.match(String(ofWriter?.detail), /: wanted a store that takes them, more writers, or a longer /);
});
