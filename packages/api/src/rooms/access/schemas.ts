import { ACTIONS, ROLES } from '@skerry/model';
import { count, flag, list, nullable, object, oneOfWords, ref, text, time } from '../../schema-kit.ts';
import { nextCursor } from '../parts.ts';

const scope = {
  tenant: text('Tenant id; absent: every one.', { minLength: 1 }),
  project: text('Project id, with its tenant; absent: every one.', { minLength: 1 }),
  device: text('Device id, with its project; absent: every one.', { minLength: 1 }),
};

const language = oneOfWords('Language of the page.', ['en', 'zh']);
const grants = list(ref('Grant'));

const user = {
  name: text('Name, by which the user signs in.'),
  displayName: text('Name as people read it.', { maxLength: 200 }),
  language: nullable(language),
  grants,
  disabled: flag('Whether the user is kept from signing in.'),
};

const token = {
  name: text('Name.'),
  grants,
  expires: nullable(time('When it ends; null: never.')),
  created: time('When it was made.'),
  createdBy: text('Who made it.'),
  lastUsed: nullable(time('When it was used last, to the minute; null: never.')),
};

const password = text('Password.', { minLength: 1, maxLength: 1_024 });

/** What this room takes and answers. */
export const ACCESS_SCHEMAS = {
  Grant: object('A role inside a scope.', { role: oneOfWords('Role.', ROLES), ...scope }, [
    'tenant',
    'project',
    'device',
  ]),
  SignIn: object(
    'How somebody signs in: name and password, or the code of a one-time link.',
    {
      name: text('Name.', { minLength: 1, maxLength: 256 }),
      password,
      code: text('Code.', { minLength: 1 }),
    },
    ['name', 'password', 'code'],
  ),
  Whoami: object('Who asks.', {
    kind: oneOfWords('What they are.', ['user', 'token', 'local', 'anonymous']),
    name: text('Name, as the audit log writes it.'),
    displayName: text('Name as people read it.'),
    language: nullable(language),
    grants,
    actions: list(oneOfWords('What they may do somewhere.', ACTIONS)),
    session: nullable(text('Id of the session; null without one.')),
    expires: nullable(time('When the session ends at the latest; null without one.')),
  }),
  Done: object('It is done.', { done: { type: 'boolean', const: true, description: 'Always true.' } }),
  OwnChange: object(
    'What somebody changes about themselves; absent members stay.',
    { displayName: user.displayName, language: nullable(language) },
    ['displayName', 'language'],
  ),
  PasswordChange: object('A password that somebody changes for themselves.', {
    current: password,
    password,
  }),
  AccessSession: object('A signed-in browser.', {
    id: text('Id; no secret.'),
    user: text('User.'),
    from: text('Address it came from.'),
    agent: text('What the browser calls itself.'),
    created: time('When it began.'),
    lastUsed: time('When it was used last, to the minute.'),
    expires: time('When it ends at the latest.'),
    current: flag('Whether it is the one that asks.'),
  }),
  AccessSessionList: object('Sessions.', { items: list(ref('AccessSession')) }),
  User: object('A user.', {
    ...user,
    created: time('When it was made.'),
    hasPassword: flag('Whether there is one.'),
  }),
  UserPage: object('Users by name.', { items: list(ref('User')), cursor: nextCursor }),
  NewUser: object('A user to be made.', { ...user, password: nullable(password) }, [
    'displayName',
    'language',
    'grants',
    'disabled',
    'password',
  ]),
  UserChange: object(
    'What is to be changed of a user; absent members stay, a password of null takes it away.',
    {
      displayName: user.displayName,
      language: user.language,
      grants,
      disabled: user.disabled,
      password: nullable(password),
    },
    ['displayName', 'language', 'grants', 'disabled', 'password'],
  ),
  Token: object('An access token, without its secret.', token),
  TokenPage: object('Tokens by name.', { items: list(ref('Token')), cursor: nextCursor }),
  NewToken: object(
    'An access token to be made.',
    { name: token.name, grants, expires: nullable(text('ISO 8601, or `now+90d`; null or absent: never.')) },
    ['expires'],
  ),
  TokenWithSecret: object('An access token that was made; the secret is told this once.', {
    ...token,
    secret: text('The secret: `Authorization: Bearer`, or the password of MQTT with any user name.'),
  }),
  SignInLinkWish: object(
    'Whom a link is to sign in.',
    { user: text('User; the first administrator when absent.') },
    ['user'],
  ),
  SignInLink: object('A link that signs a user in once.', {
    user: text('User.'),
    code: text('Code; the page takes it as `#/sign-in?code=…`.'),
    expires: time('Until when it can be used.'),
  }),
  AccessQuestion: object(
    'Whether somebody may do something.',
    {
      user: text('A user; absent, with `token` too: who asks.'),
      token: text('An access token, by name.'),
      action: oneOfWords('What.', ACTIONS),
      scope: object('Where; without members: everywhere.', scope, ['tenant', 'project', 'device']),
    },
    ['user', 'token'],
  ),
  AccessAnswer: object('Whether they may.', { allowed: flag('Whether they may.') }),
  AuditEntry: object('An entry of the audit log.', {
    n: count('Number, from 1.'),
    time: time('When.'),
    author: text('Who: `local`, a user, `token:` and its name, `anonymous`, `system`.'),
    action: text('What.'),
    target: text('To what.'),
    outcome: oneOfWords('How it ended.', ['allowed', 'refused', 'failed']),
    from: text('Address of the peer.'),
    detail: text('Facts in words.'),
    count: count('How many alike it stands for.'),
  }),
  AuditPage: object('Entries, newest first.', { items: list(ref('AuditEntry')), cursor: nextCursor }),
  AuditVerdict: object('What reading the whole audit log has found.', {
    intact: flag('Whether every line fits the chain.'),
    entries: count('Lines read.'),
    last: count('Number of the last entry.'),
    findings: list(
      object('A line that does not fit.', {
        n: count('Number of the entry that is wrong or missing.'),
        file: text('File.'),
        line: count('Line in the file; 0 where it is missing.'),
        detail: text('What is wrong.'),
      }),
    ),
  }),
} as const;
