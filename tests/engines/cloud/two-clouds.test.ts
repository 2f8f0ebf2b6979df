// Two clouds of one site: users, sessions, rights and the audit log are the same at both.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { FaultProxy, freePorts } from '@skerry/testkit/engines';
import { RoleProcess } from '@skerry/testkit/stack';
import { Site } from './site.ts';

const folder = mkdtempSync(join(tmpdir(), 'skerry-two-clouds-'));
const PASSWORD = 'a long enough secret';
let site: Site;
let other: RoleProcess;

before(async () => {
  site = await Site.start({ gateways: 1, writers: 1, partitions: 1 });
  const [httpPort = 0] = await freePorts(1);
  const config = {
    kafka: { brokers: site.stack.kafka.brokers },
    postgres: { url: site.stack.postgres.url() },
  };
  other = await RoleProcess.start({ role: 'cloud', folder, config, httpPort });
});
after(async () => {
  await other?.[Symbol.asyncDispose]();
  await site?.[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

/** Signs in at a cloud; resolves with what the browser keeps. */
async function signIn(role: RoleProcess): Promise<string> {
  const response = await fetch(`${role.url}/api/v1/session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin: role.url },
    body: JSON.stringify({ name: 'ann', password: PASSWORD }),
  });
  assert.ok(response.ok, `${response.status} ${await response.clone().text()}`);
  return response.headers
    .getSetCookie()
    .map((one) => one.split(';')[0])
    .join('; ');
}

/** Asks with a session; its cookie is named by the port, which is the same where several clouds stand behind one address. */
async function statusOf(role: RoleProcess, path: string, session: string): Promise<number> {
  const cookie = session.replace(/^skerry_session_\d+/, `skerry_session_${new URL(role.url).port}`);
  return (await fetch(`${role.url}${path}`, { headers: { cookie } })).status;
}

test('a user that is made at one cloud signs in at the other, and the session is good at both', async () => {
  const user = { name: 'ann', grants: [{ role: 'viewer' }], password: PASSWORD };
  await site.ask('/api/v1/users', { method: 'POST', body: JSON.stringify(user) });
  const users = (await site.ask('/api/v1/users', {}, { role: other })) as { items: { name: string }[] };
  assert.ok(users.items.some(({ name }) => name === 'ann'));
  const cookie = await signIn(other);
  assert.equal(await statusOf(site.stack.cloud, '/api/v1/devices', cookie), 200);
  assert.equal(await statusOf(other, '/api/v1/devices', cookie), 200);
  assert.equal(await statusOf(other, '/api/v1/users', cookie), 403, 'a viewer sees no users');
  const change = { grants: [{ role: 'admin' }] };
  await site.ask('/api/v1/users/ann', { method: 'PATCH', body: JSON.stringify(change) });
  assert.equal(await statusOf(other, '/api/v1/users', cookie), 200, 'rights given at one hold at the other');
  await site.ask('/api/v1/users/ann', { method: 'PATCH', body: JSON.stringify({ disabled: true }) });
  assert.equal(await statusOf(other, '/api/v1/devices', cookie), 401, 'and so does being disabled');
});

test('the audit log is one over both clouds', async () => {
  await site.ask('/api/v1/users/ann', { method: 'DELETE' }, { role: other });
  const listed = async (role: RoleProcess) =>
    (
      (await site.ask('/api/v1/audit?limit=50', {}, { role })) as {
        items: { action: string; target: string }[];
      }
    ).items;
  const [here, there] = [await listed(site.stack.cloud), await listed(other)];
  const of = (items: typeof here) =>
    items.filter(({ target }) => target === 'User/ann').map(({ action }) => action);
  assert.ok(of(here).includes('session.create'), 'signed in at the other cloud');
  assert.deepEqual(of(there), of(here));
  const verdict = (await site.ask('/api/v1/audit/verdict')) as { intact: boolean; entries: number };
  assert.deepEqual([verdict.intact, verdict.entries > 4], [true, true]);
  const writers = await site.sql('SELECT count(*), max(n) FROM skerry.audit_entries');
  const [count, highest] = writers.split('|');
  assert.equal(count, highest);
});

test('a cloud waits for PostgreSQL and for its rights, says why, and serves without another start when it has both', async () => {
  const { kafka, postgres } = site.stack;
  await postgres.sql('CREATE ROLE narrow LOGIN');
  await using proxy = await FaultProxy.open(postgres.port);
  proxy.refuse();
  const [httpPort = 0] = await freePorts(1);
  const config = {
    kafka: { brokers: kafka.brokers },
    postgres: { url: `postgres://narrow@127.0.0.1:${proxy.port}/skerry` },
  };
  const own = join(folder, 'narrow');
  await using waiting = await RoleProcess.start({ role: 'cloud', folder: own, config, httpPort });
  const { pid } = waiting;
  const says = (what: RegExp) =>
    site.until(`the cloud says ${what}`, async () => {
      const [reason] = (await waiting.reasons()) ?? [];
      return reason?.code === 'access-store-failed' && what.test(reason.detail);
    });
  await says(
    /^The store of users in PostgreSQL failed at opening, at 127\.0\.0\.1:\d+\/skerry: .*ECONNREFUSED.*; look whether the server runs/,
  );
  assert.equal((await fetch(`${waiting.url}/health`)).status, 200);
  await proxy.accept();
  await says(/permission denied for schema skerry \(42501\); .*grant the role skerry_cloud/);
  await postgres.sql('GRANT USAGE ON SCHEMA skerry TO narrow');
  await says(/^The audit log .*permission denied for table audit_head \(42501\)/);
  await postgres.sql('GRANT INSERT ON skerry.audit_head TO narrow');
  await says(/^The store of users .*permission denied for table access_items \(42501\)/);
  await postgres.sql('GRANT skerry_cloud TO narrow');
  await site.until('the cloud serves', async () => (await waiting.reasons())?.length === 0);
  await site.ask('/api/v1/users', {}, { role: waiting });
  assert.equal(waiting.pid, pid);
  assert.doesNotMatch(waiting.text, /SuppressedError|The server ended/);
});
