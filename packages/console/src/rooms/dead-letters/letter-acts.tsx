import RotateCcw from 'lucide-react/icons/rotate-ccw';
import Trash2 from 'lucide-react/icons/trash-2';
import { useState } from 'react';
import { useSession } from '../../frame/session.tsx';
import {
  type DeadLetterFilter,
  type DeadLetterOutcome,
  discardDeadLetter,
  discardDeadLetters,
  replayDeadLetter,
  replayDeadLetters,
} from '../../generated/client.ts';
import { Question } from '../../parts/question.tsx';
import { useWords } from '../../words/words.ts';
import { en } from './en.ts';
import { zh } from './zh.ts';

/** Which letters are meant: one, or the open ones of a filter. */
export type Choice = { readonly offset: number } | { readonly filter: DeadLetterFilter };

type Act = 'replay' | 'discard';

/** Replays or discards letters, each after a question. `told` gets what came of it, in words. */
export function LetterActs({
  choice,
  letters,
  isAll,
  told,
}: {
  readonly choice: Choice;
  readonly letters: number;
  /** Whether `letters` are all that are meant; else there are more. */
  readonly isAll: boolean;
  readonly told: (sentence: string) => void;
}) {
  const words = useWords({ en, zh });
  const { mayDo } = useSession();
  const [act, setAct] = useState<Act | undefined>(undefined);
  if (!mayDo('dead-letters:change')) return null;
  const isOne = 'offset' in choice;
  return (
    <div className="row">
      <button type="button" onClick={() => setAct('replay')}>
        <RotateCcw aria-hidden size={15} /> {isOne || !isAll ? words.replay : words.replayAll(letters)}
      </button>
      <button type="button" className="danger" onClick={() => setAct('discard')}>
        <Trash2 aria-hidden size={15} /> {isOne || !isAll ? words.discard : words.discardAll(letters)}
      </button>
      {act && (
        <Question
          title={words[act]}
          words={act === 'replay' ? words.replayWords(letters) : words.discardWords(letters)}
          act={words[act]}
          isDanger={act === 'discard'}
          ask={() => change(act, choice)}
          done={(outcome) => {
            setAct(undefined);
            told(words.outcome(act, outcome));
          }}
          close={() => setAct(undefined)}
        />
      )}
    </div>
  );
}

function change(act: Act, choice: Choice): Promise<DeadLetterOutcome> {
  if ('offset' in choice) return act === 'replay' ? replayDeadLetter(choice) : discardDeadLetter(choice);
  // the question said how many letters are meant, and without a narrowing they are all that are open
  const filter = { ...choice.filter, all: true };
  return act === 'replay' ? replayDeadLetters(filter) : discardDeadLetters(filter);
}
