import { millisOf } from '../../format.ts';
import { type AuditEntry, listAudit } from '../../generated/client.ts';
import { usePages } from '../../live/pages.ts';
import { MoreButton } from '../../parts/more-button.tsx';
import { Breakable, Failed, Loading, RoomHead } from '../../parts/parts.tsx';
import type { RoomProps } from '../../room.ts';
import { setQuery, stepQuery, usePlace } from '../../route.ts';
import '../../styles/forms.css';
import { usePreferences } from '../../preferences.ts';
import { useFormat } from '../../use-format.ts';
import { faultsEn } from '../../words/faults-en.ts';
import { faultsZh } from '../../words/faults-zh.ts';
import { useShared } from '../../words/shared.ts';
import { useWords } from '../../words/words.ts';
import './audit.css';
import { codeIn, grantsIn, targetOf } from './audit-text.ts';
import { type AuditWords, en } from './en.ts';
import { ExportButtons } from './export-buttons.tsx';
import { Verdict } from './verdict.tsx';
import { zh } from './zh.ts';

const WORDS = { en, zh };
const OUTCOMES = ['allowed', 'refused', 'failed'] as const;
const PAGE = 100;

/** Which entries are meant. */
export type AuditFilter = Pick<NonNullable<Parameters<typeof listAudit>[0]>, 'author' | 'action' | 'outcome'>;

/** The audit log: whether its chain holds, and its entries, newest first. */
export function Content(_: RoomProps) {
  const words = useWords(WORDS);
  const { query } = usePlace();
  const author = query.get('author') ?? '';
  const action = query.get('action') ?? '';
  const outcome = OUTCOMES.find((one) => one === query.get('outcome'));
  const filter: AuditFilter = {
    ...(author === '' ? {} : { author }),
    ...(action === '' ? {} : { action }),
    ...(outcome === undefined ? {} : { outcome }),
  };
  const pages = usePages(`audit ${JSON.stringify(filter)}`, (cursor, signal) =>
    listAudit({ ...filter, limit: PAGE, cursor }, signal),
  );
  const isNarrow = Object.keys(filter).length > 0;
  return (
    <>
      <RoomHead title={words.title}>
        <Filters author={author} action={action} outcome={outcome ?? 'any'} />
      </RoomHead>
      <p className="lead">{words.lead}</p>
      <Verdict />
      {pages.error && !pages.items && <Failed error={pages.error} retry={pages.reload} />}
      {!pages.items && !pages.error && <Loading rows={6} />}
      {pages.items?.length === 0 && <p className="notice">{isNarrow ? words.noneOf : words.none}</p>}
      {pages.items && pages.items.length > 0 && (
        <div className="card table-card">
          <div className="card-head">
            <p className="quiet small">{words.listed(pages.items.length)}</p>
            <ExportButtons filter={filter} />
          </div>
          <EntryTable entries={pages.items} />
        </div>
      )}
      {pages.hasMore && <MoreButton act={pages.more} />}
    </>
  );
}

function Filters({
  author,
  action,
  outcome,
}: {
  readonly author: string;
  readonly action: string;
  readonly outcome: keyof AuditWords['outcomes'];
}) {
  const words = useWords(WORDS);
  return (
    <div className="row">
      <label className="select">
        {words.author}
        <input
          className="short-input"
          value={author}
          autoComplete="off"
          spellCheck={false}
          onChange={(event) => setQuery({ author: event.target.value })}
        />
      </label>
      <label className="select">
        {words.action}
        <select value={action} onChange={(event) => stepQuery({ action: event.target.value })}>
          <option value="">{words.anyAction}</option>
          {Object.entries(words.groups).map(([prefix, name]) => (
            <option key={prefix} value={prefix}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <label className="select">
        {words.outcome}
        <select value={outcome} onChange={(event) => stepQuery({ outcome: event.target.value })}>
          {([...OUTCOMES, 'any'] as const).map((one) => (
            <option key={one} value={one}>
              {words.outcomes[one]}
            </option>
          ))}
        </select>
      </label>
    </div>
  );
}

function EntryTable({ entries }: { readonly entries: readonly AuditEntry[] }) {
  const words = useWords(WORDS);
  const format = useFormat();
  return (
    <table className="audit-table">
      <thead>
        <tr>
          <th scope="col" className="wide-only">
            {words.number}
          </th>
          <th scope="col">
            {words.when} ({format.zone})
          </th>
          <th scope="col">{words.author}</th>
          <th scope="col">{words.action}</th>
          <th scope="col">{words.target}</th>
          <th scope="col">{words.outcome}</th>
          <th scope="col" className="wide-only">
            {words.from}
          </th>
        </tr>
      </thead>
      <tbody>
        {entries.map((entry) => (
          <EntryRow key={entry.n} entry={entry} />
        ))}
      </tbody>
    </table>
  );
}

const TONES = { allowed: '', refused: 'badge-warn', failed: 'badge-bad' } as const;

function EntryRow({ entry }: { readonly entry: AuditEntry }) {
  const words = useWords(WORDS);
  const format = useFormat();
  const actions: Readonly<Record<string, string>> = words.actions;
  return (
    <tr>
      <td className="figures quiet wide-only">{format.count(entry.n)}</td>
      <td className="figures">
        {format.moment(millisOf(entry.time))}
        <div className="narrow-only quiet small">
          {[format.count(entry.n), entry.from].filter((part) => part !== '').join(' · ')}
        </div>
      </td>
      <th scope="row">
        <Breakable text={entry.author} />
      </th>
      <td>
        {actions[entry.action] ?? (
          <>
            {words.asked} <code>{entry.action}</code>
          </>
        )}
        {entry.count > 1 && <span className="quiet small"> {words.times(entry.count)}</span>}
      </td>
      <td className="audit-target">
        <Target target={entry.target} />
        {entry.detail !== '' && (
          <div className="quiet small">
            <Detail detail={entry.detail} />
          </div>
        )}
      </td>
      <td>
        <span className={`badge ${TONES[entry.outcome]}`}>{words.outcomes[entry.outcome]}</span>
      </td>
      <td className="figures wide-only">{entry.from}</td>
    </tr>
  );
}

/** What an entry is about, its kind in words. */
function Target({ target }: { readonly target: string }) {
  const words = useWords(WORDS);
  const { kind, name } = targetOf(target, words.kinds);
  return (
    <>
      {kind !== '' && <span className="quiet">{kind} </span>}
      <Breakable text={name} />
    </>
  );
}

/** The facts of an entry; what was granted is told in the words for it. */
function Detail({ detail }: { readonly detail: string }) {
  const words = useWords(WORDS);
  const { roles } = useShared();
  const { language } = usePreferences();
  const facts: Readonly<Record<string, string>> = words.facts;
  const known = Object.hasOwn(facts, detail) ? facts[detail] : undefined;
  if (known !== undefined) return known;
  const fault = codeIn(detail);
  const told = fault && (language === 'zh' ? faultsZh : faultsEn)[fault.code];
  if (told !== undefined) return <Breakable text={[fault?.name, told].filter(Boolean).join(': ')} />;
  const grants = grantsIn(detail);
  if (!grants)
    return (
      <span lang="en">
        <Breakable text={detail} />
      </span>
    );
  const granted = grants.map(({ role, tenant, project, device }) =>
    [
      roles[role],
      [tenant, project, device].filter((part) => part !== undefined).join(' / ') || words.everywhere,
    ].join(' '),
  );
  return <Breakable text={granted.join(', ')} />;
}
