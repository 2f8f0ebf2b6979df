import FlaskConical from 'lucide-react/icons/flask-conical';
import { useState } from 'react';
import { formatCount } from '../../format.ts';
import { useSession } from '../../frame/session.tsx';
import {
  type DeadLetter,
  getConfig,
  getOnboarding,
  listDeadLetters,
  type PipelineTrialOutcome,
  testPipelines,
} from '../../generated/client.ts';
import { useFetched } from '../../live/fetched.ts';
import { NotDone, useAct } from '../../parts/act.tsx';
import { Field } from '../../parts/field.tsx';
import { Card, Failed } from '../../parts/parts.tsx';
import { codeOf } from '../../request.ts';
import { useWords } from '../../words/words.ts';
import { DocumentFault } from './document-fault.ts';
import { en } from './en.ts';
import { TrialOutcome } from './trial-outcome.tsx';
import type { Draft } from './workbench.tsx';
import { zh } from './zh.ts';

const WORDS = { en, zh };
const PAYLOAD = '{"temperature": 21.5}';
const LETTERS = 50;
const DEVICE = 'my-device';

/** Sends a sample or a dead letter through the document, and shows what each stage makes of it. */
export function TrialCard({ draft }: { readonly draft: Draft }) {
  const words = useWords(WORDS);
  const act = useAct();
  const example = useExampleTopic(draft.text);
  const letters = useOpenLetters();
  const [source, setSource] = useState<'sample' | 'letter'>('sample');
  const [topic, setTopic] = useState<string | undefined>(undefined);
  const [payload, setPayload] = useState(PAYLOAD);
  const [letter, setLetter] = useState('');
  const [outcome, setOutcome] = useState<PipelineTrialOutcome | undefined>(undefined);
  const shownTopic = topic ?? example.topic;
  const offset = letter === '' ? letters[0]?.offset : Number(letter);
  const ofLetter = offset === undefined ? undefined : { deadLetter: offset };
  // until the example is known there is no topic: what is pressed early would be tried on none
  const ofTopic = shownTopic === '' ? undefined : { topic: shownTopic, payload };
  const sample = source === 'sample' ? ofTopic : ofLetter;
  const test = () => {
    const document = draft.read();
    if (!document || !sample) return;
    setOutcome(undefined);
    act.run(() => draft.watch(testPipelines({ document, samples: [sample] }), '/document'), setOutcome);
  };
  return (
    <Card title={words.test}>
      <p className="lead">{words.testWords}</p>
      <div className="form">
        <Sources source={source} choose={setSource} />
        {source === 'sample' ? (
          <Sample topic={shownTopic} payload={payload} setTopic={setTopic} setPayload={setPayload} />
        ) : (
          <Letters letters={letters} chosen={letter} choose={setLetter} />
        )}
        <div className="row">
          <button type="button" disabled={act.isBusy || sample === undefined} onClick={test}>
            <FlaskConical aria-hidden size={15} /> {act.isBusy ? words.testing : words.test}
          </button>
        </div>
        {shownTopic === '' && example.error && <Failed error={example.error} retry={example.reload} />}
        <NotDone error={act.error instanceof DocumentFault ? undefined : act.error} />
        {outcome && <TrialOutcome outcome={outcome} />}
      </div>
    </Card>
  );
}

function useOpenLetters(): readonly DeadLetter[] {
  const { mayDo } = useSession();
  const { data } = useFetched('open letters', async (signal) =>
    mayDo('dead-letters:read')
      ? (await listDeadLetters({ state: 'open', limit: LETTERS }, signal)).items
      : [],
  );
  return data ?? [];
}

function Sample({
  topic,
  payload,
  setTopic,
  setPayload,
}: {
  readonly topic: string;
  readonly payload: string;
  readonly setTopic: (topic: string) => void;
  readonly setPayload: (payload: string) => void;
}) {
  const words = useWords(WORDS);
  return (
    <div className="field-row sample-row">
      <Field label={words.topic}>
        {(ids) => (
          <input
            {...ids}
            className="mono"
            value={topic}
            spellCheck={false}
            onChange={(event) => setTopic(event.target.value)}
          />
        )}
      </Field>
      <Field label={words.payload}>
        {(ids) => (
          <textarea
            {...ids}
            className="mono"
            rows={3}
            spellCheck={false}
            value={payload}
            onChange={(event) => setPayload(event.target.value)}
          />
        )}
      </Field>
    </div>
  );
}

function Sources({
  source,
  choose,
}: {
  readonly source: 'sample' | 'letter';
  readonly choose: (source: 'sample' | 'letter') => void;
}) {
  const words = useWords(WORDS);
  return (
    <fieldset className="segments sources">
      <legend className="unseen">{words.source}</legend>
      {(['sample', 'letter'] as const).map((one) => (
        <label key={one}>
          <input type="radio" name="source" checked={one === source} onChange={() => choose(one)} />
          <span>{words[one]}</span>
        </label>
      ))}
    </fieldset>
  );
}

function Letters({
  letters,
  chosen,
  choose,
}: {
  readonly letters: readonly DeadLetter[];
  readonly chosen: string;
  readonly choose: (offset: string) => void;
}) {
  const words = useWords(WORDS);
  if (letters.length === 0) return <p className="notice">{words.noLetters}</p>;
  return (
    <Field label={words.letterLabel}>
      {(ids) => (
        <select {...ids} value={chosen} onChange={(event) => choose(event.target.value)}>
          {letters.map(({ offset, topic }) => (
            <option key={offset} value={String(offset)}>
              {`${formatCount(offset)} · ${topic}`}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}

/** A topic of a device in tenant and project of the document, where it says them and the server knows one; else of any. */
function useExampleTopic(text: string) {
  const tenant = named(text, 'tenant');
  const project = named(text, 'project');
  const { data, error, reload } = useFetched(`example topic ${tenant}/${project}`, async (signal) => {
    if (tenant !== undefined && project !== undefined) {
      try {
        return (await getOnboarding({ tenant, project, device: DEVICE }, signal)).topic;
      } catch (fault) {
        // a name that cannot be, or that one may not see
        if (codeOf(fault) === undefined) throw fault;
      }
    }
    return (await getConfig(signal)).exampleTopic;
  });
  return { topic: data ?? '', error, reload };
}

/** The first value of a key, as far as it is written; without quotes and comment. */
function named(text: string, key: 'tenant' | 'project'): string | undefined {
  const [, double, single, bare] =
    new RegExp(`^\\s+${key}:\\s*(?:"([^"\\n]*)"|'([^'\\n]*)'|([^\\s"'#][^\\n#]*))`, 'm').exec(text) ?? [];
  return (double ?? single ?? bare)?.trim();
}
