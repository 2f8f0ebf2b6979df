import Zap from 'lucide-react/icons/zap';
import { useState } from 'react';
import { useSession } from '../../../frame/session.tsx';
import { listChaos, startChaos, type Whoami } from '../../../generated/client.ts';
import { useFetched } from '../../../live/fetched.ts';
import { Field } from '../../../parts/field.tsx';
import { LocalCommands } from '../../../parts/local-command.tsx';
import { Outcome, useTold } from '../../../parts/outcome.tsx';
import { Card, Failed } from '../../../parts/parts.tsx';
import { Question } from '../../../parts/question.tsx';
import { useWords } from '../../../words/words.ts';
import { ChaosReport } from './chaos-report.tsx';
import { en } from './en.ts';
import { zh } from './zh.ts';

const WORDS = { en, zh };
const ASK_MS = 1_000;
const DEFAULT_TENANT = 'chaos';

/** Sends every bad input after a question, and tells what came of it. */
export function Chaos() {
  const words = useWords(WORDS);
  const { data, error, reload } = useFetched('chaos', listChaos, ASK_MS);
  const [outcome, tell] = useTold();
  const told = (sentence: string) => {
    tell(sentence);
    reload();
  };
  const isRunning = data?.items.some(({ state }) => state === 'running') ?? false;
  return (
    <>
      <Card title={words.title}>
        <p className="lead">{words.lead}</p>
        <p>{words.effects}</p>
        {error && !data && <Failed error={error} retry={reload} />}
        <Outcome told={outcome} />
        {data && <ChaosStart inputs={data.inputs} isRunning={isRunning} begun={() => told(words.begun)} />}
        <SameCommand />
      </Card>
      {data?.items.map((run, at) => (
        <ChaosReport key={run.id} run={run} isNewest={at === 0} stopped={() => told(words.stopped)} />
      ))}
    </>
  );
}

function ChaosStart({
  inputs,
  isRunning,
  begun,
}: {
  readonly inputs: number;
  readonly isRunning: boolean;
  readonly begun: () => void;
}) {
  const words = useWords(WORDS);
  const { who } = useSession();
  const [wish, setWish] = useState<string | undefined>(undefined);
  const [isAsking, setAsking] = useState(false);
  const tenant = (wish ?? tenantOf(who)).trim();
  return (
    <div className="chaos-start">
      <Field label={words.tenant} hint={words.tenantHint}>
        {(ids) => (
          <input
            {...ids}
            value={wish ?? tenantOf(who)}
            autoComplete="off"
            spellCheck={false}
            onChange={(event) => setWish(event.target.value)}
          />
        )}
      </Field>
      <button
        type="button"
        className="danger"
        disabled={isRunning || tenant === ''}
        onClick={() => setAsking(true)}
      >
        <Zap aria-hidden size={15} /> {words.go(inputs)}
      </button>
      {isAsking && (
        <Question
          title={words.ask.title(inputs, tenant)}
          words={words.ask.words}
          act={words.ask.act}
          isDanger
          ask={() => startChaos({ tenant })}
          done={() => {
            setAsking(false);
            begun();
          }}
          close={() => setAsking(false)}
        />
      )}
    </div>
  );
}

/** The tenant of whoever has the right in some tenant only; else one that no device has. */
function tenantOf(who: Whoami | undefined): string {
  const grants = who?.grants.filter(({ role }) => role === 'admin' || role === 'operator') ?? [];
  if (grants.some(({ tenant }) => tenant === undefined)) return DEFAULT_TENANT;
  return grants.find(({ project }) => project === undefined)?.tenant ?? DEFAULT_TENANT;
}

function SameCommand() {
  const words = useWords(WORDS);
  return (
    <>
      <p className="small quiet">{words.terminal}</p>
      <LocalCommands commands={['simulate chaos']} />
    </>
  );
}
