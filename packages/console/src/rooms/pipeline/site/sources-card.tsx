import { listSources, type SourceList } from '../../../generated/client.ts';
import { useFetched } from '../../../live/fetched.ts';
import { ServerDetail } from '../../../parts/fault.tsx';
import { Breakable } from '../../../parts/parts.tsx';
import { usePreferences } from '../../../preferences.ts';
import { useWords } from '../../../words/words.ts';
import { en } from './en.ts';
import { ASK_MS, FetchedCard, ROLE_TONES, StateMark } from './site-parts.tsx';
import { zh } from './zh.ts';

const WORDS = { en, zh };
const TONES = { good: 'good', degraded: 'warn', silent: 'bad', unheld: 'bad' } as const;

type Source = SourceList['items'][number];
type Gateway = Source['gateways'][number];
type Filter = Gateway['filters'][number];

/** External brokers with the subscriptions of each gateway; nothing where there is none, as on one machine. */
export function SourcesCard() {
  const words = useWords(WORDS).sources;
  const fetched = useFetched('sources', listSources, ASK_MS);
  if (fetched.data?.items.length === 0 || fetched.isLoading) return null;
  return (
    <FetchedCard title={words.title} lead={words.words} fetched={fetched}>
      {({ items }) =>
        items.map((source) => <SourceTable key={source.name} source={source} isCurrent={!fetched.error} />)
      }
    </FetchedCard>
  );
}

function SourceTable({ source, isCurrent }: { readonly source: Source; readonly isCurrent: boolean }) {
  const words = useWords(WORDS).sources;
  const { name, url, share, state, gateways } = source;
  return (
    <table className="site-source">
      <caption>
        <strong>{name}</strong> <Breakable text={url} /> {share !== '' && <span>{words.share(share)} </span>}
        <StateMark words={words.states[state]} tone={TONES[state]} isCurrent={isCurrent} />
      </caption>
      <thead>
        <tr>
          <th scope="col">{words.gateway}</th>
          <th scope="col">{words.client}</th>
          <th scope="col">{words.connection}</th>
          <th scope="col">{words.filter}</th>
          <th scope="col">{words.granted}</th>
        </tr>
      </thead>
      <tbody>
        {gateways.map((gateway) => (
          <GatewayRows key={gateway.name} gateway={gateway} isCurrent={isCurrent} />
        ))}
      </tbody>
    </table>
  );
}

function GatewayRows({ gateway, isCurrent }: { readonly gateway: Gateway; readonly isCurrent: boolean }) {
  const { filters } = gateway;
  const [first, ...others] = filters;
  const isKnown = isCurrent && gateway.state !== 'silent';
  return (
    <>
      <tr>
        <GatewayCells gateway={gateway} span={Math.max(1, filters.length)} isCurrent={isCurrent} />
        <FilterCells filter={first} isKnown={isKnown} />
      </tr>
      {others.map((filter) => (
        <tr key={filter.filter}>
          <FilterCells filter={filter} isKnown={isKnown} />
        </tr>
      ))}
    </>
  );
}

function GatewayCells({
  gateway,
  span,
  isCurrent,
}: {
  readonly gateway: Gateway;
  readonly span: number;
  readonly isCurrent: boolean;
}) {
  const words = useWords(WORDS);
  const { language } = usePreferences();
  const { name, state, clientId, phase, troubles, filters, unacked, brokerDropped } = gateway;
  const ofFilters = new Set(filters.map(({ why }) => why));
  const own = troubles.filter((trouble) => !ofFilters.has(trouble));
  return (
    <>
      <th scope="row" rowSpan={span} className="site-name">
        {name}{' '}
        {(state === 'silent' || state === 'ended') && (
          <StateMark words={words.roles.states[state]} tone={ROLE_TONES[state]} isCurrent={isCurrent} />
        )}
      </th>
      <td rowSpan={span}>{clientId === '' ? '–' : <Breakable text={clientId} />}</td>
      <td rowSpan={span} className="site-state">
        {state === 'silent' ? (
          <span className="quiet">{words.partitions.unknown}</span>
        ) : (
          <span className={phase === 'waiting' ? 'site-warn' : ''}>{words.sources.phases[phase]}</span>
        )}
        {own.map((trouble) => (
          <div key={trouble} className="small">
            <ServerDetail detail={trouble} isBehind={language === 'zh'} />
          </div>
        ))}
        {unacked > 0 && <div className="quiet small">{words.sources.unacked(unacked)}</div>}
        {brokerDropped !== null && brokerDropped > 0 && (
          <div className="site-warn small">{words.sources.dropped(brokerDropped)}</div>
        )}
      </td>
    </>
  );
}

function FilterCells({
  filter,
  isKnown,
}: {
  readonly filter: Filter | undefined;
  readonly isKnown: boolean;
}) {
  const { partitions, sources: words } = useWords(WORDS);
  const { language } = usePreferences();
  if (!filter)
    return (
      <>
        <td className="quiet">–</td>
        <td className="quiet">–</td>
      </>
    );
  const { state, granted, wanted, why } = filter;
  const isGood = state === 'granted';
  const told =
    state === 'granted' || state === 'lower'
      ? words.grants[state](granted ?? 0, wanted)
      : words.grants[state];
  return (
    <>
      <td>
        <Breakable text={filter.filter} />
      </td>
      <td className="site-state">
        {isKnown ? (
          <strong className={isGood ? '' : state === 'refused' ? 'bad' : 'site-warn'}>{told}</strong>
        ) : (
          <span className="quiet">{partitions.unknown}</span>
        )}
        {isKnown && why !== '' && (
          <div className="small">
            <ServerDetail detail={why} isBehind={language === 'zh'} />
          </div>
        )}
      </td>
    </>
  );
}
