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

/** Where the reader was on a page that was left: what a way back returns to. */
export interface KeptPlace {
  /** Pixels from the top. */
  readonly scroll: number;
  /** The link that had the focus, by its address. */
  readonly link: string | undefined;
}

/** Goes to another address without loading the page again. */
export function goTo(path: string): void {
  keepPlace();
  window.history.pushState(null, '', path);
  window.scrollTo(0, 0);
  for (const tell of listeners) tell();
}

/** Where the reader was when this entry of the browser's history was left; undefined for a new one. */
export function keptPlace(): KeptPlace | undefined {
  const state: unknown = window.history.state;
  if (typeof state !== 'object' || state === null || !('scroll' in state)) return undefined;
  const link = 'link' in state && typeof state.link === 'string' ? state.link : undefined;
  return typeof state.scroll === 'number' ? { scroll: state.scroll, link } : undefined;
}

/** Has the page return to where it was by itself: the browser would try before the lists are there. */
export function restorePlaces(): void {
  window.history.scrollRestoration = 'manual';
  window.addEventListener('pagehide', keepPlace);
}

function keepPlace(): void {
  const link = document.activeElement?.closest('main a')?.getAttribute('href') ?? undefined;
  const place: KeptPlace = { scroll: window.scrollY, link };
  window.history.replaceState(place, '');
}

/** Longest wait for a list to be as long as it was. */
const RETURN_MS = 3_000;

/** Scrolls to a place and gives its link the focus as soon as they are there; ends when the reader does something. */
export function returnTo({ scroll, link }: KeptPlace): () => void {
  const end = performance.now() + RETURN_MS;
  const stop = new AbortController();
  const { signal } = stop;
  for (const event of ['wheel', 'keydown', 'pointerdown', 'touchstart'])
    window.addEventListener(event, () => stop.abort(), { signal, passive: true });
  let isThere = false;
  const look = () => {
    if (signal.aborted) return;
    if (!isThere && document.documentElement.scrollHeight >= scroll + window.innerHeight) {
      window.scrollTo(0, scroll);
      isThere = true;
    }
    const found = link === undefined ? null : document.querySelector(`main a[href="${CSS.escape(link)}"]`);
    if (isThere && found instanceof HTMLElement) found.focus({ preventScroll: true });
    if ((isThere && (found !== null || link === undefined)) || performance.now() > end) stop.abort();
    else requestAnimationFrame(look);
  };
  look();
  return () => stop.abort();
}

/** Changes the query of the address in place; an empty value takes a member out. For what is typed. */
export function setQuery(change: Readonly<Record<string, string | undefined>>): void {
  const path = changedPath(change);
  window.history.replaceState(window.history.state, '', path);
  for (const tell of listeners) tell();
}

/** Changes the query as a step of its own, which the browser's way back undoes. For what is chosen. */
export function stepQuery(change: Readonly<Record<string, string | undefined>>): void {
  const path = changedPath(change);
  if (path === window.location.pathname + window.location.search) return;
  keepPlace();
  window.history.pushState(null, '', path);
  for (const tell of listeners) tell();
}

function changedPath(change: Readonly<Record<string, string | undefined>>): string {
  const query = new URLSearchParams(window.location.search);
  for (const [name, value] of Object.entries(change)) {
    if (value) query.set(name, value);
    else query.delete(name);
  }
  const text = query.toString();
  const { pathname } = window.location;
  return text === '' ? pathname : `${pathname}?${text}`;
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
