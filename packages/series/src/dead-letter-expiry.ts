import type { DeadLetterHead } from './store.ts';

/** When open dead letters expire. */
export interface DeadLetterPolicy {
  readonly days: number;
  readonly count: number;
  readonly bytes: number;
}

const DAY_MICROS = 86_400_000_000;

/**
 * The open dead letters that the policy removes at this log time: those that are too old, then the oldest beyond the
 * count or the bytes. The pipeline asks before each seal and puts the answer into it as changes to `expired` together
 * with the accounts, so that the ledger and the letters change in one transaction. `open` by offset, ascending.
 */
export function expiredDeadLetters(
  open: readonly Pick<DeadLetterHead, 'offset' | 'receivedMicros' | 'payloadBytes'>[],
  logTimeMicros: number,
  policy: DeadLetterPolicy,
): number[] {
  const oldest = logTimeMicros - policy.days * DAY_MICROS;
  let count = open.length;
  let bytes = open.reduce((sum, letter) => sum + letter.payloadBytes, 0);
  const expired: number[] = [];
  for (const letter of open) {
    if (letter.receivedMicros >= oldest && count <= policy.count && bytes <= policy.bytes) continue;
    expired.push(letter.offset);
    count--;
    bytes -= letter.payloadBytes;
  }
  return expired;
}
