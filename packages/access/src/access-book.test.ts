import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMeter } from '@skerry/kernel';
import { FakeClock, hasCode, SeededRandom } from '@skerry/kernel/testing';
import type { Grant } from '@skerry/model';
import { AccessBook } from './access-book.ts';
import { Passwords } from './password-hasher.ts';
import { openAccessScene, quickHasher } from './testing/access-scene.ts';

test('AccessBook makes no second user whose name differs in the case of letters only', async () => {
  await using scene = await openAccessScene();
  const { book } = scene.access;
  await book.addUser('Ann', {});
  for (const name of ['ann', 'ANN', 'Ann'])
    await assert.rejects(book.addUser(name, {}), /there is Ann already/, name);
  await book.addUser('anna', {});
});

test('AccessBook leaves room for the users and tokens of others, whatever one tenant makes', async () => {
  await using scene = await openAccessScene();
  const { store } = scene;
  const passwords = new Passwords({ hasher: quickHasher, random: new SeededRandom(1), meter: createMeter() });
  const book = new AccessBook({
    store,
    clock: new FakeClock(),
    random: new SeededRandom(2),
    passwords,
    limits: { usersMax: 80, tokensMax: 80 },
  });
  let made = 0;
  const countUntilFull = async (add: (name: string) => Promise<unknown>, code: string): Promise<number> => {
    for (let count = 0; ; count++) {
      try {
        await add(`n${made++}`);
      } catch (fault) {
        assert.ok(hasCode(code)(fault), String(fault));
        return count;
      }
    }
  };
  const users = (tenant?: string) =>
    countUntilFull((name) => book.addUser(name, { grants: grantsOf(tenant) }), 'too-many-users');
  const tokens = (tenant?: string) => {
    const wish = { grants: grantsOf(tenant), expiresMicros: null, createdBy: 'local' };
    return countUntilFull((name) => book.addToken({ ...wish, name }), 'too-many-tokens');
  };
  assert.deepEqual([await users('acme'), await users('beta'), await users('acme')], [70, 3, 0]);
  await book.removeUser('n0');
  await book.changeUser('n1', { grants: grantsOf('beta') });
  assert.deepEqual([await users('acme'), await users()], [0, 8], 'the node itself may take all');
  assert.deepEqual([await tokens('acme'), await tokens('beta')], [70, 3]);
  for (const { name } of await book.tokens(undefined, 8)) await book.removeToken(name);
  assert.ok((await tokens('acme')) > 0);
});

function grantsOf(tenant: string | undefined): Grant[] {
  return tenant === undefined ? [{ role: 'viewer' }] : [{ role: 'viewer', tenant }];
}
