import { type Language, usePreferences } from '../preferences.ts';
import { lengthened } from './pseudo.ts';

/** One text, or a function that makes one of facts. */
// biome-ignore lint/suspicious/noExplicitAny: a text may be made of facts of any kind
export type Word = string | ((...facts: any[]) => string); // any: the facts are checked where the word is used

/** A table of texts, by name, in groups. */
export interface WordTable {
  readonly [name: string]: Word | WordTable;
}

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
