import CircleCheck from 'lucide-react/icons/circle-check';
import CircleX from 'lucide-react/icons/circle-x';
import { type FormEvent, useState } from 'react';
import { type Action, useSession } from '../../frame/session.tsx';
import { checkAccess, listTokens, listUsers } from '../../generated/client.ts';
import { useFetched } from '../../live/fetched.ts';
import { NotDone, useAct } from '../../parts/act.tsx';
import { Field } from '../../parts/field.tsx';
import { Card } from '../../parts/parts.tsx';
import { useWords } from '../../words/words.ts';
import { type AccessWords, en } from './en.ts';
import { scopeOf, scopeText } from './grants.ts';
import { zh } from './zh.ts';

const WORDS = { en, zh };
const KINDS = ['me', 'user', 'token'] as const;
const SUBJECTS = 500;

interface Draft {
  readonly kind: (typeof KINDS)[number];
  readonly subject: string;
  readonly action: Action;
  readonly tenant: string;
  readonly project: string;
  readonly device: string;
}

const FIRST: Draft = {
  kind: 'me',
  subject: '',
  action: 'telemetry:read',
  tenant: '',
  project: '',
  device: '',
};

/** Asks the server whether somebody may do something somewhere. */
export function CheckPage() {
  const words = useWords(WORDS);
  const act = useAct();
  const [draft, setDraft] = useState(FIRST);
  const [answer, setAnswer] = useState<{ readonly isAllowed: boolean; readonly sentence: string }>();
  const subjects = useSubjects(draft.kind);
  const subject = draft.subject === '' ? (subjects[0] ?? '') : draft.subject;
  const set = (change: Partial<Draft>) => {
    setDraft((before) => ({ ...before, ...change }));
    setAnswer(undefined);
  };
  const ask = (event: FormEvent) => {
    event.preventDefault();
    const who = draft.kind === 'me' ? {} : { [draft.kind]: subject };
    act.run(
      () => checkAccess({ ...who, action: draft.action, scope: scopeOf(draft) }),
      ({ allowed }) =>
        setAnswer({ isAllowed: allowed, sentence: sentenceOf(allowed, draft, subject, words) }),
    );
  };
  return (
    <Card>
      <p className="lead">{words.checkLead}</p>
      <form className="form" onSubmit={ask}>
        <Question draft={draft} subjects={subjects} subject={subject} set={set} />
        <NotDone error={act.error} />
        <div className="row">
          <button
            type="submit"
            className="strong"
            disabled={act.isBusy || (draft.kind !== 'me' && subject === '')}
          >
            {words.ask}
          </button>
        </div>
        <p role="status" className={answer?.isAllowed ? 'answer answer-yes' : 'answer answer-no'}>
          {answer &&
            (answer.isAllowed ? <CircleCheck aria-hidden size={19} /> : <CircleX aria-hidden size={19} />)}
          {answer?.sentence}
        </p>
      </form>
    </Card>
  );
}

function sentenceOf(isAllowed: boolean, draft: Draft, subject: string, words: AccessWords): string {
  const who = draft.kind === 'me' ? words.me : subject;
  const scope = scopeText(scopeOf(draft));
  const where = scope === '' ? words.anywhere : words.inScope(scope);
  return (isAllowed ? words.may : words.mayNot)(who, words.actions[draft.action], where);
}

function useSubjects(kind: Draft['kind']): readonly string[] {
  const { mayDo } = useSession();
  const { data } = useFetched(`subjects ${kind}`, async (signal) => {
    if (kind === 'me' || !mayDo('access:read')) return [];
    const list = kind === 'user' ? listUsers : listTokens;
    return (await list({ limit: SUBJECTS }, signal)).items.map(({ name }) => name);
  });
  return data ?? [];
}

function Question({
  draft,
  subjects,
  subject,
  set,
}: {
  readonly draft: Draft;
  readonly subjects: readonly string[];
  readonly subject: string;
  readonly set: (change: Partial<Draft>) => void;
}) {
  const words = useWords(WORDS);
  const { mayDo } = useSession();
  const kinds = mayDo('access:read') ? KINDS : (['me'] as const);
  return (
    <>
      <div className="field-row">
        <Field label={words.who}>
          {(ids) => (
            <Select
              {...ids}
              value={draft.kind}
              options={kinds.map((kind) => [kind, words.whoKinds[kind]])}
              choose={(value) => set({ kind: KINDS.find((kind) => kind === value) ?? 'me', subject: '' })}
            />
          )}
        </Field>
        {draft.kind !== 'me' && (
          <Field label={words.name}>
            {(ids) => (
              <Select
                {...ids}
                value={subject}
                options={subjects.map((name) => [name, name])}
                choose={(value) => set({ subject: value })}
              />
            )}
          </Field>
        )}
        <Field label={words.what}>
          {(ids) => (
            <Select
              {...ids}
              value={draft.action}
              options={Object.entries(words.actions)}
              choose={(value) => set({ action: actionOf(value) })}
            />
          )}
        </Field>
      </div>
      <Where draft={draft} set={set} />
    </>
  );
}

function Where({ draft, set }: { readonly draft: Draft; readonly set: (change: Partial<Draft>) => void }) {
  const words = useWords(WORDS);
  return (
    <div className="field-row">
      {(['tenant', 'project', 'device'] as const).map((part, index, parts) => {
        const above = parts[index - 1];
        return (
          <Field key={part} label={words[part]} hint={part === 'tenant' ? words.scopeHint : undefined}>
            {(ids) => (
              <input
                {...ids}
                value={draft[part]}
                disabled={above !== undefined && draft[above].trim() === ''}
                autoComplete="off"
                spellCheck={false}
                onChange={(event) => set({ [part]: event.target.value })}
              />
            )}
          </Field>
        );
      })}
    </div>
  );
}

function actionOf(value: string): Action {
  return (Object.keys(en.actions) as Action[]).find((action) => action === value) ?? FIRST.action; // the table has a text for each action
}

function Select({
  value,
  options,
  choose,
  ...ids
}: {
  readonly id: string;
  readonly value: string;
  readonly options: readonly (readonly [value: string, text: string])[];
  readonly choose: (value: string) => void;
}) {
  return (
    <select {...ids} value={value} onChange={(event) => choose(event.target.value)}>
      {options.map(([one, text]) => (
        <option key={one} value={one}>
          {text}
        </option>
      ))}
    </select>
  );
}
