import KeyRound from 'lucide-react/icons/key-round';
import { useEffect, useRef } from 'react';
import { useSession } from '../../frame/session.tsx';
import { createOnboarding, type Onboarding } from '../../generated/client.ts';
import { NotDone, useAct } from '../../parts/act.tsx';
import { CopyButton } from '../../parts/copy-button.tsx';
import { Card } from '../../parts/parts.tsx';
import { useWords } from '../../words/words.ts';
import type { Way } from './device-choice.tsx';
import { en } from './en.ts';
import { type Reach, wayIn } from './reach.tsx';
import { zh } from './zh.ts';

const WORDS = { en, zh };

/** Makes a token that is good for the device alone, and shows it this once. */
export function TokenCard({
  way,
  reach,
  onboarding,
  made,
}: {
  readonly way: Way;
  readonly reach: Reach;
  readonly onboarding: Onboarding;
  readonly made: (onboarding: Onboarding) => void;
}) {
  const words = useWords(WORDS);
  const { mayDo } = useSession();
  const { token, tokenName, tenant, project, device } = onboarding;
  const act = useAct();
  const make = () => act.run(() => createOnboarding({ tenant, project, device }), made);
  const isNeeded = wantsToken(way, reach, onboarding);
  const shown = useRef<HTMLDivElement>(null);
  // it is shown this once: whoever works by keyboard is led to its button
  useEffect(() => {
    if (token !== null) shown.current?.querySelector('button')?.focus();
  }, [token]);
  return (
    <Card title={words.credentials}>
      <p className="lead">{words.tokenWhy[reasonFor(way, isNeeded)]}</p>
      {way !== 'file' && token !== null && (
        <div role="status" ref={shown}>
          <p>{words.tokenMade}</p>
          <div className="command">
            <code>{token}</code>
            <CopyButton text={token} name={words.token} />
          </div>
          {tokenName !== null && <p className="small quiet">{words.tokenName(tokenName)}</p>}
        </div>
      )}
      <NotDone error={act.error} />
      {way !== 'file' && mayDo('access:change') && (
        <button
          type="button"
          className={isNeeded && token === null ? 'strong' : undefined}
          aria-disabled={act.isBusy}
          onClick={act.isBusy ? undefined : make}
        >
          <KeyRound aria-hidden size={15} />{' '}
          {act.isBusy ? words.makingToken : token === null ? words.makeToken : words.newToken}
        </button>
      )}
      {way !== 'file' && !mayDo('access:change') && <p className="notice">{words.noTokenRight}</p>}
    </Card>
  );
}

/** Whether a way is refused without a token. */
export function wantsToken(way: Way, reach: Reach, onboarding: Pick<Onboarding, 'ways'>): boolean {
  return wayIn(way, reach, onboarding)?.needsToken ?? false;
}

function reasonFor(way: Way, isNeeded: boolean): 'needed' | 'http' | 'optional' | 'file' {
  if (way !== 'mqtt') return way;
  return isNeeded ? 'needed' : 'optional';
}
