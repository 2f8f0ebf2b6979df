import X from 'lucide-react/icons/x';
import { lazy, Suspense, useEffect, useEffectEvent, useRef, useState } from 'react';
import { Navigation, useTitle } from './frame/navigation.tsx';
import { RoomBoundary } from './frame/room-boundary.tsx';
import { SessionProvider, useSession } from './frame/session.tsx';
import { codeIn, SignIn } from './frame/sign-in.tsx';
import { TopBar } from './frame/top-bar.tsx';
import { Warnings } from './frame/warnings.tsx';
import { OverviewProvider } from './live/overview-feed.tsx';
import { Failed, Link, Loading, LoadingRoom, Refused } from './parts/parts.tsx';
import type { Room } from './room.ts';
import { ROOMS, roomOf } from './rooms.ts';
import { dropHash, keptPlace, returnTo, useHash, usePlace } from './route.ts';
import { useShared } from './words/shared.ts';

/** The console: sign-in, or the frame with the room of the address. */
export function App() {
  return (
    <SessionProvider>
      <Gate />
    </SessionProvider>
  );
}

/** Lets in whoever is signed in. */
function Gate() {
  const { state, error, askAgain } = useSession();
  const hash = useHash();
  // a link that was used or is not needed does not stay in the address
  useEffect(() => {
    if (state === 'signed-in' && codeIn(hash) !== undefined) dropHash();
  }, [state, hash]);
  if (state === 'asking') return <Loading rows={1} />;
  if (state === 'signed-out') return <SignIn />;
  if (state === 'unreachable' && error) {
    return (
      <main className="lone">
        <Failed error={error} retry={askAgain} />
      </main>
    );
  }
  return (
    <OverviewProvider>
      <Frame />
    </OverviewProvider>
  );
}

function Frame() {
  const words = useShared();
  const { path, parts } = usePlace();
  const found = roomOf(parts);
  const [isMenuOpen, setMenuOpen] = useState(false);
  useFocusOnArrival(path);
  useEscape(isMenuOpen, () => setMenuOpen(false));
  // biome-ignore lint/correctness/useExhaustiveDependencies: `path` says that the reader has gone elsewhere
  useEffect(() => setMenuOpen(false), [path]);
  return (
    <div className={`frame ${isMenuOpen ? 'menu-open' : ''}`}>
      <a href="#main" className="skip">
        {words.skip}
      </a>
      <Side current={found?.room} isOpen={isMenuOpen} close={() => setMenuOpen(false)} />
      <TopBar openMenu={() => setMenuOpen(true)} isMenuOpen={isMenuOpen} />
      <main id="main" tabIndex={-1} inert={isMenuOpen}>
        <Warnings />
        {found ? <Entered key={found.room.name} room={found.room} rest={found.rest} /> : <Nowhere />}
      </main>
    </div>
  );
}

function Side({
  current,
  isOpen,
  close,
}: {
  readonly current: Room | undefined;
  readonly isOpen: boolean;
  readonly close: () => void;
}) {
  const words = useShared();
  const button = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    if (!isOpen) return;
    button.current?.focus();
    return () => document.querySelector<HTMLElement>('.top .menu-button')?.focus();
  }, [isOpen]);
  return (
    <nav id="side" className="side" aria-label={words.frame.navigation}>
      <div className="side-head">
        <Link to="/" className="brand">
          <img src="/skerry.svg" alt="" width="26" height="26" />
          {words.product}
        </Link>
        <button
          ref={button}
          type="button"
          className="quiet-button menu-button"
          aria-label={words.frame.closeMenu}
          onClick={close}
        >
          <X aria-hidden size={20} />
        </button>
      </div>
      <Navigation current={current} />
    </nav>
  );
}

const CONTENTS = new Map(
  ROOMS.map((room) => [room, lazy(async () => ({ default: (await room.load()).Content }))]),
);

function Entered({ room, rest }: { readonly room: Room; readonly rest: readonly string[] }) {
  const { mayDo } = useSession();
  const words = useShared();
  const title = useTitle(room);
  useEffect(() => {
    document.title = `${rest.at(-1) ?? title} · ${words.product}`;
  });
  if (room.may !== undefined && !mayDo(room.may)) return <Refused />;
  const Content = CONTENTS.get(room);
  return (
    <RoomBoundary key={rest.join('/')}>
      <Suspense fallback={<LoadingRoom />}>{Content && <Content rest={rest} />}</Suspense>
    </RoomBoundary>
  );
}

function Nowhere() {
  const { notFound, product } = useShared();
  useEffect(() => {
    document.title = `${notFound.title} · ${product}`;
  });
  return (
    <div className="state">
      <h1>{notFound.title}</h1>
      <p>{notFound.words}</p>
    </div>
  );
}

function useEscape(isWanted: boolean, act: () => void): void {
  const close = useEffectEvent(act);
  useEffect(() => {
    if (!isWanted) return;
    const press = (event: KeyboardEvent) => {
      if (event.key === 'Escape') close();
    };
    document.addEventListener('keydown', press);
    return () => document.removeEventListener('keydown', press);
  }, [isWanted]);
}

/**
 * Moves the focus to the room when the reader goes to another one, so that the keyboard does not start at the top; on
 * the way back to where the reader was in it.
 */
function useFocusOnArrival(path: string): void {
  const before = useRef<string>(undefined);
  useEffect(() => {
    const isFirst = before.current === undefined;
    if (before.current === path) return;
    before.current = path;
    const kept = keptPlace();
    if (!isFirst) document.getElementById('main')?.focus({ preventScroll: true });
    return kept && returnTo(kept);
  }, [path]);
}
