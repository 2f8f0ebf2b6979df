import { formatCount, millisOf } from '../../../format.ts';
import { listSinks, type SinkList } from '../../../generated/client.ts';
import { useFetched } from '../../../live/fetched.ts';
import { useFormat } from '../../../use-format.ts';
import { useWords } from '../../../words/words.ts';
import { en } from './en.ts';
import { ASK_MS, FetchedCard, Reasons, StateMark } from './site-parts.tsx';
import { zh } from './zh.ts';

const WORDS = { en, zh };
const TONES = { good: 'good', behind: 'warn', trouble: 'bad', unknown: 'plain' } as const;

type Sink = SinkList['items'][number];

/** Where points are stored, and how far each store is. */
export function SinksCard() {
  const words = useWords(WORDS).sinks;
  const fetched = useFetched('sinks', listSinks, ASK_MS);
  return (
    <FetchedCard title={words.title} lead={words.words} fetched={fetched}>
      {({ items }) => (
        <table>
          <thead>
            <tr>
              <th scope="col">{words.name}</th>
              <th scope="col">{words.state}</th>
              <th scope="col" className="number">
                {words.position}
              </th>
              <th scope="col" className="number">
                {words.lag}
              </th>
              <th scope="col" className="number">
                {words.points}
              </th>
              <th scope="col" className="number">
                {words.refused}
              </th>
              <th scope="col">{words.lastError}</th>
            </tr>
          </thead>
          <tbody>
            {items.map((sink) => (
              <SinkRow key={`${sink.isPrimary} ${sink.name}`} sink={sink} isCurrent={!fetched.error} />
            ))}
          </tbody>
        </table>
      )}
    </FetchedCard>
  );
}

function SinkRow({ sink, isCurrent }: { readonly sink: Sink; readonly isCurrent: boolean }) {
  const { sinks: words, partitions } = useWords(WORDS);
  const format = useFormat();
  const { kind, isPrimary, state, position, committed, lagSeconds, lastError, refused, missed, retentionAt } =
    sink;
  return (
    <tr>
      <th scope="row" className="site-name">
        {isPrimary ? (words.kinds[kind] ?? kind) : sink.name}
        <div className="quiet small">{isPrimary ? words.primary : (words.kinds[kind] ?? kind)}</div>
      </th>
      <td>
        <StateMark words={words.states[state]} tone={TONES[state]} isCurrent={isCurrent} />
        {missed > 0 && <div className="bad small">{words.missed(missed)}</div>}
      </td>
      <td className="number figures">
        {isPrimary ? formatCount(position) : words.of(formatCount(position), formatCount(committed))}
      </td>
      <td className={`number ${lagSeconds === 0 ? 'quiet' : ''}`}>
        {lagSeconds === 0 ? words.noLag : format.span(lagSeconds * 1_000)}
        {retentionAt !== null && state !== 'good' && (
          <div className="quiet small">{`${partitions.retention}: ${format.dayMinute(millisOf(retentionAt))}`}</div>
        )}
      </td>
      <td className="number figures">{formatCount(sink.points)}</td>
      <td className={`number figures ${refused === 0 ? 'quiet' : 'site-warn'}`}>{formatCount(refused)}</td>
      <td className="site-state">
        {lastError ? <Reasons reasons={[lastError]} /> : <span className="quiet">{words.noError}</span>}
        {lastError?.at && <div className="quiet small">{format.zonedMoment(Date.parse(lastError.at))}</div>}
      </td>
    </tr>
  );
}
