import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

type Collect = (options: { readonly type: 'major'; readonly flavor: 'last-resort' }) => void;

const TRIES = 1_000;

/**
 * Collects this thread's heap and gives back what loading the program has spread it over: V8 moves what lives together
 * only when it is short of memory, or told so. Takes some 50 ms; for the end of a start. Threads may do so at one time.
 */
export function compactHeap(): void {
  for (let i = 0; i < TRIES; i++) {
    const collect = exposedCollect();
    if (!collect) continue;
    collect({ type: 'major', flavor: 'last-resort' });
    return;
  }
}

/** The collector of this thread; undefined when another thread has put the flag back, which is the whole process's. */
function exposedCollect(): Collect | undefined {
  setFlagsFromString('--expose-gc');
  // the flag holds for contexts that are made behind it, and nothing else is to have the function
  const collect = runInNewContext('globalThis.gc') as Collect | undefined;
  setFlagsFromString('--no-expose-gc');
  return collect;
}
