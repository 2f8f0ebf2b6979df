import { useMemo, useSyncExternalStore } from 'react';

/** Where the reader is: the parts of the path, decoded, and the query. */
export interface Place {
  readonly path: string;
  readonly parts: readonly string[];
  readonly query: URLSearchParams;
}

/** What names a device. */
export interface DeviceName {
  readonly tenant: string;
  readonly project: string;
  readonly device: string;
}

/** Parts of a path, decoded. A part that cannot be decoded is left as it is. */
export function partsOf(path: string): string[] {
  return path
    .split('/')
    .filter((part) => part !== '')
    .map(decode);
}

/** The path of these parts. */
export function pathOf(...parts: readonly string[]): string {
  return `/${parts.map(encodeURIComponent).join('/')}`;
}

/** The path of a device's page. */
export function devicePath({ tenant, project, device }: DeviceName): string {
  return pathOf('devices', tenant, project, device);
}

/** A path with a query; members that are empty or undefined are left out. */
export function withQuery(path: string, query: Readonly<Record<string, string | undefined>>): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value) search.set(name, value);
  const text = search.toString();
  return text === '' ? path : `${path}?${text}`;
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part; // shown as it is; nothing will have this name
  }
}

const listeners = new Set<() => void>();

/** Goes to another address without loading the page again. */
export function goTo(path: string): void {
  window.history.pushState(null, '', path);
  window.scrollTo(0, 0);
  for (const tell of listeners) tell();
}

/** Changes the query of the address in place; an empty value takes a member out. */
export function setQuery(change: Readonly<Record<string, string | undefined>>): void {
  const query = new URLSearchParams(window.location.search);
  for (const [name, value] of Object.entries(change)) {
    if (value) query.set(name, value);
    else query.delete(name);
  }
  const text = query.toString();
  const { pathname } = window.location;
  window.history.replaceState(null, '', text === '' ? pathname : `${pathname}?${text}`);
  for (const tell of listeners) tell();
}

function subscribe(tell: () => void): () => void {
  listeners.add(tell);
  window.addEventListener('popstate', tell);
  window.addEventListener('hashchange', tell);
  return () => {
    listeners.delete(tell);
    window.removeEventListener('popstate', tell);
    window.removeEventListener('hashchange', tell);
  };
}

/** The address, also when it changes. */
export function usePlace(): Place {
  const path = useSyncExternalStore(subscribe, () => window.location.pathname);
  const search = useSyncExternalStore(subscribe, () => window.location.search);
  return useMemo(() => ({ path, parts: partsOf(path), query: new URLSearchParams(search) }), [path, search]);
}

/** One member of the address's query. */
export function useQuery(name: string): string {
  return usePlace().query.get(name) ?? '';
}

/** Takes the part behind `#` out of the address, and out of the browser's history. */
export function dropHash(): void {
  window.history.replaceState(null, '', window.location.pathname + window.location.search);
  for (const tell of listeners) tell();
}

/** The part of the address behind `#`, also when it changes. */
export function useHash(): string {
  return useSyncExternalStore(subscribe, () => window.location.hash);
}
