import Table2 from 'lucide-react/icons/table-2';
import { type ReactNode, useId, useState } from 'react';
import { tableKeyOf } from '../../charts/chart-card.tsx';
import { windowStart } from '../../charts/time-window.ts';
import { millisOf } from '../../format.ts';
import { type Connectivity, getConnectivity, type SessionEvent } from '../../generated/client.ts';
import { useFetched } from '../../live/fetched.ts';
import { useServerNow } from '../../live/server-clock.ts';
import { Breakable, Card, Failed, Loading } from '../../parts/parts.tsx';
import { type DeviceName, devicePath } from '../../route.ts';
import { useFormat } from '../../use-format.ts';
import { useShared } from '../../words/shared.ts';
import { useWords } from '../../words/words.ts';
import './connection-card.css';
import { type ConnectionSpan, spansOf } from './connection-spans.ts';
import { type DeviceWords, en } from './en.ts';
import { type ChartRange, preciseSeconds } from './series-tail.ts';
import { zh } from './zh.ts';

const FETCH_MS = 5_000;
/** Width of the strip in its own units. */
const WIDTH = 1_000;
const HEIGHT = 14;
/** The narrowest that a span is drawn. */
const LEAST = 2;
/** Rows of the table: the newest. */
const TABLE_ROWS = 200;
/** A connected device is called silent from here on. */
const SILENT_MS = 300_000;

/** How the device is and was connected over MQTT, as a strip of the range; behind it the events as a table. */
export function ConnectionCard({
  name,
  range,
  firstAt,
  newestMs,
}: {
  readonly name: DeviceName;
  readonly range: ChartRange;
  /** Seconds since 1970 that the charts do not reach beyond; undefined for the whole range. */
  readonly firstAt: number | undefined;
  /** When the device was last heard, ms since 1970. */
  readonly newestMs: number;
}) {
  const words = useWords({ en, zh });
  const bounds = boundsOf(range);
  const key = `connectivity ${devicePath(name)} ${bounds.from} ${bounds.to}`;
  const fetched = useFetched(key, (signal) => getConnectivity(name, bounds, signal), FETCH_MS);
  const { data, error } = fetched;
  if (data) return <Connection told={data} range={range} firstAt={firstAt} newestMs={newestMs} />;
  return (
    <Card title={words.connection}>
      {error ? <Failed error={error} retry={fetched.reload} /> : <Loading rows={1} />}
    </Card>
  );
}

function boundsOf(range: ChartRange): { readonly from: string; readonly to: string } {
  if (range.kind === 'tail') return { from: `now-${range.range}`, to: 'now' };
  const iso = (seconds: number) => new Date(seconds * 1_000).toISOString();
  return { from: iso(range.from), to: iso(range.to) };
}

function Connection({
  told,
  range,
  firstAt,
  newestMs,
}: {
  readonly told: Connectivity;
  readonly range: ChartRange;
  readonly firstAt: number | undefined;
  readonly newestMs: number;
}) {
  const words = useWords({ en, zh });
  const shared = useShared();
  const format = useFormat();
  const now = useServerNow(1_000) / 1_000;
  const id = useId();
  const [isOpen, setOpen] = useState(false);
  const tableKey = tableKeyOf(() => setOpen((before) => !before));
  const to = range.kind === 'tail' ? now : Math.min(range.to, now);
  const from = range.kind === 'tail' ? windowStart(to, range.range, firstAt) : range.from;
  const events = told.events.map(({ time, kind, reason, client, user }) => ({
    at: preciseSeconds(time),
    kind,
    reason,
    who: `${user} ${client}`,
  }));
  const spans = spansOf(events, from, Math.max(from, to));
  if (told.now.state === 'never')
    return (
      <Card title={words.connection}>
        <p className="quiet small">{words.neverConnected}</p>
      </Card>
    );
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the key is a second way to what the button in it does
    <div className="chart-card" onKeyDown={tableKey}>
      <Card title={words.connection} aside={<Now told={told} newestMs={newestMs} />}>
        <Strip spans={spans} label={words.strip(...sharesOf(spans, format.share))} />
        <div className="chart-foot">
          <button
            type="button"
            className="quiet-button small"
            aria-expanded={isOpen}
            aria-controls={id}
            aria-keyshortcuts="t"
            onClick={() => setOpen((before) => !before)}
          >
            <Table2 aria-hidden size={15} /> {shared.table} <kbd>T</kbd>
          </button>
          <span className="quiet small figures">
            {format.moment(from * 1_000)} – {format.moment(to * 1_000)}
          </span>
          <Key />
        </div>
        {told.isCut && <p className="quiet small">{words.cutEvents}</p>}
        {told.leftOut > 0 && <p className="quiet small">{words.leftOut(told.leftOut)}</p>}
        <div id={id} hidden={!isOpen}>
          {isOpen && <EventTable events={told.events} label={words.connection} />}
        </div>
      </Card>
    </div>
  );
}

