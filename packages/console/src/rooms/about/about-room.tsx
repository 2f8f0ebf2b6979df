import { millisOf } from '../../format.ts';
import { getConfig } from '../../generated/client.ts';
import { useFetched } from '../../live/fetched.ts';
import { useOverview } from '../../live/overview-feed.tsx';
import { Card, Fact, Failed, Loading, RoomHead } from '../../parts/parts.tsx';
import { useFormat } from '../../use-format.ts';
import { useWords } from '../../words/words.ts';
import { en } from './en.ts';
import { LICENCES } from './licences.ts';
import { zh } from './zh.ts';

const WORDS = { en, zh };

/** Versions, licences, and limits with how near they are. */
export function Content() {
  const words = useWords(WORDS);
  return (
    <>
      <RoomHead title={words.title} />
      <Facts />
      <Licences />
    </>
  );
}

function Facts() {
  const words = useWords(WORDS);
  const format = useFormat();
  const { overview } = useOverview();
  const { data, error, reload } = useFetched('config', getConfig);
  if (error && !data) return <Failed error={error} retry={reload} />;
  if (!data) return <Loading rows={4} />;
  const folder = data.values.dataDir;
  return (
    <Card>
      <dl className="facts">
        <Fact name={words.version}>{data.version}</Fact>
        {overview && <Fact name={words.started}>{format.zonedMoment(millisOf(overview.started))}</Fact>}
        {typeof folder === 'string' && <Fact name={words.dataDir}>{folder}</Fact>}
        <Fact name={words.listeners}>
          <ul className="plain">
            {data.listeners.map(({ name, host, port }) => (
              <li key={name}>
                {name} <code>{`${host}:${port}`}</code>
              </li>
            ))}
          </ul>
        </Fact>
        <Fact name={words.documents}>
          <a href="/openapi.json">{words.openApi}</a>
        </Fact>
      </dl>
    </Card>
  );
}

function Licences() {
  const words = useWords(WORDS);
  return (
    <Card title={words.licences} className="table-card">
      <p className="lead">{words.licencesWords(LICENCES.length)}</p>
      <table className="dense">
        <thead>
          <tr>
            <th scope="col">{words.name}</th>
            <th scope="col">{words.version}</th>
            <th scope="col">{words.licence}</th>
          </tr>
        </thead>
        <tbody>
          {LICENCES.map(({ name, version, licence }) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td className="figures">{version}</td>
              <td>{licence}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Card>
  );
}
