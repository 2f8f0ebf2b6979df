import { useSyncExternalStore } from 'react';
import { usePreferences } from '../preferences.ts';

/** Colours that a canvas needs by value; the rest of the page takes them from the style sheet. */
export interface Palette {
  readonly lines: readonly string[];
  readonly muted: string;
  readonly grid: string;
  readonly surface: string;
}

const LIGHT: Palette = {
  lines: ['#0b7285', '#c2410c', '#5b4bc4', '#2b8a3e', '#a61e6d', '#8a6d00'],
  muted: '#55646f',
  grid: '#e6ebef',
  surface: '#ffffff',
};

const DARK: Palette = {
  lines: ['#3bc9db', '#ffa94d', '#a99bff', '#69db7c', '#f783ac', '#ffd43b'],
  muted: '#93a3ae',
  grid: '#222f38',
  surface: '#141d23',
};

const query = window.matchMedia('(prefers-color-scheme: dark)');

function subscribe(tell: () => void): () => void {
  query.addEventListener('change', tell);
  return () => query.removeEventListener('change', tell);
}

/** The colours of the scheme the reader has chosen, or the machine's. */
export function usePalette(): Palette {
  const { theme } = usePreferences();
  const isDark = useSyncExternalStore(subscribe, () => query.matches);
  if (theme === 'system') return isDark ? DARK : LIGHT;
  return theme === 'dark' ? DARK : LIGHT;
}
