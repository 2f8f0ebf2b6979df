import { useState } from 'react';
import { formatCount } from '../../format.ts';
import { useSession } from '../../frame/session.tsx';
import {
  deletePipeline,
  getPipeline,
  getPipelineHistory,
  type PipelineDetail,
  type PipelineEntry,
  type PipelineVersion,
  type StagesDocument,
  undoPipeline,
} from '../../generated/client.ts';
import { isNotFound, useFetched } from '../../live/fetched.ts';
import { Card, Failed, Link, Loading, RoomHead } from '../../parts/parts.tsx';
import { Question } from '../../parts/question.tsx';
import { pathOf } from '../../route.ts';
import { useWords } from '../../words/words.ts';
import { writeDocument } from './document-text.ts';
import { en } from './en.ts';
import { HistoryCard } from './history-card.tsx';
import { Changed, Scope } from './pipelines-page.tsx';
import { StagePicture } from './stage-picture.tsx';
import { Workbench } from './workbench.tsx';
import { zh } from './zh.ts';

const WORDS = { en, zh };
const ASK_MS = 2_000;

type Asked = 'undo' | 'remove';

/** What was put into the editor; without a document it is the newest. */
interface Loaded {
  readonly turn: number;
  readonly document?: StagesDocument | null;
}

/** One declared document: its stages as they run, the document itself, and its history. */
export function DocumentPage({
  kind,
  name,
}: {
  readonly kind: PipelineEntry['kind'];
  readonly name: string;
}) {
  const words = useWords(WORDS);
  const { detail, history } = useDocument(kind, name);
  const [asked, setAsked] = useState<Asked | undefined>(undefined);
  const [outcome, setOutcome] = useState<string | undefined>(undefined);
  const [loaded, setLoaded] = useState<Loaded>({ turn: 0 });
  const isGone = isNotFound(detail.error);
  const versions = history.data?.items ?? [];
  const changed = (sentence: string) => {
    setAsked(undefined);
    setOutcome(sentence);
    detail.reload();
    history.reload();
  };
  const newest = loaded.document ?? versions.find(({ document }) => document !== null)?.document;
  const load = ({ document }: Pick<PipelineVersion, 'document'>, sentence: string) => {
    setOutcome(sentence);
    setLoaded((before) => ({ turn: before.turn + 1, document }));
    window.scrollTo(0, 0);
  };
  return (
    <>
      <Link to={pathOf('pipeline')} className="back">
        {words.all}
      </Link>
      <RoomHead title={name}>
        <Acts isInForce={detail.data !== undefined && !isGone} versions={versions} ask={setAsked} />
      </RoomHead>
      <p role="status" className={outcome === undefined ? 'unseen' : 'notice'}>
        {outcome}
      </p>
      {detail.isLoading && <Loading rows={5} />}
      {detail.error && !detail.data && !isGone && <Failed error={detail.error} retry={detail.reload} />}
      {isGone && !history.isLoading && <Gone hasVersions={versions.length > 0} />}
      {detail.data && !isGone && <Running detail={detail.data} />}
      {newest && (
        <Workbench
          key={loaded.turn}
          place={`${kind} ${name}`}
          isFresh={loaded.turn > 0}
          begin={writeDocument(newest)}
          applied={(after) => changed(words.applied(after.version, formatCount(after.offset)))}
        />
      )}
      {versions.length > 0 && (
        <HistoryCard versions={versions} load={(version) => load(version, words.loaded(version.version))} />
      )}
      {asked && (
        <Asking
          asked={asked}
          kind={kind}
          name={name}
          done={(after) => {
            const sentence = asked === 'undo' ? words.undone(after.version) : words.notInForce;
            if (asked === 'undo') load(after, sentence);
            changed(sentence);
          }}
          close={() => setAsked(undefined)}
        />
      )}
    </>
  );
}

/** The document as it runs, and its history. */
function useDocument(kind: PipelineEntry['kind'], name: string) {
  const detail = useFetched(`${kind} ${name}`, (signal) => getPipeline({ name }, { kind }, signal), ASK_MS);
  const history = useFetched(`history ${kind} ${name}`, (signal) =>
    getPipelineHistory({ name }, { kind }, signal),
  );
  return { detail, history };
}

function Asking({
  asked,
  kind,
  name,
  done,
  close,
}: {
  readonly asked: Asked;
  readonly kind: PipelineEntry['kind'];
  readonly name: string;
  readonly done: (after: PipelineDetail) => void;
  readonly close: () => void;
}) {
  const words = useWords(WORDS);
  if (asked === 'undo') {
    return (
      <Question
        title={words.undoTitle}
        words={words.undoWords}
        act={words.undo}
        ask={() => undoPipeline({ name }, { kind })}
        done={done}
        close={close}
      />
    );
  }
  return (
    <Question
      title={words.removeTitle(name)}
      words={words.removeWords}
      act={words.remove}
      isDanger
      ask={() => deletePipeline({ name }, { kind })}
      done={done}
      close={close}
    />
  );
}

function Acts({
  isInForce,
  versions,
  ask,
}: {
  readonly isInForce: boolean;
  readonly versions: readonly PipelineVersion[];
  readonly ask: (asked: Asked) => void;
}) {
  const words = useWords(WORDS);
  const { mayDo } = useSession();
  if (!mayDo('pipeline:change')) return null;
  return (
    <div className="row">
      {versions.length > 1 && (
        <button type="button" onClick={() => ask('undo')}>
          {words.undo}
        </button>
      )}
      {isInForce && (
        <button type="button" className="danger" onClick={() => ask('remove')}>
          {words.remove}
        </button>
      )}
    </div>
  );
}

function Gone({ hasVersions }: { readonly hasVersions: boolean }) {
  const words = useWords(WORDS);
  return (
    <p className={hasVersions ? 'notice notice-warn' : 'notice'}>
      {hasVersions ? words.notInForce : words.unknown}
    </p>
  );
}

function Running({ detail }: { readonly detail: PipelineDetail }) {
  const words = useWords(WORDS);
  return (
    <Card title={words.kinds[detail.kind]} aside={<span className="badge badge-good">{words.inForce}</span>}>
      <Scope entry={detail} />
      <p className="small quiet">
        <Changed entry={detail} />
      </p>
      {detail.stages.length > 0 && <StagePicture stages={detail.stages} />}
      {detail.stages.length > 0 && <p className="small quiet">{words.since}</p>}
    </Card>
  );
}
