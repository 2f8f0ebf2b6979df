import KeyRound from 'lucide-react/icons/key-round';
import { useState } from 'react';
import { millisOf } from '../../format.ts';
import { useSession } from '../../frame/session.tsx';
import { listTokens, revokeToken, type Token } from '../../generated/client.ts';
import { usePages } from '../../live/pages.ts';
import { useServerNow } from '../../live/server-clock.ts';
import { MoreButton } from '../../parts/more-button.tsx';
import { Breakable, Failed, Loading } from '../../parts/parts.tsx';
import { Question } from '../../parts/question.tsx';
import { useFormat } from '../../use-format.ts';
import { useWords } from '../../words/words.ts';
import { en } from './en.ts';
import { GrantList } from './grants-editor.tsx';
import { TokenDialog } from './token-dialog.tsx';
import { zh } from './zh.ts';

const WORDS = { en, zh };
const PAGE = 200;

/** Every token one may see: where it is good, until when, and when it was used last. */
export function TokensPage() {
  const words = useWords(WORDS);
  const { mayDo } = useSession();
  const { items, hasMore, error, more, reload } = usePages('tokens', (cursor, signal) =>
    listTokens({ limit: PAGE, cursor }, signal),
  );
  const [isMaking, setMaking] = useState(false);
  const [revoked, setRevoked] = useState<Token | undefined>(undefined);
  const [outcome, setOutcome] = useState('');
  const mayChange = mayDo('access:change');
  return (
    <>
      <p className="lead">{words.tokensLead}</p>
      {error && !items && <Failed error={error} retry={reload} />}
      {!items && !error && <Loading rows={4} />}
      <p role="status" className={outcome === '' ? 'unseen' : 'notice notice-good'}>
        {outcome}
      </p>
      {items && (
        <div className="card table-card">
          <div className="card-head">
            <p className="quiet small">{words.tokens(items.length)}</p>
            {mayChange && (
              <button type="button" className="strong" onClick={() => setMaking(true)}>
                <KeyRound aria-hidden size={15} /> {words.createToken}
              </button>
            )}
          </div>
          {items.length === 0 && <p className="quiet">{words.noTokens}</p>}
          {items.length > 0 && <TokenTable tokens={items} revoke={mayChange ? setRevoked : undefined} />}
        </div>
      )}
      {hasMore && <MoreButton act={more} />}
      {isMaking && <TokenDialog made={reload} close={() => setMaking(false)} />}
      {revoked && (
        <Question
          title={words.revokeTitle(revoked.name)}
          words={words.revokeWords}
          act={words.revoke}
          isDanger
          ask={() => revokeToken({ name: revoked.name })}
          done={() => {
            setOutcome(words.outcome.revoked(revoked.name));
            setRevoked(undefined);
            reload();
          }}
          close={() => setRevoked(undefined)}
        />
      )}
    </>
  );
}

function TokenTable({
  tokens,
  revoke,
}: {
  readonly tokens: readonly Token[];
  readonly revoke: ((token: Token) => void) | undefined;
}) {
  const words = useWords(WORDS);
  const format = useFormat();
  return (
    <table>
      <thead>
        <tr>
          <th scope="col">{words.name}</th>
          <th scope="col">{words.roles}</th>
          <th scope="col">
            {words.expires} ({format.zone})
          </th>
          <th scope="col">{words.lastUsed}</th>
          <th scope="col" className="wide-only">
            {words.created}
          </th>
          <td />
        </tr>
      </thead>
      <tbody>
        {tokens.map((token) => (
          <TokenRow key={token.name} token={token} revoke={revoke} />
        ))}
      </tbody>
    </table>
  );
}

function TokenRow({
  token,
  revoke,
}: {
  readonly token: Token;
  readonly revoke: ((token: Token) => void) | undefined;
}) {
  const words = useWords(WORDS);
  const format = useFormat();
  const now = useServerNow();
  const { name, expires, lastUsed, created, createdBy } = token;
  const hasEnded = expires !== null && millisOf(expires) <= now;
  return (
    <tr>
      <th scope="row">
        <Breakable text={name} />
        <div className="narrow-only quiet small">
          {words.created} {format.zonedMoment(millisOf(created))} {words.by(createdBy)}
        </div>
      </th>
      <td>
        <GrantList grants={token.grants} />
      </td>
      <td className="figures">
        {expires === null ? words.neverEnds : format.dayMinute(millisOf(expires))}{' '}
        {hasEnded && <span className="badge badge-bad">{words.ended}</span>}
      </td>
      <td>{lastUsed === null ? words.neverUsed : format.ago(now - millisOf(lastUsed))}</td>
      <td className="wide-only">
        {format.dayMinute(millisOf(created))} <div className="small quiet">{words.by(createdBy)}</div>
      </td>
      <td>
        {revoke && (
          <div className="row row-acts">
            <button type="button" className="quiet-button" onClick={() => revoke(token)}>
              {words.revoke}
              <span className="unseen">{`: ${name}`}</span>
            </button>
          </div>
        )}
      </td>
    </tr>
  );
}
