import { en, type SharedWords } from './en.ts';
import { useWords } from './words.ts';
import { zh } from './zh.ts';

const SHARED = { en, zh };

/** Texts that every room uses, in the reader's language. */
export function useShared(): SharedWords {
  return useWords(SHARED);
}
