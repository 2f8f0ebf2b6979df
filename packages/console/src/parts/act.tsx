import { useState } from 'react';
import { answerOf, errorOf } from '../request.ts';
import { useShared } from '../words/shared.ts';
import { Fault } from './fault.tsx';

/** Something that a person asked for: whether it is under way, and why it was not done. */
export interface Act {
  readonly isBusy: boolean;
  readonly error: Error | undefined;
  /** Asks for it; `done` gets the answer. A fault is kept until the next time. */
  run<T>(ask: () => Promise<T>, done: (answer: T) => void): void;
  forget(): void;
}

/** Keeps track of what a person asks for, one thing at a time. */
export function useAct(): Act {
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<Error | undefined>(undefined);
  return {
    isBusy,
    error,
    forget: () => setError(undefined),
    run: (ask, done) => {
      setBusy(true);
      setError(undefined);
      void answerOf(ask())
        .then(done, (fault: unknown) => setError(errorOf(fault)))
        .finally(() => setBusy(false));
    },
  };
}

/** Says why something was not done. */
export function NotDone({ error }: { readonly error: Error | undefined }) {
  const words = useShared();
  if (!error) return null;
  return (
    <div className="notice notice-bad" role="alert">
      <strong>{words.notDone}</strong> <Fault error={error} />
    </div>
  );
}
