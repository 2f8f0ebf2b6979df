import assert from 'node:assert/strict';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import {
  FaultProxy,
  findPostgresFolder,
  type PostgresServer,
  runTool,
  startPostgres,
} from '@skerry/testkit/engines';
import { until } from '../../e2e/condition.ts';
import { assertGone } from './gone.ts';

const PSQL = join(String(findPostgresFolder()), 'psql');

/** Runs statements one by one over TCP, as `words` of a connection say. */
function psql(words: Readonly<Record<string, string | number | undefined>>, ...statements: string[]) {
  const all = { host: '127.0.0.1', user: 'skerry', dbname: 'skerry', connect_timeout: 5, ...words };
  const connection = Object.entries(all).map(([name, value]) => `${name}='${value}'`);
  const commands = statements.flatMap((statement) => ['-c', statement]);
  return runTool(PSQL, ['-X', '-q', '-A', '-t', '-v', 'ON_ERROR_STOP=1', ...commands, connection.join(' ')]);
}

const tally = async (server: PostgresServer): Promise<number> =>
  Number(await server.sql('SELECT count(*) FROM t'));

test('startPostgres: what is committed is there after SIGKILL, a crash and an end; nothing runs afterwards', async () => {
  let pids: readonly number[];
  {
    await using server = await startPostgres({ settings: { max_connections: '17' } });
    await psql({ port: server.port }, 'CREATE TABLE t (x int)', 'INSERT INTO t VALUES (1)');
    const killed = server.pids;
    assert.ok(killed.length > 3);
    await server.kill();
    assertGone(killed);
    await server.restart();
    await psql({ port: server.port }, 'INSERT INTO t VALUES (2)');
    await server.crash();
    await server.restart();
    assert.match(server.log, /not properly shut down; automatic recovery/);
    await psql({ port: server.port }, 'INSERT INTO t VALUES (3)');
    await server.stop();
    await server.restart();
    assert.match(server.log, /database system was shut down at/);
    assert.equal(await tally(server), 3);
    assert.equal(await server.sql('SHOW max_connections'), '17');
    assert.equal(await server.sql('SHOW fsync'), 'on');
    assert.match(server.url(), /^postgres:\/\/skerry@127\.0\.0\.1:\d+\/skerry$/);
    pids = server.pids;
  }
  assertGone(pids);
});

test('startPostgres: a synchronous standby has what is committed, and takes over', async () => {
  await using server = await startPostgres({ standby: 'synchronous' });
  const { standby } = server;
  assert.ok(standby);
  await server.sql('CREATE TABLE t (x int); INSERT INTO t VALUES (1)');
  assert.equal(await server.sql('SELECT sync_state FROM pg_stat_replication'), 'sync');
  await assert.rejects(standby.sql('INSERT INTO t VALUES (2)'), /read-only transaction/);
  await server.kill();
  await standby.promote();
  await standby.sql('INSERT INTO t VALUES (2)');
  assert.equal(await tally(standby), 2);
});

test('startPostgres: a frozen standby holds back a commit, and a frozen server answers when it is thawed', async () => {
  await using server = await startPostgres({ standby: 'synchronous' });
  await server.sql('CREATE TABLE t (x int)');
  await server.standby?.freeze();
  let isCommitted = false;
  const commit = psql({ port: server.port }, 'INSERT INTO t VALUES (1)').then(() => {
    isCommitted = true;
  });
  await until('a commit that waits for the standby', async () => {
    const waits = await server.sql(`SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'`);
    return waits === '1';
  });
  assert.equal(isCommitted, false);
  server.standby?.thaw();
  await commit;
  await server.freeze();
  await assert.rejects(psql({ port: server.port, connect_timeout: 2 }, 'SELECT 1'), /timeout expired/);
  server.thaw();
  assert.equal((await psql({ port: server.port }, 'SELECT 2')).trim(), '2');
});

test('startPostgres: a connection without TLS, certificate or password is refused', async () => {
  await using server = await startPostgres({ tls: 'mutual', password: `it's "secret"` });
  const { port, tls } = server;
  assert.ok(tls);
  const trust = { port, sslmode: 'verify-full', sslrootcert: tls.authority };
  // libpq wants a key that nobody else may read
  const key = join(dirname(tls.clientKey), 'own-key.pem');
  await runTool('install', ['-m', '600', tls.clientKey, key]);
  const client = { ...trust, sslcert: tls.clientCert, sslkey: key };
  const password = String.raw`it\'s "secret"`;
  const shown = await psql(
    { ...client, password },
    'SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()',
  );
  assert.equal(shown.trim(), 't');
  await assert.rejects(psql({ ...client, password: 'wrong' }, 'SELECT 1'), /password authentication failed/);
  await assert.rejects(psql({ ...trust, password }, 'SELECT 1'), /valid client certificate/);
  await assert.rejects(psql({ port, password, sslmode: 'disable' }, 'SELECT 1'), /no encryption/);
  assert.equal(new URL(server.url()).password, encodeURIComponent(`it's "secret"`));
});

test('FaultProxy cuts a commit before PostgreSQL sees it, or when it is done and the client does not know', async () => {
  await using server = await startPostgres();
  await using proxy = await FaultProxy.open(server.port);
  await server.sql('CREATE TABLE t (x int)');
  const commit = () =>
    psql({ port: proxy.port, sslmode: 'disable' }, 'BEGIN', 'INSERT INTO t VALUES (1)', 'COMMIT');
  await commit();
  assert.equal(await tally(server), 1);
  for (const [when, rows] of [
    ['before', 1],
    ['answered', 2],
  ] as const) {
    const cut = proxy.cutAt('COMMIT', when);
    await assert.rejects(commit(), /server closed the connection|reset by peer/);
    await cut;
    assert.equal(await tally(server), rows);
  }
});
