import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock, hasCode, SimulatedDisk } from '@skerry/kernel/testing';
import { FIRST_USER, makeFirstUser } from './access.ts';
import { LIMITS } from './limits.ts';
import { nodeScrypt } from './node/scrypt.ts';
import { type AccessScene, LOCAL_TOKEN, openAccessScene, quickHasher } from './testing/access-scene.ts';

const PASSWORD = 'correct horse';
const ORIGIN = { from: '192.0.2.1', agent: 'test' };

async function withAnn(options: Parameters<typeof openAccessScene>[0] = {}): Promise<AccessScene> {
  const scene = await openAccessScene(options);
  await scene.access.book.addUser('ann', { password: PASSWORD, grants: [{ role: 'viewer', tenant: 'a' }] });
  return scene;
}

const codeOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'let in',
    (fault: { code: string }) => fault.code,
  );

test('Authenticator.signIn gives a session whose cookie is ann until she signs out', async () => {
  await using scene = await withAnn();
  const { authenticator, sessions } = scene.access;
  const { secret, id, subject } = await authenticator.signIn('ann', PASSWORD, ORIGIN);
  assert.deepEqual(subject, { kind: 'user', name: 'ann', grants: [{ role: 'viewer', tenant: 'a' }] });
  assert.deepEqual((await authenticator.session(secret))?.subject, subject);
  assert.equal(await authenticator.session(`${secret}x`), undefined);
  await sessions.end(id);
  assert.equal(await authenticator.session(secret), undefined);
});

test('Authenticator.signIn does the same work and gives the same answer whether a name exists, is disabled or has no password', async () => {
  await using scene = await withAnn();
  const { book, authenticator } = scene.access;
  await book.addUser('off', { password: PASSWORD, isDisabled: true });
  await book.addUser('link-only', {});
  const told = new Set<string>();
  for (const name of ['ann', 'nobody-here', 'off', 'link-only', '../etc', '']) {
    const before = scene.hashes();
    const password = name === 'off' ? PASSWORD : 'wrong password';
    const fault = await authenticator.signIn(name, password, ORIGIN).catch((cause: Error) => cause);
    assert.ok(fault instanceof Error, name);
    told.add(`${Reflect.get(fault, 'code')} ${fault.message}`);
    assert.equal(scene.hashes() - before, 1, `hashes for ${name}`);
  }
  assert.equal(told.size, 1, [...told].join('; '));
});

test('Authenticator locks a name out under many guesses, the right one included, and lets it in afterwards', async () => {
  const clock = new FakeClock();
  await using scene = await withAnn({ clock });
  const { authenticator } = scene.access;
  const codes: unknown[] = [];
  for (let i = 0; i < 200; i++) {
    const from = `10.${i}.0.1`; // a new address each time
    codes.push(await codeOf(authenticator.signIn('ann', `guess number ${i}`, { from, agent: '' })));
  }
  const hashed = codes.filter((code) => code === 'sign-in-refused').length;
  assert.equal(hashed, LIMITS.failuresPerNameMax.value);
  assert.equal(codes.at(-1), 'too-many-attempts');
  assert.equal(await codeOf(authenticator.signIn('ann', PASSWORD, ORIGIN)), 'too-many-attempts');
  clock.advance(LIMITS.lockOutMs.value);
  assert.equal(await codeOf(authenticator.signIn('ann', PASSWORD, ORIGIN)), 'let in');
});

test('Authenticator lets ann in from where she has signed in before, whatever others guess', async () => {
  const clock = new FakeClock();
  await using scene = await withAnn({ clock });
  const { authenticator } = scene.access;
  await authenticator.signIn('ann', PASSWORD, ORIGIN);
  clock.advance(LIMITS.rememberedSecs.value * 1_000 + 1);
  const elsewhere = { ...ORIGIN, from: '203.0.113.5' };
  for (let i = 0; i < LIMITS.failuresPerNameMax.value; i++)
    await assert.rejects(authenticator.signIn('ann', `guess ${i}`, elsewhere), hasCode('sign-in-refused'));
  await assert.rejects(authenticator.signIn('ann', PASSWORD, elsewhere), hasCode('too-many-attempts'));
  assert.equal((await authenticator.signIn('ann', PASSWORD, ORIGIN)).subject.name, 'ann');
});

test('Authenticator counts guesses that come at once, before the first is verified', async () => {
  await using scene = await withAnn();
  const { authenticator } = scene.access;
  const guesses = Array.from({ length: 16 }, (_, i) =>
    codeOf(authenticator.signIn('ann', `guess number ${i}`, { from: `10.${i}.0.1`, agent: '' })),
  );
  const codes = await Promise.all(guesses);
  assert.equal(codes.filter((code) => code === 'sign-in-refused').length, LIMITS.failuresPerNameMax.value);
});

