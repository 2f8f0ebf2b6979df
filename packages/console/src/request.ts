import { ApiProblem } from './generated/client.ts';

const listeners = new Set<() => void>();

/** Calls back whenever the server says that nobody is signed in. */
export function onSignInRequired(tell: () => void): () => void {
  listeners.add(tell);
  return () => listeners.delete(tell);
}

/** Looks at a fault: `sign-in-required` brings the reader to the sign-in room. */
export function noteFault(error: unknown): void {
  if (codeOf(error) === 'sign-in-required') for (const tell of listeners) tell();
}

/** The answer to a request of the client that a person asked for; its fault is noted and thrown on. */
export async function answerOf<T>(request: Promise<T>): Promise<T> {
  try {
    return await request;
  } catch (error) {
    noteFault(error);
    throw error;
  }
}

/** A request that the server did not answer in time. */
export class Unanswered extends Error {
  override readonly name = 'Unanswered';
  /** How long it was waited for. */
  readonly answerMs: number;

  constructor(answerMs: number, options: ErrorOptions) {
    super(`no answer after ${answerMs} ms`, options);
    this.answerMs = answerMs;
  }
}

/** Longest wait for an answer, ms. */
export const ANSWER_MS = 10_000;
/** Longest wait for points, ms: the server itself gives a query up after 15 seconds and says so. */
export const QUERY_MS = 20_000;

/** Asks, and gives up with `Unanswered` when no answer has come in time. */
export async function withinTime<T>(
  signal: AbortSignal,
  ask: (signal: AbortSignal) => Promise<T>,
  answerMs = ANSWER_MS,
): Promise<T> {
  const late = AbortSignal.timeout(answerMs);
  try {
    return await ask(AbortSignal.any([signal, late]));
  } catch (error) {
    if (late.aborted && !signal.aborted) throw new Unanswered(answerMs, { cause: error });
    throw error;
  }
}

/** The code of a fault of the server; undefined for any other error. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof ApiProblem ? error.problem.code : undefined;
}

/** Whatever was thrown, as an error that can be shown. */
export function errorOf(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}
