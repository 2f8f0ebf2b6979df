// A PostgreSQL that wants TLS and a password (SCRAM): the pool of the series store, the store of users, the audit log and leases.
import assert from 'node:assert/strict';
import { mkdtempDisposableSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { openPostgresAccessStore, openPostgresAuditBook } from '@skerry/access/postgres';
import { openPostgresLeases } from '@skerry/control/postgres';
import { silentLogger } from '@skerry/kernel';
import { nodeClock } from '@skerry/kernel/node';
import { hasCode } from '@skerry/series/testing';
import { makeEngineCertificates, type Postgres, startPostgres } from '@skerry/testkit/engines';
import { until } from '../../e2e/condition.ts';
import { aPool, aSchema } from './scene.ts';

let server: Postgres;
let authority: string;

before(async () => {
  server = await startPostgres({ tls: 'mutual', password: 'p@ss' });
  authority = readFileSync(String(server.tls?.authority), 'utf8');
});

after(() => server[Symbol.asyncDispose]());

/** An address that says nothing right but user, host and the client's own certificate. */
function addressOf(host: string): string {
  const { clientCert, clientKey } = server.tls ?? {};
  const words = `sslmode=no-verify&sslcert=${clientCert}&sslkey=${clientKey}`;
  return `postgres://skerry@${host}:${server.port}/skerry?${words}`;
}

const ASKED = 'SELECT ssl, version FROM pg_stat_ssl WHERE pid = pg_backend_pid()';

test('openPostgresPool signs in with what stands beside the address, by name and by number, and trusts no other authority', async () => {
  const password = () => 'p@ss';
  for (const host of ['localhost', '127.0.0.1']) {
    await using pool = aPool(addressOf(host), aSchema(), { password, authority });
    const [row] = await pool.use('look', (session) => session.query(ASKED));
    assert.equal(row?.ssl, true);
    assert.match(String(row?.version), /TLSv1\.[23]/);
  }
  await using wrong = aPool(addressOf('localhost'), aSchema(), { password: () => 'other', authority });
  await assert.rejects(
    wrong.use('look', (session) => session.query(ASKED)),
    hasCode('store-not-allowed'),
  );
  using folder = mkdtempDisposableSync(join(tmpdir(), 'skerry-other-'));
  const other = await makeEngineCertificates(folder.path);
  const stranger = { password, authority: readFileSync(other.authority, 'utf8') };
  await using distrusting = aPool(addressOf('localhost'), aSchema(), stranger);
  await assert.rejects(
    distrusting.use('look', (session) => session.query(ASKED)),
    (fault) => {
      assert.match(String(fault), /check the certificate of the server and postgres\.caFile/);
      return hasCode('store-not-opened')(fault);
    },
  );
});

test('openPostgresPool asks for the password at each connection', async () => {
  let asked = 0;
  const password = () => {
    asked++;
    return asked === 1 ? 'not yet' : 'p@ss';
  };
  await using pool = aPool(addressOf('localhost'), aSchema(), { password, authority });
  await assert.rejects(
    pool.use('look', (session) => session.query(ASKED)),
    hasCode('store-not-allowed'),
  );
  assert.equal((await pool.use('look', (session) => session.query(ASKED)))[0]?.ssl, true);
});

test('openPostgresAccessStore signs in with what stands beside the address', async () => {
  const options = { url: addressOf('127.0.0.1'), password: () => 'p@ss', authority, schema: aSchema() };
  await using store = await openPostgresAccessStore(options);
  assert.equal(await store.count('User'), 0);
  await assert.rejects(
    openPostgresAccessStore({ ...options, password: () => 'other' }),
    /password authentication failed/,
  );
});

test('openPostgresLeases, openPostgresAccessStore and openPostgresAuditBook go on with a password that was changed beside them', async () => {
  let word = 'p@ss';
  const options = { url: addressOf('localhost'), password: () => word, authority, schema: aSchema() };
  await using leases = await openPostgresLeases(options);
  await using store = await openPostgresAccessStore(options);
  await using audit = await openPostgresAuditBook(options, { clock: nodeClock(), logger: silentLogger });
  const claim = await leases.claimAny('g', 'one', 600_000);
  const note = { author: 'a', action: 'b', target: 'c', outcome: 'allowed', from: '', detail: '' } as const;
  const works = async () => {
    assert.equal(await leases.renew(claim, 600_000), true);
    assert.equal(await store.count('User'), 0);
    await audit.note(note);
    return true;
  };
  await works();
  await server.sql("ALTER USER skerry PASSWORD 'another'");
  word = 'another';
  await server.sql(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'skerry %'",
  );
  // what was cut is told once to whoever asks first
  await until('all of them to go on', () => works().catch(() => false));
  await server.sql("ALTER USER skerry PASSWORD 'p@ss'");
});
