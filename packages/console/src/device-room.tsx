import { useState } from 'react';
import { DeviceChart, preciseSeconds } from './device-chart.tsx';
import { isNotFound, useFetched } from './fetched.ts';
import { formatValue, millisOf, parseValue } from './format.ts';
import { type DeviceDetail, getDevice, getLatest, type Latest, queryTelemetry } from './generated/client.ts';
import { topicOf, useLive } from './live-stream.ts';
import { messages } from './messages.ts';
import { Breakable, Card, Failed, FreshnessMark, Link, Loading } from './parts.tsx';
import { pathOf } from './route.ts';
import { learnServerTime, serverNow, useServerNow } from './server-clock.ts';
import { RANGES, type RangeName, rangeHolding } from './time-window.ts';

const text = messages.device;

/** Which device is shown. */
export interface DeviceName {
  readonly tenant: string;
  readonly project: string;
  readonly device: string;
}

type LatestItem = Latest['items'][number];

/** Metrics shown when a device is opened. */
const FIRST_METRICS = 4;
/** Metrics whose first point is asked for. */
const BEGINNINGS = 8;

/** A device: live charts with history, and the newest value of everything it sends. */
export function DeviceRoom({ name }: { readonly name: DeviceName }) {
  const key = pathOf({ room: 'device', ...name });
  const detail = useFetched(key, (signal) => getDevice(name, signal), 10_000);
  const { latest, isKnown } = useLatest(name, key);
  const { data, error } = detail;
  return (
    <>
      <Link to={pathOf({ room: 'devices' })} className="back">
        {text.back}
      </Link>
      <DeviceHead name={name} detail={data} latest={latest} />
      {!error && !(data && isKnown) && <Loading rows={8} />}
      {error &&
        !data &&
        (isNotFound(error) ? (
          <p className="notice">{text.unknown}</p>
        ) : (
          <Failed error={error} retry={detail.reload} />
        ))}
      {data && isKnown && <DeviceBody key={key} detail={data} latest={latest} />}
    </>
  );
}

/** The newest values, fetched once and then fed by the stream. */
function useLatest(name: DeviceName, key: string) {
  const fetched = useFetched(`latest ${key}`, async (signal) => {
    const answer = await getLatest(name, signal);
    learnServerTime(answer.time);
    return answer;
  });
  const [live, setLive] = useState<ReadonlyMap<string, LatestItem>>(new Map());
  useLive(topicOf(name), (received) => {
    const fresh = received.flatMap((message) =>
      message.event === 'points'
        ? message.data.devices.filter((one) => isSame(one, name)).flatMap((one) => one.points)
        : [],
    );
    if (fresh.length === 0) return;
    setLive((before) => {
      const after = new Map(before);
      for (const point of fresh)
        if (point.time >= (after.get(point.metric)?.time ?? '')) after.set(point.metric, point);
      return after;
    });
  });
  const items = new Map((fetched.data?.items ?? []).map((item) => [item.metric, item]));
  for (const [metric, item] of live)
    if (item.time >= (items.get(metric)?.time ?? '')) items.set(metric, item);
  const latest = [...items.values()].sort((a, b) => a.metric.localeCompare(b.metric));
  return { latest, isKnown: !fetched.isLoading };
}

function isSame(one: DeviceName, other: DeviceName): boolean {
  return one.device === other.device && one.project === other.project && one.tenant === other.tenant;
}

function DeviceHead({
  name,
  detail,
  latest,
}: {
  readonly name: DeviceName;
  readonly detail: DeviceDetail | undefined;
  readonly latest: readonly LatestItem[];
}) {
  const now = useServerNow();
  const newest = latest.reduce(
    (most, item) => Math.max(most, millisOf(item.time)),
    detail ? millisOf(detail.lastSeen) : 0,
  );
  const notes = detail
    ? [
        text.records(detail.accounts.stored),
        ...(detail.gaps > 0 ? [text.gaps(detail.gaps)] : []),
        ...(detail.timeCorrected > 0 ? [text.corrected(detail.timeCorrected)] : []),
        ...(detail.seqResets > 0 ? [text.resets(detail.seqResets)] : []),
      ]
    : [];
  return (
    <div className="device-head">
      <h1>{name.device}</h1>
      {newest > 0 && (
        <>
          <FreshnessMark ageMs={now - newest} />
          <span className="figures">{messages.ago(now - newest)}</span>
        </>
      )}
      <p className="quiet">{[`${name.tenant} / ${name.project}`, ...notes].join(' · ')}</p>
    </div>
  );
}

