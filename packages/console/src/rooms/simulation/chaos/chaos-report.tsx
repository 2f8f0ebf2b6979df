import Square from 'lucide-react/icons/square';
import { formatCount, millisOf } from '../../../format.ts';
import { useSession } from '../../../frame/session.tsx';
import { type ChaosRun, stopChaos } from '../../../generated/client.ts';
import { useServerNow } from '../../../live/server-clock.ts';
import { NotDone, useAct } from '../../../parts/act.tsx';
import { Card, Link } from '../../../parts/parts.tsx';
import { pathOf, withQuery } from '../../../route.ts';
import { useFormat } from '../../../use-format.ts';
import { useWords } from '../../../words/words.ts';
import { en as lettersEn } from '../../dead-letters/en.ts';
import { zh as lettersZh } from '../../dead-letters/zh.ts';
import { type ChaosWords, en } from './en.ts';
import { zh } from './zh.ts';

const WORDS = { en, zh };
const LETTERS = { en: lettersEn, zh: lettersZh };
const TONES = { running: 'badge-warn', done: 'badge-good', stopped: '', failed: 'badge-bad' } as const;
const COUNTS = ['stored', 'deadLettered', 'refused', 'closed', 'wrong'] as const;
const VERDICTS = { yes: 'badge-good', NOT: 'badge-bad', unknown: 'badge-warn' } as const;

type Row = ChaosRun['rows'][number];

/** What a chaos run has found so far. */
export function ChaosReport({
  run,
  isNewest,
  stopped,
}: {
  readonly run: ChaosRun;
  readonly isNewest: boolean;
  readonly stopped: () => void;
}) {
  const words = useWords(WORDS);
  const format = useFormat();
  const now = useServerNow();
  const { tenant, project, state, counts, fault } = run;
  const isWrong = fault !== null || counts.wrong > 0;
  const told = toldOf(run, words);
  return (
    <Card
      title={words.report(tenant, project)}
      className="chaos-report"
      aside={<span className={`badge ${TONES[state]}`}>{words.states[state]}</span>}
    >
      <p className={isWrong ? 'bad' : ''} aria-live={state === 'running' ? 'off' : 'polite'}>
        {told}
        {fault !== null && <span lang="en">{` ${fault}`}</span>}
      </p>
      {state === 'running' && <progress max={run.inputs} value={run.sent} aria-label={told} />}
      <dl className="simulation-counts chaos-counts">
        {COUNTS.map((name) => (
          <div key={name}>
            <dt>{words.counts[name]}</dt>
            <dd className="figures">{formatCount(counts[name])}</dd>
          </div>
        ))}
      </dl>
      <ReportActs run={run} stopped={stopped} />
      <details open={isNewest}>
        <summary className="small">{words.each}</summary>
        <RowTable rows={run.rows} />
      </details>
      <p className="small quiet">{words.started(run.author, format.ago(now - millisOf(run.started)))}</p>
    </Card>
  );
}

function toldOf({ state, sent, inputs, counts, fault }: ChaosRun, words: ChaosWords): string {
  if (state === 'running') return words.sending(sent, inputs);
  if (fault !== null) return words.failedAfter(sent, inputs);
  if (counts.wrong > 0) return words.notRight(counts.wrong, sent);
  return state === 'done' ? words.allRight(inputs) : words.rightSoFar(sent, inputs);
}

function ReportActs({
  run: { id, tenant, project, state, counts },
  stopped,
}: {
  readonly run: ChaosRun;
  readonly stopped: () => void;
}) {
  const words = useWords(WORDS);
  const { mayDo } = useSession();
  const act = useAct();
  const isStoppable = state === 'running' && mayDo('simulation:change');
  if (counts.deadLettered === 0 && !isStoppable) return null;
  return (
    <>
      <NotDone error={act.error} />
      <div className="row">
        {counts.deadLettered > 0 && (
          <Link to={withQuery(pathOf('dead-letters'), { tenant, project })} className="button">
            {words.letters}
          </Link>
        )}
        {isStoppable && (
          <button
            type="button"
            className="danger"
            disabled={act.isBusy}
            onClick={() => act.run(() => stopChaos({ id }), stopped)}
          >
            <Square aria-hidden size={14} /> {words.stop}
          </button>
        )}
      </div>
    </>
  );
}

function RowTable({ rows }: { readonly rows: readonly Row[] }) {
  const words = useWords(WORDS);
  return (
    <table className="dense">
      <thead>
        <tr>
          <th scope="col">{words.input}</th>
          <th scope="col">{words.answer}</th>
          <th scope="col">{words.isRight}</th>
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr key={`${row.input} ${row.level} ${row.verdict} ${JSON.stringify(row.answer)}`}>
            <th scope="row">
              {words.ofLevel(words.inputs[row.input], row.level)}{' '}
              <span className="quiet small">{words.times(row.inputs)}</span>
            </th>
            <td>
              <Answer row={row} />
            </td>
            <td>
              <span className={`badge ${VERDICTS[row.verdict]}`}>{words.verdicts[row.verdict]}</span>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Answer({ row: { answer, expected, verdict, letter, detail } }: { readonly row: Row }) {
  const words = useWords(WORDS);
  const fateOf = useFateText();
  const text = fateOf(answer);
  return (
    <>
      {letter === null ? text : <Link to={pathOf('dead-letters', String(letter))}>{text}</Link>}
      {verdict !== 'yes' && <div className="small">{words.should(fateOf(expected))}</div>}
      {detail !== '' && (
        <div className="quiet small chaos-detail" lang="en">
          {detail}
        </div>
      )}
    </>
  );
}

/** Says what became of an input, with the reason of its dead letter or of MQTT. */
function useFateText(): (fate: Row['answer']) => string {
  const words = useWords(WORDS);
  const reasons: Readonly<Record<string, string>> = useWords(LETTERS).reasons;
  return ({ kind, reason, code }) => {
    const what = words.fates[kind];
    if (reason !== null) return words.joined(what, reasons[reason] ?? reason);
    if (code === null) return what;
    const number = `0x${code.toString(16).padStart(2, '0')}`;
    const name = words.codes[code];
    return words.joined(what, name === undefined ? number : `${name} (${number})`);
  };
}
