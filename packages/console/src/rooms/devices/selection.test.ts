import assert from 'node:assert/strict';
import { test } from 'node:test';
import { csvOf, isSelected, NOTHING, sizeOf, withDevices } from './selection.ts';

const aDevice = (device: string) => ({
  tenant: 't',
  project: 'p',
  device,
  lastSeen: '2026-01-01T00:00:00.000000Z',
  metrics: 2,
});

test('withDevices puts devices in and takes them out', () => {
  const [a, b] = [aDevice('a'), aDevice('b')];
  const both = withDevices(NOTHING, [a, b], true);
  assert.deepEqual([isSelected(both, a), isSelected(both, b)], [true, true]);
  assert.equal(isSelected(withDevices(both, [a], false), a), false);
});

test('withDevices takes single devices out of all that match, and puts them back', () => {
  const [a, b] = [aDevice('a'), aDevice('b')];
  const all = { ...NOTHING, isAll: true };
  assert.deepEqual([isSelected(all, b), sizeOf(all, 111)], [true, 111]);
  const butA = withDevices(all, [a], false);
  assert.deepEqual([isSelected(butA, a), isSelected(butA, b), sizeOf(butA, 111)], [false, true, 110]);
  assert.equal(sizeOf(withDevices(butA, [a], true), 111), 111);
});

test('csvOf quotes what needs it and writes no formula', () => {
  assert.equal(
    csvOf([aDevice('say "hi", all'), aDevice('=1+1')]),
    'tenant,project,device,lastSeen,metrics\r\n' +
      't,p,"say ""hi"", all",2026-01-01T00:00:00.000000Z,2\r\n' +
      "t,p,'=1+1,2026-01-01T00:00:00.000000Z,2\r\n",
  );
});
