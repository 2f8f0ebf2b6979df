import assert from 'node:assert/strict';
import { mkdtempDisposableSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { CliError } from '../errors.ts';
import { readColumnChoice } from './column-choice.ts';
import { localTimeMicros } from './local-time.ts';
import { countRows, type RecordingOptions, readRecording } from './recording.ts';

async function rowsOf(name: string, text: string | Uint8Array, options: Partial<RecordingOptions> = {}) {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'skerry-recording-'));
  const path = join(folder.path, name);
  writeFileSync(path, text);
  const all = {
    path,
    timeColumn: undefined,
    deviceColumn: undefined,
    zone: 'UTC',
    columns: readColumnChoice(undefined),
    ...options,
  };
  return { rows: await Array.fromAsync(readRecording(all)), count: await countRows(path) };
}

test('readRecording reads comma, semicolon and tab separated files alike', async () => {
  const expected = [{ line: 2, timeMicros: 1386018900000000, device: undefined, values: { value: 73.96 } }];
  for (const delimiter of [',', ';', '\t']) {
    const { rows, count } = await rowsOf(
      'a.csv',
      `timestamp${delimiter}value\n2013-12-02 21:15:00${delimiter}73.96\n`,
    );
    assert.deepEqual(rows, expected);
    assert.equal(count, 1);
  }
});

test('readRecording maps columns, takes the device from its column and leaves empty cells out', async () => {
  const { rows } = await rowsOf('a.csv', 'ts,unit,t,p\n1700000000,007,1.5,\n', {
    deviceColumn: 'unit',
    columns: readColumnChoice('t=temperature,p'),
  });
  assert.deepEqual(rows, [
    { line: 2, timeMicros: 1_700_000_000_000_000, device: '007', values: { temperature: 1.5 } },
  ]);
});

test('readRecording reads JSON lines', async () => {
  const { rows } = await rowsOf(
    'a.jsonl',
    '{"time":"2024-01-01T00:00:00Z","v":1}\n\n{"time":1704067201,"v":true}\n',
  );
  assert.deepEqual(
    rows.map((row) => [row.timeMicros, row.values.v]),
    [
      [1704067200000000, 1],
      [1704067201000000, true],
    ],
  );
});

test('readRecording names line, value found and value wanted for what it cannot read', async () => {
  const cases: [string, string, RegExp][] = [
    ['a.csv', 'timestamp,value\nyesterday,1\n', /line 2: found time "yesterday" .* wanted/],
    ['a.csv', 'timestamp,value\n2013-12-02 21:15:00,1,9\n', /Invalid Record Length/],
    ['a.csv', 'only\n1\n', /line 1: wanted a header line/],
    ['a.csv', 'a,b\n1,2\n', /found columns a, b, wanted a time column/],
    ['a.jsonl', '{"time":1}\n{oops\n', /line 2: .*wanted one JSON object a line/],
    ['a.jsonl', '[1]\n', /line 1: found \[1\], wanted a JSON object/],
  ];
  for (const [name, text, message] of cases) {
    await assert.rejects(
      rowsOf(name, text),
      (cause) =>
        cause instanceof CliError && cause.code === 'recording-unreadable' && message.test(cause.message),
    );
  }
});

test('readRecording refuses what is no UTF-8, without rows too, rather than read an empty or a garbled recording', async () => {
  const latin = (text: string) => Buffer.from(text, 'latin1');
  const cases: [string, Uint8Array][] = [
    ['head.csv', latin('timestamp,wert_in_\u00b0C\n')],
    ['row.csv', latin('timestamp,place\n2024-01-01T00:00:00Z,M\u00fcnchen\n')],
    ['cut.csv', Buffer.concat([latin('timestamp,value\n2024-01-01T00:00:00Z,'), Uint8Array.of(0xe2, 0x82)])],
    ['a.jsonl', Uint8Array.of(0xff, 0xfe)],
    ['b.jsonl', latin('{"time":1704067201,"place":"M\u00fcnchen"}\n')],
  ];
  for (const [name, bytes] of cases)
    await assert.rejects(
      rowsOf(name, bytes),
      (cause) =>
        cause instanceof CliError &&
        cause.code === 'recording-unreadable' &&
        /found bytes that are no UTF-8 .*, wanted a text in UTF-8\./.test(cause.message),
      name,
    );
  assert.equal((await rowsOf('a.csv', 'timestamp,wert_in_\u00b0C\n1704067201,1\n')).rows.length, 1);
});

test('localTimeMicros reads stamps without an offset in the zone, across a change of the clock', () => {
  assert.equal(localTimeMicros('2024-07-01 12:00:00', 'Europe/Berlin'), Date.UTC(2024, 6, 1, 10) * 1_000);
  assert.equal(localTimeMicros('2024-01-01 12:00:00', 'Europe/Berlin'), Date.UTC(2024, 0, 1, 11) * 1_000);
  assert.equal(
    localTimeMicros('2024-01-01T12:00:00.000001+02:00', 'UTC'),
    Date.UTC(2024, 0, 1, 10) * 1_000 + 1,
  );
  assert.equal(localTimeMicros(1_700_000_000, 'UTC'), 1_700_000_000_000_000);
  assert.equal(localTimeMicros(1_700_000_000_123, 'UTC'), 1_700_000_000_123_000);
  assert.equal(localTimeMicros('noon', 'UTC'), undefined);
});
