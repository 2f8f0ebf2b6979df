import { CLI_FAULTS } from '../errors.ts';
import { EXIT_MEANINGS } from './fault-report.ts';
import type { Verb } from './verb.ts';

/** The overview that `skerry` and `skerry --help` print. */
export function overviewHelp(verbs: readonly Verb[], version: string): string {
  const width = Math.max(...verbs.map((verb) => verb.path.join(' ').length));
  const lines = verbs.map((verb) => `  ${verb.path.join(' ').padEnd(width)}  ${verb.summary}`);
  return [
    `skerry ${version}: IoT platform, from one laptop to a cluster`,
    '',
    'Usage: skerry VERB [flags]',
    '',
    ...lines,
    '',
    'skerry VERB --help tells of one verb, skerry help VERB too; skerry help exit-codes of exit codes. Data goes to standard output, messages to standard error.',
    '',
  ].join('\n');
}

/** The help of one verb. */
export function verbHelp(verb: Verb): string {
  const positionals = verb.positionals.map((one) => (one.isRequired ? one.name : `[${one.name}]`)).join(' ');
  const name = `skerry ${verb.path.join(' ')}`;
  const flags = verb.flags.map((flag) => {
    const value =
      flag.type === 'switch'
        ? ''
        : ` ${flag.choices?.join('|') ?? flag.value ?? (flag.type === 'number' ? 'N' : 'TEXT')}`;
    const name = flag.isOnByDefault ? `[no-]${flag.name}` : flag.name;
    return [
      `${flag.short ? `-${flag.short}, ` : ''}--${name}${value}`,
      `${flag.what}${flag.isRequired ? ' Required.' : ''}`,
    ];
  });
  const width = Math.min(44, Math.max(0, ...flags.map(([left]) => String(left).length)));
  return [
    `${name}: ${verb.summary}`,
    '',
    `Usage: ${name} ${positionals}${positionals ? ' ' : ''}[flags]`,
    ...(verb.positionals.length > 0
      ? ['', ...verb.positionals.map((one) => `  ${one.name.padEnd(width)}  ${one.what}`)]
      : []),
    ...(flags.length > 0
      ? ['', ...flags.map(([left, right]) => `  ${String(left).padEnd(width)}  ${right}`)]
      : []),
    ...(verb.examples.length > 0 ? ['', 'Examples:', ...verb.examples.map((line) => `  ${line}`)] : []),
    '',
  ].join('\n');
}

/** Exit codes and their meaning, for `skerry help exit-codes`. */
export function exitCodeHelp(): string {
  const rows = new Map<number, string[]>([
    [0, ['Done.']],
    [1, ['The answer is no: the ledger does not balance, a check failed, not every row was acknowledged.']],
  ]);
  const tell = (exitCode: number, text: string) => rows.set(exitCode, [...(rows.get(exitCode) ?? []), text]);
  for (const [code, fault] of Object.entries(CLI_FAULTS)) tell(fault.exitCode, `${code}: ${fault.meaning}`);
  for (const { exitCode, meaning, codes } of EXIT_MEANINGS) {
    tell(exitCode, codes.length === 0 ? meaning : `${codes.join(', ')}: ${meaning}`);
  }
  return [...rows]
    .toSorted(([a], [b]) => a - b)
    .flatMap(([exitCode, texts]) =>
      texts.map((text, index) => `${(index === 0 ? String(exitCode) : '').padStart(3)}  ${text}\n`),
    )
    .join('');
}
