import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KernelError } from '../errors.ts';
import { type StderrLoggerOptions, stderrLogger } from './stderr-logger.ts';

function linesOf(
  options: StderrLoggerOptions,
  act: (logger: ReturnType<typeof stderrLogger>) => void,
): string[] {
  const lines: string[] = [];
  const clock = { nowMicros: () => 1_767_225_600_123_000 };
  act(stderrLogger({ clock, color: false, write: (line) => lines.push(line), ...options }));
  return lines;
}

test('stderrLogger writes time, level, message and fields on one line', () => {
  const lines = linesOf({}, (logger) =>
    logger.log('warn', 'Two\nlines', { a: 1, b: 'x y', c: 'plain', d: { e: 2 } }),
  );
  assert.deepEqual(lines, ['2026-01-01T00:00:00.123Z WARN  Two lines a=1 b="x y" c=plain d="{\\"e\\":2}"\n']);
});

test('stderrLogger leaves out what is less severe than its level', () => {
  const lines = linesOf({ level: 'warn' }, (logger) => {
    for (const level of ['error', 'warn', 'info', 'debug'] as const) logger.log(level, level);
  });
  assert.equal(lines.length, 2);
});

test('stderrLogger writes JSON lines with the code and the cause of errors', () => {
  const error = new KernelError('disk-full', 'No room.', {}, new Error('ENOSPC'));
  const [line = ''] = linesOf({ format: 'json' }, (logger) =>
    logger.log('error', 'Stopped', { error, big: 2n ** 60n }),
  );
  assert.deepEqual(JSON.parse(line), {
    time: '2026-01-01T00:00:00.123Z',
    level: 'error',
    message: 'Stopped',
    error: 'KernelError: [disk-full] No room. (Error: ENOSPC)',
    big: '1152921504606846976',
  });
});

test('stderrLogger does not throw on what JSON refuses', () => {
  const circle: Record<string, unknown> = {};
  circle.self = circle;
  const lines = linesOf({}, (logger) =>
    logger.log('info', 'Odd', { circle, none: undefined, deep: { big: 1n } }),
  );
  assert.equal(lines.length, 1);
});
