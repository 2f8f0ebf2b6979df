import History from 'lucide-react/icons/history';
import { useRef, useState } from 'react';
import { type PipelineShadow, type PipelineShadowReport, shadowPipelines } from '../../generated/client.ts';
import { serverNow, useServerNow } from '../../live/server-clock.ts';
import { NotDone, useAct } from '../../parts/act.tsx';
import { Card } from '../../parts/parts.tsx';
import { useFormat } from '../../use-format.ts';
import { useShared } from '../../words/shared.ts';
import { useWords } from '../../words/words.ts';
import { DocumentFault } from './document-fault.ts';
import { en } from './en.ts';
import { ShadowReport } from './shadow-report.tsx';
import type { Draft } from './workbench.tsx';
import { zh } from './zh.ts';

const WORDS = { en, zh };
const RANGES = ['thousand', 'tenThousand', 'hundredThousand', 'hour', 'day'] as const;
type Range = (typeof RANGES)[number];
type Bounds = Pick<PipelineShadow, 'lastRecords' | 'from'>;

const HOUR_MS = 3_600_000;
const before = (ms: number): Bounds => ({ from: new Date(serverNow() - ms).toISOString() });
const BOUNDS: Readonly<Record<Range, () => Bounds>> = {
  thousand: () => ({ lastRecords: 1_000 }),
  tenThousand: () => ({ lastRecords: 10_000 }),
  hundredThousand: () => ({ lastRecords: 100_000 }),
  hour: () => before(HOUR_MS),
  day: () => before(24 * HOUR_MS),
};

/** Runs the document over recorded records beside the pipeline, and tells how it differs from what is in force. */
export function ShadowCard({ draft }: { readonly draft: Draft }) {
  const words = useWords(WORDS);
  const shared = useShared();
  const act = useAct();
  const [range, setRange] = useState<Range>('tenThousand');
  const [report, setReport] = useState<PipelineShadowReport | undefined>(undefined);
  const [isCancelled, setCancelled] = useState(false);
  const [startedMs, setStarted] = useState(0);
  const stop = useRef<AbortController>(undefined);
  const run = () => {
    const document = draft.read();
    if (!document) return;
    setReport(undefined);
    setCancelled(false);
    setStarted(serverNow());
    const ending = new AbortController();
    stop.current = ending;
    act.run(
      () =>
        draft
          .watch(shadowPipelines({ document, ...BOUNDS[range]() }, ending.signal), '/document')
          .catch((fault: Error) => {
            if (ending.signal.aborted) setCancelled(true);
            throw fault;
          }),
      setReport,
    );
  };
  return (
    <Card title={words.shadow}>
      <p className="lead">{words.shadowWords}</p>
      <div className="row">
        <label className="select">
          {words.range}
          <select
            value={range}
            onChange={(event) => setRange(RANGES.find((one) => one === event.target.value) ?? 'tenThousand')}
          >
            {RANGES.map((one) => (
              <option key={one} value={one}>
                {words.ranges[one]}
              </option>
            ))}
          </select>
        </label>
        {act.isBusy ? (
          <button type="button" onClick={() => stop.current?.abort()}>
            {shared.cancel}
          </button>
        ) : (
          <button type="button" onClick={run}>
            <History aria-hidden size={15} /> {words.run}
          </button>
        )}
      </div>
      {act.isBusy && <Running sinceMs={startedMs} />}
      <p role="status" className={isCancelled ? 'quiet' : 'unseen'}>
        {isCancelled && words.cancelled}
      </p>
      {!isCancelled && <NotDone error={act.error instanceof DocumentFault ? undefined : act.error} />}
      {report && <ShadowReport report={report} />}
    </Card>
  );
}

function Running({ sinceMs }: { readonly sinceMs: number }) {
  const words = useWords(WORDS);
  const format = useFormat();
  const now = useServerNow();
  const told = words.running(format.span(now - sinceMs));
  return (
    <div className="shadow-running">
      <progress aria-label={told} />
      <p className="small quiet">{told}</p>
    </div>
  );
}
