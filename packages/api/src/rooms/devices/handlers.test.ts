import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Model } from '../../schemas.ts';
import { openScene } from '../../testing/scene.ts';

const KEY = { tenant: 't', project: 'p' };

test('listDevices pages through every device once and searches without regard to case', async () => {
  await using scene = await openScene();
  scene.platform.ingest(
    Array.from({ length: 25 }, (_, i) => ({ ...KEY, device: `Pump-${i}`, values: { v: i } })),
  );
  const seen: string[] = [];
  let cursor = '';
  do {
    const page: Model<'DevicePage'> = await scene.json(`/api/v1/devices?limit=10${cursor}`);
    seen.push(...page.items.map((item) => item.device));
    cursor = page.cursor ? `&cursor=${page.cursor}` : '';
  } while (cursor);
  assert.equal(new Set(seen).size, 25);
  assert.equal(seen.length, 25);
  const found: Model<'DevicePage'> = await scene.json('/api/v1/devices?search=pump-2');
  assert.deepEqual(
    found.items.map((item) => item.device),
    ['Pump-2', 'Pump-20', 'Pump-21', 'Pump-22', 'Pump-23', 'Pump-24'],
  );
});

test('listDevices tells how many match, and pages an ordered list by cursor or by rows left out', async () => {
  await using scene = await openScene();
  for (const [index, device] of ['a', 'b', 'c', 'd', 'e'].entries()) {
    scene.platform.ingest([
      { ...KEY, device, values: Object.fromEntries([...'xyzuv'.slice(index)].map((m) => [m, 1])) },
    ]);
  }
  const first: Model<'DevicePage'> = await scene.json('/api/v1/devices?sort=metrics&order=desc&limit=2');
  assert.deepEqual([first.total, first.items.map((item) => item.device)], [5, ['a', 'b']]);
  const path = '/api/v1/devices?sort=metrics&order=desc&limit=2';
  const second: Model<'DevicePage'> = await scene.json(`${path}&cursor=${first.cursor}`);
  const skipped: Model<'DevicePage'> = await scene.json(`${path}&skip=2`);
  assert.deepEqual(
    [second, skipped].map((page) => page.items.map((item) => item.device)),
    [
      ['c', 'd'],
      ['c', 'd'],
    ],
  );
  const none: Model<'DevicePage'> = await scene.json('/api/v1/devices?seenBefore=now-1d');
  assert.deepEqual([none.total, none.items, none.cursor], [0, [], null]);
  assert.equal((await scene.get('/api/v1/devices?seenBefore=yesterday')).status, 400);
});

test('listGaps tells missing numbers with their bounds', async () => {
  await using scene = await openScene();
  for (const seq of [1, 2, 5, 9]) scene.platform.ingest([{ ...KEY, device: 'd', values: { v: 1 }, seq }]);
  const first: Model<'GapPage'> = await scene.json('/api/v1/gaps?limit=1');
  assert.deepEqual(first.items, [{ ...KEY, device: 'd', epoch: '1', from: 3, to: 4 }]);
  const second: Model<'GapPage'> = await scene.json(`/api/v1/gaps?limit=1&cursor=${first.cursor}`);
  assert.deepEqual(
    second.items.map((gap) => [gap.from, gap.to]),
    [[6, 8]],
  );
  assert.equal(second.cursor, null);
});

test('getLedger says what does not balance', async () => {
  await using scene = await openScene();
  scene.platform.ingest([{ ...KEY, device: 'd', values: { v: 1 } }]);
  scene.platform.miscount = 3;
  const ledger: Model<'Ledger'> = await scene.json('/api/v1/ledger');
  assert.equal(ledger.balanced, false);
  assert.match(ledger.imbalances[0] ?? '', /-3/);
});

