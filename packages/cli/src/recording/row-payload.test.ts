import assert from 'node:assert/strict';
import { mkdtempDisposableSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { readColumnChoice } from './column-choice.ts';
import { readRecording } from './recording.ts';
import { isoMicros, rowPayload } from './row-payload.ts';

const OPTIONS = {
  timeColumn: 'time',
  deviceColumn: undefined,
  zone: 'UTC',
  columns: readColumnChoice(undefined),
};

test('rowPayload of a JSON line says the same as the line, exact to the last digit', async () => {
  const key = fc
    .string({ minLength: 1 })
    .filter((text) => !['time', 'timestamp', 'messageId', '__proto__'].includes(text));
  const integer = fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n });
  const number = fc.double({ noNaN: true, noDefaultInfinity: true });
  const leaf = fc.oneof(integer, number, fc.boolean(), fc.string());
  const line = fc.dictionary(key, fc.oneof(leaf, fc.array(leaf, { maxLength: 3 })), {
    maxKeys: 5,
    noNullPrototype: true,
  });
  const lines = fc.sample(fc.array(line, { minLength: 1, maxLength: 20 }), { numRuns: 60, seed: 7 });
  using folder = mkdtempDisposableSync(join(tmpdir(), 'skerry-payload-'));
  const path = join(folder.path, 'a.jsonl');
  for (const rows of lines) {
    const texts = rows.map((row) => rowPayload({ timeMicros: 0, values: row }, 'm'));
    writeFileSync(path, texts.map((text) => `${text}\n`).join(''));
    const read = await Array.fromAsync(readRecording({ ...OPTIONS, timeColumn: 'timestamp', path }));
    const again = read.map(({ timeMicros, values }) => rowPayload({ timeMicros, values }, 'other'));
    assert.deepEqual(again.map(asMembers), texts.map(asMembers));
  }
});

/** The members of a JSON object without blanks, in any order. */
function asMembers(text: string): string[] {
  return text.slice(1, -1).split(',').toSorted();
}

test('rowPayload of a CSV row gives numbers as they were, and keeps a message id of the row', async () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'skerry-payload-'));
  const path = join(folder.path, 'a.csv');
  writeFileSync(path, 'time,a,b,c,d,e,messageId\n1700000000,+9007199254740993,1e400,0.1,true,"x,""y""",m1\n');
  const [row] = await Array.fromAsync(readRecording({ ...OPTIONS, path }));
  assert.ok(row);
  assert.equal(
    rowPayload(row, 'ours'),
    '{"timestamp":"2023-11-14T22:13:20.000000Z","a":9007199254740993,"b":"1e400","c":0.1,"d":true,"e":"x,\\"y\\"","messageId":"m1"}',
  );
});

test('isoMicros writes every microsecond, before 1970 too', () => {
  assert.equal(isoMicros(1_777_636_800_000_001), '2026-05-01T12:00:00.000001Z');
  assert.equal(isoMicros(-1), '1969-12-31T23:59:59.999999Z');
});
