/** Resolves after every microtask and every input that is ready has been seen to: one turn of the event loop. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
