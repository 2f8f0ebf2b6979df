import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { hasCode } from '../testing/index.ts';
import { decodeState, encodeState } from './seal-state.ts';

const key = fc.record({
  tenant: fc.constantFrom('t1', '1900000000000000001', 'Füße'),
  project: fc.constantFrom('p1', ''),
  device: fc.string({ unit: 'grapheme', maxLength: 12 }),
});
const count = fc.nat(1_000_000);
const account = fc
  .tuple(key, fc.array(fc.integer({ min: -5, max: 2 ** 50 }), { minLength: 9, maxLength: 9 }))
  .map(([own, [stored = 0, deduplicated = 0, filtered = 0, deadLettered = 0, discarded = 0, ...rest]]) => {
    const [expired = 0, timeCorrected = 0, seqResets = 0, lastSeenMicros = 0] = rest;
    const counts = { stored, deduplicated, filtered, deadLettered, discarded };
    return { ...own, ...counts, expired, timeCorrected, seqResets, lastSeenMicros };
  });
const dedupe = fc
  .tuple(key, count, fc.uint8Array({ maxLength: 40 }))
  .map(([own, entries, bytes]) => ({ ...own, count: entries, newestMicros: entries * 3, bytes }));
const gaps = fc
  .tuple(key, count)
  .map(([own, highest]) => ({ ...own, epoch: 'e\u0000', highest, gaps: [{ from: 1, to: highest + 1 }] }));
const state = fc.record({
  accounts: fc.array(account, { maxLength: 30 }),
  dedupe: fc.array(dedupe, { maxLength: 30 }),
  gaps: fc.array(gaps, { maxLength: 5 }),
});

test('decodeState gives back what encodeState was given, small or compressed', () => {
  fc.assert(
    fc.property(state, (one) => {
      assert.deepEqual(decodeState(encodeState(one)), { ...one });
    }),
  );
});

test('decodeState refuses every truncation and every changed byte with chunk-damaged', () => {
  const one = {
    tenant: 't',
    project: 'p',
    device: 'd',
    count: 1,
    newestMicros: 5,
    bytes: Uint8Array.of(1, 2),
  };
  const bytes = encodeState({ accounts: [], dedupe: [one], gaps: [] });
  for (let end = 0; end < bytes.length; end++)
    assert.throws(() => decodeState(bytes.subarray(0, end)), hasCode('chunk-damaged'));
  for (let at = 0; at < bytes.length; at++) {
    const changed = bytes.slice();
    changed[at] = Number(changed[at]) ^ 0x55;
    assert.throws(() => decodeState(changed), hasCode('chunk-damaged'));
  }
});
