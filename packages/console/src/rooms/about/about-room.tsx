import { Fragment, useState } from 'react';
import { formatBytes, formatCount, millisOf } from '../../format.ts';
import { getConfig, type LimitList, listLimits } from '../../generated/client.ts';
import { useFetched } from '../../live/fetched.ts';
import { useOverview } from '../../live/overview-feed.tsx';
import { Card, Fact, Failed, Loading, RoomHead } from '../../parts/parts.tsx';
import { usePreferences } from '../../preferences.ts';
import { useFormat } from '../../use-format.ts';
import { useWords } from '../../words/words.ts';
import { en } from './en.ts';
import { LICENCES } from './licences.ts';
import { LIMITS_ZH } from './limits-zh.ts';
import { zh } from './zh.ts';

const WORDS = { en, zh };
const ASK_MS = 5_000;

/** Versions, licences, and limits with how near they are. */
export function Content() {
  const words = useWords(WORDS);
  return (
    <>
      <RoomHead title={words.title} />
      <Facts />
      <Limits />
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
        {typeof folder === 'string' && (
          <Fact name={words.dataDir}>
            <span className="path">{folder}</span>
          </Fact>
        )}
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

/** Shares of a limit from which on it is near, and at which it is reached. */
const NEAR = 0.8;

function Limits() {
  const words = useWords(WORDS);
  const { data, error, reload } = useFetched('limits', listLimits, ASK_MS);
  const [isAll, setAll] = useState(false);
  const shown = (data?.items ?? [])
    .filter((limit) => isAll || limit.current !== null)
    .map((limit) => ({
      ...limit,
      share: limit.current === null || limit.value === 0 ? -1 : limit.current / limit.value,
    }))
    // by whole percents: rows stay where they are while little changes
    .sort((a, b) => Math.round(b.share * 100) - Math.round(a.share * 100));
  return (
    <Card
      title={words.limits}
      className="table-card"
      aside={
        <label className="select">
          <input type="checkbox" checked={!isAll} onChange={(event) => setAll(!event.target.checked)} />
          {words.limitsMeasured}
        </label>
      }
    >
      <p className="lead">{words.limitsWords}</p>
      {error && !data && <Failed error={error} retry={reload} />}
      {!error && !data && <Loading rows={4} />}
      {data && (
        <table>
          <thead>
            <tr>
              <th scope="col">{words.limit}</th>
              <th scope="col" className="number">
                {words.now}
              </th>
              <th scope="col" className="number">
                {words.value}
              </th>
              <th scope="col" className="wide-only">
                {words.whenFull}
              </th>
            </tr>
          </thead>
          <tbody>
            {shown.map((limit) => (
              <LimitRow key={`${limit.package} ${limit.name}`} limit={limit} share={limit.share} />
            ))}
          </tbody>
        </table>
      )}
    </Card>
  );
}

/** What a limit is in the reader's language; where only the server's words are known they are marked as English. */
function useLimitWords({ package: room, name, what, whenFull }: LimitList['items'][number]) {
  const { language } = usePreferences();
  const chinese = language === 'zh' ? LIMITS_ZH[`${room}.${name}`] : undefined;
  return chinese ?? { what, whenFull, lang: 'en' };
}

function LimitRow({ limit, share }: { readonly limit: LimitList['items'][number]; readonly share: number }) {
  const words = useWords(WORDS);
  const { what, whenFull, ...own } = useLimitWords(limit);
  return (
    <tr>
      <th scope="row">
        <span {...own}>{what}</span>
        <div className="quiet small">
          {limit.package} · <code>{limit.key ?? limit.name}</code>
        </div>
        <div className="narrow-only quiet small" {...own}>
          <Coded text={whenFull} />
        </div>
      </th>
      <td className={`number figures steady about-now ${share >= NEAR ? 'bad' : ''}`}>
        {limit.current === null ? (
          <span className="quiet">{words.unmeasured}</span>
        ) : (
          <>
            {quantityOf(limit.current, limit.unit, words.units)}
            <progress max={1} value={Math.min(1, Math.max(0, share))} aria-label={what} />
          </>
        )}
      </td>
      <td className="number figures steady">{quantityOf(limit.value, limit.unit, words.units)}</td>
      <td className="quiet small wide-only" {...own}>
        <Coded text={whenFull} />
      </td>
    </tr>
  );
}

/** A sentence in which what stands between backticks is code. */
function Coded({ text }: { readonly text: string }) {
  return text.split('`').map((part, index) =>
    // biome-ignore lint/suspicious/noArrayIndexKey: parts have no other identity, and the text never changes in place
    index % 2 === 0 ? <Fragment key={index}>{part}</Fragment> : <code key={index}>{part}</code>,
  );
}

type Unit = LimitList['items'][number]['unit'];

/** A quantity with its unit; a count has none. */
function quantityOf(
  value: number,
  unit: Unit,
  units: Readonly<Record<Exclude<Unit, 'bytes' | 'percent' | 'count'>, string>>,
): string {
  if (unit === 'bytes') return formatBytes(value);
  if (unit === 'count') return formatCount(value);
  return `${formatCount(value)} ${unit === 'percent' ? '%' : units[unit]}`;
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
