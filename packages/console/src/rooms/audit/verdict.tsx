import ShieldAlert from 'lucide-react/icons/shield-alert';
import ShieldCheck from 'lucide-react/icons/shield-check';
import { verifyAudit } from '../../generated/client.ts';
import { useFetched } from '../../live/fetched.ts';
import { Card, Failed } from '../../parts/parts.tsx';
import { useWords } from '../../words/words.ts';
import { en } from './en.ts';
import { zh } from './zh.ts';

const WORDS = { en, zh };

/** Whether every line of the log fits the chain, or where it does not. */
export function Verdict() {
  const words = useWords(WORDS);
  const { data, error, reload } = useFetched('audit verdict', verifyAudit);
  return (
    <Card
      title={words.chain}
      className={data?.intact === false ? 'chain-broken' : ''}
      aside={
        data && (
          <button type="button" onClick={reload}>
            {words.again}
          </button>
        )
      }
    >
      {error && !data && <Failed error={error} retry={reload} />}
      <p role="status" className="chain">
        {!data && !error && words.checking}
        {data?.intact === true && (
          <>
            <ShieldCheck aria-hidden size={18} /> {words.intact(data.entries)}
          </>
        )}
        {data?.intact === false && (
          <>
            <ShieldAlert aria-hidden size={18} /> {words.broken(data.findings.length)}
          </>
        )}
      </p>
      {data && data.findings.length > 0 && (
        <ul className="findings">
          {data.findings.map(({ n, file, line, detail }) => (
            <li key={`${n} ${file} ${line} ${detail}`}>
              <strong>{words.finding(n, file, line)}</strong> <span lang="en">{detail}</span>
            </li>
          ))}
        </ul>
      )}
    </Card>
  );
}
