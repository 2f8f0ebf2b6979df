import { formatValue, millisOf } from '../../format.ts';
import type { PipelineTrialOutcome, StageMessage } from '../../generated/client.ts';
import { Breakable } from '../../parts/parts.tsx';
import { useFormat } from '../../use-format.ts';
import { useWords } from '../../words/words.ts';
import { en } from './en.ts';
import { zh } from './zh.ts';

const WORDS = { en, zh };

type Item = PipelineTrialOutcome['items'][number];
type Step = Item['steps'][number];

/** What became of each sample: a verdict, and what each stage made of it beside each other. */
export function TrialOutcome({ outcome }: { readonly outcome: PipelineTrialOutcome }) {
  const words = useWords(WORDS);
  return outcome.items.map((item) => (
    <section key={item.topic} className="trial" aria-live="polite">
      <p>
        <strong className={item.verdict === 'deadLettered' ? 'bad' : undefined}>
          {words.verdicts[item.verdict]}
        </strong>
      </p>
      {item.fault && (
        <p className="bad">
          {words.faultAt(item.fault.stage)} <span lang="en">{item.fault.detail}</span>
        </p>
      )}
      {item.steps.length === 0 && item.verdict === 'stored' && <p className="quiet">{words.noStep}</p>}
      {waysOf(item.steps).map((steps, index) => (
        <Way key={JSON.stringify(steps)} steps={steps} number={index + 1} />
      ))}
      {item.outputs.length > 0 && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
        <section className="way-row scroll" tabIndex={0} aria-label={words.stored}>
          {item.outputs.map((message) => (
            <Message key={JSON.stringify(message)} title={words.stored} message={message} />
          ))}
        </section>
      )}
    </section>
  ));
}

/** The steps of each message: a record may hold several, and each begins at the first stage. */
function waysOf(steps: readonly Step[]): Step[][] {
  const [first] = steps;
  const ways: Step[][] = [];
  for (const step of steps) {
    const isFirst = step.pipeline === first?.pipeline && step.stage === first?.stage;
    if (isFirst) ways.push([]);
    ways.at(-1)?.push(step);
  }
  return ways;
}

function Way({ steps, number }: { readonly steps: readonly Step[]; readonly number: number }) {
  const words = useWords(WORDS);
  const types: Readonly<Record<string, string>> = words.types;
  const [first] = steps;
  const name = words.way(first?.before.device ?? '', number);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <section className="way-row scroll" tabIndex={0} aria-label={name}>
      {first && <Message title={words.input} message={first.before} />}
      {steps.map((step) => (
        <Message
          key={`${step.pipeline}/${step.stage}`}
          title={step.stage}
          kind={types[step.type] ?? step.type}
          message={step.after}
          before={step.before}
          isGone={step.takenOut}
        />
      ))}
    </section>
  );
}

function Message({
  title,
  kind,
  message,
  before,
  isGone = false,
}: {
  readonly title: string;
  readonly kind?: string;
  readonly message: StageMessage;
  readonly before?: StageMessage;
  readonly isGone?: boolean;
}) {
  const words = useWords(WORDS);
  const format = useFormat();
  const members = [...Object.entries(message.metrics), ...Object.entries(message.attributes)];
  const known = before && { ...before.metrics, ...before.attributes };
  return (
    <div className={`way-box ${isGone ? 'way-gone' : ''}`}>
      <p className="flow-name">
        {title} {kind !== undefined && <span className="badge">{kind}</span>}
      </p>
      <p className="small quiet">
        <Breakable text={message.device} /> · {format.clock(millisOf(message.time))}
      </p>
      {message.isResult && <p className="small">{words.result}</p>}
      {isGone ? (
        <p className="flow-taken">{words.gone}</p>
      ) : (
        <dl className="way-values">
          {members.map(([name, value]) => (
            <div key={name} className={known && known[name] !== value ? 'way-new' : undefined}>
              <dt>{name}</dt>
              <dd>{shown(value)}</dd>
            </div>
          ))}
          {members.length === 0 && <div>{words.nothing}</div>}
        </dl>
      )}
    </div>
  );
}

function shown(value: unknown): string {
  return typeof value === 'number'
    ? formatValue(value)
    : typeof value === 'string'
      ? value
      : JSON.stringify(value);
}
