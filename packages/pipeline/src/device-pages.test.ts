import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Catalogue } from './catalogue.ts';
import { DevicePages } from './device-pages.ts';
import { LatestValues } from './latest-values.ts';
import { compareTexts } from './ledger.ts';
import { SequenceTracker } from './sequence-tracker.ts';

test('DevicePages lists every device once, in order, page by page, whenever devices are added', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.string({ minLength: 1, maxLength: 3 })),
      fc.integer({ min: 1, max: 4 }),
      (ids, limit) => {
        const catalogue = new Catalogue();
        const pages = new DevicePages(catalogue, new LatestValues(), { now: () => 'never' });
        for (const id of ids) {
          catalogue.addDevice(catalogue.project('t', 'p'), id);
          if (id.length === 2) pages.list({ limit });
        }
        const found: string[] = [];
        for (let page = pages.list({ limit }).entries; page.length > 0; ) {
          found.push(...page.map((one) => one.device));
          const after = page.at(-1);
          page = after ? pages.list({ limit, after }).entries : [];
        }
        assert.deepEqual(found, ids.toSorted(compareTexts));
      },
    ),
  );
});

test('DevicePages narrows by project and by part of the id, and pages gaps', () => {
  const catalogue = new Catalogue();
  const pages = new DevicePages(catalogue, new LatestValues(), { now: () => 'never' });
  const pump = catalogue.addDevice(catalogue.project('t', 'p'), 'Pump-1');
  catalogue.addDevice(catalogue.project('t', 'q'), 'pump-2');
  assert.deepEqual(pages.list({ search: 'PUMP', limit: 9 }).total, 2);
  assert.deepEqual(
    pages.list({ project: 'q', limit: 9 }).entries.map((one) => one.device),
    ['pump-2'],
  );
  pump.sequence = new SequenceTracker();
  for (const [epoch, seq] of [
    ['b', 1],
    ['b', 3],
    ['b', 5],
    ['a', 1],
    ['a', 9],
  ] as const)
    pump.sequence.note(epoch, seq);
  const bounds = [];
  for (let page = pages.gaps({ limit: 1 }); page.length > 0; ) {
    const after = page[0];
    bounds.push([after?.epoch, after?.from, after?.to]);
    page = after ? pages.gaps({ limit: 1, after }) : [];
  }
  assert.deepEqual(bounds, [
    ['a', 2, 8],
    ['b', 2, 2],
    ['b', 4, 4],
  ]);
});

test('DevicePages orders by age and filters by it, and cuts the pages of one list from one order', () => {
  const catalogue = new Catalogue();
  const pages = new DevicePages(catalogue, new LatestValues(), { now: () => 'never' });
  const ids = ['a', 'b', 'c', 'd'];
  const states = ids.map((id) => catalogue.addDevice(catalogue.project('t', 'p'), id));
  for (const [index, seen] of [30, 10, 40, 20].entries()) {
    const state = states[index];
    if (state) state.account.lastSeenMicros = seen * 1e6;
  }
  const order = { by: 'lastSeen', isDescending: true } as const;
  const names = (query: Partial<Parameters<typeof pages.list>[0]>) =>
    pages.list({ limit: 9, ...query }).entries.map((one) => one.device);
  assert.deepEqual(names({ order }), ['c', 'a', 'd', 'b']);
  assert.deepEqual(names({ order: { ...order, isDescending: false } }), ['b', 'd', 'a', 'c']);
  assert.deepEqual(names({ seenBeforeMicros: 30e6 }), ['b', 'd']);
  assert.deepEqual(names({ seenFromMicros: 30e6 }), ['a', 'c']);
  const atMicros = 100e6;
  const first = pages.list({ order, limit: 2, atMicros });
  assert.equal(first.total, 4);
  const [, b] = states;
  if (b) b.account.lastSeenMicros = 90e6; // came to the front between two pages of one list
  assert.deepEqual(names({ order, skip: 2, limit: 2, atMicros: atMicros + 1_000_000 }), ['d', 'b']);
  assert.deepEqual(names({ order, atMicros: atMicros + 60_000_000 }), ['b', 'c', 'a', 'd']);
});
