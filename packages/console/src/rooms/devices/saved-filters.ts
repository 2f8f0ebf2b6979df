import { useSyncExternalStore } from 'react';
import { FILTER_NAMES, type Filter } from './filter.ts';

/** A filter with the name somebody gave it, kept in the browser. */
export interface SavedFilter {
  readonly name: string;
  readonly filter: Filter;
}

const KEY = 'skerry.filters';
/** More are not offered beside each other. */
const SAVED_MAX = 12;
const listeners = new Set<() => void>();
let current = readSaved(window.localStorage.getItem(KEY));

/** The saved filters, by name. */
export function useSavedFilters(): readonly SavedFilter[] {
  return useSyncExternalStore(
    (tell) => {
      listeners.add(tell);
      return () => listeners.delete(tell);
    },
    () => current,
  );
}

/** Saves a filter; one of the same name is replaced, the oldest makes room. */
export function keepFilter(saved: SavedFilter): void {
  replace([...current.filter(({ name }) => name !== saved.name), saved].slice(-SAVED_MAX));
}

/** Forgets a filter. */
export function forgetFilter(name: string): void {
  replace(current.filter((saved) => saved.name !== name));
}

/** Reads what the browser kept; what is no filter is left out. */
export function readSaved(text: string | null): readonly SavedFilter[] {
  const found: unknown = parsed(text);
  if (!Array.isArray(found)) return [];
  return found.flatMap((one: { name?: unknown; filter?: Record<string, unknown> } | null) => {
    if (typeof one?.name !== 'string' || typeof one.filter !== 'object') return [];
    const { filter } = one;
    const members = FILTER_NAMES.map((name) => [
      name,
      typeof filter?.[name] === 'string' ? filter[name] : '',
    ]);
    return [{ name: one.name, filter: Object.fromEntries(members) }];
  });
}

function parsed(text: string | null): unknown {
  try {
    return JSON.parse(text ?? '[]');
  } catch {
    return []; // written by nobody who knows the format
  }
}

function replace(saved: readonly SavedFilter[]): void {
  current = saved;
  window.localStorage.setItem(KEY, JSON.stringify(saved));
  for (const tell of listeners) tell();
}