test('Authenticator.authenticate hashes once for a fleet that brings one password, and again when it was changed', async () => {
  const clock = new FakeClock();
  await using scene = await withAnn({ clock });
  const { book, authenticator } = scene.access;
  const before = scene.hashes();
  const connect = (n: number, password = PASSWORD) => {
    const rest = { clientId: `c${n}`, remote: '192.0.2.9', isEncrypted: false };
    return authenticator.authenticate({ username: 'ann', password, ...rest });
  };
  const fleet = await Promise.all(Array.from({ length: 1_000 }, (_, n) => connect(n)));
  assert.ok(fleet.every((one) => 'kind' in one && one.name === 'ann'));
  await connect(1_001);
  assert.equal(scene.hashes() - before, 1);
  await book.changeUser('ann', { password: 'another horse' });
  assert.ok('refused' in (await connect(1)));
  assert.ok('kind' in (await connect(2, 'another horse')));
  const remembered = scene.hashes();
  clock.advance(LIMITS.rememberedSecs.value * 1_000 + 1);
  await connect(3, 'another horse');
  assert.equal(scene.hashes(), remembered + 1, 'forgotten after a while');
});

test('Authenticator takes a token as a bearer and as the password of any MQTT user until it expires or is revoked', async () => {
  const clock = new FakeClock();
  await using scene = await openAccessScene({ clock });
  const { book, authenticator } = scene.access;
  const wish = {
    grants: [{ role: 'device', tenant: 'a', project: 'p', device: 'd' }],
    createdBy: 'local',
  } as const;
  const expiresMicros = clock.nowMicros() + 60_000_000;
  const { secret } = await book.addToken({ ...wish, name: 'line', expiresMicros });
  const forever = await book.addToken({ ...wish, name: 'forever', expiresMicros: null });
  assert.match(secret, /^sk_[\w-]{43}$/);
  assert.equal((await authenticator.bearer(secret))?.name, 'token:line');
  const mqtt = (password: string) =>
    authenticator.authenticate({ username: 'x', password, clientId: 'c', remote: '::1', isEncrypted: false });
  assert.deepEqual(await mqtt(secret), { kind: 'token', name: 'token:line', grants: wish.grants });
  assert.equal(scene.hashes(), 0, 'no scrypt for tokens');
  clock.advance(60_000);
  assert.equal(await authenticator.bearer(secret), undefined);
  assert.ok('refused' in (await mqtt(secret)));
  assert.equal((await authenticator.bearer(forever.secret))?.name, 'token:forever');
  await book.removeToken('forever');
  assert.equal(await authenticator.bearer(forever.secret), undefined);
  assert.equal((await authenticator.bearer(LOCAL_TOKEN))?.kind, 'local');
});

test('openAccess tells of tokens that have ended, were revoked or changed, so that their connections end too', async () => {
  const clock = new FakeClock();
  const told: string[] = [];
  await using scene = await openAccessScene({ clock, onChanged: (name) => told.push(name) });
  const { book, authenticator } = scene.access;
  const expiresMicros = clock.nowMicros() + 30_000_000;
  const { secret } = await book.addToken({ name: 'short', grants: [], expiresMicros, createdBy: 'local' });
  await authenticator.bearer(secret);
  clock.advance(20_000);
  assert.deepEqual(told, []);
  clock.advance(20_000);
  assert.deepEqual(told, ['token:short']);
  await book.removeToken('short');
  await book.addUser('ann', {});
  await book.changeUser('ann', { grants: [{ role: 'viewer' }] });
  await book.removeUser('ann');
  assert.deepEqual(told, ['token:short', 'token:short', 'ann', 'ann']);
});

test('Authenticator reads grants anew at each question, and ends sessions with a changed password and a disabled user', async () => {
  await using scene = await withAnn();
  const { book, authenticator } = scene.access;
  const { secret } = await authenticator.signIn('ann', PASSWORD, ORIGIN);
  await book.changeUser('ann', { grants: [{ role: 'admin' }] });
  assert.deepEqual((await authenticator.session(secret))?.subject.grants, [{ role: 'admin' }]);
  await book.addUser('root', { grants: [{ role: 'admin' }] });
  await book.changeUser('ann', { password: 'another horse' });
  assert.equal(await authenticator.session(secret), undefined);
  const again = await authenticator.signIn('ann', 'another horse', ORIGIN);
  await book.changeUser('ann', { isDisabled: true });
  assert.equal(await authenticator.session(again.secret), undefined);
  assert.equal(await codeOf(authenticator.signIn('ann', 'another horse', ORIGIN)), 'sign-in-refused');
});

