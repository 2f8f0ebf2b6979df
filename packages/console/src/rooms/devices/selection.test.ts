import assert from 'node:assert/strict';
import { test } from 'node:test';
import { csvOf, isSelected, NOTHING, withDevices } from './selection.ts';

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
  assert.equal(isSelected({ ...NOTHING, isAll: true }, b), true);
});

test('csvOf quotes what needs it and writes no formula', () => {
  assert.equal(
    csvOf([aDevice('say "hi", all'), aDevice('=1+1')]),
    'tenant,project,device,lastSeen,metrics\r\n' +
      't,p,"say ""hi"", all",2026-01-01T00:00:00.000000Z,2\r\n' +
      "t,p,'=1+1,2026-01-01T00:00:00.000000Z,2\r\n",
  );
});
