import type { ReactNode } from 'react';
import type { Fetched } from '../../../live/fetched.ts';
import { useIsStale } from '../../../live/live-stream.ts';
import { ServerDetail } from '../../../parts/fault.tsx';
import { Card, Failed, Loading } from '../../../parts/parts.tsx';
import { usePreferences } from '../../../preferences.ts';
import { faultsZh } from '../../../words/faults-zh.ts';
import { useWords } from '../../../words/words.ts';
import { en } from './en.ts';
import { zh } from './zh.ts';

const WORDS = { en, zh };

/** How often these cards ask. */
export const ASK_MS = 2_000;

/** A card of what was fetched; what could not be fetched again is said above what was known. */
export function FetchedCard<T>({
  title,
  lead,
  fetched,
  children,
}: {
  readonly title: string;
  readonly lead?: string;
  readonly fetched: Fetched<T>;
  readonly children: (data: T) => ReactNode;
}) {
  const { data, error, reload } = fetched;
  return (
    <Card title={title} className="table-card">
      {lead !== undefined && <p className="lead">{lead}</p>}
      {error && <Failed error={error} retry={reload} />}
      {!data && !error && <Loading rows={3} />}
      {data && children(data)}
    </Card>
  );
}

/** A state as a badge; one that may have changed since it was fetched is not told. */
export function StateMark({
  words: told,
  tone,
  isCurrent,
}: {
  readonly words: string;
  readonly tone: 'good' | 'warn' | 'bad' | 'plain';
  readonly isCurrent: boolean;
}) {
  const words = useWords(WORDS);
  const isStale = useIsStale();
  if (isStale || !isCurrent) return <span className="badge">{words.notCurrent}</span>;
  return <span className={tone === 'plain' ? 'badge' : `badge badge-${tone}`}>{told}</span>;
}

/** Colours of the states of roles. */
export const ROLE_TONES = { ready: 'good', degraded: 'warn', silent: 'bad', ended: 'plain' } as const;

/** What is wrong, a line each: in the reader's language by its code where it has words, with the server's own sentence. */
export function Reasons({
  reasons,
}: {
  readonly reasons: readonly { readonly code: string; readonly detail: string }[];
}) {
  const words = useWords(WORDS);
  const { language } = usePreferences();
  if (reasons.length === 0) return null;
  return (
    <ul className="plain site-reasons">
      {reasons.map(({ code, detail }) => {
        const told = language === 'zh' ? (words.trouble[code] ?? faultsZh[code]) : undefined;
        return (
          <li key={`${code} ${detail}`} className="small">
            {told !== undefined && <span>{told} </span>}
            <ServerDetail detail={detail} isBehind={told !== undefined} />
          </li>
        );
      })}
    </ul>
  );
}