test('Sessions end when they are not used, and at the latest after their whole time', async () => {
  const clock = new FakeClock();
  await using scene = await withAnn({ clock });
  const { authenticator, sessions } = scene.access;
  const idle = await authenticator.signIn('ann', PASSWORD, ORIGIN);
  const busy = await authenticator.signIn('ann', PASSWORD, ORIGIN);
  const half = LIMITS.sessionIdleSecs.value * 500;
  clock.advance(half);
  assert.ok(await authenticator.session(busy.secret));
  clock.advance(half + 1_000);
  assert.equal(await authenticator.session(idle.secret), undefined);
  assert.ok(await authenticator.session(busy.secret));
  for (let past = 0; past < LIMITS.sessionSecsMax.value * 1_000; past += half) {
    clock.advance(half);
    await authenticator.session(busy.secret);
  }
  assert.equal(await authenticator.session(busy.secret), undefined);
  await sessions.sweep();
  assert.equal(await scene.store.count('Session'), 0);
});

test('Sessions of one user are bounded: the one that was used longest ago ends', async () => {
  const clock = new FakeClock();
  await using scene = await withAnn({ clock });
  const { authenticator } = scene.access;
  const first = await authenticator.signIn('ann', PASSWORD, ORIGIN);
  for (let i = 0; i < LIMITS.sessionsPerUserMax.value; i++) {
    clock.advance(1_000);
    await authenticator.signIn('ann', PASSWORD, ORIGIN);
  }
  assert.equal(await authenticator.session(first.secret), undefined);
  assert.equal(await scene.store.count('Session'), LIMITS.sessionsPerUserMax.value);
});

test('Authenticator.signInByCode takes a link once, of two at the same time too, and not when it is too old', async () => {
  const clock = new FakeClock();
  await using scene = await withAnn({ clock });
  const { authenticator, sessions } = scene.access;
  const { code } = await sessions.makeCode('ann');
  const both = await Promise.all([1, 2].map(() => codeOf(authenticator.signInByCode(code, ORIGIN))));
  assert.deepEqual(both.sort(), ['let in', 'sign-in-refused']);
  const old = await sessions.makeCode('ann');
  clock.advance(LIMITS.signInCodeSecs.value * 1_000);
  assert.equal(await codeOf(authenticator.signInByCode(old.code, ORIGIN)), 'sign-in-refused');
});

test('Authenticator notes sign-ins and refusals before it answers, and never what was typed as a password', async () => {
  await using scene = await withAnn();
  const { authenticator, audit } = scene.access;
  await codeOf(authenticator.signIn('ann', 'the wrong secret', ORIGIN));
  await codeOf(authenticator.signIn('the password typed as a name', 'x', ORIGIN));
  await authenticator.signIn('ann', PASSWORD, ORIGIN);
  const entries = await audit.list(undefined, 100, () => true);
  assert.deepEqual(
    entries.map(({ author, action, outcome, target }) => [author, action, outcome, target]),
    [
      ['ann', 'session.create', 'allowed', 'User/ann'],
      ['anonymous', 'session.create', 'refused', 'User/(no name)'],
      ['anonymous', 'session.create', 'refused', 'User/ann'],
    ],
  );
  assert.doesNotMatch(JSON.stringify(entries), /wrong secret|typed as a name|correct horse/);
});

test('Passwords are verified by scrypt with the parameters they were made with', async () => {
  await using scene = await withAnn({ hasher: nodeScrypt });
  const kept = (await scene.access.book.user('ann'))?.spec.password;
  assert.deepEqual([kept?.algorithm, kept?.n, kept?.r, kept?.p], ['scrypt', 2, 1, 1]);
  assert.equal(await codeOf(scene.access.authenticator.signIn('ann', PASSWORD, ORIGIN)), 'let in');
  assert.equal(
    await codeOf(scene.access.authenticator.signIn('ann', 'wrong horse', ORIGIN)),
    'sign-in-refused',
  );
});

test('Passwords are hashed one at a time, and those beyond the queue are told to come again', async () => {
  let running = 0;
  let most = 0;
  const gate = Promise.withResolvers<void>();
  const slow: typeof quickHasher = async (...args) => {
    most = Math.max(most, ++running);
    await gate.promise;
    running--;
    return await quickHasher(...args);
  };
  await using scene = await openAccessScene({ hasher: slow });
  const asked = Array.from({ length: LIMITS.hashesWaitingMax.value + 5 }, (_, i) =>
    codeOf(scene.access.authenticator.signIn(`user-${i}`, 'x', { from: `10.${i}.0.1`, agent: '' })),
  );
  gate.resolve();
  const codes = await Promise.all(asked);
  assert.equal(most, 1);
  assert.equal(codes.filter((code) => code === 'sign-in-busy').length, 4);
});

