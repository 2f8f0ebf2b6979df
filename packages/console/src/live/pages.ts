import { useCallback, useEffect, useEffectEvent, useState } from 'react';
import { errorOf, noteFault, withinTime } from '../request.ts';
import { useLiveEpoch } from './live-stream.ts';

/** One page of a list that the server gives in pages. */
export interface Page<T> {
  readonly items: readonly T[];
  readonly cursor: string | null;
}

/** A list as far as it was fetched. */
export interface Pages<T> {
  /** Undefined until the first page is there. */
  readonly items: readonly T[] | undefined;
  readonly hasMore: boolean;
  readonly error: Error | undefined;
  /** Fetches the next page. */
  more(): void;
  /** Begins again with the first. */
  reload(): void;
}

interface Kept<T> {
  readonly key: string;
  readonly items: readonly T[] | undefined;
  readonly cursor: string | null;
  readonly error: Error | undefined;
}

/** Fetches the first page for each `key`, again after a break of the connection, and further ones when they are wanted. */
export function usePages<T>(
  key: string,
  ask: (cursor: string | undefined, signal: AbortSignal) => Promise<Page<T>>,
): Pages<T> {
  const epoch = useLiveEpoch();
  const [turn, setTurn] = useState(0);
  const [after, setAfter] = useState<{ readonly key: string; readonly cursor: string } | undefined>(
    undefined,
  );
  const [kept, setKept] = useState<Kept<T>>({ key, items: undefined, cursor: null, error: undefined });
  const fetchNow = useEffectEvent(ask);
  const load = useEffectEvent((cursor: string | undefined, signal: AbortSignal) => {
    withinTime(signal, (within) => fetchNow(cursor, within)).then(
      (page) => {
        if (signal.aborted) return;
        setKept((before) => ({
          key,
          items: cursor === undefined ? page.items : [...(before.items ?? []), ...page.items],
          cursor: page.cursor,
          error: undefined,
        }));
      },
      (fault: unknown) => {
        if (signal.aborted) return;
        noteFault(fault);
        setKept((before) => ({
          ...(before.key === key ? before : { items: undefined, cursor: null }),
          key,
          error: errorOf(fault),
        }));
      },
    );
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: `epoch` and `turn` ask for the same again
  useEffect(() => {
    const stop = new AbortController();
    load(undefined, stop.signal);
    return () => stop.abort();
  }, [key, epoch, turn]);
  useEffect(() => {
    if (after === undefined || after.key !== key) return;
    const stop = new AbortController();
    load(after.cursor, stop.signal);
    return () => stop.abort();
  }, [after, key]);
  const isOurs = kept.key === key;
  const cursor = isOurs ? kept.cursor : null;
  const more = useCallback(() => {
    if (cursor !== null) setAfter({ key, cursor });
  }, [cursor, key]);
  const reload = useCallback(() => setTurn((before) => before + 1), []);
  return {
    items: isOurs ? kept.items : undefined,
    hasMore: cursor !== null,
    error: isOurs ? kept.error : undefined,
    more,
    reload,
  };
}
