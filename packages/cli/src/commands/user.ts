import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { NewUser, User } from '@skerry/client';
import { CliError } from '../errors.ts';
import { type Column, outputFormat, printRows, write } from '../output/rows.ts';
import { GRANTS_FLAG, grantText, parseGrants } from './grants.ts';
import { findInstance, openClient, remoteInstance } from './instance.ts';
import { everyItem } from './narrowing.ts';
import {
  type Flag,
  INSTANCE_FLAGS,
  OUTPUT_FLAG,
  type Positional,
  type Verb,
  type VerbContext,
} from './verb.ts';

const NAME: Positional = { name: 'NAME', what: 'Name of the user.', isRequired: true };

const PASSWORD_FLAG: Flag = {
  name: 'password-file',
  type: 'text',
  value: 'FILE',
  what: 'File whose first line is the password, - for standard input; a random one is made and printed when absent.',
};

/** `skerry user list`. */
export const userListVerb: Verb = {
  path: ['user', 'list'],
  summary: 'Users with their grants.',
  positionals: [],
  flags: [OUTPUT_FLAG, ...INSTANCE_FLAGS],
  examples: ['skerry user list', 'skerry user list -o json'],
  async run(context) {
    const client = openClient(context);
    const rows = await everyItem<User>((page) => client.listUsers(page, { signal: context.signal }));
    await printRows(context, outputFormat(context.flags.output), rows, USER_COLUMNS);
    return 0;
  },
};

const USER_COLUMNS: readonly Column<User>[] = [
  { title: 'NAME', cell: (row) => row.name },
  { title: 'GRANTS', cell: (row) => row.grants.map(grantText).join(', ') },
  { title: 'STATE', cell: (row) => (row.disabled ? 'disabled' : 'enabled') },
  { title: 'DISPLAY NAME', isWide: true, cell: (row) => row.displayName },
  { title: 'LANGUAGE', isWide: true, cell: (row) => row.language ?? '' },
  { title: 'PASSWORD', isWide: true, cell: (row) => (row.hasPassword ? 'yes' : 'no') },
  { title: 'CREATED', cell: (row) => row.created },
];

/** `skerry user add`. */
export const userAddVerb: Verb = {
  path: ['user', 'add'],
  summary: 'Makes a user; a random password is printed once, with `-o json` as a member of the user.',
  positionals: [NAME],
  flags: [
    GRANTS_FLAG,
    { name: 'display-name', type: 'text', what: 'Name as people read it.' },
    {
      name: 'language',
      type: 'text',
      choices: ['en', 'zh'],
      what: "Language of the page; the browser's when absent.",
    },
    PASSWORD_FLAG,
    OUTPUT_FLAG,
    ...INSTANCE_FLAGS,
  ],
  examples: [
    'skerry user add ann --grants operator@acme',
    'skerry user add ann -o json',
    'skerry user add bob --grants viewer@acme/plant,viewer@acme/hall',
  ],
  async run(context) {
    const { flags, signal } = context;
    const { password, isMade } = passwordFor(context);
    const language = (['en', 'zh'] as const).find((one) => one === flags.language);
    const body: NewUser = {
      name: String(context.positionals[0]),
      grants: flags.grants === undefined ? [] : parseGrants(String(flags.grants)),
      password,
      ...(flags['display-name'] === undefined ? {} : { displayName: String(flags['display-name']) }),
      ...(language === undefined ? {} : { language }),
    };
    const user = await openClient(context).createUser({ body }, { signal });
    context.stderr.write(
      `The user ${user.name} was made${user.grants.length === 0 ? ', without a grant' : ''}.\n`,
    );
    const format = outputFormat(flags.output);
    if (flags.output !== undefined && format !== 'table') {
      const made: User & { readonly password?: string } = { ...user, ...(isMade ? { password } : {}) };
      await printRows(context, format, [made], USER_COLUMNS, made);
    } else if (isMade) await tellPassword(context, password);
    return 0;
  },
};

