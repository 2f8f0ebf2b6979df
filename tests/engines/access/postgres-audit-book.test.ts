// The audit log that several processes share in a real PostgreSQL: one chain, whoever writes.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { AccessError, type AuditNote } from '@skerry/access';
import { openPostgresAuditBook } from '@skerry/access/postgres';
import { silentLogger } from '@skerry/kernel';
import { FakeClock } from '@skerry/kernel/testing';
import { type Postgres, startPostgres } from '@skerry/testkit/engines';

let server: Postgres;
let schemas = 0;

before(async () => {
  server = await startPostgres();
});
after(() => server[Symbol.asyncDispose]());

function fresh() {
  return { url: server.url(), schema: `audit_${schemas++}` };
}

function open(options: { readonly url: string; readonly schema: string }, clock = new FakeClock()) {
  return openPostgresAuditBook(options, { clock, logger: silentLogger });
}

function aNote(target: string, rest: Partial<AuditNote> = {}): AuditNote {
  return { author: 'ann', action: 'user.change', target, outcome: 'allowed', from: '10.0.0.1', ...rest };
}

test('openPostgresAuditBook: two processes that note at once make one chain without holes', async () => {
  const options = fresh();
  await using one = await open(options);
  await using other = await open(options);
  const notes = Array.from({ length: 60 }, (_, i) => (i % 2 ? one : other).note(aNote(`User/u-${i}`)));
  await Promise.all(notes);
  const verdict = await other.verify();
  assert.deepEqual([verdict.entries, verdict.head.n, verdict.findings], [60, 60, []]);
  const entries = await one.list(undefined, 100, () => true);
  assert.deepEqual(
    entries.map(({ n }) => n),
    Array.from({ length: 60 }, (_, i) => 60 - i),
  );
  const targets = new Set(entries.map(({ target }) => target));
  assert.equal(targets.size, 60, 'each is there once');
  const page = await one.list(31, 2, ({ target }) => target.endsWith('1') || target.endsWith('2'));
  assert.ok(page.length === 2 && page.every(({ n }) => n < 31));
});

test('openPostgresAuditBook: a row that is changed, removed or cut off is found', async () => {
  const options = fresh();
  await using book = await open(options);
  for (let i = 0; i < 6; i++) await book.note(aNote(`User/u-${i}`));
  const table = `${options.schema}.audit_entries`;
  const damage = async (change: string): Promise<string> => {
    await server.sql(`CREATE TABLE ${options.schema}.kept AS SELECT * FROM ${table}`);
    await server.sql(change);
    const { findings } = await book.verify();
    await server.sql(`TRUNCATE ${table}; INSERT INTO ${table} SELECT * FROM ${options.schema}.kept;
      DROP TABLE ${options.schema}.kept`);
    return findings.map(({ n, detail }) => `${n}: ${detail}`).join('; ');
  };
  assert.match(
    await damage(`UPDATE ${table} SET line = replace(line, 'ann', 'bob') WHERE n = 3`),
    /3: the line was changed/,
  );
  assert.match(await damage(`DELETE FROM ${table} WHERE n = 4`), /4: entry 4 is missing/);
  assert.match(await damage(`DELETE FROM ${table} WHERE n = 6`), /6: entries 6 to 6 were cut off/);
  assert.deepEqual((await book.verify()).findings, []);
});

test('openPostgresAuditBook: refusals that repeat are one entry with their count, and what failed is noted', async () => {
  const clock = new FakeClock();
  const options = fresh();
  {
    await using book = await open(options, clock);
    for (let i = 0; i < 5; i++) await book.note(aNote('User/x', { outcome: 'refused' }));
    const work = book.around(aNote('User/y'), () => Promise.reject(new TypeError('no room')));
    await assert.rejects(work, /no room/);
  }
  await using book = await open(options);
  const entries = await book.list(undefined, 10, () => true);
  assert.deepEqual(
    entries.map(({ target, outcome, count, detail }) => [target, outcome, count, detail]),
    [
      ['User/x', 'refused', 4, undefined],
      ['User/y', 'failed', undefined, 'no room'],
      ['User/y', 'allowed', undefined, undefined],
      ['User/x', 'refused', undefined, undefined],
    ],
  );
});

test('openPostgresAuditBook: what cannot be noted does not happen, and later can', async () => {
  const options = fresh();
  await using book = await open(options);
  let isDone = false;
  const work = async (): Promise<void> => {
    isDone = true;
  };
  await server.sql(`ALTER TABLE ${options.schema}.audit_head RENAME TO away`);
  const refused = (fault: unknown): boolean => fault instanceof AccessError && fault.code === 'audit-failed';
  await assert.rejects(book.around(aNote('User/z'), work), refused);
  assert.equal(isDone, false);
  await server.sql(`ALTER TABLE ${options.schema}.away RENAME TO audit_head`);
  await book.around(aNote('User/z'), work);
  assert.equal(isDone, true);
  assert.equal((await book.verify()).entries, 1);
});
