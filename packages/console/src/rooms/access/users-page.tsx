import UserPlus from 'lucide-react/icons/user-plus';
import { useState } from 'react';
import { millisOf } from '../../format.ts';
import { useSession } from '../../frame/session.tsx';
import { useShownName } from '../../frame/shown-name.ts';
import { listUsers, removeUser, type User } from '../../generated/client.ts';
import { usePages } from '../../live/pages.ts';
import { MoreButton } from '../../parts/more-button.tsx';
import { Failed, Loading } from '../../parts/parts.tsx';
import { Question } from '../../parts/question.tsx';
import { useFormat } from '../../use-format.ts';
import { useWords } from '../../words/words.ts';
import { en } from './en.ts';
import { GrantList } from './grants-editor.tsx';
import { LinkDialog, PasswordDialog, UserDialog } from './user-dialogs.tsx';
import { zh } from './zh.ts';

const WORDS = { en, zh };
const PAGE = 200;

type Open = { readonly dialog: 'add' } | { readonly dialog: UserAct; readonly user: User };
type UserAct = 'edit' | 'password' | 'link' | 'remove';

/** Every user one may see, and what can be done with them. */
export function UsersPage() {
  const words = useWords(WORDS);
  const { mayDo } = useSession();
  const { items, hasMore, error, more, reload } = usePages('users', (cursor, signal) =>
    listUsers({ limit: PAGE, cursor }, signal),
  );
  const [open, setOpen] = useState<Open | undefined>(undefined);
  const [outcome, setOutcome] = useState('');
  const close = () => setOpen(undefined);
  const done = (sentence: string) => {
    close();
    setOutcome(sentence);
    reload();
  };
  const mayChange = mayDo('access:change');
  return (
    <>
      <p className="lead">{words.usersLead}</p>
      {error && !items && <Failed error={error} retry={reload} />}
      {!items && !error && <Loading rows={4} />}
      <p role="status" className={outcome === '' ? 'unseen' : 'notice notice-good'}>
        {outcome}
      </p>
      {items && (
        <div className="card table-card">
          <div className="card-head">
            <p className="quiet small">{words.users(items.length)}</p>
            {mayChange && (
              <button type="button" className="strong" onClick={() => setOpen({ dialog: 'add' })}>
                <UserPlus aria-hidden size={15} /> {words.add}
              </button>
            )}
          </div>
          <UserTable
            users={items}
            ask={mayChange ? (dialog, user) => setOpen({ dialog, user }) : undefined}
          />
        </div>
      )}
      {hasMore && <MoreButton act={more} />}
      {open && <Opened open={open} close={close} done={done} />}
    </>
  );
}

function Opened({
  open,
  close,
  done,
}: {
  readonly open: Open;
  readonly close: () => void;
  readonly done: (sentence: string) => void;
}) {
  const words = useWords(WORDS);
  if (open.dialog === 'add') {
    return <UserDialog user={undefined} close={close} done={({ name }) => done(words.outcome.added(name))} />;
  }
  const { user } = open;
  const changed = () => done(words.outcome.changed(user.name));
  switch (open.dialog) {
    case 'edit':
      return <UserDialog user={user} close={close} done={changed} />;
    case 'password':
      return <PasswordDialog user={user} close={close} done={changed} />;
    case 'link':
      return <LinkDialog user={user} close={close} />;
    case 'remove':
      return (
        <Question
          title={words.removeTitle(user.name)}
          words={words.removeWords}
          act={words.remove}
          isDanger
          ask={() => removeUser({ name: user.name })}
          done={() => done(words.outcome.removed(user.name))}
          close={close}
        />
      );
  }
}

function UserTable({
  users,
  ask,
}: {
  readonly users: readonly User[];
  readonly ask: ((act: UserAct, user: User) => void) | undefined;
}) {
  const words = useWords(WORDS);
  const format = useFormat();
  return (
    <table>
      <thead>
        <tr>
          <th scope="col">{words.name}</th>
          <th scope="col">{words.roles}</th>
          <th scope="col">{words.state}</th>
          <th scope="col" className="wide-only">
            {words.created} ({format.zone})
          </th>
          <td />
        </tr>
      </thead>
      <tbody>
        {users.map((user) => (
          <UserRow key={user.name} user={user} ask={ask} />
        ))}
      </tbody>
    </table>
  );
}

function UserRow({
  user,
  ask,
}: {
  readonly user: User;
  readonly ask: ((act: UserAct, user: User) => void) | undefined;
}) {
  const words = useWords(WORDS);
  const format = useFormat();
  const shownName = useShownName();
  const { who } = useSession();
  const isSelf = who?.kind === 'user' && who.name === user.name;
  const acts = [
    ['edit', words.edit],
    ['password', words.setPassword],
    ['link', words.link],
    ['remove', words.remove],
  ] as const;
  return (
    <tr>
      <th scope="row">
        {user.name} {isSelf && <span className="badge">{words.you}</span>}
        {user.displayName !== user.name && <div className="quiet small sub-name">{shownName(user)}</div>}
        <div className="narrow-only quiet small">
          {words.created} {format.zonedMoment(millisOf(user.created))}
        </div>
      </th>
      <td>
        <GrantList grants={user.grants} />
      </td>
      <td>
        <SignInState user={user} />
      </td>
      <td className="figures wide-only">{format.dayMinute(millisOf(user.created))}</td>
      <td>
        {ask && (
          <div className="row row-acts">
            {acts.map(([act, name]) => (
              <button key={act} type="button" className="quiet-button" onClick={() => ask(act, user)}>
                {name}
                <span className="unseen">{`: ${user.name}`}</span>
              </button>
            ))}
          </div>
        )}
      </td>
    </tr>
  );
}

function SignInState({ user }: { readonly user: User }) {
  const words = useWords(WORDS);
  if (user.disabled) return <span className="badge badge-bad">{words.states.disabled}</span>;
  if (!user.hasPassword) return <span className="badge badge-warn">{words.states.noPassword}</span>;
  return <span className="badge badge-good">{words.states.active}</span>;
}
