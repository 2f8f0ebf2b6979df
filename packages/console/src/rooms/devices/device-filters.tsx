import Bookmark from 'lucide-react/icons/bookmark';
import X from 'lucide-react/icons/x';
import { type FormEvent, useEffect, useRef, useState } from 'react';
import { Link } from '../../parts/parts.tsx';
import { usePreferences } from '../../preferences.ts';
import { pathOf, setQuery, stepQuery, withQuery } from '../../route.ts';
import { useShared } from '../../words/shared.ts';
import { useWords } from '../../words/words.ts';
import { en } from './en.ts';
import { AGES, FILTER_NAMES, type Filter, isAge, isNarrow } from './filter.ts';
import { forgetFilter, keepFilter, type SavedFilter, useSavedFilters } from './saved-filters.ts';
import { zh } from './zh.ts';

/** The field that searches by id; `/` goes there from anywhere, unless the reader has turned that off. */
export function SearchField({ value }: { readonly value: string }) {
  const words = useWords({ en, zh });
  const field = useRef<HTMLInputElement>(null);
  const { shortcuts } = usePreferences();
  useEffect(() => {
    if (shortcuts === 'off') return;
    const focus = (event: KeyboardEvent) => {
      const isTyping = event.target instanceof HTMLElement && event.target.matches('input, textarea, select');
      if (event.key !== '/' || isTyping || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      field.current?.focus();
    };
    document.addEventListener('keydown', focus);
    return () => document.removeEventListener('keydown', focus);
  }, [shortcuts]);
  return (
    <div className="search">
      <input
        id="device-search"
        ref={field}
        type="search"
        value={value}
        placeholder={words.search}
        aria-label={words.search}
        aria-describedby="device-search-hint"
        autoComplete="off"
        onChange={(event) => setQuery({ search: event.target.value })}
        onKeyDown={(event) => {
          if (event.key !== 'ArrowDown') return;
          event.preventDefault();
          document.querySelector<HTMLElement>('[data-row="0"] .row-link')?.focus();
        }}
      />
      {shortcuts === 'on' && <kbd>/</kbd>}
      <span id="device-search-hint" className="unseen">
        {shortcuts === 'on' ? words.searchHint : words.moveHint}
      </span>
    </div>
  );
}

/** The other filters, and those that were saved. */
export function DeviceFilters({ filter }: { readonly filter: Filter }) {
  const words = useWords({ en, zh });
  return (
    <section className="row" aria-label={words.filters}>
      <label className="select">
        {words.freshness}
        <select
          value={isAge(filter.fresh) ? filter.fresh : ''}
          onChange={(event) => stepQuery({ fresh: event.target.value })}
        >
          <option value="">{words.freshnesses.any}</option>
          {Object.keys(AGES)
            .filter(isAge)
            .map((age) => (
              <option key={age} value={age}>
                {words.freshnesses[age]}
              </option>
            ))}
        </select>
      </label>
      <NameFilter name="tenant" label={words.tenant} value={filter.tenant} />
      <NameFilter name="project" label={words.project} value={filter.project} />
      {isNarrow(filter) && (
        <button
          type="button"
          className="quiet-button"
          onClick={() => stepQuery(Object.fromEntries(FILTER_NAMES.map((name) => [name, ''])))}
        >
          {words.clear}
        </button>
      )}
      <SavedFilters filter={filter} />
    </section>
  );
}

function NameFilter({
  name,
  label,
  value,
}: {
  readonly name: string;
  readonly label: string;
  readonly value: string;
}) {
  return (
    <label className="select">
      {label}
      <input
        className="short-input"
        value={value}
        autoComplete="off"
        spellCheck={false}
        onChange={(event) => setQuery({ [name]: event.target.value })}
      />
    </label>
  );
}

function SavedFilters({ filter }: { readonly filter: Filter }) {
  const words = useWords({ en, zh });
  const shared = useShared();
  const saved = useSavedFilters();
  const [name, setName] = useState<string | undefined>(undefined);
  const keep = (event: FormEvent) => {
    event.preventDefault();
    if (name) keepFilter({ name, filter });
    setName(undefined);
  };
  return (
    <>
      {saved.length > 0 && (
        <ul className="saved" aria-label={words.saved}>
          {saved.map((one) => (
            <SavedChip key={one.name} saved={one} />
          ))}
        </ul>
      )}
      {isNarrow(filter) && name === undefined && (
        <button type="button" className="quiet-button" onClick={() => setName('')}>
          <Bookmark aria-hidden size={15} /> {words.save}
        </button>
      )}
      {name !== undefined && (
        <form className="row" onSubmit={keep}>
          <input
            aria-label={words.saveName}
            placeholder={words.saveName}
            value={name}
            maxLength={60}
            required
            onChange={(event) => setName(event.target.value)}
          />
          <button type="submit">{words.keep}</button>
          <button type="button" className="quiet-button" onClick={() => setName(undefined)}>
            {shared.cancel}
          </button>
        </form>
      )}
    </>
  );
}

function SavedChip({ saved }: { readonly saved: SavedFilter }) {
  const words = useWords({ en, zh });
  return (
    <li className="chip">
      <Link to={withQuery(pathOf('devices'), saved.filter)}>{saved.name}</Link>
      <button
        type="button"
        className="chip-button"
        aria-label={words.remove(saved.name)}
        onClick={() => forgetFilter(saved.name)}
      >
        <X aria-hidden size={13} />
      </button>
    </li>
  );
}
