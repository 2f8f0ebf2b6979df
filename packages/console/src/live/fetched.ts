import { useCallback, useEffect, useEffectEvent, useRef, useState } from 'react';
import { ANSWER_MS, codeOf, noteFault, withinTime } from '../request.ts';
import { useLiveEpoch } from './live-stream.ts';

/** What is known of something that is fetched. Old data stays while it is fetched again. */
export interface Fetched<T> {
  readonly data: T | undefined;
  readonly error: Error | undefined;
  readonly isLoading: boolean;
  reload(): void;
}

interface Kept<T> {
  readonly key: string;
  readonly data: T | undefined;
  readonly error: Error | undefined;
}

/**
 * Fetches once for each `key`, again after a break of the connection, and every `periodMs` while the tab is seen. An
 * answer that takes longer than `answerMs` is a fault (`Unanswered`).
 */
export function useFetched<T>(
  key: string,
  ask: (signal: AbortSignal) => Promise<T>,
  periodMs?: number,
  answerMs = ANSWER_MS,
): Fetched<T> {
  const epoch = useLiveEpoch();
  const [turn, setTurn] = useState(0);
  const [kept, setKept] = useState<Kept<T>>({ key, data: undefined, error: undefined });
  const fetchNow = useEffectEvent(ask);
  const isUnderWay = useRef(false);
  // biome-ignore lint/correctness/useExhaustiveDependencies: `epoch` and `turn` ask for the same again
  useEffect(() => {
    const stop = new AbortController();
    isUnderWay.current = true;
    withinTime(stop.signal, fetchNow, answerMs).then(
      (data) => {
        if (stop.signal.aborted) return;
        isUnderWay.current = false;
        setKept({ key, data, error: undefined });
      },
      (error: Error) => {
        if (stop.signal.aborted) return;
        isUnderWay.current = false;
        noteFault(error);
        setKept((before) => ({ key, data: before.key === key ? before.data : undefined, error }));
      },
    );
    return () => stop.abort();
  }, [key, epoch, turn, answerMs]);
  useEffect(() => {
    if (periodMs === undefined) return;
    const timer = window.setInterval(() => {
      // one that the server does not answer is waited for until its time is up
      if (!document.hidden && !isUnderWay.current) setTurn((before) => before + 1);
    }, periodMs);
    return () => window.clearInterval(timer);
  }, [periodMs]);
  const isOurs = kept.key === key;
  const data = isOurs ? kept.data : undefined;
  const error = isOurs ? kept.error : undefined;
  const reload = useCallback(() => setTurn((before) => before + 1), []);
  return { data, error, isLoading: data === undefined && error === undefined, reload };
}

/** Whether a fault says that the thing does not exist. */
export function isNotFound(error: Error | undefined): boolean {
  return codeOf(error) === 'not-found';
}
