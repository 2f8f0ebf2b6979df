// Leases in a real PostgreSQL: the promises of the port, and what happens while the server is away.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ControlError, holdLease } from '@skerry/control';
import { openPostgresLeases } from '@skerry/control/postgres';
import { testLeaseBook } from '@skerry/control/testing';
import { silentLogger } from '@skerry/kernel';
import { nodeClock } from '@skerry/kernel/node';
import { FaultProxy, type PostgresServer, startPostgres } from '@skerry/testkit/engines';

let server: PostgresServer;
let schemas = 0;

before(async () => {
  server = await startPostgres();
});

after(() => server[Symbol.asyncDispose]());

const fresh = () => `leases_${schemas++}`;

testLeaseBook('PostgresLeaseBook', async () => {
  const schema = fresh();
  const book = await openPostgresLeases({ url: server.url(), schema, settleMs: 0 });
  return {
    book,
    pass: async (ms) => {
      await server.sql(`UPDATE ${schema}.leases SET expires = expires - ${ms} * interval '1 ms'`);
    },
    [Symbol.asyncDispose]: () => book[Symbol.asyncDispose](),
  };
});

test('processes that start at once make one table and have numbers of their own', async () => {
  const schema = fresh();
  const books = await Promise.all(
    Array.from({ length: 6 }, () => openPostgresLeases({ url: server.url(), schema })),
  );
  const claims = await Promise.all(books.map((book, i) => book.claimAny('g', `owner-${i}`, 60_000)));
  assert.deepEqual(
    claims.map(({ number }) => number).sort((a, b) => a - b),
    [0, 1, 2, 3, 4, 5],
  );
  for (const book of books) await book[Symbol.asyncDispose]();
});

test('a connection that is cut while it is asked is told, and the next one is asked', async () => {
  await using proxy = await FaultProxy.open(server.port);
  const url = `postgres://skerry@127.0.0.1:${proxy.port}/skerry`;
  await using book = await openPostgresLeases({ url, schema: fresh() });
  const claim = await book.claimAny('g', 'a', 60_000);
  const cut = proxy.cutAt('UPDATE', 'before');
  await assert.rejects(book.renew(claim, 60_000), { code: 'leases-unreachable' });
  await cut;
  assert.equal(await book.renew(claim, 60_000), true);
});

test('a server that goes and comes back within the time of the lease costs nothing', async () => {
  await using book = await openPostgresLeases({ url: server.url(), schema: fresh() });
  const needs = { book, clock: nodeClock(), logger: silentLogger };
  await using lease = await holdLease({ group: 'g', owner: 'a', leaseMs: 60_000 }, needs);
  assert.ok(lease);
  await server.kill();
  const fault = await book.renew(lease.claim, 60_000).catch((cause: unknown) => cause);
  assert.ok(fault instanceof ControlError);
  assert.deepEqual([fault.code, fault.advice], ['leases-unreachable', 'retry']);
  await server.restart();
  assert.equal(await book.renew(lease.claim, 60_000), true);
  assert.equal(lease.lost.aborted, false);
});

test('after a restart a lease that has run out is its holder’s until it has had the time to renew', async () => {
  const schema = fresh();
  await using book = await openPostgresLeases({ url: server.url(), schema });
  const claim = await book.claim('g', 0, 'a', 1);
  assert.ok(claim);
  await server.sql(`UPDATE ${schema}.leases SET expires = now() - interval '1 min'`);
  await server.kill();
  await server.restart();
  await using rival = await openPostgresLeases({ url: server.url(), schema });
  assert.equal(await rival.claim('g', 0, 'b', 60_000), undefined);
  assert.equal((await rival.claimAny('g', 'b', 60_000)).number, 1);
  assert.equal((await book.claim('g', 0, 'a', 60_000))?.epoch, 2);
  await using late = await openPostgresLeases({ url: server.url(), schema, settleMs: 1 });
  await server.sql(`UPDATE ${schema}.leases SET expires = now() - interval '1 min'`);
  assert.deepEqual((await late.claim('g', 0, 'b', 60_000))?.epoch, 3);
});

test('a lease that cannot be renewed for its time is lost, and said so', async () => {
  await using book = await openPostgresLeases({ url: server.url(), schema: fresh() });
  const needs = { book, clock: nodeClock(), logger: silentLogger };
  await using lease = await holdLease({ group: 'g', owner: 'a', leaseMs: 1_500 }, needs);
  assert.ok(lease);
  server.freeze();
  try {
    if (!lease.lost.aborted)
      await new Promise((resolve) => lease.lost.addEventListener('abort', resolve, { once: true }));
  } finally {
    server.thaw();
  }
  assert.ok(lease.lost.aborted);
});

test('a server that refuses is told apart from one that is away', async () => {
  const role = `stranger_${schemas++}`;
  await server.sql(`CREATE ROLE ${role} LOGIN`);
  const url = server.url().replace('skerry@', `${role}@`);
  await assert.rejects(openPostgresLeases({ url, schema: fresh() }), (fault) => {
    assert.ok(fault instanceof ControlError);
    assert.equal(fault.code, 'leases-refused');
    assert.match(fault.message, /permission denied.*\(42501\)/);
    return true;
  });
  await assert.rejects(openPostgresLeases({ url, schema: 'x; DROP' }), /found "x; DROP", wanted a plain/);
  await assert.rejects(openPostgresLeases({ url: 'postgres://skerry@127.0.0.1:1/skerry' }), (fault) => {
    assert.ok(fault instanceof ControlError);
    assert.equal(fault.code, 'leases-unreachable');
    return true;
  });
});
