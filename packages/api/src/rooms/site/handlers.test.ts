import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Model } from '../../schemas.ts';
import { openScene, problemIn } from '../../testing/scene.ts';
import type { RoleEntry } from './site-platform.ts';

const START_MICROS = 1_777_636_800_000_000;

function aRole(facts: Partial<RoleEntry> = {}): RoleEntry {
  return {
    role: 'gateway',
    name: 'box/17',
    place: 'box:/data',
    version: '0.1.0',
    state: 'ready',
    reasons: [],
    sinceMicros: START_MICROS,
    startedMicros: START_MICROS,
    toldMicros: START_MICROS + 5,
    toldMs: 1_500,
    slot: { group: 'g', number: 1, epoch: 2 },
    buffer: { records: 3, seconds: 0.5 },
    sources: ['park'],
    partitions: [],
    ...facts,
  };
}

test('listRoles tells times as such, ages in seconds, and null for what a process does not have', async () => {
  await using scene = await openScene();
  scene.platform.site.items = [
    aRole(),
    aRole({ role: 'writer', state: 'silent', toldMs: 90_000, slot: undefined, buffer: undefined }),
  ];
  const { items, silentAfterSeconds }: Model<'RoleList'> = await scene.json('/api/v1/pipeline/roles');
  assert.equal(silentAfterSeconds, 10);
  const [gateway, writer] = items;
  assert.deepEqual(
    [gateway?.since, gateway?.told, gateway?.toldSeconds, gateway?.slot?.number, gateway?.buffer?.records],
    ['2026-05-01T12:00:00.000000Z', '2026-05-01T12:00:00.000005Z', 1.5, 1, 3],
  );
  assert.deepEqual(
    [writer?.state, writer?.toldSeconds, writer?.slot, writer?.buffer],
    ['silent', 90, null, null],
  );
});

test('listPartitions tells what is not known as null, and why', async () => {
  await using scene = await openScene();
  const { site } = scene.platform;
  site.trouble = { code: 'kafka-unreachable', detail: 'nobody answers' };
  site.ranges = [
    {
      topic: 'iot.telemetry',
      partition: 3,
      owner: undefined,
      lastOwner: 'box/9',
      position: 5,
      end: undefined,
      lagRecords: undefined,
      lagSeconds: undefined,
      retentionAtMicros: START_MICROS,
      reasons: [],
    },
  ];
  const list: Model<'PartitionList'> = await scene.json('/api/v1/pipeline/partitions');
  assert.equal(list.trouble?.code, 'kafka-unreachable');
  assert.deepEqual(list.items, [
    {
      topic: 'iot.telemetry',
      partition: 3,
      owner: null,
      lastOwner: 'box/9',
      position: 5,
      end: null,
      lagRecords: null,
      lagSeconds: null,
      retentionAt: '2026-05-01T12:00:00.000000Z',
      reasons: [],
    },
  ]);
});

test('listSinks and listSources tell what the platform does', async () => {
  await using scene = await openScene();
  const { site } = scene.platform;
  const lastError = { code: 'sink-refused', detail: 'field type conflict', atMicros: START_MICROS };
  site.stores = [
    {
      name: 'history',
      kind: 'influxdb2',
      isPrimary: false,
      state: 'good',
      position: 4,
      committed: 5,
      points: 100,
      refused: 1,
      missed: 0,
      lagSeconds: 0.2,
      retentionAtMicros: START_MICROS,
      lastError,
    },
  ];
  const filter = { filter: 'a/#', wanted: 1, granted: null, state: 'refused', why: 'no' } as const;
  const gateway = {
    name: 'box/17',
    state: 'degraded',
    clientId: 'g-park-0',
    phase: 'connected',
    troubles: ['no'],
    unacked: 0,
    brokerDropped: null,
    filters: [filter],
  } as const;
  const source = {
    name: 'park',
    url: 'mqtt://h:1',
    share: '',
    state: 'degraded',
    gateways: [gateway],
  } as const;
  site.brokers = [source];
  const sinks: Model<'SinkList'> = await scene.json('/api/v1/pipeline/sinks');
  assert.deepEqual(sinks.items[0]?.lastError, {
    ...lastErrorOf(lastError),
    at: '2026-05-01T12:00:00.000000Z',
  });
  assert.equal(sinks.items[0]?.retentionAt, '2026-05-01T12:00:00.000000Z');
  assert.deepEqual(await scene.json('/api/v1/pipeline/sources'), { items: [source] });
});

function lastErrorOf({ code, detail }: { readonly code: string; readonly detail: string }) {
  return { code, detail };
}

test('listRoles is for those who see all of the platform', async () => {
  await using scene = await openScene();
  const grants = [{ role: 'admin', tenant: 't' }];
  const made = (await (await scene.post('/api/v1/tokens', { name: 'narrow', grants })).json()) as {
    readonly secret: string;
  };
  for (const path of ['roles', 'partitions', 'sinks', 'sources']) {
    const answer = await scene.get(`/api/v1/pipeline/${path}`, { authorization: `Bearer ${made.secret}` });
    assert.equal(answer.status, 403, path);
    assert.equal((await problemIn(answer)).code, 'not-allowed');
  }
});
