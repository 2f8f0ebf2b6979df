import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeHeaders, HEADER, RECORD_KIND } from '@skerry/journal';
import { Rig } from './testing/rig.ts';

const ORIGIN = `${'ab'.repeat(16)}/7/0`;
const refusal = (text: string) =>
  encodeHeaders([{ key: HEADER.refusal, value: new TextEncoder().encode(text) }]);

test('kafkaRefusalOf sets a record of the dead letters aside whole, and its replay is judged like any other', async () => {
  const rig = new Rig();
  await using pipeline = await rig.open();
  const headers = refusal('record-too-large iot.telemetry');
  rig.journal.append({ headers, origin: ORIGIN }, {});
  await pipeline.flush();
  const [letter] = await pipeline.deadLetters({ state: 'open', limit: 5 });
  assert.deepEqual(
    [letter?.reason, letter?.stage, letter?.device, letter?.payloadBytes],
    ['kafka-refused', 'uplink', 'd', 7],
  );
  assert.equal(letter?.detail, 'Kafka refuses it for the topic iot.telemetry: record-too-large.');
  assert.equal(pipeline.deadLetterReasons({})['kafka-refused'], 1);
  assert.ok((await pipeline.deadLetter(0))?.headers, 'it keeps the headers of its record');
  rig.journal.append({ kind: RECORD_KIND.replay, replayOf: 0, author: 'ann', headers });
  await pipeline.flush();
  assert.equal((await pipeline.deadLetter(0))?.state, 'replayed');
  const { received, stored, deadLettered } = pipeline.ledger().totals;
  assert.deepEqual([received, stored, deadLettered], [2, 2, 0]);
  assert.ok(pipeline.ledger().balanced);
});

test('kafkaRefusalOf: a record that came twice, by its origin, is one letter', async () => {
  const rig = new Rig();
  await using pipeline = await rig.open();
  const headers = refusal('topic-quota iot.t.p');
  rig.journal.append({ headers, origin: ORIGIN }, { headers, origin: ORIGIN });
  await pipeline.flush();
  const { deadLettered, deduplicated } = pipeline.ledger().totals;
  assert.deepEqual([deadLettered, deduplicated], [1, 1]);
});