/** Where it stands, in words. Connected and silent is not the same as disconnected. */
function Now({ told, newestMs }: { readonly told: Connectivity; readonly newestMs: number }) {
  const words = useWords({ en, zh });
  const format = useFormat();
  const nowMs = useServerNow(1_000);
  const { state, since, event } = told.now;
  if (since === null || event === null) return null;
  const when = format.zonedMoment(millisOf(since));
  if (state !== 'connected')
    return (
      <span className="connection-now is-off">
        {words.disconnectedSince(when, reasonOf(words, event.reason))}
      </span>
    );
  const isSilent = newestMs > 0 && nowMs - newestMs > SILENT_MS;
  return (
    <span className="connection-now is-on">
      {words.connectedSince(when)}
      {isSilent && <span className="is-silent"> · {words.silentSince(format.zonedMoment(newestMs))}</span>}
    </span>
  );
}

function Strip({ spans, label }: { readonly spans: readonly ConnectionSpan[]; readonly label: string }) {
  const words = useWords({ en, zh });
  const format = useFormat();
  const from = spans[0]?.from ?? 0;
  const length = Math.max(1e-3, (spans.at(-1)?.to ?? 0) - from);
  const xOf = (at: number): number => ((at - from) / length) * WIDTH;
  return (
    <svg
      className="connection-strip"
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      preserveAspectRatio="none"
      role="img"
      aria-label={label}
    >
      {spans.map((span) => (
        <rect
          key={span.from}
          className={`span-${span.state}`}
          x={xOf(span.from)}
          y={span.state === 'connected' ? 0 : HEIGHT / 4}
          width={Math.max(LEAST, xOf(span.to) - xOf(span.from))}
          height={span.state === 'connected' ? HEIGHT : HEIGHT / 2}
        >
          <title>{titleOf(span, words, (seconds) => format.zonedMoment(seconds * 1_000))}</title>
        </rect>
      ))}
    </svg>
  );
}

function titleOf(span: ConnectionSpan, words: DeviceWords, moment: (seconds: number) => string): string {
  const range = words.fixed(moment(span.from), moment(span.to));
  if (span.state === 'unknown') return `${words.unknownState}: ${range}`;
  if (span.state === 'connected') return `${words.connected}: ${range}`;
  return `${words.disconnected} (${reasonOf(words, span.reason)}): ${range}`;
}

/** Shares of the range in words: connected, not connected, not known. */
function sharesOf(
  spans: readonly ConnectionSpan[],
  share: (value: number) => string,
): [connected: string, disconnected: string, unknown: string] {
  const all = spans.reduce((sum, { from, to }) => sum + to - from, 0);
  const of = (state: ConnectionSpan['state']): string =>
    share(
      spans.reduce((sum, span) => sum + (span.state === state ? span.to - span.from : 0), 0) / (all || 1),
    );
  return [of('connected'), of('disconnected'), of('unknown')];
}

function Key() {
  const words = useWords({ en, zh });
  const entries = [
    ['connected', words.connected],
    ['disconnected', words.disconnected],
    ['unknown', words.unknownState],
  ] as const;
  return (
    <ul className="legend small quiet">
      {entries.map(([state, word]) => (
        <li key={state}>
          <span className={`chart-mark mark-${state}`} />
          {word}
        </li>
      ))}
    </ul>
  );
}

function EventTable({ events, label }: { readonly events: readonly SessionEvent[]; readonly label: string }) {
  const words = useWords({ en, zh });
  const format = useFormat();
  const rows = events.slice(-TABLE_ROWS).toReversed();
  const heads = [words.event, words.reason, words.client, words.user, words.from, words.over];
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <section className="scroll" tabIndex={0} aria-label={label}>
      <table className="dense">
        <caption>{words.eventRows(rows.length, events.length)}</caption>
        <thead>
          <tr>
            <th scope="col">
              {words.time} ({format.zone})
            </th>
            {heads.map((head) => (
              <th key={head} scope="col">
                {head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={`${row.time} ${row.kind} ${row.user} ${row.client}`}>
              <td className="figures">{format.moment(millisOf(row.time))}</td>
              <td>{row.kind === 'connected' ? words.connected : words.disconnected}</td>
              <td>{reasonOf(words, row.reason)}</td>
              <td>
                <Breakable text={row.client} />
              </td>
              <td>
                <Breakable text={row.user} />
              </td>
              <td className="figures">{row.remote}</td>
              <td>{wayOf(row, words)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function wayOf({ listener, protocol, isEncrypted }: SessionEvent, words: DeviceWords): ReactNode {
  const isWebSocket = listener === 'ws' || listener === 'wss';
  return [`MQTT ${protocol}`, ...(isWebSocket ? ['WebSocket'] : []), isEncrypted ? 'TLS' : words.plain].join(
    ' · ',
  );
}

function reasonOf(words: DeviceWords, reason: string): string {
  return words.reasons[reason] ?? words.otherReason(reason);
}
