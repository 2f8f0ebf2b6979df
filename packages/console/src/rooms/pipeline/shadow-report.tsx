import { formatCount, formatMillis } from '../../format.ts';
import type { PipelineShadowReport, PipelineShadowVerdict } from '../../generated/client.ts';
import { Breakable } from '../../parts/parts.tsx';
import { useWords } from '../../words/words.ts';
import { en } from './en.ts';
import { zh } from './zh.ts';

const WORDS = { en, zh };
const COUNTS = ['stored', 'filtered', 'deadLettered', 'messages', 'results'] as const;

/** How a document differs from what is in force: the counts of both, and the records that come out differently. */
export function ShadowReport({ report }: { readonly report: PipelineShadowReport }) {
  const words = useWords(WORDS);
  return (
    <section className="shadow-report" aria-live="polite">
      <p>
        <strong>{words.compared(report.records, report.changed)}</strong>{' '}
        <span className="quiet">{words.took(formatMillis(report.durationMs))}</span>
      </p>
      {report.cut && <p className="notice notice-warn">{words.cut}</p>}
      {report.undecodable > 0 && <p className="quiet">{words.undecodable(report.undecodable)}</p>}
      <table className="dense">
        <thead>
          <tr>
            <td />
            <th scope="col" className="number">
              {words.now}
            </th>
            <th scope="col" className="number">
              {words.candidate}
            </th>
          </tr>
        </thead>
        <tbody>
          {COUNTS.map((count) => (
            <tr key={count}>
              <th scope="row">{words.counts[count]}</th>
              <td className="number figures">{formatCount(report.inForce[count])}</td>
              <td
                className={`number figures ${report.inForce[count] === report.candidate[count] ? '' : 'differs'}`}
              >
                {formatCount(report.candidate[count])}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {report.differences.length > 0 && <Differences report={report} />}
    </section>
  );
}

function Differences({ report }: { readonly report: PipelineShadowReport }) {
  const words = useWords(WORDS);
  return (
    <>
      <h3>{words.differences}</h3>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
      <section className="scroll" tabIndex={0} aria-label={words.differences}>
        <table className="dense">
          <thead>
            <tr>
              <th scope="col">{words.offset}</th>
              <th scope="col">{words.topic}</th>
              <th scope="col">{words.now}</th>
              <th scope="col">{words.candidate}</th>
            </tr>
          </thead>
          <tbody>
            {report.differences.map(({ offset, topic, inForce, candidate }) => (
              <tr key={offset}>
                <th scope="row" className="figures">
                  {formatCount(offset)}
                </th>
                <td>
                  <Breakable text={topic} />
                </td>
                <td>
                  <Verdict verdict={inForce} />
                </td>
                <td>
                  <Verdict verdict={candidate} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </>
  );
}

function Verdict({ verdict }: { readonly verdict: PipelineShadowVerdict }) {
  const words = useWords(WORDS);
  return (
    <>
      {words.outcome[verdict.verdict]}
      {verdict.detail !== '' && (
        <div className="small quiet" lang="en">
          {verdict.detail}
        </div>
      )}
      {verdict.outputs.map((message) => (
        <div key={JSON.stringify(message)} className="small">
          <code>
            <Breakable text={`${message.device} ${JSON.stringify(message.metrics)}`} />
          </code>
        </div>
      ))}
    </>
  );
}