test('makeFirstUser makes an administrator once, and two first starts share no secret', async () => {
  const passwords: unknown[] = [];
  for (const seed of [1, 2]) {
    const disk = new SimulatedDisk();
    await using scene = await openAccessScene({ disk, seed });
    let drawn = 0;
    const random = { bytes: (length: number) => new Uint8Array(length).fill(seed * 16 + drawn++) };
    passwords.push(await makeFirstUser(scene.access, random));
    assert.equal(await makeFirstUser(scene.access, random), undefined);
    assert.equal((await scene.access.book.admin())?.metadata.name, FIRST_USER);
    const begun = await scene.access.authenticator.signIn(FIRST_USER, String(passwords.at(-1)), ORIGIN);
    assert.equal(begun.subject.name, FIRST_USER);
  }
  assert.notEqual(passwords[0], passwords[1]);
  assert.equal(String(passwords[0]).length, 20);
});

test('AccessBook refuses what would leave no administrator, and names, grants and passwords that cannot be', async () => {
  await using scene = await openAccessScene();
  const { book } = scene.access;
  await book.addUser('root', { grants: [{ role: 'admin' }] });
  await book.addUser('half', { grants: [{ role: 'admin', tenant: 'a' }] });
  for (const change of [
    { isDisabled: true },
    { grants: [] },
    { grants: [{ role: 'admin', tenant: 'a' }] as const },
  ]) {
    await assert.rejects(book.changeUser('root', change), hasCode('last-admin'));
  }
  await assert.rejects(book.removeUser('root'), hasCode('last-admin'));
  await assert.rejects(book.addUser('root', {}), hasCode('user-exists'));
  for (const name of ['', 'local', 'Anonymous', 'token:x', 'a b', 'x'.repeat(65), '-a']) {
    await assert.rejects(book.addUser(name, {}), hasCode('name-invalid'), name);
  }
  for (const grant of [
    { role: 'viewer', project: 'p' },
    { role: 'viewer', tenant: '' },
    { role: 'viewer', tenant: '.' },
    { role: 'viewer', tenant: 'acme', project: '..' },
    { role: 'device', tenant: 'acme', project: 'p', device: '..' },
  ] as const) {
    await assert.rejects(book.addUser('x', { grants: [grant] }), hasCode('grant-invalid'));
  }
  await assert.rejects(book.addUser('x', { password: 'short' }), hasCode('password-invalid'));
  await assert.rejects(book.addUser('x', { password: 'x'.repeat(1_025) }), hasCode('password-invalid'));
  await book.addUser('second', { grants: [{ role: 'admin' }] });
  await book.removeUser('root');
  assert.equal((await book.admin())?.metadata.name, 'second');
});

test('UseBook writes when tokens were used once a minute, however often they are', async () => {
  const clock = new FakeClock();
  await using scene = await openAccessScene({ clock });
  const { book, authenticator } = scene.access;
  const { secret } = await book.addToken({ name: 't', grants: [], expiresMicros: null, createdBy: 'local' });
  let writes = 0;
  const touch = scene.store.touch.bind(scene.store);
  scene.store.touch = (uses) => {
    writes++;
    return touch(uses);
  };
  for (let i = 0; i < 100; i++) await authenticator.bearer(secret);
  assert.equal((await book.token('t'))?.usedMicros, 0);
  const usedMicros = clock.nowMicros();
  clock.advance(60_000);
  assert.deepEqual([writes, (await book.token('t'))?.usedMicros], [1, usedMicros]);
});

test('Authenticator.authenticate takes the hash of a client that leaves out of the queue, unless another waits for it', async () => {
  const gate = Promise.withResolvers<void>();
  let isGated = false;
  const hasher: typeof quickHasher = async (...args) => {
    if (isGated) await gate.promise;
    return quickHasher(...args);
  };
  await using scene = await withAnn({ hasher });
  const { authenticator } = scene.access;
  isGated = true;
  const before = scene.hashes();
  const by = (password: string, signal?: AbortSignal) =>
    authenticator.authenticate(
      { username: 'ann', password, remote: '192.0.2.1', clientId: 'c', isEncrypted: true },
      signal,
    );
  const first = by('running');
  const [leaver, sharer, stayer] = [new AbortController(), new AbortController(), new AbortController()];
  const left = by('leaves', leaver.signal);
  const shared = by(PASSWORD, sharer.signal);
  const stays = by(PASSWORD, stayer.signal);
  await until(() => scene.hashes() > before);
  leaver.abort(new Error('the client is gone'));
  sharer.abort(new Error('the client is gone'));
  await assert.rejects(left, /the client is gone/);
  gate.resolve();
  assert.equal(Reflect.get(await first, 'refused'), 'bad-credentials');
  assert.equal(Reflect.get(await stays, 'name'), 'ann');
  await shared;
  assert.equal(scene.hashes() - before, 2, 'the one that was left is not computed');
});

async function until(isTrue: () => boolean): Promise<void> {
  for (let turns = 0; !isTrue(); turns++) {
    assert.ok(turns < 10_000, 'the condition did not become true');
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
}
