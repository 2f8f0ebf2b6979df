import type { ChaosCase, Expectation } from './chaos-cases.ts';
import type { ChaosAnswer } from './chaos-client.ts';

/** What became of an acknowledged input. */
export interface ChaosFate {
  readonly kind: 'stored' | 'dead-lettered' | 'nothing';
  /** Of the dead letter. */
  readonly reason: string;
  readonly detail: string;
}

/** One line of the report. */
export interface ChaosRow {
  readonly input: string;
  readonly expected: string;
  readonly answer: string;
  readonly verdict: 'yes' | 'NOT' | 'unknown';
  /** Of the dead letter. */
  readonly detail: string;
}

/** Judges what was answered to a bad input, and says it in words. */
export function rowOf(
  { name, expected }: Pick<ChaosCase, 'name' | 'expected'>,
  answer: ChaosAnswer,
  fate: ChaosFate | undefined,
): ChaosRow {
  return {
    input: name,
    expected: expectationText(expected),
    answer: answerText(answer, fate),
    verdict: verdictOf(expected, answer, fate),
    detail: fate?.detail ?? '',
  };
}

function verdictOf(
  expected: Expectation,
  answer: ChaosAnswer,
  fate: ChaosFate | undefined,
): ChaosRow['verdict'] {
  const said = (isRight: boolean) => (isRight ? 'yes' : 'NOT');
  switch (expected.kind) {
    case 'closed':
      return said(answer.isClosed && answer.accepted === 0 && answer.reason === expected.reason);
    case 'refused':
      return said(answer.reason === expected.reason);
    case 'stored':
    case 'dead-lettered':
      if (answer.accepted === 0) return 'NOT';
      if (fate === undefined) return 'unknown';
      return said(
        fate.kind === expected.kind && (expected.kind === 'stored' || fate.reason === expected.reason),
      );
  }
}

function expectationText(expected: Expectation): string {
  switch (expected.kind) {
    case 'closed':
      return expected.reason === undefined ? 'closed' : `closed with ${hexOf(expected.reason)}`;
    case 'refused':
      return `refused with ${hexOf(expected.reason)}`;
    case 'dead-lettered':
      return `dead-lettered, ${expected.reason}`;
    case 'stored':
      return 'stored';
  }
}

function answerText(
  { reason, answeredBy, accepted, isClosed }: ChaosAnswer,
  fate: ChaosFate | undefined,
): string {
  if (accepted > 0) {
    if (fate === undefined) return 'acknowledged';
    return fate.kind === 'dead-lettered' ? `dead-lettered, ${fate.reason}` : fate.kind;
  }
  const why = reason === undefined ? '' : ` with ${hexOf(reason)}`;
  if (answeredBy === 'puback' || answeredBy === 'connack') return `refused${why}`;
  return isClosed ? `closed${why}` : 'no answer';
}

function hexOf(reason: number): string {
  return `0x${reason.toString(16).padStart(2, '0')}`;
}
