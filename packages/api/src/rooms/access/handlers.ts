import type { Access, AuditNote } from '@skerry/access';
import type { Clock } from '@skerry/kernel';
import { ACTIONS, covers, isAllowed, type Subject, scopesOf } from '@skerry/model';
import type { Admission, Asker } from '../../admission.ts';
import type { Call, Handlers } from '../../call.ts';
import { readCursor, writeCursor } from '../../cursor.ts';
import { ApiError, invalidRequest } from '../../errors.ts';
import type { Model } from '../../schemas.ts';
import { isForAll, narrowingOf } from '../../scoping.ts';
import { formatTime } from '../../time.ts';
import type { ACCESS_OPERATIONS } from './operations.ts';
import { tokenHandlers } from './token-handlers.ts';
import { checkReach, mayReach, noteOf, userHandlers } from './user-handlers.ts';

/** What this room works with. */
export interface AccessRoomNeeds {
  readonly access: Access;
  readonly admission: Admission;
  readonly clock: Clock;
}

type AccessIds = keyof typeof ACCESS_OPERATIONS;

/** Serves sessions, users, tokens and the audit log. */
export function accessHandlers(needs: AccessRoomNeeds): Handlers<AccessIds> {
  return {
    ...sessionHandlers(needs),
    ...userHandlers(needs),
    ...tokenHandlers(needs),
    ...auditHandlers(needs.access),
    checkAccess: async (call) => {
      const { action, scope } = call.body;
      return { allowed: isAllowed(await subjectAsked(call, needs.access), action, scope) };
    },
  };
}

function sessionHandlers({ access, admission }: AccessRoomNeeds) {
  const { authenticator, sessions, book, audit } = access;
  const begin = (call: Call<'signIn' | 'changeOwnPassword'>, secret: string): void =>
    void call.reply.header('set-cookie', admission.cookie(call.request, secret));
  const handlers: Handlers<
    'signIn' | 'getSession' | 'changeSelf' | 'signOut' | 'changeOwnPassword' | 'listSessions' | 'endSession'
  > = {
    signIn: async (call) => {
      const { name, password, code } = call.body;
      const origin = originOf(call);
      const isByCode = code !== undefined && name === undefined && password === undefined;
      if (!isByCode && (name === undefined || password === undefined || code !== undefined)) {
        throw invalidRequest({ in: 'body', pointer: '#', detail: 'wanted name and password, or code' });
      }
      const begun = isByCode
        ? await authenticator.signInByCode(String(code), origin)
        : await authenticator.signIn(String(name), String(password), origin);
      begin(call, begun.secret);
      return showAsker(begun.subject, begun, access);
    },
    getSession: async ({ asker }) => showAsker(asker.subject, asker.session, access),
    changeSelf: async ({ asker, body }) => {
      const { name } = userOf(asker);
      const user = await audit.around(ownChange(asker, Object.keys(body)), () => book.changeUser(name, body));
      return showAsker(asker.subject, asker.session && { ...asker.session, user }, access);
    },
    signOut: async ({ asker, request, reply }) => {
      reply.header('set-cookie', admission.cookie(request, undefined));
      if (asker.session) await end(asker, asker.session.id, asker.session.user.metadata.name);
      return { done: true };
    },
    changeOwnPassword: (call) => changeOwnPassword(call, access, (secret) => begin(call, secret)),
    listSessions: async ({ asker, query }) => {
      const own = asker.subject.kind === 'user' ? asker.subject.name : undefined;
      const name = query.user ?? own;
      if (name === undefined) return { items: [] };
      if (name !== own) await checkReach(asker.subject, 'access:read', name, book);
      const items = await sessions.list(name);
      return { items: items.map((item) => showSession(item, asker.session?.id)) };
    },
    endSession: async ({ asker, params }) => {
      const found = (await sessions.list()).find((item) => item.name === params.id);
      const unknown = new ApiError('not-found', `no session has the id ${JSON.stringify(params.id)}`);
      if (!found) throw unknown;
      const { user } = found.document.spec;
      const isOwn = asker.subject.kind === 'user' && asker.subject.name === user;
      if (!isOwn) await checkReach(asker.subject, 'access:change', user, book);
      await end(asker, found.name, user);
      return { done: true };
    },
  };
  const end = async (asker: Asker, id: string, user: string): Promise<void> => {
    const touched = (await book.user(user))?.spec.grants ?? [];
    const note = noteOf(asker, { action: 'session.end', target: `User/${user}`, touched });
    await audit.around(note, () => sessions.end(id));
  };
  return handlers;
}

