import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openIsland } from './testing/island.ts';

const START = 1_777_636_800_000_000;

test('devices prints one line a device with its freshness in words', async () => {
  await using island = await openIsland();
  const key = { tenant: 't', project: 'p' };
  island.scene.platform.ingest([
    { ...key, device: 'a', timeMicros: START - 125_000_000, values: { v: 1, w: 2 } },
    { ...key, device: 'b', values: { v: 1 } },
  ]);
  const { code, out } = await island.skerry('devices');
  assert.equal(code, 0);
  assert.equal(
    out,
    'TENANT  PROJECT  DEVICE  METRICS  LAST SEEN\n' +
      't       p        a             2  2 min ago\n' +
      't       p        b             1  just now\n',
  );
  const wide = await island.skerry('devices -o wide --search A');
  assert.match(wide.out, /LAST SEEN AT\n.* 2 min ago +2026-05-01T11:57:55\.000000Z\n$/);
});

test('devices -o json prints every device, over several pages', async () => {
  await using island = await openIsland();
  island.scene.platform.ingest(
    Array.from({ length: 2_345 }, (_, i) => ({
      tenant: 't',
      project: 'p',
      device: `d${i}`,
      values: { v: 1 },
    })),
  );
  const { out } = await island.skerry('devices -o json');
  const listed = JSON.parse(out) as { device: string }[];
  assert.equal(new Set(listed.map((one) => one.device)).size, 2_345);
  assert.deepEqual(listed[0], {
    tenant: 't',
    project: 'p',
    device: 'd0',
    lastSeen: '2026-05-01T12:00:00.000000Z',
    metrics: 1,
  });
});

test('devices TENANT/PROJECT/DEVICE prints one device with its newest values', async () => {
  await using island = await openIsland();
  const key = { tenant: 't', project: 'p', device: 'a/b' };
  island.scene.platform.ingest([{ ...key, values: { flow: 1.5, big: 9_007_199_254_740_993n } }]);
  const { code, out } = await island.skerry('devices t/p/a/b');
  assert.equal(code, 0);
  assert.match(out, /id +t\/p\/a\/b\n/);
  assert.match(out, /records +1 stored\n/);
  assert.match(
    out,
    /METRIC +VALUE +TYPE +AGE\nflow +1\.5 +number +just now\nbig +9007199254740993 +integer +just now\n$/,
  );
  const json = await island.skerry('devices t/p/a/b -o json');
  assert.deepEqual(JSON.parse(json.out).latest[1], {
    metric: 'big',
    time: '2026-05-01T12:00:00.000000Z',
    value: '9007199254740993',
    type: 'integer',
  });
});

test('devices ends with 9 for a device that was never seen and with 2 for a name that is none', async () => {
  await using island = await openIsland();
  const unknown = await island.skerry('devices t/p/nobody');
  assert.equal(unknown.code, 9);
  assert.match(
    unknown.err,
    /no device t\/p\/nobody was ever seen\. npx skerry devices has those that were seen\. \[not-found\]/,
  );
  const malformed = await island.skerry('devices nobody');
  assert.equal(malformed.code, 2);
  assert.match(malformed.err, /Found "nobody", wanted TENANT\/PROJECT\/DEVICE/);
});

test('devices TENANT/PROJECT/DEVICE tells how it is connected, why it ended, and by whom', async () => {
  await using island = await openIsland();
  const key = { tenant: 't', project: 'p', device: 'd' };
  island.scene.platform.ingest([{ ...key, values: { v: 1 } }]);
  assert.match(
    (await island.skerry('devices t/p/d')).out,
    /connection +nobody is known to have spoken for it over MQTT\n/,
  );
  const way = { remote: '10.0.0.1:5', protocol: '5.0', listener: 'ws', isEncrypted: true };
  const who = { client: 'c', user: 'token:pump' };
  const begin = { ...who, ...way, offset: 1, timeMicros: START - 125_000_000, kind: 'connected' } as const;
  const end = { ...begin, offset: 2, timeMicros: START - 65_000_000, kind: 'disconnected' } as const;
  const events = [
    { ...begin, reason: 'connect' },
    { ...end, reason: 'keep-alive' },
  ];
  const client = {
    ...end,
    reason: 'keep-alive',
    scopes: '[]',
    day: 1,
    kept: 2,
    leftOut: 0,
    sinceMicros: START,
  };
  const how = { now: 'disconnected', clients: [client], events, leftOut: 0, isCut: false } as const;
  island.scene.platform.connect(key, how);
  const { out } = await island.skerry('devices t/p/d');
  assert.match(
    out,
    /connection +disconnected, 1 min ago, by keep-alive: client c of token:pump from 10\.0\.0\.1:5\n/,
  );
  assert.match(
    out,
    /CONNECTION +WHY +AGE +CLIENT +USER +FROM +OVER\ndisconnected +keep-alive +1 min ago +c +token:pump +10\.0\.0\.1:5 +ws 5\.0 with TLS\nconnected +connect +2 min ago/,
  );
  const json = JSON.parse((await island.skerry('devices t/p/d -o json')).out) as {
    connectivity: { events: { reason: string }[] };
  };
  assert.deepEqual(
    json.connectivity.events.map(({ reason }) => reason),
    ['connect', 'keep-alive'],
  );
});
