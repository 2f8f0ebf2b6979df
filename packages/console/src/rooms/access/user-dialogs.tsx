import { type FormEvent, type ReactNode, useEffect, useEffectEvent, useState } from 'react';
import { millisOf } from '../../format.ts';
import {
  changeUser,
  createSignInLink,
  createUser,
  type SignInLink,
  type User,
} from '../../generated/client.ts';
import { type Act, NotDone, useAct } from '../../parts/act.tsx';
import { CopyButton } from '../../parts/copy-button.tsx';
import { Dialog } from '../../parts/dialog.tsx';
import { Field } from '../../parts/field.tsx';
import { Loading } from '../../parts/parts.tsx';
import { useFormat } from '../../use-format.ts';
import { useShared } from '../../words/shared.ts';
import { useWords } from '../../words/words.ts';
import { en } from './en.ts';
import { draftOf, type GrantDraft, grantOf } from './grants.ts';
import { GrantsEditor } from './grants-editor.tsx';
import { zh } from './zh.ts';

const WORDS = { en, zh };
const VIEWER: GrantDraft = { role: 'viewer', tenant: '', project: '', device: '' };

interface UserDialogProps {
  readonly close: () => void;
  readonly done: (user: User) => void;
}

/** Makes a user, or changes one. */
export function UserDialog({ user, close, done }: UserDialogProps & { readonly user: User | undefined }) {
  const words = useWords(WORDS);
  const act = useAct();
  const [name, setName] = useState(user?.name ?? '');
  const [displayName, setDisplayName] = useState(user?.displayName ?? '');
  const [password, setPassword] = useState('');
  const [isDisabled, setDisabled] = useState(user?.disabled ?? false);
  const [grants, setGrants] = useState<readonly GrantDraft[]>(user ? user.grants.map(draftOf) : [VIEWER]);
  const body = { displayName, disabled: isDisabled, grants: grants.map(grantOf) };
  const save = () =>
    act.run(
      () =>
        user
          ? changeUser({ name: user.name }, body)
          : createUser({ name: name.trim(), ...body, ...(password === '' ? {} : { password }) }),
      done,
    );
  return (
    <Dialog title={user ? words.editTitle(user.name) : words.add} close={close} className="wide">
      <DialogForm act={act} name={user ? words.save : words.addAct} close={close} submit={save}>
        {!user && (
          <Field label={words.name} hint={words.nameHint}>
            {(ids) => <Text {...ids} value={name} change={setName} isRequired />}
          </Field>
        )}
        <Field label={words.displayName}>
          {(ids) => <Text {...ids} value={displayName} change={setDisplayName} />}
        </Field>
        {!user && (
          <Field label={words.password} hint={words.passwordHint}>
            {(ids) => <Text {...ids} value={password} change={setPassword} isSecret />}
          </Field>
        )}
        <GrantsEditor grants={grants} change={setGrants} />
        {user && (
          <label className="check">
            <input
              type="checkbox"
              checked={isDisabled}
              onChange={(event) => setDisabled(event.target.checked)}
            />
            {words.disabled}
          </label>
        )}
      </DialogForm>
    </Dialog>
  );
}

/** Sets somebody's password. */
export function PasswordDialog({ user, close, done }: UserDialogProps & { readonly user: User }) {
  const words = useWords(WORDS);
  const act = useAct();
  const [password, setPassword] = useState('');
  const save = () => act.run(() => changeUser({ name: user.name }, { password }), done);
  return (
    <Dialog title={words.setPasswordTitle(user.name)} close={close}>
      <DialogForm act={act} name={words.save} close={close} submit={save}>
        <p>{words.setPasswordWords}</p>
        <Field label={words.newPassword} hint={words.newPasswordHint}>
          {(ids) => <Text {...ids} value={password} change={setPassword} isSecret isRequired />}
        </Field>
      </DialogForm>
    </Dialog>
  );
}

/** Makes a link that signs somebody in once, and shows it. */
export function LinkDialog({ user, close }: { readonly user: User; readonly close: () => void }) {
  const words = useWords(WORDS);
  const format = useFormat();
  const act = useAct();
  const [link, setLink] = useState<SignInLink | undefined>(undefined);
  const make = useEffectEvent(() => act.run(() => createSignInLink({ user: user.name }), setLink));
  useEffect(() => make(), []);
  const address = link && `${window.location.origin}/#/sign-in?code=${encodeURIComponent(link.code)}`;
  return (
    <Dialog title={words.linkTitle(user.name)} close={close} className="wide">
      <NotDone error={act.error} />
      {!link && act.isBusy && <Loading rows={1} />}
      {link && address && (
        <>
          <p>{words.linkWords(format.zonedMoment(millisOf(link.expires)))}</p>
          <div className="command">
            <code>{address}</code>
            <CopyButton text={address} name={words.link} />
          </div>
        </>
      )}
      <div className="dialog-actions">
        <button type="button" className="strong" onClick={close}>
          {words.done}
        </button>
      </div>
    </Dialog>
  );
}

/** A form in a dialog: its fields, why it was not done, and its two buttons. */
export function DialogForm({
  act,
  name,
  submit,
  close,
  children,
}: {
  readonly act: Act;
  readonly name: string;
  readonly submit: () => void;
  readonly close: () => void;
  readonly children: ReactNode;
}) {
  const shared = useShared();
  const send = (event: FormEvent) => {
    event.preventDefault();
    submit();
  };
  return (
    <form className="form" onSubmit={send}>
      {children}
      <NotDone error={act.error} />
      <div className="dialog-actions">
        <button type="button" onClick={close}>
          {shared.cancel}
        </button>
        <button type="submit" className="strong" disabled={act.isBusy}>
          {name}
        </button>
      </div>
    </form>
  );
}

/** A line of text, or a password. */
export function Text({
  value,
  change,
  isSecret = false,
  isRequired = false,
  ...ids
}: {
  readonly id: string;
  readonly 'aria-describedby'?: string;
  readonly 'aria-invalid'?: true;
  readonly value: string;
  readonly change: (value: string) => void;
  readonly isSecret?: boolean;
  readonly isRequired?: boolean;
}) {
  return (
    <input
      {...ids}
      type={isSecret ? 'password' : 'text'}
      autoComplete={isSecret ? 'new-password' : 'off'}
      spellCheck={false}
      required={isRequired}
      value={value}
      onChange={(event) => change(event.target.value)}
    />
  );
}
