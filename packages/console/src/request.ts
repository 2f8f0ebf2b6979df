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

/** The code of a fault of the server; undefined for any other error. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof ApiProblem ? error.problem.code : undefined;
}

/** Whatever was thrown, as an error that can be shown. */
export function errorOf(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}
