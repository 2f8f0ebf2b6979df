import assert from 'node:assert/strict';
import { test } from 'node:test';
import { API_VERSION, type UserDocument } from '../documents.ts';
import type { AccessStore, Item } from '../store.ts';

const aUser = (name: string, secret = ''): Item<'User'> => {
  const spec = { displayName: name, language: null, grants: [], isDisabled: false, password: null };
  const metadata = { name, createdMicros: 1 };
  const document: UserDocument = { apiVersion: API_VERSION, kind: 'User', metadata, spec };
  return { kind: 'User', name, secret, usedMicros: 0, document };
};

/** The promises of `AccessStore`, for every implementation. `open` gives an empty one. */
export function testAccessStore(name: string, open: () => Promise<AccessStore>): void {
  test(`${name}: create keeps a document once by name and once by secret`, async () => {
    await using store = await open();
    assert.equal(await store.create(aUser('a', 's1')), true);
    assert.equal(await store.create(aUser('a', 's2')), false);
    assert.equal(await store.create(aUser('b', 's1')), false);
    assert.equal(await store.create(aUser('b')), true);
    assert.equal(await store.create(aUser('c')), true, 'no secret is no secret of another');
    assert.deepEqual(await store.find('User', 'a'), aUser('a', 's1'));
    assert.deepEqual(await store.findBySecret('User', 's1'), aUser('a', 's1'));
    assert.equal(await store.findBySecret('User', ''), undefined);
    assert.equal(await store.find('AccessToken', 'a'), undefined, 'another kind');
    assert.equal(await store.count('User'), 3);
  });

  test(`${name}: list goes by name in pages`, async () => {
    await using store = await open();
    for (const one of ['b', 'A', 'a', 'c']) await store.create(aUser(one));
    const names = async (after?: string) => (await store.list('User', after, 2)).map((item) => item.name);
    assert.deepEqual(await names(), ['A', 'a']);
    assert.deepEqual(await names('a'), ['b', 'c']);
    assert.deepEqual(await names('c'), []);
  });

  test(`${name}: replace changes what exists and leaves when it was used`, async () => {
    await using store = await open();
    await store.create(aUser('a'));
    await store.touch([{ kind: 'User', name: 'a', usedMicros: 7 }]);
    const { document } = aUser('a');
    const changed = { ...document, spec: { ...document.spec, isDisabled: true } };
    assert.equal(await store.replace({ ...aUser('a'), document: changed }), true);
    const item = await store.find('User', 'a');
    assert.equal(item?.document.spec.isDisabled, true);
    assert.equal(item?.usedMicros, 7);
    assert.equal(await store.replace(aUser('absent')), false);
    assert.equal(await store.find('User', 'absent'), undefined);
  });

  test(`${name}: touch never goes back and makes nothing`, async () => {
    await using store = await open();
    await store.create(aUser('a'));
    await store.touch([
      { kind: 'User', name: 'a', usedMicros: 9 },
      { kind: 'User', name: 'absent', usedMicros: 9 },
    ]);
    await store.touch([{ kind: 'User', name: 'a', usedMicros: 3 }]);
    assert.equal((await store.find('User', 'a'))?.usedMicros, 9);
    assert.equal(await store.count('User'), 1);
  });

  test(`${name}: remove says how many were there`, async () => {
    await using store = await open();
    await store.create(aUser('a', 's'));
    await store.create(aUser('b'));
    assert.equal(await store.remove('User', ['a', 'absent']), 1);
    assert.equal(await store.findBySecret('User', 's'), undefined);
    assert.equal(await store.remove('User', ['a']), 0);
    assert.equal(await store.count('User'), 1);
  });
}
