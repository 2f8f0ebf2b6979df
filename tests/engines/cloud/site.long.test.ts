// Processes of a site that are killed, and brokers that grant too little, as the cloud shows them.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { freePorts, startMosquitto } from '@skerry/testkit/engines';
import { RoleProcess } from '@skerry/testkit/stack';
import { Site } from './site.ts';
import { list, type Partition, type Role, rolesOf, type Source, stored } from './site-lists.ts';

let site: Site;

before(async () => {
  site = await Site.start({
    gateways: 2,
    writers: 2,
    partitions: 3,
    config: { writer: { sessionMs: 6_000 } },
  });
});
after(() => site?.[Symbol.asyncDispose]());

let killed: readonly string[] = [];

test('when a gateway and a writer are killed the other writer owns all partitions', async () => {
  const [gateway] = site.stack.gateways;
  const [writer] = site.stack.writers;
  killed = [gateway?.pid, writer?.pid].map((pid) => `/${pid}`);
  await Promise.all([gateway?.kill(), writer?.kill()]);
  await stored(site, 2_000_000, 200);
  const [other] = (await rolesOf(site, 'writer')).filter(({ name }) => !isKilled(name));
  assert.ok(other, 'one writer is left');
  await site.until('the other writer owns all', async () =>
    (await list<Partition>(site, 'partitions')).every(
      ({ owner }) => owner?.name === other.name && owner?.state === 'ready',
    ),
  );
});

function isKilled(name: string): boolean {
  return killed.some((end) => name.endsWith(end));
}

test('those that were killed are silent, with their age, until they come back to their places', async () => {
  const gone = async () => (await list<Role>(site, 'roles')).filter(({ name }) => isKilled(name));
  await site.until('both are silent', async () => (await gone()).every(({ state }) => state === 'silent'));
  const silent = await gone();
  assert.equal(silent.length, 2);
  assert.ok(silent.every(({ toldSeconds }) => toldSeconds > 10));
  await Promise.all([site.stack.writers[0]?.restart(), site.stack.gateways[0]?.restart()]);
  await site.until('those who came back have taken the places of those who were killed', async () => {
    const roles = await list<Role>(site, 'roles');
    return roles.length === 5 && roles.every(({ state }) => state === 'ready');
  });
});

test('a subscription that a broker grants with less than was wanted is told with its words', async () => {
  await using broker = await startMosquitto({ lines: ['max_qos 0'] });
  const folder = mkdtempSync(join(tmpdir(), 'skerry-hall-'));
  using _folder = { [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }) };
  const [httpPort = 0] = await freePorts(1);
  const { kafka, postgres } = site.stack;
  await using _gateway = await RoleProcess.start({
    role: 'gateway',
    folder,
    config: {
      sources: [{ name: 'hall', url: `mqtt://127.0.0.1:${broker.port}`, topics: ['hall/#'] }],
      gateway: { group: 'hall' },
      kafka: { brokers: kafka.brokers },
      postgres: { url: postgres.url() },
    },
    httpPort,
  });
  const hall = async () => (await list<Source>(site, 'sources')).find(({ name }) => name === 'hall');
  await site.until('it is told', async () => (await hall())?.gateways[0]?.filters[0]?.state === 'lower');
  const found = await hall();
  const [filter] = found?.gateways[0]?.filters ?? [];
  assert.deepEqual(
    [found?.state, filter?.filter, filter?.granted, filter?.wanted],
    ['degraded', 'hall/#', 0, 1],
  );
  assert.match(String(filter?.why), /grants QoS 0 for "hall\/#"; 1 is wanted/);
});
