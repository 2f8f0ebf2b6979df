import { formatCount } from '../../../format.ts';
import { countDeadLetters } from '../../../generated/client.ts';
import { useFetched } from '../../../live/fetched.ts';
import { Card, Failed, Link, Loading } from '../../../parts/parts.tsx';
import { pathOf, withQuery } from '../../../route.ts';
import { useWords } from '../../../words/words.ts';
import { en as lettersEn } from '../../dead-letters/en.ts';
import { zh as lettersZh } from '../../dead-letters/zh.ts';
import { en } from './en.ts';
import { zh } from './zh.ts';

const WORDS = { en, zh };
const LETTERS = { en: lettersEn, zh: lettersZh };
const ASK_MS = 5_000;

/** How many dead letters are open of each reason, each with a way to them. */
export function LettersCard() {
  const words = useWords(WORDS).letters;
  const { reasons: names } = useWords(LETTERS);
  const { data, error, reload } = useFetched('letters', (signal) => countDeadLetters({}, signal), ASK_MS);
  const open = data?.reasons.filter((one) => one.open > 0) ?? [];
  return (
    <Card title={words.title} aside={<Link to={pathOf('dead-letters')}>{words.show}</Link>}>
      {error && <Failed error={error} retry={reload} />}
      {!data && !error && <Loading rows={1} />}
      {data && open.length === 0 && <p className="quiet">{words.none}</p>}
      {open.length > 0 && (
        <>
          <p>{words.open(data?.open ?? 0)}</p>
          <ul className="plain site-letters">
            {open.map(({ reason, open: letters }) => (
              <li key={reason}>
                <Link to={withQuery(pathOf('dead-letters'), { reason })}>{names[reason]}</Link>{' '}
                <strong>{formatCount(letters)}</strong>
              </li>
            ))}
          </ul>
        </>
      )}
    </Card>
  );
}
