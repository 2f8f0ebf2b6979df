import { type Flag, GLOBAL_FLAGS, type Verb } from '../commands/verb.ts';

/** What may follow the words of a path, for every path and every beginning of one. */
export interface CompletionNode {
  /** `''`, `dlq`, `dlq list`. */
  readonly path: string;
  /** Words that may come next: parts of verbs, and choices of a positional. */
  readonly words: readonly { readonly word: string; readonly what: string }[];
  readonly flags: readonly CompletionFlag[];
  /** Whether a file may come next. */
  readonly takesFile: boolean;
}

/** A flag with its dashes. */
export interface CompletionFlag {
  readonly name: string;
  readonly short: string | undefined;
  readonly what: string;
  readonly value: 'none' | 'any' | 'file' | 'folder' | readonly string[];
}

/** The tree of all verbs, from the table from which parsing and help are made. */
export function completionNodes(verbs: readonly Verb[]): CompletionNode[] {
  const paths = new Set(['']);
  for (const { path } of verbs) for (const [at] of path.entries()) paths.add(path.slice(0, at + 1).join(' '));
  return [...paths].map((path) => nodeOf(path, verbs));
}

function nodeOf(path: string, verbs: readonly Verb[]): CompletionNode {
  const depth = path === '' ? 0 : path.split(' ').length;
  const under = verbs.filter((verb) => depth === 0 || verb.path.slice(0, depth).join(' ') === path);
  const nexts = new Map<string, string>();
  for (const verb of under) {
    const word = verb.path[depth];
    if (word === undefined) continue;
    if (verb.path.length === depth + 1) nexts.set(word, verb.summary);
    else if (!nexts.has(word)) nexts.set(word, summaryOf(word, under));
  }
  if (depth === 0) nexts.set('help', 'The manual of a verb, or of all of them.');
  const verb = verbs.find((one) => one.path.join(' ') === path);
  const first = verb?.positionals[0];
  return {
    path,
    words: [
      ...[...nexts].map(([word, what]) => ({ word, what })),
      ...(first?.choices ?? []).map((word) => ({ word, what: '' })),
    ],
    flags: [...(verb ? verb.flags : depth === 0 ? GLOBAL_FLAGS : []).map(flagOf), HELP],
    takesFile: /^(FILE|FOLDER)/.test(first?.name ?? ''),
  };
}

/** Global flags as they are written; each takes the next word. */
export const GLOBAL_WORDS: readonly string[] = GLOBAL_FLAGS.flatMap(({ name, short }) => [
  `--${name}`,
  ...(short === undefined ? [] : [`-${short}`]),
]);

const HELP: CompletionFlag = { name: '--help', short: '-h', what: 'Tells of this verb.', value: 'none' };

function summaryOf(word: string, verbs: readonly Verb[]): string {
  const names = verbs.filter((verb) => verb.path.includes(word)).map((verb) => verb.path.at(-1));
  return `${names.join(', ')}.`;
}

function flagOf(flag: Flag): CompletionFlag {
  const name = `--${flag.name}`;
  const rest = { name, short: flag.short === undefined ? undefined : `-${flag.short}`, what: flag.what };
  if (flag.type === 'switch')
    return { ...rest, name: flag.isOnByDefault ? `--no-${flag.name}` : name, value: 'none' };
  if (flag.choices) return { ...rest, value: flag.choices };
  if (flag.value === 'FILE' || /-file$/.test(flag.name)) return { ...rest, value: 'file' };
  return { ...rest, value: flag.value === 'FOLDER' || flag.name === 'data-dir' ? 'folder' : 'any' };
}
