import type { ReactNode } from 'react';
import { Chart } from './chart.tsx';
import { EmptyPlatform } from './empty.tsx';
import {
  formatBytes,
  formatCount,
  formatMillis,
  formatMillisTicks,
  formatMoment,
  formatRate,
  formatTicks,
  millisOf,
} from './format.ts';
import type { Overview, OverviewSample } from './generated/client.ts';
import { messages } from './messages.ts';
import { useOverview } from './overview-feed.tsx';
import { Card, Failed, Link, Loading } from './parts.tsx';
import { pathOf } from './route.ts';

const text = messages.overview;

/** Rates, delay, backlog and ledger of the whole platform. */
export function OverviewRoom() {
  const { overview, samples, error, reload } = useOverview();
  if (!overview) return error ? <Failed error={error} retry={reload} /> : <Loading rows={6} />;
  return (
    <>
      <h1>{text.title}</h1>
      {overview.recordsReceived === 0 && <EmptyPlatform />}
      <Tiles overview={overview} />
      <div className="columns">
        <RateChart samples={samples} />
        <DelayChart samples={samples} />
      </div>
      <div className="columns">
        <LedgerCard overview={overview} />
        <StorageCard overview={overview} />
      </div>
    </>
  );
}

function Tiles({ overview }: { readonly overview: Overview }) {
  const { now } = overview;
  return (
    <ul className="tiles">
      <Tile name={text.received} value={formatRate(now.receivedPerSecond)} unit={text.perSecond}>
        {text.total(overview.recordsReceived)}
      </Tile>
      <Tile name={text.points} value={formatRate(now.pointsPerSecond)} unit={text.perSecond}>
        {text.total(overview.pointsStored)}
      </Tile>
      <Tile name={text.delay} value={now.delayP50Ms === null ? '–' : formatMillis(now.delayP50Ms)}>
        {now.delayP99Ms === null ? text.delayHint : text.p99(formatMillis(now.delayP99Ms))}
      </Tile>
      <Tile name={text.backlog} value={formatCount(now.backlogRecords)}>
        {now.backlogRecords === 0 ? text.noBacklog : text.backlogAge(formatMillis(overview.backlogAgeMs))}
      </Tile>
      <Tile
        name={<Link to={pathOf({ room: 'devices' })}>{text.devices}</Link>}
        value={formatCount(overview.devices)}
      >
        {text.series(overview.series)}, {text.connections(overview.connections)}
      </Tile>
    </ul>
  );
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
  readonly times: number[];
  readonly from: number;
  readonly to: number;
} {
  const times = samples.map((sample) => millisOf(sample.time) / 1_000);
  const to = times.at(-1) ?? 0;
  // a young process would show a sliver at the right edge: the window grows with it from 20 seconds on
  const age = Math.max(20, to - (times[0] ?? to));
  return { times, from: to - Math.min(WINDOW_SECS, age), to };
}

function RateChart({ samples }: { readonly samples: readonly OverviewSample[] }) {
  const lines = [
    { label: text.received, tone: 0, values: samples.map((sample) => sample.receivedPerSecond) },
    { label: text.points, tone: 1, values: samples.map((sample) => sample.pointsPerSecond) },
  ];
  return (
    <Card title={text.rateChart} aside={<Legend lines={lines} />}>
      <Chart
        label={text.rateChart}
        {...windowOf(samples)}
        lines={lines}
        fromZero
        group="overview"
        format={(value) => formatRate(Number(value))}
        formatTicks={formatTicks}
      />
    </Card>
  );
}

function DelayChart({ samples }: { readonly samples: readonly OverviewSample[] }) {
  const lines = [
    { label: text.p50Label, tone: 0, values: samples.map((sample) => sample.delayP50Ms) },
    { label: text.p99Label, tone: 1, values: samples.map((sample) => sample.delayP99Ms) },
  ];
  return (
    <Card title={text.delayChart} aside={<Legend lines={lines} />}>
      <Chart
        label={text.delayChart}
        {...windowOf(samples)}
        lines={lines}
        fromZero
        group="overview"
        format={(value) => formatMillis(Number(value))}
        formatTicks={formatMillisTicks}
      />
    </Card>
  );
}

function Legend({ lines }: { readonly lines: readonly { readonly label: string; readonly tone: number }[] }) {
  return (
    <ul className="legend">
      {lines.map(({ label, tone }) => (
        <li key={label}>
          <span className={`chart-mark tone-${tone}`} />
          {label}
        </li>
      ))}
    </ul>
  );
}

const ACCOUNTS = [
  'stored',
  'deduplicated',
  'filtered',
  'deadLettered',
  'discarded',
  'expired',
  'pending',
] as const;

function LedgerCard({ overview }: { readonly overview: Overview }) {
  const { totals, balanced, imbalances } = overview.ledger;
  const badge = (
    <span className={`badge ${balanced ? 'badge-good' : 'badge-bad'}`}>
      {balanced ? text.balanced : text.unbalanced}
    </span>
  );
  return (
    <Card title={text.ledger} aside={badge}>
      {balanced && <p className="lead">{text.balancedWords(totals.received)}</p>}
      {imbalances.map((line) => (
        <p key={line} className="bad">
          {line}
        </p>
      ))}
      <dl className="ledger">
        <div className="ledger-sum">
          <dt>{messages.accounts.received}</dt>
          <dd>{formatCount(totals.received)}</dd>
        </div>
        {ACCOUNTS.map((account) => (
          <div key={account} className={totals[account] === 0 ? 'ledger-zero' : undefined}>
            <dt>
              {account === 'deadLettered' ? (
                <Link to={pathOf({ room: 'dead-letters' })}>{messages.accounts[account]}</Link>
              ) : (
                messages.accounts[account]
              )}
            </dt>
            <dd>{formatCount(totals[account])}</dd>
          </div>
        ))}
      </dl>
      <p className="quiet small">{text.pending}</p>
    </Card>
  );
}

function StorageCard({ overview }: { readonly overview: Overview }) {
  const share = overview.journalBytesMax > 0 ? overview.journalBytes / overview.journalBytesMax : 0;
  return (
    <Card title={text.storage}>
      <dl className="facts">
        <div>
          <dt>{text.journal}</dt>
          <dd>
            {text.journalOf(formatBytes(overview.journalBytes), formatBytes(overview.journalBytesMax))}
            <progress max={1} value={share} aria-label={text.journal} />
          </dd>
        </div>
        <div>
          <dt>{text.store}</dt>
          <dd>{formatBytes(overview.storeBytes)}</dd>
        </div>
        <div>
          <dt>{text.version}</dt>
          <dd>{overview.version}</dd>
        </div>
        <div>
          <dt>{text.started}</dt>
          <dd>{formatMoment(millisOf(overview.started))}</dd>
        </div>
      </dl>
    </Card>
  );
}
