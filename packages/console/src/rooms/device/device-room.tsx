import { useEffect, useMemo, useRef, useState } from 'react';
import { type RangeName, rangeHolding } from '../../charts/time-window.ts';
import { formatValue, millisOf, parseValue } from '../../format.ts';
import {
  type DeviceDetail,
  getDevice,
  getLatest,
  type Latest,
  queryTelemetry,
} from '../../generated/client.ts';
import { isNotFound, useFetched } from '../../live/fetched.ts';
import { topicOf, useLive } from '../../live/live-stream.ts';
import { learnServerTime, serverNow, useServerNow } from '../../live/server-clock.ts';
import { Fault } from '../../parts/fault.tsx';
import { AHEAD_MS, freshnessAt } from '../../parts/freshness.ts';
import { Breakable, Card, Failed, FreshnessMark, Link, Loading } from '../../parts/parts.tsx';
import { errorOf } from '../../request.ts';
import { type DeviceName, devicePath, pathOf, usePlace } from '../../route.ts';
import { useFormat } from '../../use-format.ts';
import { useShared } from '../../words/shared.ts';
import { useWords } from '../../words/words.ts';
import { ConnectionCard } from './connection-card.tsx';
import { DeviceChart } from './device-chart.tsx';
import { ComparePicker, MetricPicker, RangePicker } from './device-toolbar.tsx';
import { COMPARED_MAX, readView } from './device-view.ts';
import { en } from './en.ts';
import { type ChartRange, preciseSeconds } from './series-tail.ts';
import { zh } from './zh.ts';

type LatestItem = Latest['items'][number];

/** Metrics shown when a device is opened. */
const FIRST_METRICS = 4;
/** The head is asked for again this long after points came. */
const AFTER_POINTS_MS = 2_000;
/** Metrics whose first point is asked for. */
const BEGINNINGS = 8;

/** A device: live charts with history, and the newest value of everything it sends. */
export function DeviceRoom({ name }: { readonly name: DeviceName }) {
  const words = useWords({ en, zh });
  const key = devicePath(name);
  const detail = useFetched(key, (signal) => getDevice(name, signal), 10_000);
  useAfterPoints(name, key, detail.reload);
  const { latest, isKnown } = useLatest(name, key);
  const { data, error } = detail;
  return (
    <>
      <Link to={pathOf('devices')} className="back">
        {words.back}
      </Link>
      <DeviceHead name={name} detail={data} latest={latest} />
      {!error && !(data && isKnown) && <Loading rows={8} />}
      {error &&
        !data &&
        (isNotFound(error) ? (
          <p className="notice">{words.unknown}</p>
        ) : (
          <Failed error={error} retry={detail.reload} />
        ))}
      {data && isKnown && <DeviceBody key={key} detail={data} latest={latest} />}
    </>
  );
}

/** Asks again soon after points of the device came, at most every few seconds. */
function useAfterPoints(name: DeviceName, key: string, ask: () => void): void {
  const timer = useRef<number>(undefined);
  useLive([topicOf(name)], (received) => {
    const isOurs = received.some(
      (message) =>
        message.event === 'points' && message.data.devices.some((device) => devicePath(device) === key),
    );
    if (!isOurs || timer.current !== undefined) return;
    timer.current = window.setTimeout(() => {
      timer.current = undefined;
      ask();
    }, AFTER_POINTS_MS);
  });
  useEffect(() => () => window.clearTimeout(timer.current), []);
}

