import { formatBytes, formatCount, millisOf } from '../../format.ts';
import { type DeadLetterDetail, getDeadLetter } from '../../generated/client.ts';
import { isNotFound, useFetched } from '../../live/fetched.ts';
import { LocalCommands } from '../../parts/local-command.tsx';
import { Outcome, useTold } from '../../parts/outcome.tsx';
import { Breakable, Card, Fact, Failed, Link, Loading, RoomHead } from '../../parts/parts.tsx';
import { devicePath, pathOf } from '../../route.ts';
import { useFormat } from '../../use-format.ts';
import { useWords } from '../../words/words.ts';
import { en } from './en.ts';
import { LetterActs } from './letter-acts.tsx';
import { StateBadge } from './state-badge.tsx';
import { zh } from './zh.ts';

/** One dead letter with its bytes. */
export function DeadLetterRoom({ offset }: { readonly offset: number }) {
  const words = useWords({ en, zh });
  const { data, error, reload } = useFetched(
    `dead letter ${offset}`,
    (signal) => getDeadLetter({ offset }, signal),
    2_000,
  );
  const [told, tell] = useTold();
  const tellAndReload = (sentence: string) => {
    tell(sentence);
    reload();
  };
  return (
    <>
      <Link to={pathOf('dead-letters')} className="back">
        {words.back}
      </Link>
      <RoomHead title={words.one(formatCount(offset))}>
        {data?.state === 'open' && <LetterActs choice={{ offset }} letters={1} isAll told={tellAndReload} />}
      </RoomHead>
      <Outcome told={told} />
      {!data && !error && <Loading rows={6} />}
      {error &&
        !data &&
        (isNotFound(error) ? (
          <p className="notice">{words.unknown}</p>
        ) : (
          <Failed error={error} retry={reload} />
        ))}
      {data && <Letter letter={data} />}
    </>
  );
}

function Letter({ letter }: { readonly letter: DeadLetterDetail }) {
  const words = useWords({ en, zh });
  const { payload } = letter;
  return (
    <>
      <Card title={words.reasons[letter.reason]} aside={<StateBadge state={letter.state} />}>
        <p lang="en">{letter.detail}</p>
        <p className="lead">{words.why[letter.reason]}</p>
        <LetterFacts letter={letter} />
      </Card>
      <Card title={words.payload}>
        <h3>{words.text}</h3>
        {/* biome-ignore-start lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
        {payload.text === null ? (
          <p className="quiet">{words.notText}</p>
        ) : (
          <pre tabIndex={0}>{payload.text}</pre>
        )}
        <h3>{words.hex}</h3>
        <pre className="hex" tabIndex={0}>
          {hexLines(payload.hex)}
        </pre>
        {/* biome-ignore-end lint/a11y/noNoninteractiveTabindex: see above */}
        {payload.hexTruncated && <p className="quiet">{words.truncated}</p>}
      </Card>
      {letter.state === 'open' && <Terminal offset={letter.offset} />}
    </>
  );
}

function LetterFacts({ letter }: { readonly letter: DeadLetterDetail }) {
  const words = useWords({ en, zh });
  const format = useFormat();
  const { tenant, project, device } = letter;
  return (
    <dl className="facts">
      <Fact name={words.topic}>
        <Breakable text={letter.topic} />
      </Fact>
      {device !== '' && (
        <Fact name={words.device}>
          <Link to={devicePath({ tenant, project, device })}>{device}</Link>
        </Fact>
      )}
      <Fact name={words.received}>{format.zonedMoment(millisOf(letter.received))}</Fact>
      <Fact name={words.client}>{letter.client}</Fact>
      <Fact name={words.stage}>{letter.stage}</Fact>
      <Fact name={words.size}>{formatBytes(letter.payloadBytes)}</Fact>
      {letter.changed !== null && (
        <Fact name={words.states[letter.state]}>
          {words.changedBy(letter.author, format.zonedMoment(millisOf(letter.changed)))}
        </Fact>
      )}
    </dl>
  );
}

/** The same by commands, for those who work in a terminal. */
function Terminal({ offset }: { readonly offset: number }) {
  const words = useWords({ en, zh });
  return (
    <Card title={words.terminal}>
      <p className="lead">{words.terminalWords}</p>
      <LocalCommands commands={[`dlq replay ${offset}`, `dlq discard ${offset}`]} />
    </Card>
  );
}

/** Sixteen bytes a line with their position and, where printable, their letters. */
function hexLines(hex: string): string {
  const lines: string[] = [];
  for (let at = 0; at < hex.length; at += 32) {
    const bytes = hex.slice(at, at + 32).match(/../g) ?? [];
    const letters = bytes.map((byte) => {
      const code = Number.parseInt(byte, 16);
      return code >= 32 && code < 127 ? String.fromCharCode(code) : '·';
    });
    lines.push(
      `${(at / 2).toString(16).padStart(6, '0')}  ${bytes.join(' ').padEnd(47)}  ${letters.join('')}`,
    );
  }
  return lines.join('\n');
}
