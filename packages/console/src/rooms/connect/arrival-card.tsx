import CircleCheck from 'lucide-react/icons/circle-check';
import Radio from 'lucide-react/icons/radio-tower';
import TriangleAlert from 'lucide-react/icons/triangle-alert';
import { formatCount, formatValue, millisOf, parseValue } from '../../format.ts';
import { type Arrival, getOnboarding } from '../../generated/client.ts';
import { useFetched } from '../../live/fetched.ts';
import { useServerNow } from '../../live/server-clock.ts';
import { Breakable, Card, Failed, Link } from '../../parts/parts.tsx';
import { type DeviceName, devicePath, pathOf } from '../../route.ts';
import { useFormat } from '../../use-format.ts';
import { useWords } from '../../words/words.ts';
import { type Arrived, type Place, useArrivals } from './arrivals.ts';
import { en } from './en.ts';
import { zh } from './zh.ts';

const WORDS = { en, zh };

/** What has come of the device since this was opened: its first message with its values, and what arrived wrongly. */
export function ArrivalCard({
  device,
  another,
}: {
  readonly device: DeviceName;
  readonly another: () => void;
}) {
  const words = useWords(WORDS);
  const found = useArrivals(device);
  return (
    <Card title={words.arrives} className={`arrivals ${found.hasArrived ? 'arrivals-good' : ''}`}>
      <p role="status" className="arrival-state">
        {found.hasArrived ? (
          <>
            <CircleCheck aria-hidden size={20} /> <strong>{words.arrived(device.device)}</strong>
          </>
        ) : (
          <>
            <Radio aria-hidden size={20} className="listening" /> <strong>{words.waiting}</strong>
          </>
        )}
      </p>
      {!found.hasArrived && <Waiting device={device} found={found} />}
      {found.hasArrived && <FirstMessage device={device} found={found} another={another} />}
      {found.error && <Failed error={found.error} retry={found.reload} />}
      {!found.hasArrived && found.strays.length > 0 && <Strays device={device} places={found.strays} />}
      {found.wrong.length > 0 && <WrongOnes wrong={found.wrong} />}
    </Card>
  );
}

/** After this long without a sign, most people have a question. */
const PATIENCE_MS = 20_000;

function Waiting({ device, found }: { readonly device: DeviceName; readonly found: Arrived }) {
  const words = useWords(WORDS);
  const format = useFormat();
  const now = useServerNow();
  const { lastSeenMs, isHeardOnly, sinceMs, wrong } = found;
  if (isHeardOnly) return <p className="quiet">{words.heardOnly}</p>;
  return (
    <>
      <p className="quiet">
        {lastSeenMs === undefined ? words.waitingWords : words.known(format.ago(now - lastSeenMs))}
      </p>
      {wrong.length === 0 && now - sinceMs > PATIENCE_MS && <Silence device={device} />}
    </>
  );
}

/** What to look at when not even something wrong has come. */
function Silence({ device }: { readonly device: DeviceName }) {
  const words = useWords(WORDS);
  const { data } = useFetched(`ways ${devicePath(device)}`, (signal) =>
    getOnboarding({ ...device, way: 'file' }, signal),
  );
  return (
    <div className="notice" role="status">
      <strong>{words.silence}</strong>
      <ul>
        {words.silenceCauses.map((cause) => (
          <li key={cause}>{cause}</li>
        ))}
      </ul>
      {data && (
        <>
          <p>{words.listensOn}</p>
          <ul className="plain">
            {data.ways.map(({ url, reach }) => (
              <li key={url}>
                <code>
                  <Breakable text={url} />
                </code>{' '}
                {reach === 'machine' && <span className="quiet small">{words.ofMachine}</span>}
              </li>
            ))}
          </ul>
        </>
      )}
    </div>
  );
}

/** The same name in another place: most often a typing error in the topic. */
function Strays({ device, places }: { readonly device: DeviceName; readonly places: readonly Place[] }) {
  const words = useWords(WORDS);
  return (
    <div className="notice notice-warn" role="status">
      {places.map(({ tenant, project }) => (
        <p key={`${tenant}/${project}`}>
          <Breakable text={words.stray(device.device, `${tenant}/${project}`)} />{' '}
          <Link to={devicePath({ tenant, project, device: device.device })}>{words.openStray}</Link>
        </p>
      ))}
    </div>
  );
}

function FirstMessage({
  device,
  found,
  another,
}: {
  readonly device: DeviceName;
  readonly found: Arrived;
  readonly another: () => void;
}) {
  const words = useWords(WORDS);
  const format = useFormat();
  const now = useServerNow();
  return (
    <>
      <p className="quiet">
        {found.lastSeenMs !== undefined && words.arrivedAgo(format.ago(now - found.lastSeenMs))}
        {found.stored > 0 && ` · ${words.stored(found.stored)}`}
      </p>
      <table className="dense">
        <thead>
          <tr>
            <th scope="col">{words.metric}</th>
            <th scope="col" className="number">
              {words.value}
            </th>
            <th scope="col">
              {words.time} ({format.zone})
            </th>
          </tr>
        </thead>
        <tbody>
          {found.values.map((value) => (
            <tr key={value.metric}>
              <th scope="row">{value.metric}</th>
              <td className="value number">{formatValue(parseValue(value))}</td>
              <td className="figures">{format.moment(millisOf(value.time))}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <div className="row arrival-links">
        <Link to={devicePath(device)} className="button">
          {words.open}
        </Link>
        <button type="button" onClick={another}>
          {words.another}
        </button>
      </div>
    </>
  );
}

function WrongOnes({ wrong }: { readonly wrong: readonly Arrival[] }) {
  const words = useWords(WORDS);
  return (
    <section className="wrong" aria-live="polite">
      <h3>{words.wrong}</h3>
      <p className="small quiet">{words.wrongWords}</p>
      <ul className="plain">
        {wrong.map((one) => (
          <WrongOne key={`${one.time} ${one.kind} ${one.topic} ${one.offset}`} one={one} />
        ))}
      </ul>
    </section>
  );
}

function WrongOne({ one }: { readonly one: Arrival }) {
  const words = useWords(WORDS);
  const format = useFormat();
  const now = useServerNow();
  const who = one.client === '' ? words.anybody : one.client;
  const remedies: Readonly<Record<string, string>> = words.remedy;
  // a login and a dead letter have many reasons; of what else is refused the kind says enough
  const remedy = remedies[`${one.kind}-${one.by}`] ?? remedies[one.kind] ?? remedies[one.reason];
  return (
    <li className="wrong-one">
      <TriangleAlert aria-hidden size={17} />
      <div>
        <p>
          <Breakable text={words.happened[one.kind](who, one.user, one.topic, one.remote)} />{' '}
          <span className="quiet small">{format.ago(now - millisOf(one.time))}</span>
        </p>
        {remedy !== undefined && <p>{remedy}</p>}
        {one.offset !== null && (
          <p>
            <Link to={pathOf('dead-letters', String(one.offset))}>
              {words.letter(formatCount(one.offset))}
            </Link>
          </p>
        )}
        <details>
          <summary className="small">{words.details}</summary>
          <p className="small quiet">
            <Breakable text={one.words} />
          </p>
        </details>
      </div>
    </li>
  );
}
