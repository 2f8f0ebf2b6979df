import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Expectation } from './chaos-cases.ts';
import type { ChaosAnswer } from './chaos-client.ts';
import { type ChaosFate, rowOf } from './chaos-row.ts';

const SILENT: ChaosAnswer = { reason: undefined, answeredBy: undefined, accepted: 0, isClosed: false };
const CLOSED: ChaosAnswer = { ...SILENT, isClosed: true };
const ACKED: ChaosAnswer = { ...SILENT, answeredBy: 'puback', reason: 0, accepted: 1 };
const STORED: ChaosFate = { kind: 'stored', reason: '', detail: '' };
const LETTER: ChaosFate = { kind: 'dead-lettered', reason: 'undecodable', detail: 'why' };

test('rowOf says yes only to what was expected, unknown to what nobody looked up', () => {
  const cases: [Expectation, ChaosAnswer, ChaosFate | undefined, string, string][] = [
    [{ kind: 'closed', reason: undefined }, CLOSED, undefined, 'closed', 'yes'],
    [{ kind: 'closed', reason: undefined }, SILENT, undefined, 'no answer', 'NOT'],
    [{ kind: 'closed', reason: 0x81 }, CLOSED, undefined, 'closed', 'NOT'],
    [
      { kind: 'closed', reason: 0x81 },
      { ...CLOSED, answeredBy: 'disconnect', reason: 0x81 },
      undefined,
      'closed with 0x81',
      'yes',
    ],
    [{ kind: 'closed', reason: undefined }, { ...ACKED, isClosed: true }, undefined, 'acknowledged', 'NOT'],
    [
      { kind: 'refused', reason: 0x90 },
      { ...SILENT, answeredBy: 'puback', reason: 0x90 },
      undefined,
      'refused with 0x90',
      'yes',
    ],
    [{ kind: 'refused', reason: 0x90 }, ACKED, undefined, 'acknowledged', 'NOT'],
    [{ kind: 'stored' }, ACKED, STORED, 'stored', 'yes'],
    [{ kind: 'stored' }, ACKED, LETTER, 'dead-lettered, undecodable', 'NOT'],
    [{ kind: 'stored' }, ACKED, undefined, 'acknowledged', 'unknown'],
    [{ kind: 'stored' }, CLOSED, undefined, 'closed', 'NOT'],
    [{ kind: 'dead-lettered', reason: 'undecodable' }, ACKED, LETTER, 'dead-lettered, undecodable', 'yes'],
    [{ kind: 'dead-lettered', reason: 'series-limit' }, ACKED, LETTER, 'dead-lettered, undecodable', 'NOT'],
    [
      { kind: 'dead-lettered', reason: 'undecodable' },
      ACKED,
      { ...STORED, kind: 'nothing' },
      'nothing',
      'NOT',
    ],
  ];
  for (const [expected, answer, fate, text, verdict] of cases) {
    const row = rowOf({ name: 'x', expected }, answer, fate);
    assert.deepEqual([row.answer, row.verdict], [text, verdict], JSON.stringify([expected, answer, fate]));
  }
});
