import RotateCcw from 'lucide-react/icons/rotate-ccw';
import Trash2 from 'lucide-react/icons/trash-2';
import { useRef, useState } from 'react';
import { useSession } from '../../frame/session.tsx';
import {
  type DeadLetterFilter,
  type DeadLetterOutcome,
  discardDeadLetter,
  discardDeadLetters,
  replayDeadLetter,
  replayDeadLetters,
} from '../../generated/client.ts';
import { Fault } from '../../parts/fault.tsx';
import { answerOf, errorOf } from '../../request.ts';
import { useShared } from '../../words/shared.ts';
import { useWords } from '../../words/words.ts';
import { en } from './en.ts';
import { zh } from './zh.ts';

/** Which letters are meant: one, or the open ones of a filter. */
export type Choice = { readonly offset: number } | { readonly filter: DeadLetterFilter };

type Act = 'replay' | 'discard';

/** Replays or discards letters, each after a question. */
export function LetterActs({
  choice,
  letters,
  isAll,
  done,
}: {
  readonly choice: Choice;
  readonly letters: number;
  /** Whether `letters` are all that are meant; else there are more. */
  readonly isAll: boolean;
  readonly done: () => void;
}) {
  const words = useWords({ en, zh });
  const { mayDo } = useSession();
  const [act, setAct] = useState<Act | undefined>(undefined);
  const [outcome, setOutcome] = useState<DeadLetterOutcome | undefined>(undefined);
  if (!mayDo('dead-letters:change')) return null;
  const isOne = 'offset' in choice;
  return (
    <div className="row">
      {outcome && (
        <span className="quiet small" role="status">
          {words.changed(outcome.changed, outcome.unchanged)}
        </span>
      )}
      <button type="button" onClick={() => setAct('replay')}>
        <RotateCcw aria-hidden size={15} /> {isOne || !isAll ? words.replay : words.replayAll(letters)}
      </button>
      <button type="button" className="danger" onClick={() => setAct('discard')}>
        <Trash2 aria-hidden size={15} /> {isOne || !isAll ? words.discard : words.discardAll(letters)}
      </button>
      {act && (
        <Question
          act={act}
          choice={choice}
          letters={letters}
          close={(changed) => {
            setAct(undefined);
            if (!changed) return;
            setOutcome(changed);
            done();
          }}
        />
      )}
    </div>
  );
}

function Question({
  act,
  choice,
  letters,
  close,
}: {
  readonly act: Act;
  readonly choice: Choice;
  readonly letters: number;
  readonly close: (outcome?: DeadLetterOutcome) => void;
}) {
  const words = useWords({ en, zh });
  const shared = useShared();
  const [error, setError] = useState<Error | undefined>(undefined);
  const isOpened = useRef(false);
  const open = (dialog: HTMLDialogElement | null) => {
    if (dialog && !isOpened.current) dialog.showModal();
    isOpened.current = dialog !== null;
  };
  const go = async () => {
    try {
      close(await change(act, choice));
    } catch (fault) {
      setError(errorOf(fault));
    }
  };
  return (
    <dialog ref={open} aria-labelledby="question" onClose={() => close()}>
      <h2 id="question">{words[act]}</h2>
      <p>{act === 'replay' ? words.replayWords(letters) : words.discardWords(letters)}</p>
      {error && (
        <div className="notice notice-bad" role="alert">
          <strong>{shared.notDone}</strong> <Fault error={error} />
        </div>
      )}
      <div className="dialog-actions">
        <button type="button" onClick={() => close()}>
          {shared.cancel}
        </button>
        <button type="button" className={act === 'discard' ? 'danger' : 'strong'} onClick={() => void go()}>
          {words[act]}
        </button>
      </div>
    </dialog>
  );
}

function change(act: Act, choice: Choice): Promise<DeadLetterOutcome> {
  if ('offset' in choice) {
    return answerOf(act === 'replay' ? replayDeadLetter(choice) : discardDeadLetter(choice));
  }
  // the question said how many letters are meant, and without a narrowing they are all that are open
  const filter = { ...choice.filter, all: true };
  return answerOf(act === 'replay' ? replayDeadLetters(filter) : discardDeadLetters(filter));
}
