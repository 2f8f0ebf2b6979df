import type { Access, Item } from '@skerry/access';
import type { Clock } from '@skerry/kernel';
import type { Handlers } from '../../call.ts';
import { ApiError, invalidRequest } from '../../errors.ts';
import type { Model } from '../../schemas.ts';
import { formatTime, parseStep, parseTime } from '../../time.ts';
import { checkGrantable, mayReach, noteOf, reachable } from './user-handlers.ts';

/** Serves access tokens; the same reach as for users. */
export function tokenHandlers({
  access,
  clock,
}: {
  readonly access: Access;
  readonly clock: Clock;
}): Handlers<'listTokens' | 'createToken' | 'revokeToken'> {
  const { book, audit } = access;
  return {
    listTokens: async ({ asker, query }) => {
      const ask = (after: string | undefined, rows: number) => book.tokens(after, rows);
      return await reachable(
        asker.subject,
        query,
        ask,
        (one) => [one.document.spec.grants, one.name],
        showToken,
      );
    },
    createToken: async ({ asker, body }) => {
      const { name, grants, expires } = body;
      checkGrantable(asker.subject, grants);
      const expiresMicros = readExpiry(expires, clock.nowMicros());
      const facts = [JSON.stringify(grants)];
      const target = `AccessToken/${name}`;
      const note = noteOf(asker, { action: 'token.create', target, touched: grants, facts });
      const wish = { name, grants, expiresMicros, createdBy: asker.subject.name };
      const { document, secret } = await audit.around(note, () => book.addToken(wish));
      return { ...showToken({ document, usedMicros: 0 }), secret };
    },
    revokeToken: async ({ asker, params }) => {
      const token = await book.token(params.name);
      if (!token || !mayReach(asker.subject, 'access:change', token.document.spec.grants)) {
        throw new ApiError('not-found', `no token ${JSON.stringify(params.name)} can be seen`);
      }
      const touched = token.document.spec.grants;
      const target = `AccessToken/${params.name}`;
      const note = noteOf(asker, { action: 'token.remove', target, touched });
      await audit.around(note, () => book.removeToken(params.name));
      return { done: true };
    },
  };
}

function showToken({
  document: { metadata, spec },
  usedMicros,
}: Pick<Item<'AccessToken'>, 'document' | 'usedMicros'>): Model<'Token'> {
  return {
    name: metadata.name,
    grants: spec.grants,
    expires: spec.expiresMicros === null ? null : formatTime(spec.expiresMicros),
    created: formatTime(metadata.createdMicros),
    createdBy: spec.createdBy,
    lastUsed: usedMicros === 0 ? null : formatTime(usedMicros),
  };
}

/** When something is to end: ISO 8601, or `now+90d`. Fails with `invalid-request`. */
function readExpiry(wanted: string | null | undefined, nowMicros: number): number | null {
  if (wanted === null || wanted === undefined) return null;
  const ahead = wanted.startsWith('now+') ? parseStep(wanted.slice('now+'.length)) : undefined;
  const micros = ahead === undefined ? parseTime(wanted, nowMicros) : nowMicros + ahead;
  if (micros !== undefined && micros > nowMicros) return micros;
  const detail = `${JSON.stringify(wanted)} is not a time to come: ISO 8601 with a zone, or \`now+90d\``;
  throw invalidRequest({ in: 'body', pointer: '#/expires', detail });
}
