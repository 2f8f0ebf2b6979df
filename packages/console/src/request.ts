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
}

/** Longest wait for an answer that a page cannot do without. */
const ANSWER_MS = 10_000;

/** Asks, and gives up with `Unanswered` when no answer has come after ten seconds. */
export async function withinTime<T>(
  signal: AbortSignal,
  ask: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const late = AbortSignal.timeout(ANSWER_MS);
  try {
    return await ask(AbortSignal.any([signal, late]));
  } catch (error) {
    if (late.aborted && !signal.aborted) throw new Unanswered('no answer after 10 seconds', { cause: error });
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