/** `skerry user password`. */
export const userPasswordVerb: Verb = {
  path: ['user', 'password'],
  summary: 'Sets a new password; the sessions of the user end.',
  positionals: [NAME],
  flags: [PASSWORD_FLAG, ...INSTANCE_FLAGS],
  examples: ['skerry user password ann', 'skerry user password ann --password-file secret.txt'],
  async run(context) {
    const { password, isMade } = passwordFor(context);
    const name = String(context.positionals[0]);
    await openClient(context).changeUser({ name, body: { password } }, { signal: context.signal });
    context.stderr.write(`The password of ${name} was changed; its sessions have ended.\n`);
    if (isMade) await tellPassword(context, password);
    return 0;
  },
};

/** `skerry user grant`. */
export const userGrantVerb: Verb = {
  path: ['user', 'grant'],
  summary: 'Gives a user these grants in place of those before; without --grants, none.',
  positionals: [NAME],
  flags: [GRANTS_FLAG, ...INSTANCE_FLAGS],
  examples: [
    'skerry user grant ann --grants admin',
    'skerry user grant ann --grants viewer@acme/plant/pump-7',
  ],
  async run(context) {
    const { flags, signal } = context;
    const grants = flags.grants === undefined ? [] : parseGrants(String(flags.grants));
    const name = String(context.positionals[0]);
    const user = await openClient(context).changeUser({ name, body: { grants } }, { signal });
    context.stderr.write(`${name} has ${user.grants.map(grantText).join(', ') || 'no grant'}.\n`);
    return 0;
  },
};

/** `skerry user remove`. */
export const userRemoveVerb: Verb = {
  path: ['user', 'remove'],
  summary: 'Removes a user; its sessions and MQTT connections end.',
  positionals: [NAME],
  flags: INSTANCE_FLAGS,
  examples: ['skerry user remove ann'],
  async run(context) {
    const name = String(context.positionals[0]);
    await openClient(context).removeUser({ name }, { signal: context.signal });
    context.stderr.write(`The user ${name} was removed.\n`);
    return 0;
  },
};

/** `skerry user link`. */
export const userLinkVerb: Verb = {
  path: ['user', 'link'],
  summary: 'Prints a link that signs a user in once, within minutes.',
  positionals: [
    { ...NAME, what: 'Name of the user; the first administrator when absent.', isRequired: false },
  ],
  flags: INSTANCE_FLAGS,
  examples: ['skerry user link', 'skerry user link ann'],
  async run(context) {
    const [user] = context.positionals;
    const url = remoteInstance(context)?.url ?? findInstance(context).url;
    const body = user === undefined ? {} : { user };
    const link = await openClient(context).createSignInLink({ body }, { signal: context.signal });
    await write(context.stdout, `${url}/#/sign-in?code=${link.code}\n`);
    context.stderr.write(`It signs ${link.user} in once, until ${link.expires}.\n`);
    return 0;
  },
};

/** 120 random bits. */
const PASSWORD_BYTES = 15;

/** The password that a file holds, else a random one. Fails with `usage` when the file cannot be read. */
function passwordFor({ flags }: VerbContext): { readonly password: string; readonly isMade: boolean } {
  const file = flags['password-file'];
  if (file === undefined)
    return { password: randomBytes(PASSWORD_BYTES).toString('base64url'), isMade: true };
  try {
    const text = readFileSync(file === '-' ? 0 : String(file), 'utf8');
    return { password: String(text.split(/\r?\n/, 1)[0]), isMade: false };
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new CliError('usage', `--password-file: reading ${String(file)} failed: ${why}.`, {}, cause);
  }
}

async function tellPassword(context: VerbContext, password: string): Promise<void> {
  context.stderr.write('Its password, which is shown this once:\n');
  await write(context.stdout, `${password}\n`);
}
