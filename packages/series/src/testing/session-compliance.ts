import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SessionEvent } from '@skerry/model';
import { aSeal, NOON } from './builders.ts';
import type { StoreHarness } from './compliance.ts';

const DEVICE = { tenant: 't1', project: 'p1', device: 'd1' };

/** The promises of `SeriesStore` on connections, as tests. */
export function testSessions(name: string, open: () => Promise<StoreHarness>): void {
  const event = (client: string, offset: number, timeMicros: number): SessionEvent => ({
    client,
    user: 'ann',
    offset,
    timeMicros,
    kind: offset % 2 === 0 ? 'connected' : 'disconnected',
    reason: 'network',
    remote: '10.0.0.1:5',
    protocol: '5.0',
    listener: 'wss',
    isEncrypted: offset % 2 === 0,
  });
  const day = 86_400_000_000;

  test(`${name} sessionEvents gives those of the clients in the range and one before it, over days and a restart`, async () => {
    await using harness = await open();
    await harness.store.load();
    const [first, second] = [[event('a', 1, NOON), event('b', 2, NOON + 1)], [event('a', 103, NOON + day)]];
    const third = [event('a', 204, NOON + day + 5), event('a', 205, NOON + day + 6)];
    for (const [at, events] of [first, second, third].entries()) {
      const sessions = { events, clients: [], gone: [], devices: [] };
      const logTimeMicros = events[0]?.timeMicros ?? NOON;
      await harness.store.seal(aSeal(at + 1, [], { sessions, logTimeMicros }));
    }
    const offsets = async (client: string, from: number, to: number, limit = 10) => {
      const clients = [{ client, user: 'ann' }];
      const query = { clients, fromMicros: NOON + from, toMicros: NOON + to, limit };
      return (await harness.store.sessionEvents(query)).map(({ offset }) => offset);
    };
    const check = async () => {
      assert.deepEqual(await offsets('a', 0, 2 * day), [1, 103, 204, 205]);
      assert.deepEqual(await offsets('a', 1, day + 6), [1, 103, 204]);
      assert.deepEqual(await offsets('a', day + 6, 2 * day), [204, 205]);
      assert.deepEqual(await offsets('a', 0, 2 * day, 2), [204, 205]);
      assert.deepEqual([await offsets('b', 0, day), await offsets('c', 0, day)], [[2], []]);
      const clients = [{ client: 'a', user: 'bob' }];
      const query = { clients, fromMicros: 0, toMicros: NOON + day, limit: 9 };
      assert.deepEqual(await harness.store.sessionEvents(query), []);
    };
    await check();
    await harness.reopen();
    await harness.store.load();
    await check();
    const all = { clients: [{ client: 'b', user: 'ann' }], fromMicros: 0, toMicros: NOON + day, limit: 9 };
    assert.deepEqual(await harness.store.sessionEvents(all), [first[1]]);
  });

  test(`${name} load gives back the clients and who speaks for which device, as the last seal has them`, async () => {
    await using harness = await open();
    await harness.store.load();
    const counts = { scopes: '[{"tenant":"t"}]', day: 20_000, kept: 1, leftOut: 0 };
    const [a, b] = ['a', 'b'].map((client) => ({ ...event(client, 1, NOON), ...counts }));
    assert.ok(a && b);
    const speaks = { ...DEVICE, clients: [{ client: 'a', user: 'ann', sinceMicros: NOON }] };
    const told = { events: [], gone: [] };
    await harness.store.seal(aSeal(1, [], { sessions: { ...told, clients: [a, b], devices: [speaks] } }));
    const gone = [{ client: 'b', user: 'ann' }];
    const next = { ...a, kind: 'connected', kept: 2 } as const;
    const none = { ...speaks, clients: [] };
    await harness.store.seal(
      aSeal(2, [], {
        sessions: { ...told, gone, clients: [next], devices: [none] },
        logTimeMicros: NOON + day,
      }),
    );
    await harness.reopen();
    assert.deepEqual((await harness.store.load()).sessions, { clients: [next], devices: [none] });
  });
}
