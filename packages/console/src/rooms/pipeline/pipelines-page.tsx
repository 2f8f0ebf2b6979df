import Plus from 'lucide-react/icons/plus';
import { formatCount, formatMillis, millisOf } from '../../format.ts';
import { useSession } from '../../frame/session.tsx';
import { listPipelines, type Overview, type PipelineEntry } from '../../generated/client.ts';
import { useFetched } from '../../live/fetched.ts';
import { useOverview } from '../../live/overview-feed.tsx';
import { useServerNow } from '../../live/server-clock.ts';
import { Breakable, Card, Failed, Link, Loading, RoomHead } from '../../parts/parts.tsx';
import { pathOf } from '../../route.ts';
import { useFormat } from '../../use-format.ts';
import { useWords } from '../../words/words.ts';
import { en } from './en.ts';
import { SiteCards } from './site/site-cards.tsx';
import { StagePicture } from './stage-picture.tsx';
import { zh } from './zh.ts';

const WORDS = { en, zh };
const ASK_MS = 2_000;

/** The way of a record, and every declared document. */
export function PipelinesPage() {
  const words = useWords(WORDS);
  const { mayDo } = useSession();
  const { overview } = useOverview();
  const { data, error, reload } = useFetched('pipelines', listPipelines, ASK_MS);
  const inForce = data?.items.filter((entry) => entry.inForce) ?? [];
  const removed = data?.items.filter((entry) => !entry.inForce) ?? [];
  return (
    <>
      <RoomHead title={words.title}>
        {mayDo('pipeline:change') && (
          <Link to={pathOf('pipeline', 'new')} className="button">
            <Plus aria-hidden size={15} /> {words.create}
          </Link>
        )}
      </RoomHead>
      <p className="lead">{words.lead}</p>
      {overview && <Flow overview={overview} documents={inForce.length} />}
      <SiteCards />
      {error && !data && <Failed error={error} retry={reload} />}
      {!data && !error && <Loading rows={4} />}
      {data && inForce.length === 0 && (
        <div className="notice">
          <p>{words.none}</p>
          <p>{words.noneWords}</p>
        </div>
      )}
      {inForce.map((entry) => (
        <EntryCard key={`${entry.kind} ${entry.tenant} ${entry.project} ${entry.name}`} entry={entry} />
      ))}
      {removed.length > 0 && <Removed entries={removed} />}
    </>
  );
}

/** The path of a document's page. */
export function documentPath({ kind, name }: Pick<PipelineEntry, 'kind' | 'name'>): string {
  return pathOf('pipeline', kind === 'Pipeline' ? 'pipelines' : 'tables', name);
}

function Flow({ overview, documents }: { readonly overview: Overview; readonly documents: number }) {
  const words = useWords(WORDS);
  const { totals } = overview.ledger;
  const { backlogRecords, delayP50Ms } = overview.now;
  const lost = totals.deadLettered + totals.discarded + totals.expired;
  return (
    <Card title={words.flow}>
      <ol className="flow">
        <Step name={words.steps.received} figure={formatCount(totals.received)} />
        <Step name={words.steps.decode} more={[words.deadLettered(formatCount(lost))]} />
        <Step
          name={words.steps.stages}
          more={[words.documents(documents), words.takenOut(formatCount(totals.filtered))]}
        />
        <Step
          name={words.steps.stored}
          figure={formatCount(totals.stored)}
          more={[
            words.deduplicated(formatCount(totals.deduplicated)),
            words.uncommitted(formatCount(Math.max(0, totals.pending - backlogRecords))),
          ]}
        />
      </ol>
      <p className="flow-lag">
        <strong>{words.lag}</strong>{' '}
        {backlogRecords === 0
          ? words.noLag
          : words.waiting(backlogRecords, formatMillis(overview.backlogAgeMs))}{' '}
        {delayP50Ms !== null && <span className="quiet">{words.delay(formatMillis(delayP50Ms))}</span>}
      </p>
    </Card>
  );
}

function Step({
  name,
  figure,
  more = [],
}: {
  readonly name: string;
  readonly figure?: string;
  readonly more?: readonly string[];
}) {
  return (
    <li className="flow-box">
      <p className="flow-name">{name}</p>
      {figure !== undefined && <p className="flow-figure">{figure}</p>}
      {more.map((line) => (
        <p key={line} className="small quiet">
          {line}
        </p>
      ))}
    </li>
  );
}

function EntryCard({ entry }: { readonly entry: PipelineEntry }) {
  const words = useWords(WORDS);
  return (
    <Card>
      <header className="card-head">
        <h2>
          <Link to={documentPath(entry)}>{entry.name}</Link>{' '}
          <span className="badge">{words.kinds[entry.kind]}</span>
        </h2>
        <p className="small quiet">
          <Changed entry={entry} />
        </p>
      </header>
      <Scope entry={entry} />
      {entry.stages.length > 0 && <StagePicture stages={entry.stages} />}
    </Card>
  );
}

/** Whose records a document takes. */
export function Scope({ entry }: { readonly entry: PipelineEntry }) {
  const words = useWords(WORDS);
  const { tenant, project, topics } = entry;
  const scope = [tenant, project].filter((part) => part !== null).join(' / ');
  return (
    <p className="small quiet document-scope">
      {words.takes(scope === '' ? words.everything : scope)}
      {topics.length > 0 && (
        <>
          {' '}
          <Breakable text={words.topics(topics.join(', '))} />
        </>
      )}
    </p>
  );
}

/** Which version it is, and by whom. */
export function Changed({ entry }: { readonly entry: PipelineEntry }) {
  const words = useWords(WORDS);
  const format = useFormat();
  const now = useServerNow();
  const ago = format.ago(now - millisOf(entry.changed));
  return entry.inForce
    ? words.changedBy(entry.version, entry.author, ago)
    : words.removedBy(entry.author, ago);
}

function Removed({ entries }: { readonly entries: readonly PipelineEntry[] }) {
  const words = useWords(WORDS);
  return (
    <Card title={words.removed}>
      <ul className="plain">
        {entries.map((entry) => (
          <li key={`${entry.kind} ${entry.tenant} ${entry.project} ${entry.name}`}>
            <Link to={documentPath(entry)}>{entry.name}</Link>{' '}
            <span className="small quiet">
              {words.kinds[entry.kind]}, <Changed entry={entry} />
            </span>
          </li>
        ))}
      </ul>
    </Card>
  );
}
