import { useDeferredValue, useId } from 'react';
import { formatCount } from '../../format.ts';
import {
  type Device,
  getDevice,
  getLedger,
  type Ledger,
  listDevices,
  listGaps,
} from '../../generated/client.ts';
import { useFetched } from '../../live/fetched.ts';
import { AccountList, VERDICTS } from '../../parts/account-list.tsx';
import { Card, Failed, Link, Loading, RoomHead } from '../../parts/parts.tsx';
import { devicePath, setQuery, useQuery } from '../../route.ts';
import { useShared } from '../../words/shared.ts';
import { useWords } from '../../words/words.ts';
import { en } from './en.ts';
import { zh } from './zh.ts';

const WORDS = { en, zh };
const ASK_MS = 3_000;
const DEVICE_ASK_MS = 10_000;
const GAPS = 200;
/** Devices whose accounts are shown beside each other. */
const DEVICES = 12;

/** The account of every record: in all, by project, by device; and what is missing in the numbering of devices. */
export function Content() {
  const words = useWords(WORDS);
  const { data, error, reload } = useFetched('ledger', getLedger, ASK_MS);
  return (
    <>
      <RoomHead title={words.title}>
        {data && (
          <span className={`badge ${data.balanced ? 'badge-good' : 'badge-bad'}`}>
            {data.balanced ? words.balanced : words.outOfBalance}
          </span>
        )}
      </RoomHead>
      <p className="lead">{words.lead}</p>
      {error && !data && <Failed error={error} retry={reload} />}
      {!error && !data && <Loading rows={6} />}
      {data && <Totals ledger={data} />}
      {data && <Projects ledger={data} />}
      <Devices />
      <Gaps />
      <Meanings />
    </>
  );
}

function Totals({ ledger }: { readonly ledger: Ledger }) {
  const words = useWords(WORDS);
  const { totals, balanced, imbalances } = ledger;
  return (
    <Card title={words.all}>
      {balanced && <p className="lead">{words.balancedWords(totals.received)}</p>}
      {imbalances.map((line) => (
        <p key={line} className="bad" lang="en">
          {line}
        </p>
      ))}
      <AccountList accounts={totals} />
      <Notes notes={ledger.notes} />
    </Card>
  );
}

/** What makes the account less sure than it could be. */
function Notes({ notes }: Pick<Ledger, 'notes'>) {
  const words = useWords(WORDS);
  if (notes.length === 0) return null;
  return (
    <section className="ledger-notes">
      <h3>{words.notes}</h3>
      <ul>
        {notes.map(({ code, subject, records }) => (
          <li key={`${code} ${subject}`}>{words.note[code](records, subject)}</li>
        ))}
      </ul>
    </section>
  );
}

function Projects({ ledger }: { readonly ledger: Ledger }) {
  const words = useWords(WORDS);
  const shared = useShared();
  if (ledger.projects.length === 0) return null;
  return (
    <Card title={words.byProject} className="table-card">
      <table>
        <thead>
          <tr>
            <th scope="col">{words.tenant}</th>
            <th scope="col">{words.project}</th>
            {(['received', ...VERDICTS] as const).map((account) => (
              <th key={account} scope="col" className="number">
                {shared.accounts[account]}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {ledger.projects.map((line) => (
            <tr key={`${line.tenant}/${line.project}`}>
              <th scope="row">{line.tenant || words.nobody}</th>
              <td>
                {line.project || shared.none}
                {line.tenant === '' && <div className="quiet small">{words.nobodyWords}</div>}
                {line.receivedQos0 > 0 && <div className="quiet small">{words.qos0(line.receivedQos0)}</div>}
              </td>
              {(['received', ...VERDICTS] as const).map((account) => (
                <td key={account} className={`number figures ${line[account] === 0 ? 'quiet' : ''}`}>
                  {formatCount(line[account])}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </Card>
  );
}

function Devices() {
  const words = useWords(WORDS);
  const id = useId();
  const value = useQuery('device');
  const search = useDeferredValue(value.trim());
  const found = useFetched(`ledger devices ${search}`, async (signal) =>
    search === '' ? undefined : (await listDevices({ search, limit: DEVICES }, signal)).items,
  );
  return (
    <Card
      title={words.byDevice}
      aside={
        <div className="search">
          <input
            id={id}
            type="search"
            value={value}
            placeholder={words.deviceHint}
            aria-label={words.deviceHint}
            autoComplete="off"
            onChange={(event) => setQuery({ device: event.target.value })}
          />
        </div>
      }
    >
      <p className="lead">{words.deviceWords}</p>
      {found.data?.length === 0 && <p className="notice">{words.noDevice(search)}</p>}
      {found.data?.map((device) => (
        <DeviceAccount key={devicePath(device)} device={device} />
      ))}
    </Card>
  );
}

function DeviceAccount({ device: entry }: { readonly device: Device }) {
  const { tenant, project, device } = entry;
  const name = { tenant, project, device };
  const { data, error, reload } = useFetched(
    `ledger ${devicePath(name)}`,
    (signal) => getDevice(name, signal),
    DEVICE_ASK_MS,
  );
  return (
    <section className="device-account">
      <h3>
        <Link to={devicePath(name)}>{device}</Link> · {tenant} / {project}
      </h3>
      {data && <AccountList accounts={{ received: sumOf(data.accounts), ...data.accounts }} />}
      {error && !data && <Failed error={error} retry={reload} />}
    </section>
  );
}

/** What a device has sent, as far as it was decoded: each of its records stands in one of the other accounts. */
function sumOf(accounts: Readonly<Record<string, number>>): number {
  return Object.values(accounts).reduce((sum, records) => sum + records, 0);
}

function Gaps() {
  const words = useWords(WORDS);
  const { data, error, reload } = useFetched('gaps', (signal) => listGaps({ limit: GAPS }, signal), ASK_MS);
  return (
    <Card title={words.gaps} className="table-card">
      <p className="lead">{words.gapsWords}</p>
      {error && !data && <Failed error={error} retry={reload} />}
      {data?.items.length === 0 && <p>{words.noGaps}</p>}
      {data?.cursor && <p className="quiet">{words.moreGaps(GAPS)}</p>}
      {data && data.items.length > 0 && (
        <table>
          <thead>
            <tr>
              <th scope="col">{words.device}</th>
              <th scope="col">{words.epoch}</th>
              <th scope="col" className="number">
                {words.from}
              </th>
              <th scope="col" className="number">
                {words.to}
              </th>
              <th scope="col" className="number">
                {words.missing}
              </th>
            </tr>
          </thead>
          <tbody>
            {data.items.map((gap) => (
              <tr key={`${devicePath(gap)} ${gap.epoch} ${gap.from}`}>
                <th scope="row">
                  <Link to={devicePath(gap)}>{gap.device}</Link>
                </th>
                <td>{gap.epoch || '–'}</td>
                <td className="number figures">{formatCount(gap.from)}</td>
                <td className="number figures">{formatCount(gap.to)}</td>
                <td className="number figures">{formatCount(gap.to - gap.from + 1)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </Card>
  );
}

function Meanings() {
  const words = useWords(WORDS);
  const shared = useShared();
  return (
    <Card title={words.meanings}>
      <dl className="facts">
        {(['received', ...VERDICTS] as const).map((account) => (
          <div key={account}>
            <dt>{shared.accounts[account]}</dt>
            <dd>{words.meaning[account]}</dd>
          </div>
        ))}
      </dl>
    </Card>
  );
}
