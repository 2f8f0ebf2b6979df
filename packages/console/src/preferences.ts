import { useSyncExternalStore } from 'react';

/** Languages of the page; `pseudo` is English made longer, for tests of what overflows, and is offered nowhere. */
export type Language = 'en' | 'zh' | 'pseudo';
/** The scheme of colours the reader wants; `system` follows the machine. */
export type Theme = 'system' | 'light' | 'dark';
/** In which zone times are told: the reader's own, or that of devices and servers. */
export type Zone = 'local' | 'utc';

/** What a reader has chosen about the page itself, kept in the browser. */
export interface Preferences {
  readonly language: Language;
  readonly theme: Theme;
  readonly zone: Zone;
}

const CHOICES = {
  language: ['en', 'zh', 'pseudo'],
  theme: ['system', 'light', 'dark'],
  zone: ['local', 'utc'],
} as const;

const listeners = new Set<() => void>();
let current: Preferences = {
  language: chosen('language') ?? languageOf(navigator.languages),
  theme: chosen('theme') ?? 'system',
  zone: chosen('zone') ?? 'local',
};

/** The language of the page for the languages a browser asks for: Chinese where it comes before English. */
export function languageOf(wanted: readonly string[]): Language {
  const known = wanted
    .map((tag) => tag.toLowerCase().split('-')[0])
    .find((tag) => tag === 'en' || tag === 'zh');
  return known === 'zh' ? 'zh' : 'en';
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
