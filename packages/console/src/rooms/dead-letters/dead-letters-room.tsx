import { useState } from 'react';
import { formatBytes, formatCount, millisOf } from '../../format.ts';
import { type DeadLetter, type DeadLetterPage, listDeadLetters } from '../../generated/client.ts';
import { useFetched } from '../../live/fetched.ts';
import { Outcome, useTold } from '../../parts/outcome.tsx';
import { Breakable, Failed, Link, Loading, RoomHead } from '../../parts/parts.tsx';
import type { RoomProps } from '../../room.ts';
import { pathOf, setQuery, stepQuery, usePlace } from '../../route.ts';
import { useFormat } from '../../use-format.ts';
import { useShared } from '../../words/shared.ts';
import { useWords } from '../../words/words.ts';
import { DeadLetterRoom } from './dead-letter-room.tsx';
import { en } from './en.ts';
import { type Choice, LetterActs } from './letter-acts.tsx';
import { REASONS, ReasonGroups } from './reason-groups.tsx';
import { StateBadge } from './state-badge.tsx';
import { zh } from './zh.ts';

const STATES = ['open', 'replayed', 'discarded', 'expired', 'any'] as const;
const PAGE = 200;
const LETTERS_MAX = 1_000;
const ASK_MS = 3_000;

/** The dead letters, or the one that the address names. */
export function Content({ rest }: RoomProps) {
  const [offset] = rest;
  return offset === undefined ? <DeadLettersRoom /> : <DeadLetterRoom key={offset} offset={Number(offset)} />;
}

function DeadLettersRoom() {
  const words = useWords({ en, zh });
  const { query } = usePlace();
  const [limit, setLimit] = useState(PAGE);
  const state = STATES.find((one) => one === query.get('state')) ?? 'open';
  const reason = REASONS.find((one) => one === query.get('reason'));
  const within = { ...narrow('tenant', query), ...narrow('project', query), ...narrow('device', query) };
  const narrowing = { ...(reason ? { reason } : {}), ...within };
  const isNarrow = Object.keys(narrowing).length > 0 || state !== 'open';
  const asked = { ...narrowing, ...(state === 'any' ? {} : { state }), limit };
  const { data, error, isLoading, reload } = useFetched(
    JSON.stringify(asked),
    (signal) => listDeadLetters(asked, signal),
    ASK_MS,
  );
  const [told, tell] = useTold();
  return (
    <>
      <RoomHead title={words.title}>
        <Filters state={state} query={query} />
      </RoomHead>
      <p className="lead">{words.words}</p>
      <Outcome told={told} />
      <ReasonGroups chosen={reason} within={within} />
      {error && !data && <Failed error={error} retry={reload} />}
      {isLoading && <Loading rows={5} />}
      {data?.items.length === 0 && <p className="notice">{isNarrow ? words.noneOf : words.none}</p>}
      {data && data.items.length > 0 && (
        <LetterTable
          page={data}
          acts={state === 'open' ? { filter: narrowing } : undefined}
          told={(sentence) => {
            tell(sentence);
            reload();
          }}
        />
      )}
      {data?.cursor && limit < LETTERS_MAX && <More act={() => setLimit((before) => before + PAGE)} />}
    </>
  );
}

function narrow(name: 'tenant' | 'project' | 'device', query: URLSearchParams) {
  const value = query.get(name);
  return value ? { [name]: value } : {};
}

function More({ act }: { readonly act: () => void }) {
  const words = useShared();
  return (
    <button type="button" className="more" onClick={act}>
      {words.more}
    </button>
  );
}

function Filters({
  state,
  query,
}: {
  readonly state: (typeof STATES)[number];
  readonly query: URLSearchParams;
}) {
  const words = useWords({ en, zh });
  return (
    <div className="row">
      <label className="select">
        {words.device}
        <input
          className="short-input"
          value={query.get('device') ?? ''}
          autoComplete="off"
          spellCheck={false}
          onChange={(event) => setQuery({ device: event.target.value })}
        />
      </label>
      <label className="select">
        {words.state}
        <select value={state} onChange={(event) => stepQuery({ state: event.target.value })}>
          {STATES.map((one) => (
            <option key={one} value={one}>
              {words.states[one]}
            </option>
          ))}
        </select>
      </label>
    </div>
  );
}

function LetterTable({
  page,
  acts,
  told,
}: {
  readonly page: DeadLetterPage;
  readonly acts: Choice | undefined;
  readonly told: (sentence: string) => void;
}) {
  const words = useWords({ en, zh });
  const format = useFormat();
  const letters = page.items;
  return (
    <div className="card table-card">
      <div className="card-head">
        <p className="quiet small">
          {page.cursor === null ? words.listed(letters.length) : words.firstOnly(letters.length)}
        </p>
        {acts && (
          <LetterActs choice={acts} letters={letters.length} isAll={page.cursor === null} told={told} />
        )}
      </div>
      <table>
        <thead>
          <tr>
            <th scope="col">{words.offset}</th>
            <th scope="col" className="wide-only">
              {words.received} ({format.zone})
            </th>
            <th scope="col">{words.reason}</th>
            <th scope="col" className="wide-only">
              {words.topic}
            </th>
            <th scope="col">{words.state}</th>
            <th scope="col" className="number wide-only">
              {words.size}
            </th>
          </tr>
        </thead>
        <tbody>
          {letters.map((letter) => (
            <LetterRow key={letter.offset} letter={letter} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function LetterRow({ letter }: { readonly letter: DeadLetter }) {
  const words = useWords({ en, zh });
  const format = useFormat();
  return (
    <tr>
      <th scope="row" className="figures">
        <Link to={pathOf('dead-letters', String(letter.offset))} className="row-link">
          {formatCount(letter.offset)}
        </Link>
      </th>
      <td className="figures wide-only">{format.moment(millisOf(letter.received))}</td>
      <td>
        {words.reasons[letter.reason]}
        <div className="narrow-only quiet small">
          {format.zonedMoment(millisOf(letter.received))} · {formatBytes(letter.payloadBytes)} ·{' '}
          <Breakable text={letter.topic} />
        </div>
      </td>
      <td className="topic wide-only">{letter.topic}</td>
      <td>
        <StateBadge state={letter.state} />
      </td>
      <td className="number figures steady wide-only">{formatBytes(letter.payloadBytes)}</td>
    </tr>
  );
}
