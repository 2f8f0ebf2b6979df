import { useEffect, useRef, useState } from 'react';
import { useSession } from '../../frame/session.tsx';
import { type PipelineDetail, putPipeline, type StagesDocument } from '../../generated/client.ts';
import { NotDone, useAct } from '../../parts/act.tsx';
import { Card } from '../../parts/parts.tsx';
import { useWords } from '../../words/words.ts';
import { DocumentFault } from './document-fault.ts';
import { faultsIn, nameOf, readDocument, type TextFault, withSource } from './document-text.ts';
import { en } from './en.ts';
import { ShadowCard } from './shadow-card.tsx';
import { TrialCard } from './trial-card.tsx';
import { zh } from './zh.ts';

const WORDS = { en, zh };

/** The document as the reader has written it, and what was found wrong with it last. */
export interface Draft {
  readonly text: string;
  /** Gives the document when it is YAML at all; else says what is wrong. */
  read(): StagesDocument | undefined;
  /** Waits for the server; its faults of the document, which stands at `at` in the body, are shown in the editor. Fails with `DocumentFault` for those. */
  watch<T>(request: Promise<T>, at: '' | '/document'): Promise<T>;
}

/** Where a document is written, tried and put in force. */
export function Workbench({
  begin,
  place,
  isFresh = false,
  applied,
}: {
  readonly begin: string;
  /** What the draft is of; it is kept under this name until the tab is closed. */
  readonly place: string;
  /** Whether `begin` was asked for, so that it takes the place of a draft. */
  readonly isFresh?: boolean;
  readonly applied: (detail: PipelineDetail) => void;
}) {
  const words = useWords(WORDS);
  const { mayDo } = useSession();
  const { draft, faults, setText, forget } = useDraft(begin, place, isFresh);
  const editor = useRef<HTMLTextAreaElement>(null);
  const act = useAct();
  const apply = () => {
    const document = draft.read();
    if (!document) return;
    const put = () => putPipeline({ name: nameOf(document) ?? '-' }, withSource(document, draft.text));
    act.run(
      () => draft.watch(put(), ''),
      (detail) => {
        forget();
        applied(detail);
      },
    );
  };
  return (
    <>
      <Card title={words.document}>
        <p className="lead">{words.documentWords}</p>
        <div className="bench">
          <textarea
            ref={editor}
            className="editor"
            aria-label={words.editor}
            aria-invalid={faults.length > 0}
            spellCheck={false}
            autoCapitalize="off"
            rows={Math.min(30, Math.max(12, draft.text.split('\n').length + 1))}
            value={draft.text}
            onChange={(event) => setText(event.target.value)}
          />
          {draft.text !== begin && (
            <p className="row small quiet">
              {words.draft}
              <button type="button" onClick={() => setText(begin)}>
                {words.dropDraft}
              </button>
            </p>
          )}
          {faults.length > 0 && <Faults faults={faults} editor={() => editor.current} />}
          {faults.length === 0 && <NotDone error={act.error} />}
          {mayDo('pipeline:change') ? (
            <button type="button" className="strong" disabled={act.isBusy} onClick={apply}>
              {act.isBusy ? words.applying : words.apply}
            </button>
          ) : (
            <p className="notice">{words.noChange}</p>
          )}
        </div>
      </Card>
      <TrialCard draft={draft} />
      <ShadowCard draft={draft} />
    </>
  );
}

/** What is written is kept in the tab until it is applied or taken back: a link that is followed loses nothing. */
function useDraft(begin: string, place: string, isFresh: boolean) {
  const { who } = useSession();
  const key = `skerry.draft ${who?.name ?? ''} ${place}`;
  const [text, setText] = useState(() => (isFresh ? undefined : window.sessionStorage.getItem(key)) ?? begin);
  useEffect(() => {
    if (text === begin) window.sessionStorage.removeItem(key);
    else window.sessionStorage.setItem(key, text);
  }, [key, text, begin]);
  const [faults, setFaults] = useState<readonly TextFault[]>([]);
  const draft: Draft = {
    text,
    read: () => {
      const written = readDocument(text);
      setFaults(written.faults);
      return written.document;
    },
    watch: (request, at) =>
      request.catch((fault: Error) => {
        const found = faultsIn(fault, text, at);
        setFaults(found);
        throw found.length > 0 ? new DocumentFault(fault) : fault;
      }),
  };
  return { draft, faults, setText, forget: () => window.sessionStorage.removeItem(key) };
}

/** What is wrong, by path; a press selects the place in the editor. */
function Faults({
  faults,
  editor,
}: {
  readonly faults: readonly TextFault[];
  readonly editor: () => HTMLTextAreaElement | null;
}) {
  const words = useWords(WORDS);
  const show = ({ range }: TextFault) => {
    const box = editor();
    if (!box || !range) return;
    box.focus();
    box.setSelectionRange(range.from, range.to);
  };
  return (
    <div className="notice notice-bad" role="alert">
      <strong>{words.faults}</strong>
      <ul className="faults">
        {faults.map((fault) => (
          <li key={`${fault.path} ${fault.detail}`}>
            {fault.path !== '' && <code>{fault.path}</code>} <span lang="en">{fault.detail}</span>{' '}
            {fault.range && (
              <button type="button" className="fault-line" onClick={() => show(fault)}>
                {words.line(fault.range.line)}
              </button>
            )}
          </li>
        ))}
      </ul>
    </div>
  );
}
