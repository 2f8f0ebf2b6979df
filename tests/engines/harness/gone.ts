import assert from 'node:assert/strict';
import { isRunning } from '@skerry/testkit/engines';

/** Asserts that there were processes and that none of them runs any more. */
export function assertGone(pids: readonly number[]): void {
  assert.ok(pids.length > 0);
  assert.deepEqual(pids.filter(isRunning), []);
}
