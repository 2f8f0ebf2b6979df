import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { HASH, hashBytes } from './content-hash.ts';
import { DedupeWindow, hashMessage } from './dedupe-window.ts';
import { PipelineError } from './errors.ts';

function message(id: string, payload = 'x') {
  const bytes = Buffer.from(payload);
  const hash = { idLow: 0, idHigh: 0, payload: 0 };
  hashMessage('m', 'e', id, bytes, 0, bytes.length, hash);
  return hash;
}

test('hashBytes keeps the values that are on disk', () => {
  hashBytes(Buffer.from('skerry'), 0, 6);
  assert.deepEqual([...HASH], GOLDEN);
});

test('hashMessage tells kind, epoch, id and payload apart', () => {
  const seen = new Set<string>();
  for (const kind of ['m', 's'] as const)
    for (const epoch of ['', 'e', 'e\u0000'])
      for (const id of ['1', '11', 'ß'.repeat(128)]) {
        const hash = { idLow: 0, idHigh: 0, payload: 0 };
        hashMessage(kind, epoch, id, Buffer.alloc(3), 0, 3, hash);
        seen.add(`${hash.idLow} ${hash.idHigh}`);
      }
  assert.equal(seen.size, 18);
});

test('DedupeWindow tells duplicates from the same id with another payload', () => {
  const window = new DedupeWindow();
  assert.equal(window.find(message('1')), 'new');
  window.add(message('1'), 100, 65_536);
  assert.equal(window.find(message('1')), 'duplicate');
  assert.equal(window.find(message('1', 'y')), 'other-payload');
  window.add(message('1', 'y'), 101, 65_536);
  assert.equal(window.find(message('1')), 'duplicate');
  assert.equal(window.find(message('1', 'y')), 'duplicate');
});

test('DedupeWindow tells ids apart that share one word of their hash', () => {
  const window = new DedupeWindow();
  window.add({ idLow: 1, idHigh: 2, payload: 9 }, 100, 65_536);
  assert.equal(window.find({ idLow: 1, idHigh: 3, payload: 9 }), 'new');
  assert.equal(window.find({ idLow: 1 + 2 ** 16, idHigh: 2, payload: 9 }), 'new');
  assert.equal(window.find({ idLow: 1, idHigh: 2, payload: 9 }), 'duplicate');
});

test('DedupeWindow keeps 4,096 ids however old and more only for 10 minutes', () => {
  const window = new DedupeWindow();
  for (let i = 0; i < 5000; i++) window.add(message(String(i)), 1000, 65_536);
  assert.equal(window.size, 5000);
  window.add(message('new'), 1601, 65_536);
  assert.equal(window.size, 4097);
  assert.equal(window.find(message('0')), 'new');
  assert.equal(window.find(message('4999')), 'duplicate');
});

test('DedupeWindow never holds more than it may', () => {
  const window = new DedupeWindow();
  for (let i = 0; i < 1000; i++) window.add(message(String(i)), 1000, 100);
  assert.equal(window.size, 100);
  for (let i = 0; i < 1000; i++)
    assert.equal(window.find(message(String(i))), i < 900 ? 'new' : 'duplicate', String(i));
});

test('DedupeWindow comes out of its stored entries as it was', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(40), fc.nat(3), fc.boolean())),
      fc.integer({ min: 1, max: 50 }),
      (steps, most) => {
        const live = new DedupeWindow();
        const stored: Uint8Array[] = [];
        for (const [id, payload, isSeal] of steps) {
          const hash = message(String(id), String(payload));
          if (live.find(hash) !== 'duplicate') live.add(hash, 1000, most);
          const fresh = isSeal ? live.takeFresh() : undefined;
          if (fresh) stored.push(fresh.bytes);
        }
        const last = live.takeFresh();
        if (last) stored.push(last.bytes);
        const restored = new DedupeWindow();
        for (const bytes of stored) restored.restore(bytes, most);
        assert.equal(restored.size, live.size);
        for (let id = 0; id <= 40; id++)
          for (let payload = 0; payload <= 3; payload++) {
            const hash = message(String(id), String(payload));
            assert.equal(restored.find(hash), live.find(hash));
          }
      },
    ),
  );
});

test('DedupeWindow refuses entries it cannot read', () => {
  for (const bytes of [new Uint8Array(0), new Uint8Array([2, 0, 0, 0]), new Uint8Array([1, 0, 0, 0, 5])])
    assert.throws(
      () => new DedupeWindow().restore(bytes, 10),
      (fault) => fault instanceof PipelineError && fault.code === 'dedupe-damaged',
    );
});

const GOLDEN = [316924025, 2454184649];
