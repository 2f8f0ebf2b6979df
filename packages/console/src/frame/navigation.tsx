import { useOverview } from '../live/overview-feed.tsx';
import { Link } from '../parts/parts.tsx';
import { usePreferences } from '../preferences.ts';
import { GROUPS, type Group, type Room } from '../room.ts';
import { ROOMS } from '../rooms.ts';
import { pathOf } from '../route.ts';
import { useFormat } from '../use-format.ts';
import { longer } from '../words/pseudo.ts';
import { useShared } from '../words/shared.ts';
import { wordsIn } from '../words/words.ts';
import { useSession } from './session.tsx';

/** The rooms one may enter, by heading. */
export function Navigation({ current }: { readonly current: Room | undefined }) {
  return (
    <div className="nav">
      {GROUPS.map((group) => (
        <NavigationGroup key={group} group={group} current={current} />
      ))}
    </div>
  );
}

function NavigationGroup({ group, current }: { readonly group: Group; readonly current: Room | undefined }) {
  const words = useShared();
  const { mayDo } = useSession();
  const rooms = ROOMS.filter((room) => room.group === group && (room.may === undefined || mayDo(room.may)));
  if (rooms.length === 0) return null;
  return (
    <div className="nav-group">
      <p className="nav-head" id={`nav-${group}`}>
        {words.frame.groups[group]}
      </p>
      <ul aria-labelledby={`nav-${group}`}>
        {rooms.map((room) => (
          <li key={room.name}>
            <NavigationLink room={room} isCurrent={room === current} />
          </li>
        ))}
      </ul>
    </div>
  );
}

function NavigationLink({ room, isCurrent }: { readonly room: Room; readonly isCurrent: boolean }) {
  const title = useTitle(room);
  const Icon = room.icon;
  return (
    <Link to={room.name === '' ? '/' : pathOf(room.name)} current={isCurrent}>
      <Icon aria-hidden size={17} strokeWidth={1.9} />
      <span className="nav-title">{title}</span>
      {room.name === 'dead-letters' && <OpenLetters />}
    </Link>
  );
}

/** The title of a room in the reader's language. */
export function useTitle(room: Room): string {
  const { language } = usePreferences();
  if (language === 'pseudo') return longer(room.title.en);
  return wordsIn({ en: { title: room.title.en }, zh: { title: room.title.zh } }, language).title;
}

function OpenLetters() {
  const { overview } = useOverview();
  const format = useFormat();
  const words = useShared();
  const letters = overview?.deadLettersOpen ?? 0;
  if (letters === 0) return null;
  return (
    <span className="count">
      <span aria-hidden="true">{format.count(letters)}</span>
      <span className="unseen">{words.frame.openLetters(letters)}</span>
    </span>
  );
}
