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

/** The code of a fault of the server; undefined for any other error. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof ApiProblem ? error.problem.code : undefined;
}

/** What a request carries. */
export interface Sent {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly body?: unknown;
  readonly signal?: AbortSignal;
}

/**
 * Asks the API. The header says that this page asks and no other: a form of another site cannot set it. Answers without
 * a body are undefined. Fails with `ApiProblem`.
 */
export async function request<T>(path: string, { method = 'GET', body, signal }: Sent = {}): Promise<T> {
  const headers = {
    accept: 'application/json',
    'x-skerry-request': '1',
    ...(body === undefined ? {} : { 'content-type': 'application/json' }),
  };
  const sent = { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) };
  const response = await fetch(path, { ...sent, signal: signal ?? null });
  const text = await response.text();
  if (!response.ok && response.headers.get('content-type')?.startsWith('application/problem+json')) {
    const problem = new ApiProblem(JSON.parse(text));
    noteFault(problem);
    throw problem;
  }
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${response.statusText}`);
  return (text === '' ? undefined : JSON.parse(text)) as T; // the caller names what the API promises for the path
}
