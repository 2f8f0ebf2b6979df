import Clock from 'lucide-react/icons/clock';
import Languages from 'lucide-react/icons/languages';
import LogOut from 'lucide-react/icons/log-out';
import Menu from 'lucide-react/icons/menu';
import Monitor from 'lucide-react/icons/monitor';
import Moon from 'lucide-react/icons/moon';
import Sun from 'lucide-react/icons/sun';
import UserRound from 'lucide-react/icons/user-round';
import { formatFor } from '../format.ts';
import { changeSelf } from '../generated/client.ts';
import { useLiveState } from '../live/live-stream.ts';
import { NotDone, useAct } from '../parts/act.tsx';
import { knownZones, prefer, preferZone, type Theme, usePreferences } from '../preferences.ts';
import { answerOf } from '../request.ts';
import { useShared } from '../words/shared.ts';
import { useSession } from './session.tsx';
import { useShownName } from './shown-name.ts';

/** What stands above every room: the connection, and how the page is shown. */
export function TopBar({
  openMenu,
  isMenuOpen,
}: {
  readonly openMenu: () => void;
  readonly isMenuOpen: boolean;
}) {
  const words = useShared();
  return (
    <header className="top">
      <button
        type="button"
        className="quiet-button menu-button"
        aria-expanded={isMenuOpen}
        aria-controls="side"
        aria-label={words.frame.openMenu}
        onClick={openMenu}
      >
        <Menu aria-hidden size={20} />
      </button>
      <ConnectionState />
      <div className="top-tools">
        <ZoneButton />
        <LanguageButton />
        <ThemeButton />
        <SessionMenu />
      </div>
    </header>
  );
}

function ConnectionState() {
  const state = useLiveState();
  const words = useShared();
  return (
    <span className={`connection connection-${state}`} role="status">
      {words.connection[state]}
    </span>
  );
}

function ZoneButton() {
  const { language, zone, homeZone } = usePreferences();
  const { frame } = useShared();
  const name = formatFor(language, zone).zone;
  const home = homeZone === 'local' ? frame.ownZone : homeZone;
  const other = zone === 'utc' ? home : frame.utc;
  return (
    <button
      type="button"
      className="quiet-button zone-button"
      aria-label={frame.switchZone(name, other)}
      title={frame.switchZone(name, other)}
      onClick={() => prefer({ zone: zone === 'utc' ? homeZone : 'utc' })}
    >
      <Clock aria-hidden size={16} />
      <span className="zone-name">{name}</span>
    </button>
  );
}

/** In which zone times are told, of all that there are. */
function ZoneChoice() {
  const { language, zone } = usePreferences();
  const { frame } = useShared();
  return (
    <label className="field">
      <span>{frame.zoneChoice}</span>
      <select value={zone} onChange={(event) => preferZone(event.target.value)}>
        <option value="local">{frame.ownZoneOf(formatFor(language, 'local').zone)}</option>
        <option value="utc">{frame.utc}</option>
        {knownZones().map((name) => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}

/** Single keys can be turned off: speech input and slips of the hand press them unmeant (WCAG 2.1.4). */
function ShortcutSwitch() {
  const { shortcuts } = usePreferences();
  const { frame } = useShared();
  return (
    <label className="check">
      <input
        type="checkbox"
        checked={shortcuts === 'on'}
        onChange={(event) => prefer({ shortcuts: event.target.checked ? 'on' : 'off' })}
      />
      {frame.shortcuts}
    </label>
  );
}

/** The switch to the other language; its name is in the other language, so its label says its language. */
export function LanguageButton() {
  const { language } = usePreferences();
  const { frame } = useShared();
  const { who } = useSession();
  const other = language === 'zh' ? 'en' : 'zh';
  return (
    <button
      type="button"
      className="quiet-button language-button"
      title={frame.switchLanguage}
      onClick={() => {
        prefer({ language: other });
        if (who?.kind === 'user') void answerOf(changeSelf({ language: other }));
      }}
    >
      <Languages aria-hidden size={16} />
      <span lang={other === 'zh' ? 'zh-CN' : 'en'}>{frame.otherLanguage}</span>
    </button>
  );
}

const NEXT_THEME = { system: 'light', light: 'dark', dark: 'system' } as const satisfies Record<Theme, Theme>;
const THEME_ICONS = { system: Monitor, light: Sun, dark: Moon };

/** Goes through the schemes of colours: the machine's, light, dark. */
export function ThemeButton() {
  const { theme } = usePreferences();
  const { frame } = useShared();
  const Icon = THEME_ICONS[theme];
  return (
    <button
      type="button"
      className="quiet-button"
      aria-label={frame.themes[theme]}
      title={frame.themes[theme]}
      onClick={() => prefer({ theme: NEXT_THEME[theme] })}
    >
      <Icon aria-hidden size={17} />
    </button>
  );
}

function SessionMenu() {
  const { who, signOut } = useSession();
  const words = useShared();
  const act = useAct();
  const shownName = useShownName();
  if (!who) return null;
  return (
    <>
      <button
        type="button"
        className="quiet-button session-button"
        popoverTarget="session"
        aria-label={`${words.frame.session}: ${shownName(who)}`}
      >
        <UserRound aria-hidden size={17} />
        <span className="session-name">{shownName(who)}</span>
      </button>
      <section id="session" popover="auto" className="popover" aria-label={words.frame.session}>
        <h2>{shownName(who)}</h2>
        {who.kind === 'local' && <p className="quiet">{words.frame.ofMachine}</p>}
        <h3>{words.frame.roles}</h3>
        <ul className="plain">
          {who.grants.map((grant) => (
            <li key={JSON.stringify(grant)}>
              {words.roles[grant.role]}{' '}
              <span className="quiet">
                {[grant.tenant, grant.project, grant.device]
                  .filter((part) => part !== undefined)
                  .join(' / ') || words.frame.everywhere}
              </span>
            </li>
          ))}
        </ul>
        <div className="session-choices">
          <ZoneChoice />
          <ShortcutSwitch />
        </div>
        <button type="button" disabled={act.isBusy} onClick={() => act.run(signOut, () => undefined)}>
          <LogOut aria-hidden size={15} /> {words.frame.signOut}
        </button>
        <NotDone error={act.error} />
      </section>
    </>
  );
}
