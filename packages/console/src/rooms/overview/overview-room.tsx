import type { ReactNode } from 'react';
import { ChartCard } from '../../charts/chart-card.tsx';
import {
  formatCount,
  formatMillis,
  formatMillisTicks,
  formatRate,
  formatTicks,
  millisOf,
} from '../../format.ts';
import type { Overview, OverviewSample } from '../../generated/client.ts';
import { useIsStale } from '../../live/live-stream.ts';
import { useOverview } from '../../live/overview-feed.tsx';
import { AccountList } from '../../parts/account-list.tsx';
import { EmptyPlatform } from '../../parts/empty-platform.tsx';
import { Card, Failed, Link, Loading, RoomHead } from '../../parts/parts.tsx';
import { pathOf } from '../../route.ts';
import { useWords } from '../../words/words.ts';
import { DiskCard } from './disk-card.tsx';
import { en, type OverviewWords } from './en.ts';
import { Problems } from './problems.tsx';
import { zh } from './zh.ts';

const WORDS = { en, zh };

/** Problems first, then rates, delay, backlog, ledger and disk of the whole platform; of a part only what is known of it. */
export function Content() {
  const words = useWords(WORDS);
  const { overview, samples, error, reload } = useOverview();
  if (!overview) return error ? <Failed error={error} retry={reload} /> : <Loading rows={6} />;
  return (
    <>
      <RoomHead title={words.title} />
      <Problems overview={overview} />
      {overview.recordsReceived === 0 && <EmptyPlatform />}
      {overview.isPart && <p className="quiet">{words.partOnly}</p>}
      <Tiles overview={overview} />
      <div className="columns">
        <RateChart samples={samples} isPart={overview.isPart} />
        {overview.isPart ? <LedgerCard overview={overview} /> : <DelayChart samples={samples} />}
      </div>
      {!overview.isPart && (
        <div className="columns">
          <LedgerCard overview={overview} />
          <DiskCard overview={overview} samples={samples} />
        </div>
      )}
    </>
  );
}

function Tiles({ overview }: { readonly overview: Overview }) {
  const words = useWords(WORDS);
  const { now, isPart } = overview;
  // what was so a while ago is no rate of now
  const isStale = useIsStale();
  return (
    <ul className="tiles">
      <Tile
        name={words.received}
        value={isStale ? '–' : formatRate(now.receivedPerSecond)}
        unit={words.perSecond}
      >
        {words.total(overview.recordsReceived)}
      </Tile>
      {!isPart && (
        <Tile
          name={words.points}
          value={isStale ? '–' : formatRate(now.pointsPerSecond)}
          unit={words.perSecond}
        >
          {words.total(overview.pointsStored)}
        </Tile>
      )}
      {!isPart && (
        <Tile
          name={words.delay}
          value={now.delayP50Ms === null || isStale ? '–' : formatMillis(now.delayP50Ms)}
        >
          {now.delayP99Ms === null || isStale ? words.delayHint : words.p99(formatMillis(now.delayP99Ms))}
        </Tile>
      )}
      <Tile name={words.backlogTitle} value={isStale ? '–' : formatCount(now.backlogRecords)}>
        {isStale ? words.backlogThen(now.backlogRecords) : backlogWords(overview, words)}
      </Tile>
      <Tile name={<Link to={pathOf('devices')}>{words.devices}</Link>} value={formatCount(overview.devices)}>
        {isPart ? words.ofYours : words.seriesOf(overview.series, overview.connections)}
      </Tile>
    </ul>
  );
}

function backlogWords({ now, isPart, backlogAgeMs }: Overview, words: OverviewWords): string {
  if (now.backlogRecords === 0) return words.noBacklog;
  return isPart ? words.ofYours : words.backlogAge(formatMillis(backlogAgeMs));
}

function Tile({
  name,
  value,
  unit,
  children,
}: {
  readonly name: ReactNode;
  readonly value: string;
  readonly unit?: string;
  readonly children: ReactNode;
}) {
  return (
    <li className="tile">
      <div className="tile-name">{name}</div>
      <div className="tile-value">
        {value}
        {unit !== undefined && <span className="tile-unit">{unit}</span>}
      </div>
      <div className="tile-more">{children}</div>
    </li>
  );
}

const WINDOW_SECS = 900;

function windowOf(samples: readonly OverviewSample[]): {
  readonly at: number[];
  readonly from: number;
  readonly to: number;
} {
  const at = samples.map((sample) => millisOf(sample.time) / 1_000);
  const to = at.at(-1) ?? 0;
  // a young process would show a sliver at the right edge: the window grows with it from 20 seconds on
  const age = Math.max(20, to - (at[0] ?? to));
  return { at, from: to - Math.min(WINDOW_SECS, age), to };
}

function RateChart({
  samples,
  isPart,
}: {
  readonly samples: readonly OverviewSample[];
  readonly isPart: boolean;
}) {
  const words = useWords(WORDS);
  const title = isPart ? words.messageChart : words.rateChart;
  const received = {
    label: words.received,
    tone: 0,
    values: samples.map((sample) => sample.receivedPerSecond),
  };
  const points = { label: words.points, tone: 1, values: samples.map((sample) => sample.pointsPerSecond) };
  const lines = isPart ? [received] : [received, points];
  return (
    <ChartCard
      title={title}
      timeHead={words.time}
      rowsWords={words.rows}
      chart={{
        label: title,
        ...windowOf(samples),
        lines,
        fromZero: true,
        group: 'overview',
        format: (value) => formatRate(Number(value)),
        formatTicks,
      }}
    />
  );
}

function DelayChart({ samples }: { readonly samples: readonly OverviewSample[] }) {
  const words = useWords(WORDS);
  const lines = [
    { label: words.p50Label, tone: 0, values: samples.map((sample) => sample.delayP50Ms) },
    { label: words.p99Label, tone: 1, values: samples.map((sample) => sample.delayP99Ms) },
  ];
  return (
    <ChartCard
      title={words.delayChart}
      timeHead={words.time}
      rowsWords={words.rows}
      chart={{
        label: words.delayChart,
        ...windowOf(samples),
        lines,
        fromZero: true,
        group: 'overview',
        format: (value) => formatMillis(Number(value)),
        formatTicks: formatMillisTicks,
      }}
    />
  );
}

function LedgerCard({ overview }: { readonly overview: Overview }) {
  const words = useWords(WORDS);
  const { totals, balanced, imbalances } = overview.ledger;
  const badge = (
    <span className={`badge ${balanced ? 'badge-good' : 'badge-bad'}`}>
      {balanced ? words.balanced : words.outOfBalance}
    </span>
  );
  return (
    <Card title={words.ledger} aside={badge}>
      {balanced && <p className="lead">{words.balancedWords(totals.received)}</p>}
      {imbalances.map((line) => (
        <p key={line} className="bad">
          {line}
        </p>
      ))}
      <AccountList accounts={totals} />
      <p className="quiet small">{words.pending}</p>
    </Card>
  );
}
