import { setTimeout as pause } from 'node:timers/promises';

const LOOK_MS = 15;
/** Longest rest between two looks. */
const REST_MS_MAX = 200;

/**
 * Asks again until the answer is neither undefined nor false, and gives it back. Fails with what was waited for and the
 * last thing that was seen. Rests twice as long as a look took, within bounds: what is waited for needs the processor, too.
 */
export async function until<T>(
  what: string,
  look: () => T | undefined | false | Promise<T | undefined | false>,
  mostMs = 60_000,
  seen: () => unknown = () => undefined,
): Promise<T> {
  const deadline = performance.now() + mostMs;
  for (;;) {
    const lookedMs = performance.now();
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (performance.now() > deadline) {
      throw new TypeError(
        `Waited ${mostMs} ms for ${what}${seen() === undefined ? '' : `; seen: ${String(seen())}`}`,
      );
    }
    const restMs = Math.max(LOOK_MS, 2 * (performance.now() - lookedMs));
    await pause(Math.min(REST_MS_MAX, restMs));
  }
}
