import { useSyncExternalStore } from 'react';

/** Where the reader is. */
export type Route =
  | { readonly room: 'overview' }
  | { readonly room: 'devices' }
  | { readonly room: 'device'; readonly tenant: string; readonly project: string; readonly device: string }
  | { readonly room: 'dead-letters' }
  | { readonly room: 'dead-letter'; readonly offset: number }
  | { readonly room: 'nowhere' };

/** The route of a path. */
export function readRoute(path: string): Route {
  const parts = path.split('/').filter((part) => part !== '');
  const [room, ...rest] = parts.map(decode);
  if (room === undefined) return { room: 'overview' };
  if (room === 'devices' && rest.length === 0) return { room: 'devices' };
  if (room === 'devices' && rest.length === 3) {
    const [tenant = '', project = '', device = ''] = rest;
    return { room: 'device', tenant, project, device };
  }
  if (room === 'dead-letters' && rest.length === 0) return { room: 'dead-letters' };
  if (room === 'dead-letters' && rest.length === 1 && /^\d+$/.test(rest[0] ?? '')) {
    return { room: 'dead-letter', offset: Number(rest[0]) };
  }
  return { room: 'nowhere' };
}

/** The path of a route. */
export function pathOf(route: Route): string {
  switch (route.room) {
    case 'devices':
    case 'dead-letters':
      return `/${route.room}`;
    case 'device':
      return `/devices/${[route.tenant, route.project, route.device].map(encodeURIComponent).join('/')}`;
    case 'dead-letter':
      return `/dead-letters/${route.offset}`;
    default:
      return '/';
  }
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part; // shown as it is; no device will have this name
  }
}

const listeners = new Set<() => void>();

/** Goes to another route without loading the page again. */
export function goTo(path: string): void {
  window.history.pushState(null, '', path);
  window.scrollTo(0, 0);
  for (const tell of listeners) tell();
}

function subscribe(tell: () => void): () => void {
  listeners.add(tell);
  window.addEventListener('popstate', tell);
  return () => {
    listeners.delete(tell);
    window.removeEventListener('popstate', tell);
  };
}

/** The path of the address bar, also when it changes. */
export function usePath(): string {
  return useSyncExternalStore(subscribe, () => window.location.pathname);
}
