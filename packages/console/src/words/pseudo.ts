const known = new WeakMap<object, object>();
/** How much longer than English a German text is, by the rule of thumb of localisers. */
const GROWTH = 0.4;
const VOWELS: Readonly<Record<string, string>> = {
  a: 'ä',
  e: 'é',
  i: 'ï',
  o: 'ö',
  u: 'ü',
  A: 'Ä',
  E: 'É',
  O: 'Ö',
  U: 'Ü',
};

/** A table of texts in a made-up language as long as German: every text still readable, and told from one that is in no table. */
export function lengthened<T extends object>(table: T): T {
  const made =
    known.get(table) ?? Object.fromEntries(Object.entries(table).map(([name, word]) => [name, grown(word)]));
  known.set(table, made);
  return made as T; // every member is of the kind it was
}

function grown(word: unknown): unknown {
  if (typeof word === 'string') return longer(word);
  if (typeof word === 'function') return (...facts: unknown[]) => longer(String(word(...facts)));
  return typeof word === 'object' && word !== null ? lengthened(word) : word;
}

/** A text 40 % longer, its vowels marked. */
export function longer(text: string): string {
  const marked = text.replaceAll(/[aeiouAEOU]/g, (vowel) => VOWELS[vowel] ?? vowel);
  const more = Math.ceil(text.length * GROWTH);
  return text === ''
    ? ''
    : `${marked}${' ẽxtra'
        .repeat(Math.ceil(more / 6))
        .slice(0, more)
        .replace(/ $/, '·')}`;
}
