import { useMemo, useState } from 'react';
import { Chart } from './chart.tsx';
import { useFetched } from './fetched.ts';
import { formatMoment, formatValue, millisOf } from './format.ts';
import { type Point, queryTelemetry } from './generated/client.ts';
import { topicOf, useLive } from './live-stream.ts';
import { messages } from './messages.ts';
import { Card, Failed, Loading } from './parts.tsx';
import { append, breakLines, NO_POINTS, type SeriesPoints, trim } from './series-points.ts';
import { serverNow, useServerNow } from './server-clock.ts';

const text = messages.device;

/** The ranges that can be chosen, in seconds. */
export const RANGES = [
  { name: '15m', seconds: 900 },
  { name: '1h', seconds: 3_600 },
  { name: '6h', seconds: 21_600 },
  { name: '24h', seconds: 86_400 },
  { name: '3d', seconds: 259_200 },
] as const;

/** The name of a range. */
export type RangeName = (typeof RANGES)[number]['name'];

/** Points asked for: about two a pixel, extremes kept by the server. */
const POINTS = 1_600;
/** Points on a chart after which history is fetched anew, thinned by the server. */
const POINTS_MAX = 6_000;
const TABLE_ROWS = 50;

interface ChartSeries {
  readonly tenant: string;
  readonly project: string;
  readonly device: string;
  readonly metric: string;
}

/** One metric over time: history of the range, and what arrives. */
export function DeviceChart({
  series,
  tone,
  range,
}: {
  readonly series: ChartSeries;
  readonly tone: number;
  readonly range: RangeName;
}) {
  const seconds = RANGES.find((one) => one.name === range)?.seconds ?? 900;
  const now = useServerNow(1_000) / 1_000;
  const { points, isThinned, history } = useSeries(series, range);
  const drawn = useMemo(() => breakLines(points), [points]);
  const label = text.chart(series.metric, text.ranges[range]);
  const last = points.values.at(-1);
  const lines = [{ label: series.metric, tone, values: drawn.values }];
  const isEmpty = points.times.length === 0;
  return (
    <Card
      title={series.metric}
      aside={
        <>
          {isThinned && <span className="quiet small">{text.downsampled}</span>}
          {typeof last === 'number' && <span className={`reading ink-${tone % 6}`}>{formatValue(last)}</span>}
        </>
      }
    >
      {history.isLoading && <Loading rows={4} />}
      {history.error && isEmpty && <Failed error={history.error} retry={history.reload} />}
      {!history.isLoading && !history.error && isEmpty && <p className="notice">{text.noPoints}</p>}
      {!isEmpty && (
        <>
          <Chart
            label={label}
            times={drawn.times}
            lines={lines}
            from={now - seconds}
            to={now}
            group="device"
            format={formatValue}
          />
          <Summary points={points} />
        </>
      )}
    </Card>
  );
}

/** History and live tail of one series. */
function useSeries(series: ChartSeries, range: RangeName) {
  const [live, setLive] = useState<SeriesPoints>(NO_POINTS);
  const history = useFetched(`${topicOf(series)} ${series.metric} ${range}`, async (signal) => {
    const page = await queryTelemetry({ ...series, from: `now-${range}`, to: 'now', points: POINTS }, signal);
    return page.kind === 'points' ? append(NO_POINTS, pointsOf(page.items)) : NO_POINTS;
  });
  const seconds = RANGES.find((one) => one.name === range)?.seconds ?? 900;
  useLive(topicOf(series), (received) => {
    const fresh = received.flatMap((message) => (message.event === 'points' ? message.data.devices : []));
    const mine = fresh
      .filter(
        (one) =>
          one.device === series.device && one.project === series.project && one.tenant === series.tenant,
      )
      .flatMap((one) => one.points.filter((point) => point.metric === series.metric));
    if (mine.length === 0) return;
    const sorted = pointsOf(mine).sort((a, b) => a.time - b.time);
    setLive((before) => trim(append(before, sorted), serverNow() / 1_000 - seconds));
    if (live.times.length > POINTS_MAX) {
      setLive(NO_POINTS);
      history.reload();
    }
  });
  const points = useMemo(() => {
    const fresh = live.times.map((time, index) => ({ time, value: Number(live.values[index]) }));
    return trim(append(history.data ?? NO_POINTS, fresh), serverNow() / 1_000 - seconds);
  }, [history.data, live, seconds]);
  return { points, isThinned: (history.data?.times.length ?? 0) >= POINTS / 2, history };
}

function pointsOf(items: readonly Pick<Point, 'time' | 'value'>[]): { time: number; value: number }[] {
  return items
    .map(({ time, value }) => ({ time: secondsOf(time), value: Number(value) }))
    .filter(({ value }) => Number.isFinite(value));
}

/** Seconds since 1970 with microseconds, which `Date` does not keep. */
function secondsOf(iso: string): number {
  return Math.floor(millisOf(iso) / 1_000) + Number(`0.${iso.slice(20, 26)}`);
}

/** Bounds of what is drawn, and the points behind it as a table. */
function Summary({ points }: { readonly points: SeriesPoints }) {
  const values = points.values.filter((value) => value !== null);
  const min = values.reduce((least, value) => Math.min(least, value), Number.POSITIVE_INFINITY);
  const max = values.reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY);
  const [isOpen, setOpen] = useState(false);
  return (
    <details className="behind" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        {messages.table}
        <span className="quiet figures">
          {text.min} {formatValue(min)} · {text.max} {formatValue(max)}
        </span>
      </summary>
      {isOpen && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
        <section className="scroll" tabIndex={0} aria-label={messages.table}>
          <PointTable points={points} />
        </section>
      )}
    </details>
  );
}

function PointTable({ points }: { readonly points: SeriesPoints }) {
  const from = Math.max(0, points.times.length - TABLE_ROWS);
  const rows = points.times
    .slice(from)
    .map((time, index) => ({ time, value: points.values[from + index] ?? null }));
  return (
    <table className="dense">
      <caption>{text.rows(rows.length, points.times.length)}</caption>
      <thead>
        <tr>
          <th scope="col">{text.time}</th>
          <th scope="col" className="number">
            {text.value}
          </th>
        </tr>
      </thead>
      <tbody>
        {rows.toReversed().map(({ time, value }) => (
          <tr key={time}>
            <td className="figures">{formatMoment(time * 1_000)}</td>
            <td className="number figures">{value === null ? '–' : formatValue(value)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
