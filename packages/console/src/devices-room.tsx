import { type KeyboardEvent, useDeferredValue, useEffect, useRef, useState } from 'react';
import { EmptyPlatform } from './empty.tsx';
import { useFetched } from './fetched.ts';
import { formatCount, millisOf } from './format.ts';
import { type Device, listDevices } from './generated/client.ts';
import { messages } from './messages.ts';
import { useOverview } from './overview-feed.tsx';
import { Failed, FreshnessMark, Link, Loading } from './parts.tsx';
import { pathOf } from './route.ts';
import { learnServerTime, useServerNow } from './server-clock.ts';

const text = messages.devices;
const PAGE = 100;
const PAGE_MAX = 1_000;

/** The devices, with how fresh they are. */
export function DevicesRoom() {
  const [search, setSearch] = useState('');
  const [limit, setLimit] = useState(PAGE);
  const wanted = useDeferredValue(search.trim());
  const { data, error, isLoading, reload } = useFetched(
    JSON.stringify([wanted, limit]),
    async (signal) => {
      const page = await listDevices({ search: wanted === '' ? undefined : wanted, limit }, signal);
      learnServerTime(page.time);
      return page;
    },
    2_000,
  );
  const shown = useLast(data);
  const { overview } = useOverview();
  const all = wanted === '' && shown?.cursor ? overview?.devices : undefined;
  const isEmpty = shown !== undefined && shown.items.length === 0;
  return (
    <>
      <div className="room-head">
        <h1>{text.title}</h1>
        <SearchField value={search} onChange={setSearch} />
      </div>
      {error && !shown && <Failed error={error} retry={reload} />}
      {isLoading && !shown && <Loading rows={8} />}
      {isEmpty && (wanted === '' ? <EmptyPlatform /> : <p className="notice">{text.none(wanted)}</p>)}
      {shown && !isEmpty && <DeviceTable devices={shown.items} all={all} />}
      {shown?.cursor && limit < PAGE_MAX && (
        <button
          type="button"
          className="more"
          onClick={() => setLimit((before) => Math.min(PAGE_MAX, before + PAGE))}
        >
          {messages.more}
        </button>
      )}
      {shown?.cursor && limit >= PAGE_MAX && <p className="notice">{messages.firstOnly(PAGE_MAX)}</p>}
    </>
  );
}

/** The last value that was there, so that a table does not vanish while the next is fetched. */
function useLast<T>(value: T | undefined): T | undefined {
  const [last, setLast] = useState(value);
  if (value !== undefined && value !== last) setLast(value);
  return value ?? last;
}

function SearchField({
  value,
  onChange,
}: {
  readonly value: string;
  readonly onChange: (text: string) => void;
}) {
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => {
    const focus = (event: globalThis.KeyboardEvent) => {
      const isTyping = event.target instanceof HTMLElement && event.target.matches('input, textarea, select');
      if (event.key !== '/' || isTyping || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      field.current?.focus();
    };
    document.addEventListener('keydown', focus);
    return () => document.removeEventListener('keydown', focus);
  }, []);
  return (
    <div className="search">
      <label htmlFor="device-search" className="unseen">
        {text.search}
      </label>
      <input
        id="device-search"
        ref={field}
        type="search"
        value={value}
        placeholder={text.search}
        aria-describedby="device-search-hint"
        autoComplete="off"
        onChange={(event) => onChange(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === 'ArrowDown') moveFocus(event, 0);
        }}
      />
      <kbd>/</kbd>
      <span id="device-search-hint" className="unseen">
        {text.searchHint}
      </span>
    </div>
  );
}

/** Moves the focus to the link of a row; before the first comes the search field. */
function moveFocus(event: KeyboardEvent, row: number): void {
  const links = document.querySelectorAll<HTMLAnchorElement>('.device-link');
  const target = row < 0 ? document.getElementById('device-search') : links[Math.min(row, links.length - 1)];
  event.preventDefault();
  target?.focus();
}

function DeviceTable({
  devices,
  all,
}: {
  readonly devices: readonly Device[];
  readonly all: number | undefined;
}) {
  const now = useServerNow();
  const onKeyDown = (event: KeyboardEvent) => {
    const links = [...document.querySelectorAll('.device-link')];
    const at = document.activeElement ? links.indexOf(document.activeElement) : -1;
    if (at < 0) return;
    if (event.key === 'ArrowDown') moveFocus(event, at + 1);
    if (event.key === 'ArrowUp') moveFocus(event, at - 1);
    if (event.key === 'Home') moveFocus(event, 0);
    if (event.key === 'End') moveFocus(event, links.length - 1);
  };
  return (
    <div className="card table-card">
      <table onKeyDown={onKeyDown}>
        <caption>{text.shown(devices.length, all)}</caption>
        <thead>
          <tr>
            <th scope="col">{text.device}</th>
            <th scope="col" className="wide-only steady">
              {text.project}
            </th>
            <th scope="col">{text.state}</th>
            <th scope="col" className="wide-only">
              {text.lastSeen}
            </th>
            <th scope="col" className="number wide-only">
              {text.metrics}
            </th>
          </tr>
        </thead>
        <tbody>
          {devices.map((device) => (
            <DeviceRow key={pathOf({ room: 'device', ...device })} device={device} now={now} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function DeviceRow({ device, now }: { readonly device: Device; readonly now: number }) {
  const ageMs = now - millisOf(device.lastSeen);
  return (
    <tr>
      <th scope="row">
        <Link to={pathOf({ room: 'device', ...device })} className="device-link row-link">
          {device.device}
        </Link>
        <div className="narrow-only quiet small">
          {device.tenant} / {device.project}
        </div>
      </th>
      <td className="quiet steady wide-only">
        {device.tenant} / {device.project}
      </td>
      <td>
        <FreshnessMark ageMs={ageMs} />
        <div className="narrow-only quiet small steady">{messages.ago(ageMs)}</div>
      </td>
      <td className="figures steady wide-only">{messages.ago(ageMs)}</td>
      <td className="number figures wide-only">{formatCount(device.metrics)}</td>
    </tr>
  );
}
