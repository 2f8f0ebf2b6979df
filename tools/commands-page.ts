/** What the page tells of a verb: the table from which parsing and help are made too. */
export interface PageVerb {
  readonly path: readonly string[];
  readonly summary: string;
  readonly positionals: readonly {
    readonly name: string;
    readonly what: string;
    readonly isRequired: boolean;
  }[];
  readonly flags: readonly {
    readonly name: string;
    readonly short?: string;
    readonly type: string;
    readonly what: string;
    readonly value?: string;
    readonly choices?: readonly string[];
    readonly isRequired?: boolean;
  }[];
  readonly examples: readonly string[];
}

const HEAD = `# Commands

Generated from \`packages/cli/src/commands/verbs.ts\`; \`npm run generate\` writes it again.

\`npx skerry VERB [flags]\`. Data goes to standard output, messages and progress to standard error; nothing asks questions.
Verbs that talk to a running instance find its address and its token in the data folder. Flags that every verb with a
configuration has, one for each key, are in [CONFIGURATION.md](CONFIGURATION.md) and left out here.
`;

/**
 * The text of `docs/COMMANDS.md`. `exitCodes` is the text of `skerry help exit-codes`, `toldElsewhere` holds the names of
 * flags that another page tells of.
 */
export function commandsPage(
  verbs: readonly PageVerb[],
  exitCodes: string,
  toldElsewhere: ReadonlySet<string>,
): string {
  return [
    HEAD,
    ...verbs.flatMap((verb) => section(verb, toldElsewhere)),
    '## Exit codes',
    '',
    '```',
    exitCodes.trimEnd(),
    '```',
    '',
  ].join('\n');
}

function section(verb: PageVerb, toldElsewhere: ReadonlySet<string>): string[] {
  const name = verb.path.join(' ');
  const words = verb.positionals.map((one) => (one.isRequired ? one.name : `[${one.name}]`));
  const flags = verb.flags.filter((flag) => !toldElsewhere.has(flag.name));
  const rows = [
    ...verb.positionals.map((one) => cells(code(one.name), one.what)),
    ...flags.map((flag) => cells(code(flagText(flag)), `${flag.what}${flag.isRequired ? ' Required.' : ''}`)),
  ];
  return [
    `## ${name}`,
    '',
    `${verb.summary} [Manual](commands/${verb.path.join('-')}.md)`,
    '',
    code(['skerry', name, ...words, '[flags]'].join(' ')),
    '',
    ...(rows.length > 0 ? ['| | |', '|---|---|', ...rows, ''] : []),
    ...(verb.examples.length > 0 ? ['```', ...verb.examples, '```', ''] : []),
  ];
}

function flagText(flag: PageVerb['flags'][number]): string {
  const short = flag.short === undefined ? '' : `-${flag.short}, `;
  if (flag.type === 'switch') return `${short}--${flag.name}`;
  return `${short}--${flag.name} ${flag.choices?.join('|') ?? flag.value ?? (flag.type === 'number' ? 'N' : 'TEXT')}`;
}

function code(text: string): string {
  return `\`${text}\``;
}

function cells(...texts: readonly string[]): string {
  return `| ${texts.map((text) => text.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`;
}
