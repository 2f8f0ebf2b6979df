import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CodedError, KernelError, type LogEntry, loggerTo } from '@skerry/kernel';
import { FakeClock } from '@skerry/kernel/testing';
import { JournalError } from '../errors.ts';
import { LIMITS } from '../limits.ts';
import { KeepTimer } from './keep-timer.ts';

/** What was tried and told while keeping failed with a fault, and has worked since. */
async function keptAfter(fault: Error): Promise<{ readonly tries: number; readonly told: string[] }> {
  const clock = new FakeClock();
  const log: LogEntry[] = [];
  let tries = 0;
  using timer = new KeepTimer(
    { clock, logger: loggerTo((entry) => log.push(entry)) },
    {
      isDone: () => tries > 1,
      keep: async () => {
        if (++tries === 1) throw fault;
      },
    },
  );
  timer.note();
  for (let i = 0; i < 4; i++) {
    await clock.advance(LIMITS.kafkaLookEveryMs.value);
    timer.note();
  }
  return { tries, told: log.map(({ fields }) => String(fields.reason)) };
}

test('KeepTimer tells and tries again what may work later', async () => {
  const later = [
    new KernelError('disk-full', 'Cannot write.'),
    new JournalError('kafka-unreachable', 'Cannot ask.'),
    new JournalError('kafka-denied', 'Cannot ask.'),
  ];
  for (const fault of later)
    assert.deepEqual(await keptAfter(fault), { tries: 2, told: [String(fault)] }, fault.code);
});

test('KeepTimer tries nothing again after what nothing mends', async () => {
  const forGood = [
    new KernelError('sync-failed', 'Cannot sync.'),
    new KernelError('disk-read-only', 'Cannot write.'),
    new JournalError('journal-foreign', 'Cannot go on.'),
    new JournalError('journal-damaged', 'Cannot read.'),
    new JournalError('kafka-forgot', 'Cannot go on.'),
    new TypeError('a bug'),
  ];
  for (const fault of forGood)
    assert.deepEqual(
      await keptAfter(fault),
      { tries: 1, told: [] },
      fault instanceof CodedError ? fault.code : fault.name,
    );
});
