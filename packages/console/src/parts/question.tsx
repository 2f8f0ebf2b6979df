import { useShared } from '../words/shared.ts';
import { NotDone, useAct } from './act.tsx';
import { Dialog } from './dialog.tsx';

/** Asks before something is done, and says why it was not. */
export function Question<T>({
  title,
  words,
  act: name,
  isDanger = false,
  ask,
  done,
  close,
}: {
  readonly title: string;
  readonly words: string;
  /** What the button says. */
  readonly act: string;
  readonly isDanger?: boolean;
  readonly ask: () => Promise<T>;
  readonly done: (answer: T) => void;
  readonly close: () => void;
}) {
  const shared = useShared();
  const act = useAct();
  return (
    <Dialog title={title} close={close}>
      <p>{words}</p>
      <NotDone error={act.error} />
      <div className="dialog-actions">
        <button type="button" onClick={close}>
          {shared.cancel}
        </button>
        <button
          type="button"
          className={isDanger ? 'danger' : 'strong'}
          disabled={act.isBusy}
          onClick={() => act.run(ask, done)}
        >
          {name}
        </button>
      </div>
    </Dialog>
  );
}
