import { createContext, type ReactNode, useCallback, useContext, useEffect, useMemo, useState } from 'react';
import { getSession, signIn, signOut, type Whoami } from '../generated/client.ts';
import { prefer } from '../preferences.ts';
import { answerOf, codeOf, errorOf, onSignInRequired, withinTime } from '../request.ts';

/** What somebody can be allowed to do. */
export type Action = Whoami['actions'][number];

/** Whether somebody is signed in: asked first, unknown when the server could not be asked. */
export type SessionState = 'asking' | 'signed-in' | 'signed-out' | 'unreachable';

/** The session of the page. */
export interface Session {
  readonly state: SessionState;
  /** Undefined on a server without sessions. */
  readonly who: Whoami | undefined;
  /** Why the server could not be asked. */
  readonly error: Error | undefined;
  mayDo(action: Action): boolean;
  /** Signs in by name and password or by a one-time code. Fails with `ApiProblem`. */
  signIn(
    proof: { readonly name: string; readonly password: string } | { readonly code: string },
  ): Promise<void>;
  signOut(): Promise<void>;
  askAgain(): void;
}

const Context = createContext<Session | undefined>(undefined);

/** The session that the whole page shares. */
export function useSession(): Session {
  const session = useContext(Context);
  if (!session) throw new Error('the session is used outside of SessionProvider');
  return session;
}

interface Known {
  readonly state: SessionState;
  readonly who?: Whoami;
  readonly error?: Error;
}

/** Asks who is signed in and keeps it for everything inside. */
export function SessionProvider({ children }: { readonly children: ReactNode }) {
  const [known, setKnown] = useState<Known>({ state: 'asking' });
  const [turn, setTurn] = useState(0);
  // biome-ignore lint/correctness/useExhaustiveDependencies: `turn` asks again
  useEffect(() => {
    const stop = new AbortController();
    void askSession(stop.signal).then((answer) => {
      if (!stop.signal.aborted) setKnown(answer);
    });
    return () => stop.abort();
  }, [turn]);
  useEffect(() => onSignInRequired(() => setKnown({ state: 'signed-out' })), []);
  const askAgain = useCallback(() => setTurn((before) => before + 1), []);
  const session = useMemo<Session>(
    () => ({
      state: known.state,
      who: known.who,
      error: known.error,
      mayDo: (action) => known.who?.actions.includes(action) ?? true,
      signIn: async (proof) => {
        setKnown(signedIn(await signIn(proof)));
      },
      signOut: async () => {
        await answerOf(signOut());
        setKnown({ state: 'signed-out' });
      },
      askAgain,
    }),
    [known, askAgain],
  );
  return <Context value={session}>{children}</Context>;
}

/** Somebody has signed in: the page takes their language. */
function signedIn(who: Whoami): Known {
  if (who.language !== null) prefer({ language: who.language });
  return { state: 'signed-in', who };
}

async function askSession(signal: AbortSignal): Promise<Known> {
  try {
    return signedIn(await withinTime(signal, getSession));
  } catch (error) {
    const code = codeOf(error);
    if (code === 'sign-in-required') return { state: 'signed-out' };
    // a server that knows no sessions knows nobody to refuse
    if (code === 'not-found') return { state: 'signed-in' };
    return { state: 'unreachable', error: errorOf(error) };
  }
}
