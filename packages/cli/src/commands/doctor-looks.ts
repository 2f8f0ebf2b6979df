import { CodedError } from '@skerry/kernel';
import { nodeClock } from '@skerry/kernel/node';
import type { Finding } from './doctor.ts';

/** Most time for one engine to answer, ms. */
export const ANSWER_MS = 8_000;

/** A look that fails, or that takes too long, is a finding too. */
export async function guarded(
  check: string,
  where: string,
  advice: string,
  look: () => Promise<Finding[]>,
): Promise<Finding[]> {
  const over = new AbortController();
  const late = `${where}: no answer within ${(2 * ANSWER_MS) / 1_000} s`;
  try {
    return await Promise.race([
      look(),
      nodeClock()
        .sleep(2 * ANSWER_MS, over.signal)
        .then((): Finding[] => [{ check, verdict: 'fault', found: late, advice }]),
    ]);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    const found = why.includes(where) ? why : `${where}: ${why}`;
    const code = cause instanceof CodedError ? ` (${cause.code})` : '';
    return [{ check, verdict: 'fault', found: `${found}${code}`, advice }];
  } finally {
    over.abort();
  }
}

/** Nothing to do. */
export function ok(check: string, found: string): Finding {
  return { check, verdict: 'ok', found, advice: '' };
}

/** A number of things, in words. */
export function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? '' : 's'}`;
}
