import type { Flag, Verb } from './verb.ts';

/** What the manual of one verb is made with. */
export interface ManualParts {
  readonly verb: Verb;
  /** Every verb, for those that stand beside it. */
  readonly verbs: readonly Verb[];
  /** Flags that CONFIGURATION.md tells of. */
  readonly toldElsewhere: ReadonlySet<string>;
}

/** Path of a verb's manual in `docs/commands`. */
export function manualPath({ path }: Pick<Verb, 'path'>): string {
  return `${path.join('-')}.md`;
}

/** The manual of one verb in Markdown, in the order of a man page. */
export function manualPage({ verb, verbs, toldElsewhere }: ManualParts): string {
  const name = `skerry ${verb.path.join(' ')}`;
  const own = verb.flags.filter((flag) => !toldElsewhere.has(flag.name) || isOfInstance(flag));
  const beside = verbs.filter((one) => one !== verb && one.path[0] === verb.path[0]);
  return [
    `# ${name}`,
    '',
    `Generated from \`packages/cli/src/commands\`; \`npm run generate\` writes it again. [All commands](../COMMANDS.md)`,
    '',
    '## Name',
    '',
    `**${name}**: ${verb.summary}`,
    '',
    '## Synopsis',
    '',
    '```',
    synopsis(verb, own),
    '```',
    ...(verb.positionals.length === 0
      ? []
      : ['', '## Arguments', '', ...verb.positionals.map(positionalLine)]),
    '',
    '## Options',
    '',
    ...own.map(flagLine),
    '- `-h, --help`: Tells of this verb.',
    ...(own.length < verb.flags.length
      ? [
          '',
          'A flag for each key of the configuration, as [CONFIGURATION.md](../CONFIGURATION.md) lists them.',
        ]
      : []),
    '',
    '## Examples',
    '',
    '```',
    ...verb.examples,
    '```',
    '',
    '## Exit codes',
    '',
    '0 when it is done; the others are in [COMMANDS.md](../COMMANDS.md#exit-codes) and in `skerry help exit-codes`.',
    ...(beside.length === 0
      ? []
      : [
          '',
          '## See also',
          '',
          beside.map((one) => `[skerry ${one.path.join(' ')}](${manualPath(one)})`).join(', '),
        ]),
    '',
  ].join('\n');
}

function synopsis(verb: Verb, flags: readonly Flag[]): string {
  const words = verb.positionals.map((one) => {
    const name = one.isRest ? `${one.name}…` : one.name;
    return one.isRequired ? name : `[${name}]`;
  });
  const needed = flags
    .filter(({ isRequired }) => isRequired)
    .map((flag) => `--${flag.name} ${placeholderOf(flag)}`);
  return ['skerry', ...verb.path, ...words, ...needed, '[flags]'].join(' ');
}

function positionalLine({ name, what, choices }: Verb['positionals'][number]): string {
  const words = choices && !what.includes(String(choices[0])) ? ` One of ${choices.join(', ')}.` : '';
  return `- \`${name}\`: ${what}${words}`;
}

function flagLine(flag: Flag): string {
  const short = flag.short === undefined ? '' : `-${flag.short}, `;
  const name = flag.isOnByDefault ? `--[no-]${flag.name}` : `--${flag.name}`;
  const value = flag.type === 'switch' ? '' : ` ${placeholderOf(flag)}`;
  return `- \`${short}${name}${value}\`: ${flag.what}${flag.isRequired ? ' Required.' : ''}`;
}

function placeholderOf(flag: Flag): string {
  return flag.choices?.join('|') ?? flag.value ?? (flag.type === 'number' ? 'N' : 'TEXT');
}

function isOfInstance({ name }: Flag): boolean {
  return name === 'data-dir' || name === 'config';
}
