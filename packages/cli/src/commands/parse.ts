import { parseArgs } from 'node:util';
import { nearestWord } from '@skerry/model';
import { CliError } from '../errors.ts';
import { type Flag, GLOBAL_FLAGS, type Verb } from './verb.ts';

/** A command line that was understood. */
export interface ParsedLine {
  readonly flags: Record<string, string | number | boolean>;
  readonly positionals: readonly string[];
  readonly wantsHelp: boolean;
}

/** Values of flags that were not given, by name; asked with those that were. */
export type Defaults = (
  verb: Verb,
  given: Readonly<Record<string, unknown>>,
) => Readonly<Record<string, string | undefined>>;

const NO_DEFAULTS: Defaults = () => ({});

/** Parts a line into the global flags that it begins with, with their values, and the words from the verb on. */
export function splitLine(line: readonly string[]): { leading: string[]; words: string[] } {
  let at = 0;
  for (let word = line[at]; word !== undefined; word = line[at]) {
    const flag = GLOBAL_FLAGS.find(({ name, short }) => word === `--${name}` || word === `-${short}`);
    const isWhole = GLOBAL_FLAGS.some(({ name }) => word.startsWith(`--${name}=`));
    if (flag ? line[at + 1] === undefined : !isWhole) break;
    at += flag ? 2 : 1;
  }
  return { leading: line.slice(0, at), words: line.slice(at) };
}

/** The verb that the words begin with and the words that follow it; undefined when none fits. */
export function findVerb(
  verbs: readonly Verb[],
  words: readonly string[],
): { verb: Verb; rest: string[] } | undefined {
  const fitting = verbs
    .filter((verb) => verb.path.every((part, index) => words[index] === part))
    .toSorted((a, b) => b.path.length - a.path.length)[0];
  return fitting && { verb: fitting, rest: words.slice(fitting.path.length) };
}

/** Parses the words behind a verb. Fails with `CliError` `usage` that names what was found and what is known. */
export function parseLine(
  verb: Verb,
  words: readonly string[],
  standard: Defaults = NO_DEFAULTS,
): ParsedLine {
  const options = Object.fromEntries(
    verb.flags.map((flag) => [
      flag.name,
      {
        type: flag.type === 'switch' ? ('boolean' as const) : ('string' as const),
        ...(flag.short === undefined ? {} : { short: flag.short }),
      },
    ]),
  );
  let parsed: { values: Record<string, unknown>; positionals: string[] };
  try {
    parsed = parseArgs({
      args: joinedNegatives(verb, words),
      options: { ...options, help: { type: 'boolean', short: 'h' } },
      allowPositionals: true,
      allowNegative: true,
      strict: true,
    });
  } catch (cause) {
    throw new CliError(
      'usage',
      usageMessage(verb, String(cause instanceof Error ? cause.message : cause)),
      {},
      cause,
    );
  }
  const wantsHelp = parsed.values.help === true;
  const flags: Record<string, string | number | boolean> = {};
  const defaults = wantsHelp ? {} : standard(verb, parsed.values);
  for (const flag of verb.flags) {
    const value = parsed.values[flag.name] ?? defaults[flag.name];
    if (value !== undefined) flags[flag.name] = typed(flag, value);
    else if (flag.isRequired && !wantsHelp)
      throw new CliError('usage', `skerry ${verb.path.join(' ')} wants --${flag.name}: ${flag.what}`);
  }
  if (!wantsHelp) checkPositionals(verb, parsed.positionals);
  return { flags, positionals: parsed.positionals, wantsHelp };
}

/** A negative number behind the flag of a number belongs to it; `parseArgs` would call that ambiguous. */
function joinedNegatives(verb: Verb, words: readonly string[]): string[] {
  const numbers = new Set(
    verb.flags.filter((flag) => flag.type === 'number').map((flag) => `--${flag.name}`),
  );
  const joined: string[] = [];
  for (const word of words) {
    const before = joined.at(-1);
    if (before !== undefined && numbers.has(before) && /^-\.?\d/.test(word) && !joined.includes('--')) {
      joined[joined.length - 1] = `${before}=${word}`;
    } else joined.push(word);
  }
  return joined;
}

function typed(flag: Flag, value: unknown): string | number | boolean {
  if (typeof value === 'boolean') return value;
  const text = String(value);
  if (flag.choices && !flag.choices.includes(text)) {
    throw new CliError(
      'usage',
      `--${flag.name}: found ${JSON.stringify(text)}, wanted one of ${flag.choices.join(', ')}.`,
    );
  }
  if (flag.type !== 'number') return text;
  const number = text.trim() === '' ? Number.NaN : Number(text);
  if (!Number.isFinite(number))
    throw new CliError('usage', `--${flag.name}: found ${JSON.stringify(text)}, wanted a number.`);
  return number;
}

function checkPositionals(verb: Verb, given: readonly string[]): void {
  const wanted = verb.positionals.filter((one) => one.isRequired);
  if (given.length < wanted.length) {
    const missing = wanted[given.length];
    throw new CliError('usage', `skerry ${verb.path.join(' ')} wants ${missing?.name}: ${missing?.what}`);
  }
  const hasRest = verb.positionals.some((one) => one.isRest);
  if (!hasRest && given.length > verb.positionals.length) {
    throw new CliError(
      'usage',
      `skerry ${verb.path.join(' ')}: found ${JSON.stringify(given[verb.positionals.length])}, wanted nothing more.`,
    );
  }
}

function usageMessage(verb: Verb, message: string): string {
  const unknown = /Unknown option '(--?[^']+)'/.exec(message)?.[1];
  if (unknown === undefined) return `skerry ${verb.path.join(' ')}: ${message.split('\n')[0]}`;
  const close = nearestWord(
    unknown.replace(/^-+/, ''),
    verb.flags.map((flag) => flag.name),
  );
  return `skerry ${verb.path.join(' ')}: unknown flag ${unknown}${close ? `; did you mean --${close}?` : ''} See skerry ${verb.path.join(' ')} --help.`;
}
