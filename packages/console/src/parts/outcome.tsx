import { useCallback, useEffect, useRef, useState } from 'react';

/** What came of something that a person asked for; a new object each time, so that the same sentence is told twice. */
export interface Told {
  readonly sentence: string;
}

/** What was told last, and a function that tells. */
export function useTold(): readonly [Told | undefined, (sentence: string) => void] {
  const [told, setTold] = useState<Told | undefined>(undefined);
  return [told, useCallback((sentence: string) => setTold({ sentence }), [])];
}

/** Says what came of it and takes the focus, since what was pressed may be gone. */
export function Outcome({ told }: { readonly told: Told | undefined }) {
  const message = useRef<HTMLParagraphElement>(null);
  useEffect(() => {
    if (told) message.current?.focus({ preventScroll: true });
  }, [told]);
  return (
    <p ref={message} role="status" tabIndex={-1} className={told ? 'notice outcome' : 'unseen'}>
      {told?.sentence}
    </p>
  );
}
