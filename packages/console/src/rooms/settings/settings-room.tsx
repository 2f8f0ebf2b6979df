import { useId } from 'react';
import { formatBytes, formatCount } from '../../format.ts';
import { type Config, getConfig } from '../../generated/client.ts';
import { useFetched } from '../../live/fetched.ts';
import { CopyButton } from '../../parts/copy-button.tsx';
import { Breakable, Card, Failed, Loading, RoomHead } from '../../parts/parts.tsx';
import { usePreferences } from '../../preferences.ts';
import { setQuery, usePlace } from '../../route.ts';
import '../../styles/forms.css';
import { useWords } from '../../words/words.ts';
import { descriptionsZh } from './descriptions-zh.ts';
import { en } from './en.ts';
import { fileLines, flagWord, shownValue, variableWord } from './setting-text.ts';
import './settings.css';
import { zh } from './zh.ts';

const WORDS = { en, zh };

type Setting = Config['settings'][number];

/** How the server says that a default follows from another key. */
const FOLLOWS = /^default, since (\S+) is 0$/;

/** The configuration in force, each value with its source and the ways to change it. */
export function Content() {
  const words = useWords(WORDS);
  const { data, error, reload } = useFetched('config', getConfig);
  return (
    <>
      <RoomHead title={words.title} />
      <p className="lead">{words.lead}</p>
      {error && !data && <Failed error={error} retry={reload} />}
      {!data && !error && <Loading rows={6} />}
      {data && <Listeners config={data} />}
      {data?.settings.length === 0 && <p className="notice">{words.narrow}</p>}
      {data && data.settings.length > 0 && <Settings settings={data.settings} />}
    </>
  );
}

function Listeners({ config }: { readonly config: Config }) {
  const words = useWords(WORDS);
  return (
    <Card title={words.listeners}>
      <dl className="facts">
        {config.listeners.map(({ name, host, port }) => (
          <div key={`${name} ${host} ${port}`}>
            <dt>{name}</dt>
            <dd>
              <code>{`${host.includes(':') ? `[${host}]` : host}:${port}`}</code>
            </dd>
          </div>
        ))}
      </dl>
    </Card>
  );
}

function Settings({ settings }: { readonly settings: readonly Setting[] }) {
  const words = useWords(WORDS);
  const id = useId();
  const { query } = usePlace();
  const descriptionOf = useDescriptions();
  const search = query.get('search') ?? '';
  const isOnlySet = query.get('set') === 'only';
  const wanted = search.trim().toLowerCase();
  const shown = settings.filter(
    (setting) =>
      (!isOnlySet || setting.source !== 'default') &&
      `${setting.path} ${descriptionOf(setting)}`.toLowerCase().includes(wanted),
  );
  return (
    <div className="card table-card">
      <div className="card-head">
        <p className="quiet small">{words.shown(shown.length)}</p>
        <div className="row">
          <label className="check">
            <input
              type="checkbox"
              checked={isOnlySet}
              onChange={(event) => setQuery({ set: event.target.checked ? 'only' : undefined })}
            />
            {words.onlySet}
          </label>
          <div className="search">
            <input
              id={id}
              type="search"
              value={search}
              placeholder={words.find}
              aria-label={words.find}
              autoComplete="off"
              onChange={(event) => setQuery({ search: event.target.value })}
            />
          </div>
        </div>
      </div>
      {shown.length === 0 && <p className="quiet">{isOnlySet && wanted === '' ? words.noSet : words.none}</p>}
      {shown.length > 0 && <SettingTable settings={shown} />}
    </div>
  );
}

function SettingTable({ settings }: { readonly settings: readonly Setting[] }) {
  const words = useWords(WORDS);
  return (
    <table className="settings">
      <thead>
        <tr>
          <th scope="col">{words.setting}</th>
          <th scope="col">{words.value}</th>
          <th scope="col">{words.source}</th>
        </tr>
      </thead>
      <tbody>
        {settings.map((setting) => (
          <SettingRow key={setting.path} setting={setting} />
        ))}
      </tbody>
    </table>
  );
}

function SettingRow({ setting }: { readonly setting: Setting }) {
  const words = useWords(WORDS);
  const descriptionOf = useDescriptions();
  const { path, value, standard, source, origin } = setting;
  const [, followed] = FOLLOWS.exec(origin) ?? [];
  const isChanged = standard !== null && JSON.stringify(value) !== JSON.stringify(standard);
  return (
    <tr>
      <th scope="row" className="setting-name">
        <code>
          <Breakable text={path} />
        </code>
        <div className="small quiet setting-what">{descriptionOf(setting)}</div>
        <Change setting={setting} />
      </th>
      <td className="setting-value">
        <SettingValue value={value} />
        {typeof value === 'number' && BYTES.test(path) && (
          <span className="small quiet"> {formatBytes(value)}</span>
        )}
        {isChanged && <div className="small quiet">{words.standard(shownValue(standard))}</div>}
      </td>
      <td>
        <span className={`badge ${source === 'default' ? '' : 'badge-good'}`}>{words.sources[source]}</span>
        {source !== 'default' && (
          <div className="small quiet setting-origin">
            <Breakable text={origin} />
          </div>
        )}
        {followed !== undefined && <div className="small quiet">{words.follows(followed)}</div>}
      </td>
    </tr>
  );
}

/** Names of settings that are sizes. */
const BYTES = /bytes(Max)?$/i;

function SettingValue({ value }: { readonly value: unknown }) {
  const words = useWords(WORDS);
  if (value === '' || (Array.isArray(value) && value.length === 0))
    return <span className="quiet">{words.empty}</span>;
  if (Array.isArray(value)) {
    return (
      <ul className="plain">
        {value.map((one) => (
          <li key={String(one)}>
            <code>
              <Breakable text={String(one)} />
            </code>
          </li>
        ))}
      </ul>
    );
  }
  return (
    <code>
      <Breakable text={typeof value === 'number' ? formatCount(value) : shownValue(value)} />
    </code>
  );
}

/** The ways to change a setting, each to be copied. */
function Change({ setting }: { readonly setting: Setting }) {
  const words = useWords(WORDS);
  const ways = [
    [words.inFile, fileLines(setting.path, setting.value)],
    [words.byEnvironment, variableWord(setting.environment, setting.value)],
    [words.byFlag, flagWord(setting.flag, setting.value)],
  ] as const;
  return (
    <details className="setting-change">
      <summary className="small">
        {words.change}
        <span className="unseen">{`: ${setting.path}`}</span>
      </summary>
      {ways.map(([name, text]) => (
        <div key={name}>
          <p className="small quiet">{name}</p>
          <div className="command">
            <code className="setting-lines">{text}</code>
            <CopyButton text={text} name={`${name}, ${setting.path}`} />
          </div>
        </div>
      ))}
      <p className="small quiet">{words.strength}</p>
    </details>
  );
}

/** What a setting is, in the reader's language. */
function useDescriptions(): (setting: Setting) => string {
  const { language } = usePreferences();
  return ({ path, description }) => (language === 'zh' ? descriptionsZh[path] : undefined) ?? description;
}
