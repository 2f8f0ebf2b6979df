import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Expectation } from './chaos-cases.ts';
import type { ChaosAnswer } from './chaos-client.ts';
import { rowOf, type Witnessed } from './chaos-row.ts';
import { fateText } from './chaos-text.ts';

const SILENT: ChaosAnswer = { reason: undefined, answeredBy: undefined, accepted: 0, isClosed: false };
const CLOSED: ChaosAnswer = { ...SILENT, isClosed: true };
const ACKED: ChaosAnswer = { ...SILENT, answeredBy: 'puback', reason: 0, accepted: 1 };
const STORED: Witnessed = { kind: 'stored' };
const PLACE = { tenant: 'chaos', project: 'p', device: 'case-001', offset: 3 };
const LETTER: Witnessed = {
  kind: 'dead-lettered',
  letter: { ...PLACE, reason: 'undecodable', detail: 'why' },
};

test('rowOf says yes only to what was expected, unknown to what nobody looked up', () => {
  const cases: [Expectation, ChaosAnswer, Witnessed | undefined, string, string][] = [
    [{ kind: 'closed' }, CLOSED, undefined, 'closed', 'yes'],
    [{ kind: 'closed' }, SILENT, undefined, 'no answer', 'NOT'],
    [{ kind: 'closed', code: 0x81 }, CLOSED, undefined, 'closed', 'NOT'],
    [
      { kind: 'closed', code: 0x81 },
      { ...CLOSED, answeredBy: 'disconnect', reason: 0x81 },
      undefined,
      'closed with 0x81',
      'yes',
    ],
    [{ kind: 'closed' }, { ...ACKED, isClosed: true }, undefined, 'acknowledged', 'NOT'],
    [
      { kind: 'refused', code: 0x90 },
      { ...SILENT, answeredBy: 'puback', reason: 0x90 },
      undefined,
      'refused with 0x90',
      'yes',
    ],
    [{ kind: 'refused', code: 0x90 }, ACKED, undefined, 'acknowledged', 'NOT'],
    [{ kind: 'stored' }, ACKED, STORED, 'stored', 'yes'],
    [{ kind: 'stored' }, ACKED, LETTER, 'dead-lettered, undecodable', 'NOT'],
    [{ kind: 'stored' }, ACKED, undefined, 'acknowledged', 'unknown'],
    [{ kind: 'stored' }, CLOSED, undefined, 'closed', 'NOT'],
    [{ kind: 'dead-lettered', reason: 'undecodable' }, ACKED, LETTER, 'dead-lettered, undecodable', 'yes'],
    [{ kind: 'dead-lettered', reason: 'series-limit' }, ACKED, LETTER, 'dead-lettered, undecodable', 'NOT'],
    [{ kind: 'dead-lettered', reason: 'undecodable' }, ACKED, { kind: 'nothing' }, 'nothing', 'NOT'],
  ];
  for (const [expected, answer, fate, text, verdict] of cases) {
    const row = rowOf({ input: 'nan', level: 5, isOfLevel: false, expected }, answer, fate);
    assert.deepEqual(
      [fateText(row.answer), row.verdict],
      [text, verdict],
      JSON.stringify([expected, answer, fate]),
    );
  }
});
