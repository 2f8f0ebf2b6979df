import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type LogEntry, loggerTo } from '@skerry/kernel';
import { FakeClock } from '@skerry/kernel/testing';
import { LIMITS } from '../limits.ts';
import { FaultNotices } from './fault-notices.ts';

test('FaultNotices tells once per reason and time, with the number of those it left out', () => {
  const clock = new FakeClock();
  const lines: LogEntry[] = [];
  const notices = new FaultNotices(
    loggerTo((entry) => lines.push(entry)),
    clock,
  );
  const notice = { word: 'topic-invalid', remote: '127.0.0.1:1', client: 'c', why: 'The topic is too deep.' };
  for (let i = 0; i < 5; i++) notices.tell(notice);
  notices.tell({ ...notice, word: 'connect-refused' });
  assert.deepEqual(
    lines.map(({ level, fields }) => [level, fields.reason, fields.othersSinceTheLastLine]),
    [
      ['warn', 'topic-invalid', undefined],
      ['warn', 'connect-refused', undefined],
    ],
  );
  clock.advance(LIMITS.noticeMs.value);
  notices.tell(notice);
  assert.equal(lines.at(-1)?.fields.othersSinceTheLastLine, 4);
  assert.equal(lines.at(-1)?.fields.why, 'The topic is too deep.');
});
