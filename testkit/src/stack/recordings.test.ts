import assert from 'node:assert/strict';
import { mkdtempDisposableSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { chosenRecordings, differences, type Recording, readRecordings, writeSpread } from './recordings.ts';

const aFolder = () => mkdtempDisposableSync(join(tmpdir(), 'skerry-recordings-'));

function aRecording(text: string): Recording {
  using folder = aFolder();
  const path = join(folder.path, 'pump.csv');
  writeFileSync(path, text);
  return readRecordings([path])[0] as Recording; // one path, one recording
}

const TWO_ROWS = 'time;flow;level\n2020-01-01 00:00:00;1.5;-0\n2020-01-01 00:00:02;;2\n';

test('readRecordings has time, bits, device and metric of each value, and deals rows of few files out', () => {
  const { rows, spanSecs, devices, values } = aRecording(TWO_ROWS);
  assert.deepEqual([rows, spanSecs, devices.length], [2, 2, 6]);
  assert.deepEqual(values, [
    '1577836800000000 3ff8000000000000 pump-1 flow',
    '1577836800000000 0000000000000000 pump-1 level',
    '1577836802000000 4000000000000000 pump-2 level',
  ]);
});

test('writeSpread writes the same rows with the device that each is dealt to', () => {
  using folder = aFolder();
  using other = aFolder();
  writeFileSync(join(folder.path, 'pump.csv'), TWO_ROWS);
  const [recording] = readRecordings([join(folder.path, 'pump.csv')]);
  assert.ok(recording);
  assert.equal(
    readFileSync(writeSpread(recording, other.path), 'utf8'),
    'time;flow;level;shown-as\n2020-01-01 00:00:00;1.5;-0;pump-1\n2020-01-01 00:00:02;;2;pump-2\n',
  );
});

test('readRecordings reads 150,000 rows, and refuses what has no values, no time or no number, with its line', () => {
  const rows = Array.from(
    { length: 150_000 },
    (_, i) => `${new Date(i * 1_000).toISOString().slice(0, 19)},${i}`,
  );
  assert.equal(aRecording(`time,value\n${rows.join('\n')}\n`).spanSecs, 149_999);
  assert.throws(() => aRecording('time,value\n'), /pump\.csv holds no values/);
  assert.throws(() => aRecording('time,value\nsoon,1\n'), /line 2: found "soon", wanted a date and time/);
  assert.throws(() => aRecording('time,value\n2020-01-01,x\n'), /line 2: found "x", wanted a number/);
  assert.throws(() => aRecording('time,value\n2020-01-01\n'), /line 2: found "2020-01-01", wanted 2 columns/);
});

test('chosenRecordings refuses a folder that is not there, and one without recordings', () => {
  using folder = aFolder();
  assert.throws(
    () => chosenRecordings(folder.path),
    /there is no \.csv file; wanted a folder with recordings/,
  );
  assert.throws(() => chosenRecordings(join(folder.path, 'nowhere')), /cannot be read \(ENOENT/);
  writeFileSync(join(folder.path, 'a.csv'), TWO_ROWS);
  assert.deepEqual(chosenRecordings(folder.path), [join(folder.path, 'a.csv')]);
  assert.match(String(chosenRecordings(undefined)), /occupancy_6005\.csv$/);
});

test('differences tells a value that changed though count, least and most are right, one that moved, one stored twice', () => {
  const recording = aRecording('time,v\n2020-01-01,1\n2020-01-02,2\n2020-01-03,3\n2020-01-04,9\n');
  const changed = aRecording('time,v\n2020-01-01,1\n2020-01-02,4\n2020-01-03,3\n2020-01-04,9\n');
  const moved = aRecording('time,v\n2020-01-01,1\n2020-01-02,2\n2020-01-03 01:00:00,3\n2020-01-04,9\n');
  assert.deepEqual(differences([recording], [...recording.values].reverse()), []);
  assert.deepEqual(differences([recording], changed.values), [
    'pump-2 v at 2020-01-02T00:00:00.000Z: 2 is missing',
    'pump-2 v at 2020-01-02T00:00:00.000Z: 4 is there, and not so often in the file',
  ]);
  assert.equal(differences([recording], moved.values).length, 2);
  assert.deepEqual(differences([recording], [...recording.values, ...recording.values.slice(3)]), [
    'pump-4 v at 2020-01-04T00:00:00.000Z: 9 is there, and not so often in the file',
  ]);
  assert.match(String(differences([changed], []).at(0)), /pump-1 v .+ 1 is missing/);
});

test('differences tells a few in words and counts the rest', () => {
  const rows = Array.from({ length: 24 }, (_, i) => `2020-01-01 ${String(i).padStart(2, '0')}:00:00,${i}`);
  const told = differences([aRecording(`time,v\n${rows.join('\n')}\n`)], []);
  assert.deepEqual([told.length, told.at(-1)], [21, '4 more values like these']);
});
