import type { Action, Grant } from '@skerry/model';
import { createContext, type ReactNode, useCallback, useContext, useEffect, useMemo, useState } from 'react';
import { codeOf, onSignInRequired, request } from '../request.ts';

/** Who is signed in, as the API tells. */
export interface Signed {
  readonly name: string;
  readonly kind: 'user' | 'token' | 'local' | 'anonymous';
  readonly grants: readonly Grant[];
  /** What may be done somewhere; absent: everything, the server decides. */
  readonly actions?: readonly Action[] | undefined;
}

/** Whether somebody is signed in: asked first, unknown when the server could not be asked. */
export type SessionState = 'asking' | 'signed-in' | 'signed-out' | 'unreachable';

/** The session of the page. */
export interface Session {
  readonly state: SessionState;
  /** Undefined on a server without sessions. */
  readonly who: Signed | undefined;
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

const PATH = '/api/v1/session';

const Context = createContext<Session | undefined>(undefined);

/** The session that the whole page shares. */
export function useSession(): Session {
  const session = useContext(Context);
  if (!session) throw new Error('the session is used outside of SessionProvider');
  return session;
}

interface Known {
  readonly state: SessionState;
  readonly who?: Signed;
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
      mayDo: (action) => known.who?.actions?.includes(action) ?? true,
      signIn: async (proof) => {
        const who = await request<Signed>(PATH, { method: 'POST', body: proof });
        setKnown({ state: 'signed-in', who });
        askAgain();
      },
      signOut: async () => {
        await request(PATH, { method: 'DELETE' });
        setKnown({ state: 'signed-out' });
      },
      askAgain,
    }),
    [known, askAgain],
  );
  return <Context value={session}>{children}</Context>;
}

async function askSession(signal: AbortSignal): Promise<Known> {
  try {
    return { state: 'signed-in', who: await request<Signed>(PATH, { signal }) };
  } catch (error) {
    const code = codeOf(error);
    if (code === 'sign-in-required') return { state: 'signed-out' };
    // a server that knows no sessions knows nobody to refuse
    if (code === 'not-found') return { state: 'signed-in' };
    return { state: 'unreachable', error: error instanceof Error ? error : new Error(String(error)) };
  }
}
