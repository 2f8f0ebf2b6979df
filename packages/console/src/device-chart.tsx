import { useMemo, useState } from 'react';
import { Chart } from './chart.tsx';
import { useFetched } from './fetched.ts';
import { formatMoment, formatTicks, formatValue, millisOf, parseValue, type Value } from './format.ts';
import { type Point, queryTelemetry } from './generated/client.ts';
import { topicOf, useLive } from './live-stream.ts';
import { messages } from './messages.ts';
import { Card, Failed, Loading } from './parts.tsx';
import {
  append,
  boundsOf,
  breakLines,
  type Measure,
  NO_POINTS,
  type SeriesPoints,
  trim,
} from './series-points.ts';
import { serverNow, useServerNow } from './server-clock.ts';
import { type RangeName, secondsOf, windowStart } from './time-window.ts';

const text = messages.device;

/** Points asked for: about two a pixel, extremes kept by the server. */
const POINTS = 1_600;
/** Points on a chart after which history is fetched anew, thinned by the server. */
const POINTS_MAX = 6_000;
const TICK_SECS = 1;
const TABLE_ROWS = 50;

type Format = (value: Measure) => string;

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
  firstAt,
  newestMs,
  isBoolean,
}: {
  readonly series: ChartSeries;
  readonly tone: number;
  readonly range: RangeName;
  /** Seconds since 1970 that the window need not reach beyond; undefined for the whole range. */
  readonly firstAt: number | undefined;
  /** Time of the newest value, ms since 1970. */
  readonly newestMs: number | undefined;
  readonly isBoolean: boolean;
}) {
  const format = isBoolean ? formatTruth : formatValue;
  const now = useServerNow(1_000) / 1_000;
  const { points, note, history } = useSeries(series, range, isBoolean);
  const drawn = useMemo(() => breakLines(points), [points]);
  const label = text.chart(series.metric, text.ranges[range]);
  const last = points.values.at(-1);
  const lines = [{ label: series.metric, tone, values: drawn.values, isStepped: isBoolean }];
  const isEmpty = points.times.length === 0;
  // a point that came after the clock's last tick is drawn whole
  const to = Math.min(now + TICK_SECS, Math.max(now, points.times.at(-1) ?? now));
  return (
    <Card
      title={series.metric}
      aside={
        <>
          {note !== undefined && <span className="quiet small">{note}</span>}
          {last !== undefined && last !== null && (
            <span className={`reading ink-${tone % 6}`}>{format(last)}</span>
          )}
        </>
      }
    >
      {history.isLoading && <Loading rows={4} />}
      {history.error && isEmpty && <Failed error={history.error} retry={history.reload} />}
      {!history.isLoading && !history.error && isEmpty && (
        <p className="notice">
          {text.noPoints} {newestMs !== undefined && text.newest(now * 1_000 - newestMs)}
        </p>
      )}
      {!isEmpty && (
        <>
          <Chart
            label={label}
            times={drawn.times}
            lines={lines}
            from={windowStart(now, range, firstAt)}
            to={to}
            group="device"
            fromZero={isBoolean}
            format={format}
            formatTicks={isBoolean ? formatTruths : formatTicks}
          />
          <Summary points={points} format={format} />
        </>
      )}
    </Card>
  );
}

/** A boolean as it is drawn: false at 0, true at 1. */
function formatTruth(value: Measure): string {
  if (value === 0) return 'false';
  return value === 1 ? 'true' : '';
}

function formatTruths(ticks: readonly number[]): string[] {
  return ticks.map(formatTruth);
}

/** History and live tail of one series, and a note where not every point of the range is there. */
function useSeries(series: ChartSeries, range: RangeName, isBoolean: boolean) {
  const [live, setLive] = useState<SeriesPoints>(NO_POINTS);
  const history = useFetched(`${topicOf(series)} ${series.metric} ${range}`, (signal) =>
    isBoolean ? fetchNewest(series, range, signal) : fetchThinned(series, range, signal),
  );
  const seconds = secondsOf(range);
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
    const fresh = live.times.map((time, index) => ({ time, value: live.values[index] ?? 0 }));
    return trim(append(history.data ?? NO_POINTS, fresh), serverNow() / 1_000 - seconds);
  }, [history.data, live, seconds]);
  const fetched = history.data?.times.length ?? 0;
  const isPart = fetched >= (isBoolean ? POINTS_MAX : POINTS / 2);
  const note = isBoolean ? text.newestOnly : text.downsampled;
  return { points, note: isPart ? note : undefined, history };
}

/** Numbers of a range, thinned by the server with their extremes kept. */
async function fetchThinned(series: ChartSeries, range: RangeName, signal: AbortSignal) {
  const page = await queryTelemetry({ ...series, from: `now-${range}`, to: 'now', points: POINTS }, signal);
  return page.kind === 'points' ? append(NO_POINTS, pointsOf(page.items)) : NO_POINTS;
}

/** The newest points of a range as they are: extremes are of numbers only. */
async function fetchNewest(series: ChartSeries, range: RangeName, signal: AbortSignal) {
  const query = { ...series, from: `now-${range}`, to: 'now', order: 'desc', limit: POINTS_MAX } as const;
  const page = await queryTelemetry(query, signal);
  return page.kind === 'points' ? append(NO_POINTS, pointsOf(page.items.toReversed())) : NO_POINTS;
}

function pointsOf(items: readonly Point[]): { time: number; value: Measure }[] {
  return items
    .map((item) => ({ time: preciseSeconds(item.time), value: measureOf(parseValue(item)) }))
    .filter(({ value }) => Number.isFinite(Number(value)));
}

function measureOf(value: Value): Measure {
  return typeof value === 'bigint' ? value : Number(value);
}

/** Seconds since 1970 with microseconds, which `Date` does not keep. */
export function preciseSeconds(iso: string): number {
  return Math.floor(millisOf(iso) / 1_000) + Number(`0.${iso.slice(20, 26)}`);
}

/** Bounds of what is drawn, and the points behind it as a table. */
function Summary({ points, format }: { readonly points: SeriesPoints; readonly format: Format }) {
  const { min, max } = boundsOf(points);
  const [isOpen, setOpen] = useState(false);
  return (
    <details className="behind" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        {messages.table}
        <span className="bounds quiet figures">
          {text.min} {format(min)} · {text.max} {format(max)}
        </span>
      </summary>
      {isOpen && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
        <section className="scroll" tabIndex={0} aria-label={messages.table}>
          <PointTable points={points} format={format} />
        </section>
      )}
    </details>
  );
}

function PointTable({ points, format }: { readonly points: SeriesPoints; readonly format: Format }) {
  const from = Math.max(0, points.times.length - TABLE_ROWS);
  const rows = points.times
    .slice(from)
    .map((time, index) => ({ time, value: points.values[from + index] ?? null, key: `${time} ${index}` }));
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
        {rows.toReversed().map(({ time, value, key }) => (
          <tr key={key}>
            <td className="figures">{formatMoment(time * 1_000)}</td>
            <td className="number figures">{value === null ? '–' : format(value)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
