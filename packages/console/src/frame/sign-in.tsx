import { type FormEvent, useEffect, useEffectEvent, useState } from 'react';
import { Fault } from '../parts/fault.tsx';
import { codeOf, errorOf } from '../request.ts';
import { useHash } from '../route.ts';
import { useShared } from '../words/shared.ts';
import { useSession } from './session.tsx';
import { LanguageButton, ThemeButton } from './top-bar.tsx';

/** The room of those who are not signed in: by a one-time link (`#/sign-in?code=…`), else by name and password. */
export function SignIn() {
  const words = useShared();
  const { signIn } = useSession();
  const [error, setError] = useState<Error | undefined>(undefined);
  const [isLinkUsed, setLinkUsed] = useState(false);
  const [isBusy, setBusy] = useState(false);
  const code = codeIn(useHash());
  const enter = async (proof: Parameters<typeof signIn>[0]) => {
    setBusy(true);
    try {
      await signIn(proof);
    } catch (fault) {
      if ('code' in proof) setLinkUsed(true);
      else setError(errorOf(fault));
    } finally {
      setBusy(false);
    }
  };
  const enterByCode = useEffectEvent(() => void enter({ code: code ?? '' }));
  useEffect(() => {
    if (code !== undefined) enterByCode();
  }, [code]);
  useEffect(() => {
    document.title = `${words.signIn.title} · ${words.product}`;
  });
  return (
    <main className="lone sign-in">
      <div className="lone-tools">
        <LanguageButton />
        <ThemeButton />
      </div>
      <section className="card">
        <img src="/skerry.svg" alt="" width="40" height="40" />
        <h1>{words.signIn.title}</h1>
        <p className="lead">{words.signIn.words}</p>
        {code !== undefined && !isLinkUsed && <p role="status">{words.signIn.byLink}</p>}
        {isLinkUsed && (
          <p className="notice notice-warn" role="alert">
            {words.signIn.linkUsed}
          </p>
        )}
        <PasswordForm enter={enter} isBusy={isBusy} />
        {error && (
          <div className="notice notice-bad" role="alert">
            {isWrong(error) ? words.signIn.wrong : <Fault error={error} />}
          </div>
        )}
        <p className="quiet small">{words.signIn.first}</p>
        <p className="quiet small">{words.signIn.lost}</p>
      </section>
    </main>
  );
}

function PasswordForm({
  enter,
  isBusy,
}: {
  readonly enter: (proof: { readonly name: string; readonly password: string }) => Promise<void>;
  readonly isBusy: boolean;
}) {
  const { signIn } = useShared();
  const [name, setName] = useState('');
  const [password, setPassword] = useState('');
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void enter({ name, password });
  };
  return (
    <form className="fields" onSubmit={submit}>
      <label>
        {signIn.name}
        <input
          value={name}
          autoComplete="username"
          autoCapitalize="none"
          spellCheck={false}
          required
          onChange={(event) => setName(event.target.value)}
        />
      </label>
      <label>
        {signIn.password}
        <input
          type="password"
          value={password}
          autoComplete="current-password"
          required
          onChange={(event) => setPassword(event.target.value)}
        />
      </label>
      <button type="submit" className="strong" disabled={isBusy}>
        {isBusy ? signIn.busy : signIn.act}
      </button>
    </form>
  );
}

function isWrong(error: Error): boolean {
  return codeOf(error) === 'sign-in-refused';
}

/** The one-time code of an address' hash. */
export function codeIn(hash: string): string | undefined {
  const query = /^#\/sign-in\?(.*)$/.exec(hash)?.[1];
  return query === undefined ? undefined : (new URLSearchParams(query).get('code') ?? undefined);
}
