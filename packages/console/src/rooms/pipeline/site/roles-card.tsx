import { formatMillis, millisOf } from '../../../format.ts';
import { listRoles, type RoleList } from '../../../generated/client.ts';
import { useFetched } from '../../../live/fetched.ts';
import { useServerNow } from '../../../live/server-clock.ts';
import { Breakable } from '../../../parts/parts.tsx';
import { useFormat } from '../../../use-format.ts';
import { useWords } from '../../../words/words.ts';
import { en } from './en.ts';
import { ASK_MS, FetchedCard, Reasons, ROLE_TONES, StateMark } from './site-parts.tsx';
import { zh } from './zh.ts';

const WORDS = { en, zh };

type Role = RoleList['items'][number];

/** The processes of the site, and how each does. */
export function RolesCard() {
  const words = useWords(WORDS).roles;
  const fetched = useFetched('roles', listRoles, ASK_MS);
  return (
    <FetchedCard title={words.title} lead={words.words} fetched={fetched}>
      {({ items }) =>
        items.length === 0 ? (
          <p>{words.none}</p>
        ) : (
          <table>
            <thead>
              <tr>
                <th scope="col">{words.role}</th>
                <th scope="col">{words.name}</th>
                <th scope="col">{words.state}</th>
                <th scope="col">{words.told}</th>
                <th scope="col">{words.holds}</th>
                <th scope="col" className="wide-only">
                  {words.buffer}
                </th>
                <th scope="col" className="wide-only">
                  {words.version}
                </th>
              </tr>
            </thead>
            <tbody>
              {items.map((role) => (
                <RoleRow
                  key={`${role.role} ${role.place} ${role.name}`}
                  role={role}
                  isCurrent={!fetched.error}
                />
              ))}
            </tbody>
          </table>
        )
      }
    </FetchedCard>
  );
}

function RoleRow({ role, isCurrent }: { readonly role: Role; readonly isCurrent: boolean }) {
  const words = useWords(WORDS).roles;
  const format = useFormat();
  const now = useServerNow();
  const { state, reasons, since, toldSeconds, buffer, slot } = role;
  const buffered = buffer && words.buffered(buffer.records, formatMillis(buffer.seconds * 1_000));
  const isHere = state === 'ready' || state === 'degraded';
  return (
    <tr>
      <th scope="row" className="site-name">
        {words.kinds[role.role]}
        {slot && <div className="quiet small">{words.slot(slot.number)}</div>}
      </th>
      <td className="site-place">
        <span className="site-process">{role.name}</span>
        <div className="quiet small">
          <Breakable text={role.place} />
        </div>
        <div className="narrow-only quiet small">
          {words.version} {role.version}
          {buffered && ` · ${words.buffer} ${buffered}`}
        </div>
      </td>
      <td className="site-state">
        <StateMark words={words.states[state]} tone={ROLE_TONES[state]} isCurrent={isCurrent} />
        {isHere && (
          <div className="quiet small" title={format.zonedMoment(millisOf(since))}>
            {words.changed(format.ago(now - millisOf(since)))}
          </div>
        )}
        <Reasons reasons={reasons} />
      </td>
      <td className={`site-told ${isHere ? '' : 'bad'}`} title={format.zonedMoment(millisOf(role.told))}>
        {format.ago(toldSeconds * 1_000)}
      </td>
      <td>
        <Holds role={role} />
      </td>
      <td className={`wide-only ${buffer && buffer.records > 0 ? '' : 'quiet'}`}>{buffered ?? '–'}</td>
      <td className="wide-only">{role.version}</td>
    </tr>
  );
}

function Holds({ role: { sources, partitions } }: { readonly role: Role }) {
  const words = useWords(WORDS).roles;
  if (sources.length === 0 && partitions.length === 0) return <span className="quiet">{words.nothing}</span>;
  return (
    <>
      {sources.length > 0 && <div>{words.sources(sources.join(', '))}</div>}
      {partitions.length > 0 && (
        <details>
          <summary>{words.partitions(partitions.length)}</summary>
          <span className="small">{partitions.join(', ')}</span>
        </details>
      )}
    </>
  );
}
