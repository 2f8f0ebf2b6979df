import { type ReactNode, useState } from 'react';
import { isNotFound, useFetched } from './fetched.ts';
import { formatBytes, formatMoment, millisOf } from './format.ts';
import {
  type DeadLetter,
  type DeadLetterDetail,
  getConfig,
  getDeadLetter,
  listDeadLetters,
} from './generated/client.ts';
import { messages } from './messages.ts';
import { Breakable, Card, Command, Failed, Link, Loading } from './parts.tsx';
import { pathOf } from './route.ts';

const text = messages.deadLetters;
const STATES = ['open', 'replayed', 'discarded', 'expired', 'any'] as const;
type Choice = (typeof STATES)[number];
const PAGE = 100;
const LETTERS_MAX = 1_000;

/** Records that could not be processed. */
export function DeadLettersRoom() {
  const [state, setState] = useState<Choice>('open');
  const [limit, setLimit] = useState(PAGE);
  const ask = (signal: AbortSignal) =>
    listDeadLetters({ state: state === 'any' ? undefined : state, limit }, signal);
  const { data, error, isLoading, reload } = useFetched(JSON.stringify([state, limit]), ask, 2_000);
  return (
    <>
      <div className="room-head">
        <h1>{text.title}</h1>
        <label className="select">
          {text.state}
          <select
            value={state}
            onChange={(event) => setState(STATES.find((one) => one === event.target.value) ?? 'open')}
          >
            {STATES.map((one) => (
              <option key={one} value={one}>
                {text.states[one]}
              </option>
            ))}
          </select>
        </label>
      </div>
      <p className="lead">{text.words}</p>
      {error && !data && <Failed error={error} retry={reload} />}
      {isLoading && <Loading rows={5} />}
      {data?.items.length === 0 && <p className="notice">{text.none}</p>}
      {data && data.items.length > 0 && <LetterTable letters={data.items} />}
      {data?.cursor && limit < LETTERS_MAX && (
        <button type="button" className="more" onClick={() => setLimit((before) => before + PAGE)}>
          {messages.more}
        </button>
      )}
      {data?.cursor && limit >= LETTERS_MAX && <p className="notice">{messages.firstOnly(LETTERS_MAX)}</p>}
    </>
  );
}

function LetterTable({ letters }: { readonly letters: readonly DeadLetter[] }) {
  return (
    <div className="card table-card">
      <table>
        <thead>
          <tr>
            <th scope="col">{text.offset}</th>
            <th scope="col">{text.received}</th>
            <th scope="col">{text.reason}</th>
            <th scope="col" className="wide-only">
              {text.topic}
            </th>
            <th scope="col">{text.state}</th>
            <th scope="col" className="number wide-only">
              {text.size}
            </th>
          </tr>
        </thead>
        <tbody>
          {letters.map((letter) => (
            <tr key={letter.offset}>
              <th scope="row" className="figures">
                <Link to={pathOf({ room: 'dead-letter', offset: letter.offset })} className="row-link">
                  {String(letter.offset)}
                </Link>
              </th>
              <td className="figures">{formatMoment(millisOf(letter.received))}</td>
              <td>
                {text.reasons[letter.reason]}
                <div className="narrow-only quiet small">
                  <Breakable text={letter.topic} />
                </div>
              </td>
              <td className="topic wide-only">{letter.topic}</td>
              <td>
                <StateBadge state={letter.state} />
              </td>
              <td className="number figures steady wide-only">{formatBytes(letter.payloadBytes)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function StateBadge({ state }: { readonly state: DeadLetter['state'] }) {
  return <span className={`badge ${state === 'open' ? 'badge-warn' : ''}`}>{text.states[state]}</span>;
}

/** One dead letter with its bytes. */
export function DeadLetterRoom({ offset }: { readonly offset: number }) {
  const { data, error, reload } = useFetched(
    String(offset),
    (signal) => getDeadLetter({ offset }, signal),
    2_000,
  );
  return (
    <>
      <Link to={pathOf({ room: 'dead-letters' })} className="back">
        {text.back}
      </Link>
      <h1>{text.one(String(offset))}</h1>
      {!data && !error && <Loading rows={6} />}
      {error &&
        !data &&
        (isNotFound(error) ? (
          <p className="notice">{text.unknown}</p>
        ) : (
          <Failed error={error} retry={reload} />
        ))}
      {data && <Letter letter={data} />}
    </>
  );
}

function Letter({ letter }: { readonly letter: DeadLetterDetail }) {
  const { payload } = letter;
  return (
    <>
      <Card title={text.reasons[letter.reason]} aside={<StateBadge state={letter.state} />}>
        <p className="lead">{letter.detail}</p>
        <dl className="facts">
          <Fact name={text.topic} value={<Breakable text={letter.topic} />} />
          <Fact name={text.received} value={formatMoment(millisOf(letter.received))} />
          <Fact name={text.client} value={letter.client} />
          <Fact name={text.stage} value={letter.stage} />
          <Fact name={text.size} value={formatBytes(letter.payloadBytes)} />
          {letter.changed !== null && (
            <Fact
              name={text.states[letter.state]}
              value={text.changed(letter.author, formatMoment(millisOf(letter.changed)))}
            />
          )}
        </dl>
      </Card>
      <Card title={text.payload}>
        <h3>{text.text}</h3>
        {payload.text === null ? <p className="quiet">{text.notText}</p> : <pre>{payload.text}</pre>}
        <h3>{text.hex}</h3>
        <pre className="hex">{hexLines(payload.hex)}</pre>
        {payload.hexTruncated && <p className="quiet">{text.truncated}</p>}
      </Card>
      {letter.state === 'open' && <Actions offset={letter.offset} />}
    </>
  );
}

/** How to replay or discard: writes need the token of the data folder, which only its owner can read. */
function Actions({ offset }: { readonly offset: number }) {
  const { data } = useFetched('config', getConfig);
  const folder = data?.values.dataDir;
  const where = typeof folder === 'string' ? ` --data-dir ${shellWord(folder)}` : '';
  return (
    <Card title={text.act}>
      <p className="lead">{text.actWords}</p>
      <p>{text.replay}</p>
      <Command text={`npx skerry dlq replay ${offset}${where}`} />
      <p>{text.discard}</p>
      <Command text={`npx skerry dlq discard ${offset}${where}`} />
    </Card>
  );
}

function shellWord(word: string): string {
  return /^[\w./:-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

function Fact({ name, value }: { readonly name: string; readonly value: ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value === '' ? '–' : value}</dd>
    </div>
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
