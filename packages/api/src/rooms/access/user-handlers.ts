import { type Access, type AccessBook, commonScope, type UserDocument } from '@skerry/access';
import { EVERYTHING, type Grant, isAllowed, type Subject } from '@skerry/model';
import type { Asker } from '../../admission.ts';
import type { Handlers } from '../../call.ts';
import { readCursor, writeCursor } from '../../cursor.ts';
import { ApiError } from '../../errors.ts';
import { contentTag, requireMatch } from '../../etag.ts';
import type { Model } from '../../schemas.ts';
import { formatTime } from '../../time.ts';

type UserIds = 'listUsers' | 'createUser' | 'getUser' | 'changeUser' | 'removeUser' | 'createSignInLink';

type Reach = 'access:read' | 'access:change';

/** Serves users. A subject reaches those whose grants all lie inside the scopes where it may read or change access. */
export function userHandlers({ access }: { readonly access: Access }): Handlers<UserIds> {
  const { book, sessions, audit } = access;
  return {
    listUsers: async ({ asker, query }) => {
      const ask = (after: string | undefined, rows: number) => book.users(after, rows);
      return await reachable(
        asker.subject,
        query,
        ask,
        (user) => [user.spec.grants, user.metadata.name],
        showUser,
      );
    },
    getUser: async ({ asker, params, reply }) => {
      const shown = showUser(await checkReach(asker.subject, 'access:read', params.name, book));
      reply.header('etag', contentTag(shown));
      return shown;
    },
    createUser: async ({ asker, body }) => {
      const { name, disabled, ...wish } = body;
      checkGrantable(asker.subject, wish.grants ?? []);
      const { grants = [] } = wish;
      const facts = [JSON.stringify(grants)];
      const note = noteOf(asker, { action: 'user.create', target: `User/${name}`, touched: grants, facts });
      const isDisabled = disabled === undefined ? {} : { isDisabled: disabled };
      return showUser(await audit.around(note, () => book.addUser(name, { ...wish, ...isDisabled })));
    },
    changeUser: async ({ asker, params, body, request }) => {
      const { disabled, ...change } = body;
      const user = await checkReach(asker.subject, 'access:change', params.name, book);
      requireMatch(request, contentTag(showUser(user)));
      if (change.grants) checkGrantable(asker.subject, change.grants);
      const note = noteOf(asker, {
        action: 'user.change',
        target: `User/${params.name}`,
        touched: [...user.spec.grants, ...(change.grants ?? [])],
        facts: [...Object.keys(body), ...(change.grants ? [JSON.stringify(change.grants)] : [])],
      });
      const isDisabled = disabled === undefined ? {} : { isDisabled: disabled };
      return showUser(
        await audit.around(note, () => book.changeUser(params.name, { ...change, ...isDisabled })),
      );
    },
    removeUser: async ({ asker, params, request }) => {
      const user = await checkReach(asker.subject, 'access:change', params.name, book);
      requireMatch(request, contentTag(showUser(user)));
      const touched = user.spec.grants;
      const note = noteOf(asker, { action: 'user.remove', target: `User/${params.name}`, touched });
      await audit.around(note, () => book.removeUser(params.name));
      return { done: true };
    },
    createSignInLink: async ({ asker, body }) => {
      const name = body.user ?? (await book.admin())?.metadata.name ?? '';
      const { spec } = await checkReach(asker.subject, 'access:change', name, book);
      const touched = spec.grants;
      const note = noteOf(asker, { action: 'sign-in-link.create', target: `User/${name}`, touched });
      const { code, expiresMicros } = await audit.around(note, () => sessions.makeCode(name));
      return { user: name, code, expires: formatTime(expiresMicros) };
    },
  };
}

/** The user of a name, when the subject reaches it. Fails with `not-found`: nobody learns what exists elsewhere. */
export async function checkReach(
  subject: Subject,
  action: Reach,
  name: string,
  book: Pick<AccessBook, 'user'>,
): Promise<UserDocument> {
  const user = await book.user(name);
  if (user && mayReach(subject, action, user.spec.grants)) return user;
  throw new ApiError('not-found', `no user ${JSON.stringify(name)} can be seen`);
}

/** Whether the subject may read or change access everywhere that the grants reach. */
export function mayReach(subject: Subject, action: Reach, grants: readonly Grant[]): boolean {
  if (grants.length === 0) return isAllowed(subject, action, EVERYTHING);
  return grants.every((grant) => isAllowed(subject, action, grant));
}

/** Fails with `not-allowed` where somebody would give what is not theirs to give. */
export function checkGrantable(subject: Subject, grants: readonly Grant[]): void {
  if (mayReach(subject, 'access:change', grants)) return;
  throw new ApiError(
    'not-allowed',
    `${subject.name} may not give these grants: they reach beyond its own scope`,
  );
}

/** A change of access for the audit log. */
export interface AccessChange {
  readonly action: string;
  readonly target: string;
  /** What the user or token may do before and after: the entry is seen by whoever sees all of it. */
  readonly touched: readonly Grant[];
  /** Facts in words. */
  readonly facts?: readonly string[];
}

/** What the audit log is told of a change of access. */
export function noteOf({ subject, from }: Asker, { action, target, touched, facts = [] }: AccessChange) {
  const scope = commonScope(touched);
  return {
    author: subject.name,
    action,
    target,
    from,
    ...(facts.length === 0 ? {} : { detail: facts.join(' ') }),
    ...(scope.tenant === undefined ? {} : { scope }),
  };
}

/** A page of those that the subject reaches, by name. */
export async function reachable<T, Shown>(
  subject: Subject,
  query: { readonly cursor?: string; readonly limit?: number },
  ask: (after: string | undefined, rows: number) => Promise<readonly T[]>,
  partsOf: (one: T) => readonly [grants: readonly Grant[], name: string],
  show: (one: T) => Shown,
): Promise<{ readonly items: Shown[]; readonly cursor: string | null }> {
  const { cursor, limit = 100 } = query;
  let after = cursor === undefined ? undefined : String(readCursor('access', cursor, ['string'])[0]);
  const found: T[] = [];
  for (let isMore = true; isMore && found.length <= limit; ) {
    const page = await ask(after, PAGE_ROWS);
    found.push(...page.filter((one) => mayReach(subject, 'access:read', partsOf(one)[0])));
    const last = page.at(-1);
    isMore = page.length === PAGE_ROWS;
    if (last) [, after] = partsOf(last);
  }
  const shown = found.slice(0, limit);
  const last = shown.at(-1);
  return {
    items: shown.map(show),
    cursor: last && found.length > limit ? writeCursor('access', [partsOf(last)[1]]) : null,
  };
}

const PAGE_ROWS = 500;

function showUser({ metadata, spec }: UserDocument): Model<'User'> {
  return {
    name: metadata.name,
    displayName: spec.displayName,
    language: spec.language,
    grants: spec.grants,
    disabled: spec.isDisabled,
    created: formatTime(metadata.createdMicros),
    hasPassword: spec.password !== null,
  };
}
