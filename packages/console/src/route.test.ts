import assert from 'node:assert/strict';
import { test } from 'node:test';
import { devicePath, partsOf, pathOf, withQuery } from './route.ts';

test('partsOf reads what pathOf writes', () => {
  for (const parts of [[], ['devices'], ['devices', '1', 'a b', 'x/y%#?'], ['dead-letters', '17']]) {
    assert.deepEqual(partsOf(pathOf(...parts)), parts);
  }
  assert.equal(devicePath({ tenant: 'a', project: 'b c', device: 'd/e' }), '/devices/a/b%20c/d%2Fe');
});

test('partsOf leaves a part as it is that cannot be decoded', () => {
  assert.deepEqual(partsOf('/devices/%zz/p'), ['devices', '%zz', 'p']);
});

test('withQuery leaves out what is empty', () => {
  assert.equal(withQuery('/devices', { search: 'a b', sort: '', order: undefined }), '/devices?search=a+b');
  assert.equal(withQuery('/devices', {}), '/devices');
});
