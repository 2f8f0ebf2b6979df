/**
 * Resolves when all of them have come into being, which the stack owns then; when one has failed, those that came into being
 * are owned as well, and its fault is told once the last has settled.
 */
export async function allOwned<T extends readonly AsyncDisposable[]>(
  stack: AsyncDisposableStack,
  starts: { readonly [K in keyof T]: Promise<T[K]> },
): Promise<T> {
  const ends = await Promise.allSettled(starts as readonly Promise<AsyncDisposable>[]); // a tuple of them is a list of them
  for (const one of ends) if (one.status === 'fulfilled') stack.use(one.value);
  return ends.map((one) => {
    if (one.status === 'rejected') throw one.reason;
    return one.value;
  }) as unknown as T; // in the order of their starts
}
