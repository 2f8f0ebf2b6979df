import { type Language, usePreferences } from '../preferences.ts';
import { lengthened } from './pseudo.ts';

/** The same table in both languages; a name that is missing in one does not compile. */
export interface Tongues<T> {
  readonly en: T;
  readonly zh: T;
}

/** The table of a language. */
export function wordsIn<T extends object>(tongues: Tongues<T>, language: Language): T {
  if (language === 'pseudo') return lengthened(tongues.en);
  return tongues[language];
}

/** The table in the reader's language. */
export function useWords<T extends object>(tongues: Tongues<T>): T {
  return wordsIn(tongues, usePreferences().language);
}
