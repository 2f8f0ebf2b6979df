import type { Token, TokenWithSecret } from '@skerry/client';
import { CliError } from '../errors.ts';
import { type Column, outputFormat, printRows, write } from '../output/rows.ts';
import { GRANTS_FLAG, grantText, parseGrants } from './grants.ts';
import { openClient } from './instance.ts';
import { everyItem } from './narrowing.ts';
import { INSTANCE_FLAGS, OUTPUT_FLAG, type Positional, type Verb } from './verb.ts';

const NAME: Positional = { name: 'NAME', what: 'Name of the token.', isRequired: true };

/** `skerry token list`. */
export const tokenListVerb: Verb = {
  path: ['token', 'list'],
  summary: 'Access tokens with their grants, and when each was used last.',
  positionals: [],
  flags: [OUTPUT_FLAG, ...INSTANCE_FLAGS],
  examples: ['skerry token list', 'skerry token list -o wide'],
  async run(context) {
    const client = openClient(context);
    const rows = await everyItem<Token>((page) => client.listTokens(page, { signal: context.signal }));
    await printRows(context, outputFormat(context.flags.output), rows, TOKEN_COLUMNS);
    if (rows.length === 0) context.stderr.write('There is no access token; skerry token create makes one.\n');
    return 0;
  },
};

const TOKEN_COLUMNS: readonly Column<Token>[] = [
  { title: 'NAME', cell: (row) => row.name },
  { title: 'GRANTS', cell: (row) => row.grants.map(grantText).join(', ') },
  { title: 'EXPIRES', cell: (row) => row.expires ?? 'never' },
  { title: 'LAST USED', cell: (row) => row.lastUsed ?? 'never' },
  { title: 'CREATED', isWide: true, cell: (row) => row.created },
  { title: 'BY', isWide: true, cell: (row) => row.createdBy },
];

const SECRET_COLUMN: Column<TokenWithSecret> = { title: 'SECRET', cell: (row) => row.secret };

/** `skerry token create`. */
export const tokenCreateVerb: Verb = {
  path: ['token', 'create'],
  summary:
    'Makes an access token for a program or a device; its secret is printed once, with `-o json` as a member of the token.',
  positionals: [NAME],
  flags: [
    { ...GRANTS_FLAG, isRequired: true },
    {
      name: 'expires',
      type: 'text',
      value: 'TIME',
      what: 'When it ends: a duration such as 90d, or a time (ISO 8601); never when absent.',
    },
    OUTPUT_FLAG,
    ...INSTANCE_FLAGS,
  ],
  examples: [
    'skerry token create line-4 --grants device@acme/plant/pump-7',
    'skerry token create dashboard --grants viewer@acme --expires 90d',
    'skerry token create line-5 --grants device@acme/plant/pump-8 -o json',
  ],
  async run(context) {
    const { flags, signal } = context;
    const expires = flags.expires === undefined ? null : expiryOf(String(flags.expires));
    const body = {
      name: String(context.positionals[0]),
      grants: parseGrants(String(flags.grants)),
      expires,
    };
    const token = await openClient(context).createToken({ body }, { signal });
    const made = `The token ${token.name} was made, ${token.expires === null ? 'without an end' : `until ${token.expires}`}.`;
    const format = outputFormat(flags.output);
    if (flags.output !== undefined && format !== 'table') {
      context.stderr.write(`${made}\n`);
      await printRows(context, format, [token], [...TOKEN_COLUMNS, SECRET_COLUMN], token);
      return 0;
    }
    context.stderr.write(`${made} Its secret, which is shown this once:\n`);
    await write(context.stdout, `${token.secret}\n`);
    return 0;
  },
};

/** `skerry token revoke`. */
export const tokenRevokeVerb: Verb = {
  path: ['token', 'revoke'],
  summary: 'Revokes an access token; its MQTT connections end.',
  positionals: [NAME],
  flags: INSTANCE_FLAGS,
  examples: ['skerry token revoke line-4'],
  async run(context) {
    const name = String(context.positionals[0]);
    await openClient(context).revokeToken({ name }, { signal: context.signal });
    context.stderr.write(`The token ${name} was revoked.\n`);
    return 0;
  },
};

function expiryOf(text: string): string {
  if (/^(\d+(ms|s|m|h|d))+$/.test(text)) return `now+${text}`;
  if (/^\d{4}-/.test(text)) return text;
  throw new CliError(
    'usage',
    `--expires: found ${JSON.stringify(text)}, wanted a duration such as 90d or 12h, or a time such as 2030-01-01T00:00:00Z.`,
  );
}
