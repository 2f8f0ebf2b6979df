import { type FormEvent, useState } from 'react';
import { millisOf } from '../../format.ts';
import { useSession } from '../../frame/session.tsx';
import { type AccessSession, changeOwnPassword, endSession, listSessions } from '../../generated/client.ts';
import { useFetched } from '../../live/fetched.ts';
import { useServerNow } from '../../live/server-clock.ts';
import { NotDone, useAct } from '../../parts/act.tsx';
import { Field } from '../../parts/field.tsx';
import { Card, Failed, Loading } from '../../parts/parts.tsx';
import { Question } from '../../parts/question.tsx';
import { useFormat } from '../../use-format.ts';
import { useWords } from '../../words/words.ts';
import { browserOf } from './browser-name.ts';
import { type AccessWords, en } from './en.ts';
import { zh } from './zh.ts';

const WORDS = { en, zh };

/** One's own sessions and password. */
export function OwnPage() {
  const words = useWords(WORDS);
  const { who } = useSession();
  if (who !== undefined && who.kind !== 'user') return <p className="notice">{words.noOwn}</p>;
  return (
    <>
      <Sessions />
      <OwnPassword name={who?.name ?? ''} />
    </>
  );
}

function Sessions() {
  const words = useWords(WORDS);
  const { askAgain } = useSession();
  const { data, error, reload } = useFetched('sessions', (signal) => listSessions({}, signal));
  const [asked, setAsked] = useState<AccessSession | undefined>(undefined);
  const [outcome, setOutcome] = useState('');
  return (
    <Card title={words.sessions} className="table-card titled">
      <p className="lead">{words.sessionsWords}</p>
      {error && !data && <Failed error={error} retry={reload} />}
      {!data && !error && <Loading rows={2} />}
      <p role="status" className={outcome === '' ? 'unseen' : 'quiet'}>
        {outcome}
      </p>
      {data && <SessionTable sessions={data.items} end={setAsked} />}
      {asked && (
        <Question
          title={words.endTitle}
          words={asked.current ? words.endOwnWords : words.endWords}
          act={words.end}
          isDanger
          ask={() => endSession({ id: asked.id })}
          done={() => {
            setAsked(undefined);
            setOutcome(words.outcome.ended);
            if (asked.current) askAgain();
            else reload();
          }}
          close={() => setAsked(undefined)}
        />
      )}
    </Card>
  );
}

function SessionTable({
  sessions,
  end,
}: {
  readonly sessions: readonly AccessSession[];
  readonly end: (session: AccessSession) => void;
}) {
  const words = useWords(WORDS);
  const format = useFormat();
  const now = useServerNow();
  return (
    <table>
      <thead>
        <tr>
          <th scope="col">{words.browser}</th>
          <th scope="col">{words.from}</th>
          <th scope="col">{words.lastUsed}</th>
          <th scope="col" className="wide-only">
            {words.began} ({format.zone})
          </th>
          <td />
        </tr>
      </thead>
      <tbody>
        {sessions.map((session) => (
          <tr key={session.id}>
            <th scope="row">
              <span title={session.agent}>{browserOf(session.agent)}</span>{' '}
              {session.current && <span className="badge badge-good">{words.thisOne}</span>}
              <div className="narrow-only quiet small">
                {words.began} {format.zonedMoment(millisOf(session.created))}
              </div>
            </th>
            <td className="figures">{session.from}</td>
            <td>{format.ago(now - millisOf(session.lastUsed))}</td>
            <td className="figures wide-only">{format.dayMinute(millisOf(session.created))}</td>
            <td>
              <div className="row row-acts">
                <button type="button" className="quiet-button" onClick={() => end(session)}>
                  {words.end}
                  <span className="unseen">{`: ${browserOf(session.agent)}, ${session.from}`}</span>
                </button>
              </div>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

const EMPTY = { current: '', password: '', again: '' };

function OwnPassword({ name }: { readonly name: string }) {
  const words = useWords(WORDS);
  const act = useAct();
  const [draft, setDraft] = useState(EMPTY);
  const [isChanged, setChanged] = useState(false);
  const isDifferent = draft.again !== '' && draft.again !== draft.password;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setChanged(false);
    if (draft.again !== draft.password) return;
    const { current, password } = draft;
    act.run(
      () => changeOwnPassword({ current, password }),
      () => {
        setDraft(EMPTY);
        setChanged(true);
      },
    );
  };
  const fields = passwordFields(words);
  return (
    <Card title={words.ownPassword}>
      <p className="lead">{words.ownPasswordWords}</p>
      <form className="form" onSubmit={submit}>
        <input
          type="text"
          className="unseen"
          autoComplete="username"
          value={name}
          readOnly
          tabIndex={-1}
          aria-hidden
        />
        <div className="field-row">
          {fields.map(([part, label, hint, kind]) => (
            <Field
              key={part}
              label={label}
              hint={hint}
              fault={part === 'again' && isDifferent ? words.different : undefined}
            >
              {(ids) => (
                <input
                  {...ids}
                  type="password"
                  autoComplete={kind}
                  required
                  value={draft[part]}
                  onChange={(event) => setDraft((before) => ({ ...before, [part]: event.target.value }))}
                />
              )}
            </Field>
          ))}
        </div>
        <NotDone error={act.error} />
        <div className="row">
          <button type="submit" className="strong" disabled={act.isBusy || isDifferent}>
            {words.changePassword}
          </button>
          <span role="status" className="outcome-good">
            {isChanged && words.passwordChanged}
          </span>
        </div>
      </form>
    </Card>
  );
}

function passwordFields(words: AccessWords) {
  return [
    ['current', words.currentPassword, undefined, 'current-password'],
    ['password', words.newPassword, words.newPasswordHint, 'new-password'],
    ['again', words.again, undefined, 'new-password'],
  ] as const;
}