/** The newest values, fetched once and then fed by the stream. */
function useLatest(name: DeviceName, key: string) {
  const fetched = useFetched(`latest ${key}`, async (signal) => {
    const answer = await getLatest(name, signal);
    learnServerTime(answer.time);
    return answer;
  });
  const [live, setLive] = useState<ReadonlyMap<string, LatestItem>>(new Map());
  useLive([topicOf(name)], (received) => {
    const fresh = received.flatMap((message) =>
      message.event === 'points'
        ? message.data.devices.filter((one) => devicePath(one) === key).flatMap((one) => one.points)
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

function DeviceHead({
  name,
  detail,
  latest,
}: {
  readonly name: DeviceName;
  readonly detail: DeviceDetail | undefined;
  readonly latest: readonly LatestItem[];
}) {
  const words = useWords({ en, zh });
  const shared = useShared();
  const format = useFormat();
  const now = useServerNow();
  const newest = heardAt(detail, latest, now);
  const state = freshnessAt(now - newest);
  const notes = detail
    ? [
        words.records(detail.accounts.stored),
        ...(detail.gaps > 0 ? [words.gaps(detail.gaps)] : []),
        ...(detail.timeCorrected > 0 ? [words.corrected(detail.timeCorrected)] : []),
        ...(detail.seqResets > 0 ? [words.resets(detail.seqResets)] : []),
      ]
    : [];
  return (
    <div className="device-head">
      <h1>{name.device}</h1>
      {newest > 0 && (
        <>
          <FreshnessMark ageMs={now - newest} />
          <span className="figures">{format.ago(now - newest)}</span>
          {(state === 'quiet' || state === 'silent') && (
            <span className="quiet figures">{shared.silentSince(format.zonedMoment(newest))}</span>
          )}
        </>
      )}
      <p className="quiet">{[`${name.tenant} / ${name.project}`, ...notes].join(' · ')}</p>
    </div>
  );
}

/** When a device was heard last, ms since 1970; 0 while unknown. A time that is ahead of `now` tells nothing of it. */
function heardAt(detail: DeviceDetail | undefined, latest: readonly LatestItem[], now: number): number {
  const times = latest.map((item) => millisOf(item.time)).filter((ms) => ms <= now + AHEAD_MS);
  return Math.max(0, ...times, detail ? millisOf(detail.lastSeen) : 0);
}

function DeviceBody({
  detail,
  latest,
}: {
  readonly detail: DeviceDetail;
  readonly latest: readonly LatestItem[];
}) {
  const words = useWords({ en, zh });
  const { query } = usePlace();
  const view = useMemo(() => readView(query), [query]);
  const drawable = detail.metricList.filter((metric) => metric.type !== 'text');
  const names = drawable.map(({ metric }) => metric);
  const [fitting] = useState(() => rangeHolding(ageOfNewest(detail, latest)));
  const { tenant, project, device } = detail;
  const own = useMemo(() => ({ tenant, project, device }), [tenant, project, device]);
  const faults = useComparedFaults(view.compared);
  const devices = useMemo(
    () => [own, ...view.compared.filter((one) => !isNotFound(faults.get(devicePath(one))))],
    [own, view.compared, faults],
  );
  const firstAt = useFirstTime(own, names);
  const shown = view.metrics ?? names.slice(0, FIRST_METRICS);
  const isAuto = view.time.kind === 'tail' && view.time.range === 'auto';
  const range = rangeOf(view.time, fitting);
  return (
    <>
      {names.length === 0 && <p className="notice">{words.noCharts}</p>}
      {names.length > 0 && (
        <div className="toolbar">
          <RangePicker time={view.time} fitting={fitting} />
          <div className="toolbar-row">
            <MetricPicker names={names} shown={shown} />
            <ComparePicker
              own={own}
              compared={view.compared}
              isFull={view.compared.length + 1 >= COMPARED_MAX}
            />
          </div>
          <ComparedFaults compared={view.compared} faults={faults} />
        </div>
      )}
      <div className="charts">
        {drawable
          .filter(({ metric }) => shown.includes(metric))
          .map(({ metric, type }) => (
            <DeviceChart
              key={metric}
              devices={devices}
              metric={metric}
              tone={names.indexOf(metric)}
              range={range}
              firstAt={isAuto ? firstAt : undefined}
              newestMs={newestOf(latest.filter((item) => item.metric === metric))}
              isBoolean={type === 'boolean'}
            />
          ))}
      </div>
      <ConnectionCard
        name={own}
        range={range}
        firstAt={isAuto ? firstAt : undefined}
        newestMs={heardAt(detail, latest, serverNow())}
      />
      <LatestTable latest={latest} />
    </>
  );
}

const NO_FAULTS: ReadonlyMap<string, Error> = new Map();

/** Why compared devices cannot be drawn, by their paths: each is asked for alone. */
function useComparedFaults(compared: readonly DeviceName[]): ReadonlyMap<string, Error> {
  const { data } = useFetched(JSON.stringify(['compared', compared]), async (signal) => {
    const asked = await Promise.allSettled(compared.map((device) => getDevice(device, signal)));
    return new Map(
      asked.flatMap((one, at) => {
        const device = compared[at];
        return one.status === 'rejected' && device
          ? [[devicePath(device), errorOf(one.reason)] as const]
          : [];
      }),
    );
  });
  return data ?? NO_FAULTS;
}

/** Says which of the compared devices cannot be drawn, and why. */
function ComparedFaults({
  compared,
  faults,
}: {
  readonly compared: readonly DeviceName[];
  readonly faults: ReadonlyMap<string, Error>;
}) {
  const words = useWords({ en, zh });
  return compared.map((one) => {
    const fault = faults.get(devicePath(one));
    if (!fault) return null;
    return (
      <p key={devicePath(one)} className="notice notice-warn" role="status">
        {words.notCompared(`${one.tenant} / ${one.project} / ${one.device}`)}{' '}
        {isNotFound(fault) ? words.unknown : <Fault error={fault} />}
      </p>
    );
  });
}

function rangeOf(time: ReturnType<typeof readView>['time'], fitting: RangeName): ChartRange {
  if (time.kind === 'fixed') return time;
  return { kind: 'tail', range: time.range === 'auto' ? fitting : time.range };
}

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

function LatestTable({ latest }: { readonly latest: readonly LatestItem[] }) {
  const words = useWords({ en, zh });
  const format = useFormat();
  const now = useServerNow();
  return (
    <Card title={words.latest} className="table-card">
      <table>
        <thead>
          <tr>
            <th scope="col">{words.metric}</th>
            <th scope="col" className="number">
              {words.value}
            </th>
            <th scope="col">{words.age}</th>
            <th scope="col" className="wide-only">
              {words.time} ({format.zone})
            </th>
          </tr>
        </thead>
        <tbody>
          {latest.map((item) => (
            <tr key={item.metric}>
              <th scope="row">
                <Breakable text={item.metric} />
              </th>
              <td className="number figures value">
                {item.value === '' ? (
                  <span className="quiet">{words.emptyText}</span>
                ) : (
                  formatValue(parseValue(item))
                )}
              </td>
              <td className="figures quiet steady age">
                {format.ago(now - millisOf(item.time))}
                <span className="narrow-only small">{format.moment(millisOf(item.time))}</span>
              </td>
              <td className="figures quiet steady wide-only">{format.moment(millisOf(item.time))}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Card>
  );
}
