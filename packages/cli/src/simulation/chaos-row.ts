import type { ChaosFate, ChaosLetter, ChaosRow } from '@skerry/api';
import type { ChaosCase, Expectation } from './chaos-cases.ts';
import type { ChaosAnswer } from './chaos-client.ts';

/** What was found of an acknowledged input. */
export type Witnessed =
  | { readonly kind: 'stored' | 'nothing' }
  | { readonly kind: 'dead-lettered'; readonly letter: ChaosLetter };

/** What a case was answered; `found` is undefined where nobody looked, or nothing was acknowledged. */
export function rowOf(
  { input, level, isOfLevel, expected }: Pick<ChaosCase, 'input' | 'level' | 'isOfLevel' | 'expected'>,
  answer: ChaosAnswer,
  found: Witnessed | undefined,
): ChaosRow {
  return {
    input,
    level: isOfLevel ? (level === 5 ? '5' : '3.1.1') : undefined,
    inputs: 1,
    expected,
    answer: fateOf(answer, found),
    verdict: verdictOf(expected, answer, found),
    letter: found?.kind === 'dead-lettered' ? found.letter : undefined,
  };
}

function verdictOf(
  expected: Expectation,
  answer: ChaosAnswer,
  found: Witnessed | undefined,
): ChaosRow['verdict'] {
  const said = (isRight: boolean) => (isRight ? 'yes' : 'NOT');
  switch (expected.kind) {
    case 'closed':
      return said(answer.isClosed && answer.accepted === 0 && answer.reason === expected.code);
    case 'refused':
      return said(answer.reason === expected.code);
    case 'stored':
    case 'dead-lettered':
      if (answer.accepted === 0) return 'NOT';
      if (found === undefined) return 'unknown';
      return said(
        found.kind === expected.kind &&
          (found.kind !== 'dead-lettered' || found.letter.reason === expected.reason),
      );
  }
}

function fateOf(
  { reason, answeredBy, accepted, isClosed }: ChaosAnswer,
  found: Witnessed | undefined,
): ChaosFate {
  if (accepted > 0) {
    if (found === undefined) return { kind: 'acknowledged' };
    return found.kind === 'dead-lettered'
      ? { kind: 'dead-lettered', reason: found.letter.reason }
      : { kind: found.kind };
  }
  const code = reason === undefined ? {} : { code: reason };
  if (answeredBy === 'puback' || answeredBy === 'connack') return { kind: 'refused', ...code };
  return isClosed ? { kind: 'closed', ...code } : { kind: 'no-answer' };
}