function DeviceBody({
  detail,
  latest,
}: {
  readonly detail: DeviceDetail;
  readonly latest: readonly LatestItem[];
}) {
  const drawable = detail.metricList.filter((metric) => metric.type !== 'text');
  const names = drawable.map(({ metric }) => metric);
  const [choice, setChoice] = useState<RangeChoice>('auto');
  const [chosen, setChosen] = useState<readonly string[] | undefined>(undefined);
  const [fitting] = useState(() => rangeHolding(ageOfNewest(detail, latest)));
  const firstAt = useFirstTime(nameOf(detail), names);
  const shown = chosen ?? names.slice(0, FIRST_METRICS);
  const toggle = (metric: string) =>
    setChosen(shown.includes(metric) ? shown.filter((one) => one !== metric) : [...shown, metric]);
  return (
    <>
      {names.length === 0 && <p className="notice">{text.noCharts}</p>}
      {names.length > 0 && (
        <div className="toolbar">
          <RangePicker value={choice} onChange={setChoice} />
          <MetricPicker names={names} shown={shown} toggle={toggle} />
        </div>
      )}
      <div className="charts">
        {drawable
          .filter(({ metric }) => shown.includes(metric))
          .map(({ metric, type }) => (
            <DeviceChart
              key={metric}
              series={{ ...nameOf(detail), metric }}
              tone={names.indexOf(metric)}
              range={choice === 'auto' ? fitting : choice}
              firstAt={choice === 'auto' ? firstAt : undefined}
              newestMs={newestOf(latest.filter((item) => item.metric === metric))}
              isBoolean={type === 'boolean'}
            />
          ))}
      </div>
      <LatestTable latest={latest} />
    </>
  );
}

type RangeChoice = RangeName | 'auto';

function newestOf(items: readonly LatestItem[]): number | undefined {
  return items.length === 0 ? undefined : Math.max(...items.map((item) => millisOf(item.time)));
}

/** Seconds since the newest value that can be drawn. */
function ageOfNewest(detail: DeviceDetail, latest: readonly LatestItem[]): number {
  const newest = newestOf(latest.filter((item) => typeof item.value !== 'string' || item.type === 'integer'));
  return (serverNow() - (newest ?? millisOf(detail.lastSeen))) / 1_000;
}

/** When the first of the device's points of the longest range was, in seconds since 1970, as far as its first metrics tell. */
function useFirstTime(name: DeviceName, metrics: readonly string[]): number | undefined {
  const asked = metrics.slice(0, BEGINNINGS);
  const { data } = useFetched(JSON.stringify(['first', name, asked]), async (signal) => {
    const pages = await Promise.all(
      asked.map((metric) => queryTelemetry({ ...name, metric, from: 'now-3d', limit: 1 }, signal)),
    );
    return pages.flatMap((page) => (page.kind === 'points' ? page.items : [])).map(({ time }) => time);
  });
  return data === undefined || data.length === 0 ? undefined : Math.min(...data.map(preciseSeconds));
}

function MetricPicker({
  names,
  shown,
  toggle,
}: {
  readonly names: readonly string[];
  readonly shown: readonly string[];
  readonly toggle: (metric: string) => void;
}) {
  return (
    <fieldset className="chips">
      <legend className="unseen">{text.metrics}</legend>
      {names.map((metric) => (
        <label key={metric} className="chip">
          <input type="checkbox" checked={shown.includes(metric)} onChange={() => toggle(metric)} />
          {metric}
        </label>
      ))}
    </fieldset>
  );
}

function nameOf({ tenant, project, device }: DeviceName): DeviceName {
  return { tenant, project, device };
}

function RangePicker({
  value,
  onChange,
}: {
  readonly value: RangeChoice;
  readonly onChange: (range: RangeChoice) => void;
}) {
  const choices = [
    { name: 'auto' as const, label: text.auto },
    ...RANGES.map(({ name }) => ({ name, label: text.ranges[name] })),
  ];
  return (
    <fieldset className="segments">
      <legend className="unseen">{text.range}</legend>
      {choices.map(({ name, label }) => (
        <label key={name}>
          <input type="radio" name="range" checked={value === name} onChange={() => onChange(name)} />
          <span>{label}</span>
        </label>
      ))}
    </fieldset>
  );
}

function LatestTable({ latest }: { readonly latest: readonly LatestItem[] }) {
  const now = useServerNow();
  return (
    <Card title={text.latest} className="table-card">
      <table>
        <thead>
          <tr>
            <th scope="col">{text.metric}</th>
            <th scope="col" className="number">
              {text.value}
            </th>
            <th scope="col">{text.age}</th>
          </tr>
        </thead>
        <tbody>
          {latest.map((item) => (
            <tr key={item.metric}>
              <th scope="row">
                <Breakable text={item.metric} />
              </th>
              <td className="number figures value">{formatValue(parseValue(item))}</td>
              <td className="figures quiet steady">{messages.ago(now - millisOf(item.time))}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Card>
  );
}
