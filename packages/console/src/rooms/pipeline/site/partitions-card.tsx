import { useState } from 'react';
import { formatCount, millisOf } from '../../../format.ts';
import { listPartitions, type PartitionList } from '../../../generated/client.ts';
import { useFetched } from '../../../live/fetched.ts';
import { useServerNow } from '../../../live/server-clock.ts';
import { useFormat } from '../../../use-format.ts';
import { useWords } from '../../../words/words.ts';
import { en } from './en.ts';
import { ASK_MS, FetchedCard, Reasons, ROLE_TONES, StateMark } from './site-parts.tsx';
import { zh } from './zh.ts';

const WORDS = { en, zh };
/** Partitions that are shown at once; those that want somebody come first. */
const SHOWN = 60;
/** What retention removes within this time is an alarm, and within the next one a warning. */
const NEAR_MS = 3_600_000;
const SOON_MS = 6 * NEAR_MS;

type Partition = PartitionList['items'][number];

/** Where records wait to be stored. */
export function PartitionsCard() {
  const words = useWords(WORDS).partitions;
  const fetched = useFetched('partitions', listPartitions, ASK_MS);
  const [isWhole, setWhole] = useState(false);
  return (
    <FetchedCard title={words.title} lead={words.words} fetched={fetched}>
      {({ items, trouble }) => {
        const wanting = items.filter(isWanting);
        const ordered =
          isWhole || items.length <= SHOWN ? items : [...wanting, ...items.filter((one) => !isWanting(one))];
        const shown = isWhole ? ordered : ordered.slice(0, SHOWN);
        return (
          <>
            {trouble && (
              <div className="notice notice-warn site-notice">
                <Reasons reasons={[trouble]} />
              </div>
            )}
            {items.length === 0 ? (
              <p>{words.none}</p>
            ) : (
              <PartitionTable items={shown} isCurrent={!fetched.error} />
            )}
            {shown.length < items.length && (
              <button type="button" className="more" onClick={() => setWhole(true)}>
                {words.more(items.length - shown.length)}
              </button>
            )}
          </>
        );
      }}
    </FetchedCard>
  );
}

function isWanting({ owner, reasons, retentionAt }: Partition): boolean {
  return owner === null || owner.state === 'silent' || reasons.length > 0 || retentionAt !== null;
}

function PartitionTable({
  items,
  isCurrent,
}: {
  readonly items: readonly Partition[];
  readonly isCurrent: boolean;
}) {
  const words = useWords(WORDS).partitions;
  return (
    <table>
      <thead>
        <tr>
          <th scope="col">{words.partition}</th>
          <th scope="col">{words.owner}</th>
          <th scope="col" className="number wide-only">
            {words.position}
          </th>
          <th scope="col" className="number wide-only">
            {words.end}
          </th>
          <th scope="col" className="number">
            {words.lag}
          </th>
          <th scope="col" className="number">
            {words.lagTime}
          </th>
          <th scope="col">{words.retention}</th>
        </tr>
      </thead>
      <tbody>
        {items.map((one) => (
          <PartitionRow key={`${one.topic}/${one.partition}`} one={one} isCurrent={isCurrent} />
        ))}
      </tbody>
    </table>
  );
}

function PartitionRow({ one, isCurrent }: { readonly one: Partition; readonly isCurrent: boolean }) {
  const words = useWords(WORDS).partitions;
  const format = useFormat();
  const { lagRecords, lagSeconds } = one;
  const figure = (value: number | null) => (value === null ? words.unknown : formatCount(value));
  return (
    <tr>
      <th scope="row" className="site-name">{`${one.topic}/${one.partition}`}</th>
      <td className="site-state">
        <Owner one={one} isCurrent={isCurrent} />
        <Reasons reasons={one.reasons} />
        <div className="narrow-only quiet small">{words.of(figure(one.position), figure(one.end))}</div>
      </td>
      <td className="number figures wide-only">{figure(one.position)}</td>
      <td className="number figures wide-only">{figure(one.end)}</td>
      <td className={`number figures ${lagRecords === 0 ? 'quiet' : ''}`}>{figure(lagRecords)}</td>
      <td className={`number ${lagSeconds === 0 ? 'quiet' : ''}`}>
        {lagSeconds === null ? words.unknown : lagSeconds === 0 ? '–' : format.span(lagSeconds * 1_000)}
      </td>
      <td>
        <Retention one={one} />
      </td>
    </tr>
  );
}

function Owner({
  one: { owner, lastOwner },
  isCurrent,
}: {
  readonly one: Partition;
  readonly isCurrent: boolean;
}) {
  const words = useWords(WORDS);
  if (owner === null)
    return (
      <>
        <StateMark words={words.partitions.nobody} tone="bad" isCurrent={isCurrent} />{' '}
        {lastOwner !== null && <span className="quiet small">{words.partitions.lastOwner(lastOwner)}</span>}
      </>
    );
  return (
    <>
      <span className="site-process">{owner.name}</span>{' '}
      {owner.state !== 'ready' && (
        <StateMark
          words={words.roles.states[owner.state]}
          tone={ROLE_TONES[owner.state]}
          isCurrent={isCurrent}
        />
      )}
    </>
  );
}

/** The hour at which retention would take the oldest record that waits. */
function Retention({ one: { retentionAt, lagRecords } }: { readonly one: Partition }) {
  const words = useWords(WORDS).partitions;
  const format = useFormat();
  const now = useServerNow();
  if (retentionAt === null) return <span className="quiet">{lagRecords === 0 ? words.never : '–'}</span>;
  const at = millisOf(retentionAt);
  const left = at - now;
  const tone = left < NEAR_MS ? 'bad' : left < SOON_MS ? 'site-warn' : '';
  return <span className={tone}>{format.dayMinute(at)}</span>;
}
