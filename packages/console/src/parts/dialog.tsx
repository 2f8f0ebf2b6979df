import { type ReactNode, useEffect, useId, useRef } from 'react';

/**
 * A question or a form over the page. Escape and a press beside it close it; when it is gone the focus goes back to
 * where it was, or to the room when that place is gone too.
 */
export function Dialog({
  title,
  close,
  children,
  className = '',
}: {
  readonly title: string;
  readonly close: () => void;
  readonly children: ReactNode;
  readonly className?: string;
}) {
  const id = useId();
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const before = document.activeElement;
    if (dialog.current?.open === false) dialog.current.showModal();
    return () => {
      window.requestAnimationFrame(() => giveFocusBack(before));
    };
  }, []);
  return (
    <dialog ref={dialog} className={className} aria-labelledby={id} onClose={close}>
      <h2 id={id}>{title}</h2>
      {children}
    </dialog>
  );
}

function giveFocusBack(before: Element | null): void {
  // whatever the reader has gone to meanwhile keeps the focus
  if (document.activeElement !== null && document.activeElement !== document.body) return;
  const target =
    before instanceof HTMLElement && before.isConnected ? before : document.getElementById('main');
  target?.focus({ preventScroll: true });
}
