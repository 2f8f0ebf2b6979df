import { clientFault } from './errors.ts';
import { LIMITS } from './limits.ts';

/**
 * The lines of an answer, without their ends, read no faster than they are taken; ending the iteration ends the answer.
 * Fails with `answer-broken` when it breaks off.
 */
export async function* textLines(response: Response): AsyncGenerator<string> {
  const reader = response.body?.getReader();
  if (!reader) return;
  const decoder = new TextDecoder();
  let rest = '';
  let isEnded = false;
  try {
    while (!isEnded) {
      const { value, done } = await reader.read().catch((cause: unknown) => {
        throw isAbort(cause)
          ? cause
          : clientFault('answer-broken', 'the answer broke off before its end', cause);
      });
      isEnded = done;
      const lines = (rest + decoder.decode(value, { stream: !done })).split('\n');
      rest = lines.pop() ?? '';
      if (rest.length > LIMITS.lineCharsMax.value) {
        throw clientFault('answer-broken', `a line is longer than ${LIMITS.lineCharsMax.value} characters`);
      }
      for (const line of lines) yield line.endsWith('\r') ? line.slice(0, -1) : line;
    }
    if (rest !== '') yield rest;
  } finally {
    await reader.cancel().catch(() => undefined); // broken already: nothing is left to cancel
  }
}

/** Whether a fault is the caller's own wish to end. */
export function isAbort(cause: unknown): boolean {
  return cause instanceof Error && (cause.name === 'AbortError' || cause.name === 'TimeoutError');
}
