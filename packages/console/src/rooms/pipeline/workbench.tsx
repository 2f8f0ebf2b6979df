import { useRef, useState } from 'react';
import { useSession } from '../../frame/session.tsx';
import { type PipelineDetail, putPipeline, type StagesDocument } from '../../generated/client.ts';
import { NotDone, useAct } from '../../parts/act.tsx';
import { Card } from '../../parts/parts.tsx';
import { useWords } from '../../words/words.ts';
import { faultsIn, nameOf, readDocument, type TextFault } from './document-text.ts';
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
  /** Takes a fault of the server: those of the document are shown in the editor. Says whether it was one. */
  take(error: Error | undefined): boolean;
}

/** Where a document is written, tried and put in force. */
export function Workbench({
  begin,
  applied,
}: {
  readonly begin: string;
  readonly applied: (detail: PipelineDetail) => void;
}) {
  const words = useWords(WORDS);
  const { mayDo } = useSession();
  const [text, setText] = useState(begin);
  const [faults, setFaults] = useState<readonly TextFault[]>([]);
  const editor = useRef<HTMLTextAreaElement>(null);
  const act = useAct();
  const draft: Draft = {
    text,
    read: () => {
      const written = readDocument(text);
      setFaults(written.faults);
      return written.document;
    },
    take: (error) => {
      const found = faultsIn(error, text);
      setFaults(found ?? []);
      return found !== undefined;
    },
  };
  const apply = () => {
    const document = draft.read();
    if (!document) return;
    const put = () => putPipeline({ name: nameOf(document) ?? '-' }, document);
    act.run(
      async () =>
        put().catch((fault: Error) => {
          draft.take(fault);
          throw fault;
        }),
      (detail) => {
        setFaults([]);
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
            rows={Math.min(30, Math.max(12, text.split('\n').length + 1))}
            value={text}
            onChange={(event) => setText(event.target.value)}
          />
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
            {fault.path !== '' && <code>{fault.path}</code>} {fault.detail}{' '}
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
