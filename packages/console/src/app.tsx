import { type ReactNode, useEffect, useRef } from 'react';
import { DeadLetterRoom, DeadLettersRoom } from './dead-letters-room.tsx';
import { DeviceRoom } from './device-room.tsx';
import { DevicesRoom } from './devices-room.tsx';
import { formatCount, millisOf } from './format.ts';
import { useLiveState } from './live-stream.ts';
import { messages } from './messages.ts';
import { OverviewProvider, useOverview } from './overview-feed.tsx';
import { OverviewRoom } from './overview-room.tsx';
import { Link } from './parts.tsx';
import { pathOf, type Route, readRoute, usePath } from './route.ts';
import { useServerNow } from './server-clock.ts';

/** Figures older than this are called out of date. */
const STALE_MS = 10_000;

/** The console: its frame and the room of the current address. */
export function App() {
  const route = readRoute(usePath());
  useFocusOnArrival(pathOf(route));
  useEffect(() => {
    document.title = `${titleOf(route)} · ${messages.product}`;
  });
  return (
    <OverviewProvider>
      <a href="#main" className="skip">
        {messages.skip}
      </a>
      <Frame route={route} />
      <main id="main" tabIndex={-1}>
        <Warnings />
        <Room route={route} />
      </main>
    </OverviewProvider>
  );
}

/** Moves the focus to the room when the reader goes to another one, so that the keyboard does not start at the top. */
function useFocusOnArrival(path: string): void {
  const before = useRef(path);
  useEffect(() => {
    if (before.current === path) return;
    before.current = path;
    document.getElementById('main')?.focus({ preventScroll: true });
  }, [path]);
}

function titleOf(route: Route): string {
  switch (route.room) {
    case 'overview':
      return messages.overview.title;
    case 'devices':
      return messages.devices.title;
    case 'device':
      return route.device;
    case 'dead-letters':
      return messages.deadLetters.title;
    case 'dead-letter':
      return messages.deadLetters.one(String(route.offset));
    default:
      return messages.notFound.title;
  }
}

function Room({ route }: { readonly route: Route }): ReactNode {
  switch (route.room) {
    case 'overview':
      return <OverviewRoom />;
    case 'devices':
      return <DevicesRoom />;
    case 'device':
      return <DeviceRoom key={pathOf(route)} name={route} />;
    case 'dead-letters':
      return <DeadLettersRoom />;
    case 'dead-letter':
      return <DeadLetterRoom key={route.offset} offset={route.offset} />;
    default:
      return (
        <>
          <h1>{messages.notFound.title}</h1>
          <p>{messages.notFound.words}</p>
        </>
      );
  }
}

function Frame({ route }: { readonly route: Route }) {
  const { overview } = useOverview();
  const letters = overview?.deadLettersOpen ?? 0;
  const { nav } = messages;
  return (
    <header className="frame">
      <Link to="/" className="brand">
        <img src="/skerry.svg" alt="" width="26" height="26" />
        {messages.product}
      </Link>
      <nav aria-label={nav.label}>
        <Link to="/" current={route.room === 'overview'}>
          {nav.overview}
        </Link>
        <Link to={pathOf({ room: 'devices' })} current={route.room === 'devices' || route.room === 'device'}>
          {nav.devices}
        </Link>
        <Link
          to={pathOf({ room: 'dead-letters' })}
          current={route.room === 'dead-letters' || route.room === 'dead-letter'}
        >
          {nav.deadLetters}
          {letters > 0 && <span className="count">{formatCount(letters)}</span>}
        </Link>
      </nav>
      <ConnectionState />
    </header>
  );
}

function ConnectionState() {
  const state = useLiveState();
  return (
    <span className={`connection connection-${state}`} role="status">
      {messages.connection[state]}
    </span>
  );
}

/** The alarms of the page: a ledger that does not balance, and figures that are not current. */
function Warnings() {
  const { overview } = useOverview();
  return (
    <>
      <Staleness />
      {overview?.ledger.balanced === false && (
        <p className="notice notice-bad" role="alert">
          {messages.overview.unbalancedWords} <Link to="/">{messages.overview.ledger}</Link>
        </p>
      )}
    </>
  );
}

/** Says when what is shown cannot be trusted to be current. */
function Staleness() {
  const state = useLiveState();
  const now = useServerNow();
  const { overview } = useOverview();
  if (state === 'disconnected') return <p className="notice notice-warn">{messages.connection.lost}</p>;
  const ageMs = overview ? now - millisOf(overview.time) : 0;
  if (state !== 'live' || ageMs < STALE_MS) return null;
  return <p className="notice notice-warn">{messages.connection.stale(ageMs)}</p>;
}
