import Download from 'lucide-react/icons/download';
import { type ReactNode, useMemo } from 'react';
import { ChartCard } from '../../charts/chart-card.tsx';
import { boundsOf, type Measure, type SeriesPoints } from '../../charts/series-points.ts';
import { windowStart } from '../../charts/time-window.ts';
import { type Format, formatTicks, formatValue } from '../../format.ts';
import { isNotFound } from '../../live/fetched.ts';
import { useServerNow } from '../../live/server-clock.ts';
import { Fault } from '../../parts/fault.tsx';
import { AHEAD_MS } from '../../parts/freshness.ts';
import { Card, Failed, Loading } from '../../parts/parts.tsx';
import { type DeviceName, devicePath, stepQuery, withQuery } from '../../route.ts';
import { useFormat } from '../../use-format.ts';
import { useWords } from '../../words/words.ts';
import { writeFixed } from './device-view.ts';
import { type DeviceWords, en } from './en.ts';
import { alignedLines, type ChartRange, type Tails, useTails } from './series-tail.ts';
import { zh } from './zh.ts';

const TICK_SECS = 1;

/** One metric of one or several devices over time: history of the range, and what arrives. */
export function DeviceChart({
  devices,
  metric,
  tone,
  range,
  firstAt,
  newestMs,
  isBoolean,
}: {
  readonly devices: readonly DeviceName[];
  readonly metric: string;
  /** Colour of the first device's line. */
  readonly tone: number;
  readonly range: ChartRange;
  /** Seconds since 1970 that the window need not reach beyond; undefined for the whole range. */
  readonly firstAt: number | undefined;
  /** Time of the newest value of the first device, ms since 1970. */
  readonly newestMs: number | undefined;
  readonly isBoolean: boolean;
}) {
  const words = useWords({ en, zh });
  const times = useFormat();
  const format = isBoolean ? formatTruth : formatValue;
  const now = useServerNow(1_000) / 1_000;
  const { points, isPart, history } = useTails(devices, metric, range, isBoolean);
  const aligned = useMemo(() => alignedLines(points), [points]);
  if (points.every((one) => one.times.length === 0)) {
    return <NoPoints metric={metric} history={history} newestMs={newestMs} />;
  }
  const isAlone = devices.length === 1;
  const bounds = boundsOf({ times: [], values: points.flatMap(({ values }) => values) });
  return (
    <ChartCard
      title={metric}
      aside={
        isAlone ? (
          <ChartAside
            reading={range.kind === 'tail' ? readingOf(points[0], format) : undefined}
            tone={tone}
            note={isPart ? (isBoolean ? words.newestOnly : words.downsampled) : undefined}
            exportLink={<ExportLink device={devices[0]} metric={metric} range={range} />}
          />
        ) : undefined
      }
      note={
        <LineFaults devices={devices} history={history}>
          {words.minMax(format(bounds.min), format(bounds.max))}
        </LineFaults>
      }
      timeHead={words.time}
      rowsWords={words.rows}
      chart={{
        label: words.chart(metric, rangeWords(range, words, times)),
        at: aligned.at,
        lines: devices.map((device, index) => ({
          label: isAlone ? metric : device.device,
          tone: isAlone ? tone : index,
          values: aligned.values[index] ?? [],
          isStepped: isBoolean,
        })),
        ...windowOf(range, now, firstAt, aligned.at.at(-1)),
        group: 'device',
        fromZero: isBoolean,
        format,
        formatTicks: isBoolean ? formatTruths : formatTicks,
        onZoom: (from, to) => stepQuery({ ...writeFixed(from, to), range: '' }),
      }}
    />
  );
}

function readingOf(points: SeriesPoints | undefined, format: (value: Measure) => string): string | undefined {
  const last = points?.values.at(-1);
  return last === undefined || last === null ? undefined : format(last);
}

/** A note, and which of the lines could not be fetched; one that does not exist is told of above the charts. */
function LineFaults({
  devices,
  history,
  children,
}: {
  readonly devices: readonly DeviceName[];
  readonly history: Tails['history'];
  readonly children: string;
}) {
  const faults = devices.map((device, index) => {
    const fault = history.data?.[index]?.fault;
    if (!fault || isNotFound(fault)) return null;
    return (
      <span key={devicePath(device)} className="bad" role="alert">
        {' '}
        · {device.device}: <Fault error={fault} />
      </span>
    );
  });
  return (
    <>
      {children}
      {faults}
    </>
  );
}

/** The newest value of a single line, what its points leave out, and the way to all of them. */
function ChartAside({
  reading,
  tone,
  note,
  exportLink,
}: {
  readonly reading: string | undefined;
  readonly tone: number;
  readonly note: string | undefined;
  readonly exportLink: ReactNode;
}) {
  return (
    <>
      {note !== undefined && <span className="quiet small">{note}</span>}
      {reading !== undefined && <span className={`reading ink-${tone % 6}`}>{reading}</span>}
      {exportLink}
    </>
  );
}

function NoPoints({
  metric,
  history,
  newestMs,
}: {
  readonly metric: string;
  readonly history: Tails['history'];
  readonly newestMs: number | undefined;
}) {
  const words = useWords({ en, zh });
  const times = useFormat();
  const now = useServerNow();
  return (
    <Card title={metric}>
      {history.isLoading && <Loading rows={4} />}
      {history.error && <Failed error={history.error} retry={history.reload} />}
      {!history.isLoading && !history.error && (
        <p className="notice">
          {words.noPoints} {newestMs !== undefined && newestWords(now - newestMs, words, times)}
        </p>
      )}
    </Card>
  );
}

function newestWords(ageMs: number, words: DeviceWords, times: Format): string {
  const when = times.ago(ageMs);
  return ageMs < -AHEAD_MS ? words.newestAhead(when) : words.newest(when);
}

function rangeWords(range: ChartRange, words: DeviceWords, times: Format): string {
  if (range.kind === 'tail') return words.last(words.ranges[range.range]);
  return words.fixed(times.moment(range.from * 1_000), times.zonedMoment(range.to * 1_000));
}

function windowOf(range: ChartRange, now: number, firstAt: number | undefined, lastAt: number | undefined) {
  if (range.kind === 'fixed') return { from: range.from, to: range.to };
  // a point that came after the clock's last tick is drawn whole
  const to = Math.min(now + TICK_SECS, Math.max(now, lastAt ?? now));
  return { from: windowStart(now, range.range, firstAt), to };
}

function ExportLink({
  device,
  metric,
  range,
}: {
  readonly device: DeviceName | undefined;
  readonly metric: string;
  readonly range: ChartRange;
}) {
  const words = useWords({ en, zh });
  if (!device) return null;
  const { tenant, project } = device;
  const iso = (seconds: number) => new Date(seconds * 1_000).toISOString();
  const bounds =
    range.kind === 'tail'
      ? { from: `now-${range.range}`, to: 'now' }
      : { from: iso(range.from), to: iso(range.to) };
  const href = withQuery('/api/v1/export/telemetry', {
    tenant,
    project,
    device: device.device,
    metric,
    ...bounds,
    format: 'csv',
  });
  return (
    <a
      className="quiet-button button"
      href={href}
      download={`${device.device}-${metric}.csv`}
      aria-label={words.exportOf(metric)}
      title={words.exportOf(metric)}
    >
      <Download aria-hidden size={15} />
    </a>
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
