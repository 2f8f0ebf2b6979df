// Users, tokens and sessions in a real PostgreSQL, by several processes at once.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { AccessError } from '@skerry/access';
import { openPostgresAccessStore } from '@skerry/access/postgres';
import { testAccessStore } from '@skerry/access/testing';
import { FaultProxy, type Postgres, startPostgres } from '@skerry/testkit/engines';

let server: Postgres;
let schemas = 0;

before(async () => {
  server = await startPostgres();
});

after(() => server[Symbol.asyncDispose]());

const fresh = () => ({ url: server.url(), schema: `access_${schemas++}` });

testAccessStore('PostgresAccessStore', () => openPostgresAccessStore(fresh()));

const SESSION = {
  kind: 'Session',
  usedMicros: 0,
  document: {
    apiVersion: 'skerry.dev/v1alpha1',
    kind: 'Session',
    metadata: { name: 's', createdMicros: 1 },
    spec: { user: 'ann', expiresMicros: 2, from: '', agent: '' },
  },
} as const;

test('processes that start at once share one table, where a name and a secret are given once', async () => {
  const place = fresh();
  const stores = await Promise.all(Array.from({ length: 5 }, () => openPostgresAccessStore(place)));
  const made = await Promise.all(
    stores.map((store, i) => store.create({ ...SESSION, name: `s-${i}`, secret: 'one secret' })),
  );
  assert.equal(made.filter(Boolean).length, 1);
  for (const store of stores) {
    assert.equal(await store.count('Session'), 1);
    await store[Symbol.asyncDispose]();
  }
});

test('a connection that is cut while it is asked is told, and the next one is asked', async () => {
  await using proxy = await FaultProxy.open(server.port);
  const { schema } = fresh();
  const url = `postgres://skerry@127.0.0.1:${proxy.port}/skerry`;
  await using store = await openPostgresAccessStore({ url, schema });
  await store.create({ ...SESSION, name: 'kept', secret: 'k' });
  const cut = proxy.cutAt('WHERE kind', 'before');
  await assert.rejects(store.find('Session', 'kept'), { code: 'access-store-failed' });
  await cut;
  assert.equal((await store.find('Session', 'kept'))?.name, 'kept');
});

test('what was written outlasts the server, and a server that is away is told', async () => {
  await using store = await openPostgresAccessStore(fresh());
  assert.equal(await store.create({ ...SESSION, name: 'kept', secret: 'k' }), true);
  await server.kill();
  await assert.rejects(store.find('Session', 'kept'), (fault) => {
    assert.ok(fault instanceof AccessError);
    assert.equal(fault.code, 'access-store-failed');
    assert.match(
      fault.message,
      /^The store of users in PostgreSQL failed at reading, at 127\.0\.0\.1:\d+\/skerry: .+; look whether the server runs/,
    );
    return true;
  });
  await server.restart();
  assert.equal((await store.findBySecret('Session', 'k'))?.name, 'kept');
});
