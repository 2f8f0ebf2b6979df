import { formatCount, millisOf } from '../../format.ts';
import type { PipelineVersion } from '../../generated/client.ts';
import { Card } from '../../parts/parts.tsx';
import { useFormat } from '../../use-format.ts';
import { useWords } from '../../words/words.ts';
import { en } from './en.ts';
import { zh } from './zh.ts';

const WORDS = { en, zh };

/** Every version with author and time; each can be taken into the editor. */
export function HistoryCard({
  versions,
  load,
}: {
  readonly versions: readonly PipelineVersion[];
  readonly load: (version: PipelineVersion) => void;
}) {
  const words = useWords(WORDS);
  const format = useFormat();
  return (
    <Card title={words.history} className="table-card titled">
      <table>
        <thead>
          <tr>
            <th scope="col">{words.version}</th>
            <th scope="col">{words.action}</th>
            <th scope="col">{words.author}</th>
            <th scope="col">
              {words.when} ({format.zone})
            </th>
            <th scope="col" className="wide-only">
              {words.offset}
            </th>
            <td />
          </tr>
        </thead>
        <tbody>
          {versions.map((version) => (
            <tr key={version.version}>
              <th scope="row" className="figures">
                {formatCount(version.version)}
              </th>
              <td>
                {words.actions[version.action]}
                {version.action === 'undo' && (
                  <span className="quiet small"> {words.backTo(version.of)}</span>
                )}
              </td>
              <td>{version.author}</td>
              <td className="figures">
                {format.moment(millisOf(version.changed))}
                <div className="narrow-only quiet small">
                  {words.offset} {formatCount(version.offset)}
                </div>
              </td>
              <td className="figures wide-only">{formatCount(version.offset)}</td>
              <td className="number">
                {version.document && (
                  <button type="button" className="quiet-button" onClick={() => load(version)}>
                    {words.load}
                    <span className="unseen">{`: ${version.version}`}</span>
                  </button>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Card>
  );
}