test('auditLedger tells its progress line by line and runs once at a time', async () => {
  await using scene = await openScene();
  scene.platform.ingest([{ ...KEY, device: 'd', values: { v: 1 } }]);
  const lines = (await (await scene.get('/api/v1/ledger/audit?format=ndjson')).text()).trimEnd().split('\n');
  assert.deepEqual(JSON.parse(lines[0] ?? ''), { records: 0, recordsTotal: 1 });
  assert.equal(JSON.parse(lines.at(-1) ?? '').report.balanced, true);
  const gate = Promise.withResolvers<void>();
  const begun = Promise.withResolvers<void>();
  const audit = scene.platform.audit.bind(scene.platform);
  scene.platform.audit = async function* (signal) {
    begun.resolve();
    await gate.promise;
    yield* audit(signal);
  };
  const first = scene.get('/api/v1/ledger/audit');
  await begun.promise;
  assert.equal((await scene.get('/api/v1/ledger/audit')).status, 409);
  gate.resolve();
  assert.equal((await first).status, 200);
  assert.equal((await scene.get('/api/v1/ledger/audit')).status, 200);
});

test('getOverview works out rates from totals over time and keeps their history', async () => {
  await using scene = await openScene();
  for (let second = 0; second < 5; second++) {
    scene.platform.ingest(
      Array.from({ length: 10 }, () => ({ ...KEY, device: 'd', values: { a: 1, b: 2 } })),
    );
    scene.clock.advance(1_000);
    await scene.json('/health');
  }
  const overview: Model<'Overview'> = await scene.json('/api/v1/overview');
  assert.equal(overview.now.receivedPerSecond, 10);
  assert.equal(overview.now.pointsPerSecond, 20);
  assert.equal(overview.ledger.balanced, true);
  const history: Model<'OverviewHistory'> = await scene.json('/api/v1/overview/history');
  assert.equal(history.samples.length, 5);
});

test('getConnectivity tells where a device stands, its events with reasons, and the range that was asked for', async () => {
  await using scene = await openScene();
  const key = { ...KEY, device: 'd' };
  const path = '/api/v1/devices/t/p/d/connectivity';
  assert.equal((await scene.get(path)).status, 404);
  scene.platform.ingest([{ ...key, values: { v: 1 } }]);
  const silent: Model<'Connectivity'> = await scene.json(path);
  assert.deepEqual([silent.now, silent.events], [{ state: 'never', since: null, event: null }, []]);
  const way = { remote: '10.0.0.1:5', protocol: '5.0', listener: 'wss', isEncrypted: true };
  const who = { client: 'c', user: 'token:pump' };
  const at = scene.clock.nowMicros();
  const begin = { ...who, ...way, offset: 1, timeMicros: at - 2_000_000, kind: 'connected' } as const;
  const end = { ...begin, offset: 2, timeMicros: at - 1_000_000, kind: 'disconnected' } as const;
  const events = [
    { ...begin, reason: 'connect' },
    { ...end, reason: 'keep-alive' },
  ];
  const client = { ...end, reason: 'keep-alive', scopes: '[]', day: 1, kept: 2, leftOut: 3 };
  scene.platform.connect(key, {
    now: 'disconnected',
    clients: [{ ...client, sinceMicros: at }],
    events,
    leftOut: 3,
    isCut: false,
  });
  const told: Model<'Connectivity'> = await scene.json(path);
  assert.equal(told.now.state, 'disconnected');
  assert.deepEqual(told.now.event, {
    time: told.now.since,
    kind: 'disconnected',
    reason: 'keep-alive',
    ...who,
    ...way,
  });
  assert.deepEqual(
    [told.events.map(({ reason }) => reason), told.leftOut, told.clients[0]?.client],
    [['connect', 'keep-alive'], 3, 'c'],
  );
  const earlier: Model<'Connectivity'> = await scene.json(`${path}?to=now-1500ms`);
  assert.deepEqual(
    earlier.events.map(({ kind }) => kind),
    ['connected'],
  );
  assert.equal((await scene.get(`${path}?from=soon`)).status, 400);
  assert.equal((await scene.get(`${path}?from=now&to=now-1h`)).status, 400);
  const detail: Model<'DeviceDetail'> = await scene.json('/api/v1/devices/t/p/d');
  assert.equal(detail.connected, 'disconnected');
});
