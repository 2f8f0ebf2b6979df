import { useSyncExternalStore } from 'react';

/** Languages of the page; `pseudo` is English made longer, for tests of what overflows, and is offered nowhere. */
export type Language = 'en' | 'zh' | 'pseudo';
/** The scheme of colours the reader wants; `system` follows the machine. */
export type Theme = 'system' | 'light' | 'dark';
/** In which zone times are told: `local` (the browser's), `utc`, or any zone by its IANA name. */
export type Zone = string;

/** What a reader has chosen about the page itself, kept in the browser. */
export interface Preferences {
  readonly language: Language;
  readonly theme: Theme;
  readonly zone: Zone;
  /** What the switch of the top bar goes back to from UTC. */
  readonly homeZone: Zone;
  /** Whether a single key without the focus on anything does something. */
  readonly shortcuts: 'on' | 'off';
}

const CHOICES = {
  language: ['en', 'zh', 'pseudo'],
  theme: ['system', 'light', 'dark'],
  shortcuts: ['on', 'off'],
} as const;

const listeners = new Set<() => void>();
let current: Preferences = {
  language: chosen('language') ?? languageOf(navigator.languages),
  theme: chosen('theme') ?? 'system',
  zone: zoneIn('zone') ?? 'local',
  homeZone: zoneIn('homeZone') ?? 'local',
  shortcuts: chosen('shortcuts') ?? 'on',
};

/** The language of the page for the languages a browser asks for: Chinese where it comes before English. */
export function languageOf(wanted: readonly string[]): Language {
  const known = wanted
    .map((tag) => tag.toLowerCase().split('-')[0])
    .find((tag) => tag === 'en' || tag === 'zh');
  return known === 'zh' ? 'zh' : 'en';
}

/** The names of every zone that the browser knows. */
export function knownZones(): readonly string[] {
  return Intl.supportedValuesOf('timeZone');
}

/** Tells times in a zone; the switch of the top bar then goes between it and UTC. */
export function preferZone(zone: Zone): void {
  prefer(zone === 'utc' ? { zone } : { zone, homeZone: zone });
}

/** The reader's choices. */
export function usePreferences(): Preferences {
  return useSyncExternalStore(subscribe, () => current);
}

/** Changes one or more choices and keeps them. */
export function prefer(change: Partial<Preferences>): void {
  current = { ...current, ...change };
  for (const [name, value] of Object.entries(change)) window.localStorage.setItem(keyOf(name), value);
  showPreferences();
  for (const tell of listeners) tell();
}

/** Tells the document which language and colours it has. */
export function showPreferences(): void {
  const { language, theme } = current;
  document.documentElement.lang = language === 'zh' ? 'zh-CN' : 'en';
  document.documentElement.dataset.theme = theme;
}

/** The kept zone; undefined where none is kept, or one that this browser does not know. */
function zoneIn(name: 'zone' | 'homeZone'): Zone | undefined {
  const kept = window.localStorage.getItem(keyOf(name));
  if (kept === null || kept === 'local' || kept === 'utc') return kept ?? undefined;
  return knownZones().includes(kept) ? kept : undefined;
}

function chosen<N extends keyof typeof CHOICES>(name: N): (typeof CHOICES)[N][number] | undefined {
  const kept = window.localStorage.getItem(keyOf(name));
  const choices: readonly (typeof CHOICES)[N][number][] = CHOICES[name];
  return choices.find((choice) => choice === kept);
}

function keyOf(name: string): string {
  return `skerry.${name}`;
}

function subscribe(tell: () => void): () => void {
  listeners.add(tell);
  return () => listeners.delete(tell);
}
