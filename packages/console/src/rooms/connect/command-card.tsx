import { type KeyboardEvent, useId } from 'react';
import type { Onboarding, OnboardingCommand } from '../../generated/client.ts';
import { CopyButton } from '../../parts/copy-button.tsx';
import { Card } from '../../parts/parts.tsx';
import { setQuery, useQuery } from '../../route.ts';
import { useWords } from '../../words/words.ts';
import { CertificateStep } from './certificate-step.tsx';
import type { Way } from './device-choice.tsx';
import { en } from './en.ts';
import { type Reach, reachesOf, wayIn } from './reach.tsx';
import { wantsToken } from './token-card.tsx';
import { zh } from './zh.ts';

const WORDS = { en, zh };

/** What people call the tools. */
const NAMES: Readonly<Record<OnboardingCommand['tool'], string>> = {
  mosquitto_pub: 'mosquitto_pub',
  'mqtt.js': 'mqtt.js',
  python: 'Python',
  c: 'C',
  curl: 'curl',
  skerry: 'skerry replay',
};

/** Ready commands of the chosen way, a tab for each tool. */
export function CommandCard({
  way,
  reach,
  onboarding,
}: {
  readonly way: Way;
  readonly reach: Reach;
  readonly onboarding: Onboarding;
}) {
  const words = useWords(WORDS);
  const id = useId();
  const wanted = useQuery('tool');
  const commands = onboarding.commands.filter((command) => command.way === way && command.reach === reach);
  const command = commands.find(({ tool }) => tool === wanted) ?? commands[0];
  if (!command) return null;
  const at = wayIn(way, reach, onboarding);
  const socket = onboarding.ways.find((one) => one.name.startsWith('ws') && one.reach === reach);
  const isShut = way === 'mqtt' && !reachesOf(way, onboarding).includes('network');
  return (
    <Card title={words.send}>
      {commands.length > 1 && <ToolTabs id={id} commands={commands} current={command.tool} />}
      <div
        id={`${id}-panel`}
        className="command-panel"
        {...(commands.length > 1 ? { role: 'tabpanel', 'aria-labelledby': `${id}-${command.tool}` } : {})}
      >
        {isShut && onboarding.ways[0]?.reach === 'network' && (
          <p className="notice notice-warn">{words.machineOnly}</p>
        )}
        {wantsToken(way, reach, onboarding) && onboarding.token === null && (
          <p className="notice notice-warn">{words.withoutToken}</p>
        )}
        {at && <CertificateStep at={at} certificate={onboarding.certificate} />}
        <CommandSteps command={command} />
      </div>
      <dl className="facts">
        {at && <Fact name={words.address} text={at.url} />}
        {way === 'mqtt' && socket && <Fact name={words.socketAddress} text={socket.url} />}
        {way === 'mqtt' && <Fact name={words.topic} text={onboarding.topic} />}
      </dl>
    </Card>
  );
}

function Fact({ name, text }: { readonly name: string; readonly text: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        <code>{text}</code>
      </dd>
    </div>
  );
}

function ToolTabs({
  id,
  commands,
  current,
}: {
  readonly id: string;
  readonly commands: readonly OnboardingCommand[];
  readonly current: string;
}) {
  const words = useWords(WORDS);
  const move = (event: KeyboardEvent<HTMLDivElement>) => {
    const at = commands.findIndex(({ tool }) => tool === current);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: commands.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    const next = commands[(to + commands.length) % commands.length];
    if (!next) return;
    setQuery({ tool: next.tool });
    document.getElementById(`${id}-${next.tool}`)?.focus();
  };
  return (
    <div role="tablist" aria-label={words.tools} className="tabs" onKeyDown={move}>
      {commands.map(({ tool }) => (
        <button
          key={tool}
          type="button"
          role="tab"
          id={`${id}-${tool}`}
          aria-selected={tool === current}
          aria-controls={`${id}-panel`}
          tabIndex={tool === current ? 0 : -1}
          onClick={() => setQuery({ tool })}
        >
          {NAMES[tool]}
        </button>
      ))}
    </div>
  );
}

/** What to install, what to save and what to run, each to be copied. */
function CommandSteps({ command }: { readonly command: OnboardingCommand }) {
  const words = useWords(WORDS);
  const { install, source, run, way } = command;
  const hasMore = install !== '' || source !== null;
  return (
    <>
      {install !== '' && (
        <p className="install">
          {words.install} <code>{install}</code>
          <CopyButton text={install} name={words.install} />
        </p>
      )}
      {source && <CodeBlock title={words.save(source.fileName)} text={source.text} />}
      <CodeBlock
        title={hasMore ? words.run : words.runOnly}
        hint={way === 'file' ? words.fileFolder : undefined}
        text={run}
      />
    </>
  );
}

function CodeBlock({
  title,
  hint,
  text,
}: {
  readonly title: string;
  readonly hint?: string | undefined;
  readonly text: string;
}) {
  return (
    <section className="code-block">
      <header>
        <h3>{title}</h3>
        <CopyButton text={text} name={title} />
      </header>
      {hint !== undefined && <p className="small quiet">{hint}</p>}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
      <pre tabIndex={0}>{text}</pre>
    </section>
  );
}