async function changeOwnPassword(
  call: Call<'changeOwnPassword'>,
  access: Access,
  begin: (secret: string) => void,
): Promise<Model<'Whoami'>> {
  const { asker, body } = call;
  const { authenticator, book, audit } = access;
  const { name } = userOf(asker);
  await authenticator.confirm(name, body.current, asker.from);
  await audit.around(ownChange(asker, ['password']), () =>
    book.changeUser(name, { password: body.password }),
  );
  const begun = await authenticator.signIn(name, body.password, originOf(call));
  begin(begun.secret);
  return showAsker(begun.subject, begun, access);
}

function ownChange(asker: Asker, facts: readonly string[]): Omit<AuditNote, 'outcome'> {
  const { name, grants } = asker.subject;
  return noteOf(asker, { action: 'user.change', target: `User/${name}`, touched: grants, facts });
}

function userOf({ subject }: Call<'changeSelf'>['asker']): { readonly name: string } {
  if (subject.kind === 'user') return { name: subject.name };
  throw new ApiError('not-allowed', `${subject.name} is no user, who alone can change themselves`);
}

function originOf({ request, asker }: Call<'signIn' | 'changeOwnPassword'>) {
  return { from: asker.from, agent: request.headers['user-agent'] ?? '' };
}

async function subjectAsked(call: Call<'checkAccess'>, { book }: Access): Promise<Subject> {
  const { user, token } = call.body;
  const { subject } = call.asker;
  if (user === undefined && token === undefined) return subject;
  const found =
    user === undefined
      ? (await book.token(String(token)))?.document.spec.grants
      : (await book.user(user))?.spec.grants;
  const grants = found ?? [];
  const isSeen = found !== undefined && mayReach(subject, 'access:read', grants);
  if (!isSeen) throw new ApiError('not-found', 'no such user or token can be seen');
  return { kind: user === undefined ? 'token' : 'user', name: user ?? `token:${token}`, grants };
}

async function showAsker(
  subject: Subject,
  session: Call<'getSession'>['asker']['session'],
  { sessions }: Access,
): Promise<Model<'Whoami'>> {
  const spec = session?.user.spec;
  const found =
    session && (await sessions.list(session.user.metadata.name)).find(({ name }) => name === session.id);
  return {
    kind: subject.kind,
    name: subject.name,
    displayName: spec?.displayName ?? subject.name,
    language: spec?.language ?? null,
    grants: subject.grants,
    actions: ACTIONS.filter((action) => scopesOf(subject, action).length > 0),
    session: session?.id ?? null,
    expires: found ? formatTime(found.document.spec.expiresMicros) : null,
  };
}

type SessionItem = Awaited<ReturnType<Access['sessions']['list']>>[number];

function showSession(
  { name, document, usedMicros }: SessionItem,
  current: string | undefined,
): Model<'AccessSession'> {
  const { metadata, spec } = document;
  return {
    id: name,
    user: spec.user,
    from: spec.from,
    agent: spec.agent,
    created: formatTime(metadata.createdMicros),
    lastUsed: formatTime(usedMicros),
    expires: formatTime(spec.expiresMicros),
    current: name === current,
  };
}

function auditHandlers({ audit }: Access): Handlers<'listAudit' | 'verifyAudit'> {
  return {
    listAudit: async ({ asker, query }) => {
      const { author, action, outcome, cursor, limit = 100 } = query;
      const before = cursor === undefined ? undefined : Number(readCursor('audit', cursor, ['number'])[0]);
      const scopes = narrowingOf(asker.subject, 'audit:read');
      const entries = await audit.list(
        before,
        limit + 1,
        (entry) =>
          (author === undefined || entry.author === author) &&
          (action === undefined || entry.action.startsWith(action)) &&
          (outcome === undefined || entry.outcome === outcome) &&
          (scopes === undefined || scopes.some((scope) => covers(scope, entry.scope ?? {}))),
      );
      const shown = entries.slice(0, limit);
      const last = shown.at(-1);
      return {
        items: shown.map(({ n, atMicros, detail = '', count = 1, scope: _, ...rest }) => ({
          n,
          time: formatTime(atMicros),
          ...rest,
          detail,
          count,
        })),
        cursor: last && entries.length > limit ? writeCursor('audit', [last.n]) : null,
      };
    },
    verifyAudit: async ({ asker }) => {
      if (!isForAll(asker.subject, 'audit:read')) {
        throw new ApiError('not-allowed', 'the whole log is read by those who may read all of it');
      }
      const { entries, head, findings } = await audit.verify();
      return { intact: findings.length === 0, entries, last: head.n, findings };
    },
  };
}
