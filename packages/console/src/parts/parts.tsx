import Lock from 'lucide-react/icons/lock';
import { Fragment, type MouseEvent, type ReactNode, useEffect, useState } from 'react';
import { useIsStale } from '../live/live-stream.ts';
import { ANSWER_MS, codeOf } from '../request.ts';
import { goTo } from '../route.ts';
import { useShared } from '../words/shared.ts';
import { Fault } from './fault.tsx';
import { freshnessAt } from './freshness.ts';

/** A link to another route of the page. */
export function Link({
  to,
  className,
  children,
  current,
  title,
}: {
  readonly to: string;
  readonly className?: string;
  /** The whole of a text that may be cut off. */
  readonly title?: string;
  readonly children: ReactNode;
  readonly current?: boolean;
}) {
  const follow = (event: MouseEvent) => {
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0) return;
    event.preventDefault();
    goTo(to);
  };
  return (
    <a
      href={to}
      className={className}
      title={title}
      onClick={follow}
      aria-current={current ? 'page' : undefined}
    >
      {children}
    </a>
  );
}

/** A titled box. */
export function Card({
  title,
  aside,
  children,
  className = '',
}: {
  readonly title?: string;
  readonly aside?: ReactNode;
  readonly children: ReactNode;
  readonly className?: string;
}) {
  return (
    <section className={`card ${className}`}>
      {title !== undefined && (
        <header className="card-head">
          <h2>{title}</h2>
          {aside !== undefined && <div className="card-aside">{aside}</div>}
        </header>
      )}
      {children}
    </section>
  );
}

/** Grey bars while something loads. */
export function Loading({ rows = 3 }: { readonly rows?: number }) {
  const words = useShared();
  return (
    <div className="loading" role="status" aria-label={words.loading}>
      {Array.from({ length: rows }, (_, row) => `row-${row}`).map((key) => (
        <span key={key} />
      ))}
    </div>
  );
}

/** Grey bars while a part of the page itself is fetched, which goes on for as long as it takes; words when that is long. */
export function LoadingRoom() {
  const words = useShared();
  const [isLate, setLate] = useState(false);
  useEffect(() => {
    const timer = window.setTimeout(() => setLate(true), ANSWER_MS);
    return () => window.clearTimeout(timer);
  }, []);
  return (
    <>
      {isLate && (
        <p className="notice notice-bad" role="alert">
          {words.connection.noFigures}
        </p>
      )}
      <Loading rows={6} />
    </>
  );
}

/** What went wrong, and a way to try again. */
export function Failed({ error, retry }: { readonly error: Error; readonly retry: () => void }) {
  const words = useShared();
  if (codeOf(error) === 'not-allowed') return <Refused />;
  return (
    <div className="notice notice-bad" role="alert">
      <strong>{words.failed}</strong> <Fault error={error} />{' '}
      <button type="button" onClick={retry}>
        {words.retry}
      </button>
    </div>
  );
}

/** Says that one may not see something. */
export function Refused() {
  const words = useShared();
  return (
    <div className="state">
      <Lock aria-hidden size={30} />
      <h1>{words.refused}</h1>
      <p>{words.refusedWords}</p>
    </div>
  );
}

/** Freshness of a device as a mark and a word. */
export function FreshnessMark({ ageMs }: { readonly ageMs: number }) {
  const words = useShared();
  const isStale = useIsStale();
  const state = freshnessAt(ageMs);
  // a device that was live when the last figures came may be silent since
  if (isStale) return <span className="fresh fresh-unknown">{words.notCurrent}</span>;
  return <span className={`fresh fresh-${state}`}>{words.freshness[state]}</span>;
}

/** The head of a room: its title, and what stands beside it. */
export function RoomHead({ title, children }: { readonly title: string; readonly children?: ReactNode }) {
  return (
    <div className="room-head">
      <h1>{title}</h1>
      {children}
    </div>
  );
}

/** One line of a list of facts. */
export function Fact({ name, children }: { readonly name: string; readonly children: ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children === '' ? '–' : children}</dd>
    </div>
  );
}

/** A topic or a name that may be broken between its levels and words, and not inside them. */
export function Breakable({ text }: { readonly text: string }) {
  return text.split(/(?<=[/._-])|(?<=[a-z])(?=[A-Z])/).map((part, index) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: parts have no other identity, and the text never changes in place
    <Fragment key={index}>
      {index > 0 && <wbr />}
      {part}
    </Fragment>
  ));
}

/** A command to be run in a terminal. */
export function Command({ text }: { readonly text: string }) {
  const words = useShared();
  const [isCopied, setCopied] = useState(false);
  const copy = () => {
    void navigator.clipboard.writeText(text).then(() => {
      setCopied(true);
      window.setTimeout(() => setCopied(false), 2_000);
    });
  };
  return (
    <div className="command">
      <code>{text}</code>
      <button type="button" onClick={copy}>
        <span aria-live="polite">{isCopied ? words.copied : words.copy}</span>
      </button>
    </div>
  );
}
