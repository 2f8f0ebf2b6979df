import CircleAlert from 'lucide-react/icons/circle-alert';
import CircleCheck from 'lucide-react/icons/circle-check';
import CircleHelp from 'lucide-react/icons/circle-question-mark';
import TriangleAlert from 'lucide-react/icons/triangle-alert';
import type { ReactNode } from 'react';
import { type Format, formatBytes, millisOf } from '../../format.ts';
import { getReadiness, listDevices, type Overview, type Readiness } from '../../generated/client.ts';
import { useFetched } from '../../live/fetched.ts';
import { useIsStale } from '../../live/live-stream.ts';
import { Card, Link } from '../../parts/parts.tsx';
import { pathOf, withQuery } from '../../route.ts';
import { useFormat } from '../../use-format.ts';
import { useWords } from '../../words/words.ts';
import { en, type OverviewWords } from './en.ts';
import { zh } from './zh.ts';

/** A backlog whose oldest record is older than this is a problem. */
const BACKLOG_MS = 10_000;
/** A delay beyond this is a problem. */
const DELAY_MS = 5_000;
/** A share of the journal's bytes from which on it is said. */
const JOURNAL_SHARE = 0.85;
const ASK_MS = 5_000;

interface Problem {
  readonly key: string;
  readonly isGrave: boolean;
  readonly words: string;
  readonly more?: ReactNode;
  /** Language of `more` where it is not the reader's. */
  readonly moreLang?: string;
}

/** What needs somebody, the gravest first; or that nothing does. */
export function Problems({ overview }: { readonly overview: Overview }) {
  const words = useWords({ en, zh });
  const format = useFormat();
  const readiness = useFetched('readiness', getReadiness, ASK_MS).data;
  const silent = useFetched(
    'silent',
    (signal) => listDevices({ seenBefore: 'now-5m', limit: 1 }, signal),
    ASK_MS,
  );
  const isStale = useIsStale();
  const silentDevices = silent.data?.total ?? 0;
  const problems = [
    ...readinessProblems(readiness, words),
    ...figureProblems(overview, words, format),
    ...listProblems(overview, silentDevices, words),
  ].sort((a, b) => Number(b.isGrave) - Number(a.isGrave));
  if (problems.length === 0 && isStale) {
    return (
      <p className="well well-unknown">
        <CircleHelp aria-hidden size={18} /> <strong>{words.notKnown}</strong>{' '}
        <span className="quiet">{words.notKnownMore(format.zonedMoment(millisOf(overview.time)))}</span>
      </p>
    );
  }
  if (problems.length === 0) {
    return (
      <p className="well">
        <CircleCheck aria-hidden size={18} /> <strong>{words.allWell}</strong>{' '}
        <span className="quiet">{words.allWellMore(overview.devices)}</span>
      </p>
    );
  }
  return (
    <Card title={words.attention} className="problems">
      <ul className="plain">
        {problems.map((problem) => (
          <ProblemLine key={problem.key} problem={problem} />
        ))}
      </ul>
    </Card>
  );
}

function ProblemLine({ problem }: { readonly problem: Problem }) {
  const Icon = problem.isGrave ? CircleAlert : TriangleAlert;
  return (
    <li className={problem.isGrave ? 'problem problem-grave' : 'problem'}>
      <Icon aria-hidden size={17} />
      <span>
        <strong>{problem.words}</strong>{' '}
        {problem.more !== undefined && (
          <span className="problem-more" lang={problem.moreLang}>
            {problem.more}
          </span>
        )}
      </span>
    </li>
  );
}

function readinessProblems(readiness: Readiness | undefined, words: OverviewWords): Problem[] {
  return (readiness?.reasons ?? []).map(({ code, detail }) => ({
    key: code,
    isGrave: true,
    words: words.reasons[code] ?? code,
    more: detail,
    moreLang: 'en',
  }));
}

function figureProblems(overview: Overview, words: OverviewWords, format: Format): Problem[] {
  const { ledger, now, journalBytes, journalBytesMax, backlogAgeMs } = overview;
  const share = journalBytesMax > 0 ? journalBytes / journalBytesMax : 0;
  const problems: (Problem | false)[] = [
    !ledger.balanced && {
      key: 'ledger',
      isGrave: true,
      words: words.unbalanced,
      more: ledger.imbalances.join(' '),
      moreLang: 'en',
    },
    now.backlogRecords > 0 &&
      backlogAgeMs > BACKLOG_MS && {
        key: 'backlog-age',
        isGrave: true,
        words: words.backlog(now.backlogRecords, format.span(backlogAgeMs)),
        more: words.backlogMore,
      },
    (now.delayP99Ms ?? 0) > DELAY_MS && {
      key: 'delay',
      isGrave: false,
      words: words.slow(format.millis(now.delayP99Ms ?? 0)),
    },
    share > JOURNAL_SHARE && {
      key: 'journal',
      isGrave: false,
      words: words.journalNear(format.share(share)),
      more: words.used(formatBytes(journalBytes), formatBytes(journalBytesMax)),
    },
  ];
  return problems.filter((problem) => problem !== false);
}

function listProblems(overview: Overview, silentDevices: number, words: OverviewWords): Problem[] {
  const problems: Problem[] = [];
  if (overview.deadLettersOpen > 0) {
    problems.push({
      key: 'letters',
      isGrave: false,
      words: words.letters(overview.deadLettersOpen),
      more: <Link to={pathOf('dead-letters')}>{words.lettersShow}</Link>,
    });
  }
  if (silentDevices > 0) {
    const path = withQuery(pathOf('devices'), { fresh: 'stale', sort: 'last-seen' });
    problems.push({
      key: 'silent',
      isGrave: false,
      words: words.silent(silentDevices),
      more: <Link to={path}>{words.silentShow}</Link>,
    });
  }
  return problems;
}
