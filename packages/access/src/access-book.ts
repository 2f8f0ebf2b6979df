import type { Clock, Random } from '@skerry/kernel';
import { EVERYTHING, type Grant, isAllowed } from '@skerry/model';
import {
  type AccessTokenDocument,
  API_VERSION,
  checkGrants,
  checkName,
  checkPassword,
  type Language,
  type UserDocument,
} from './documents.ts';
import { AccessError } from './errors.ts';
import { LIMITS } from './limits.ts';
import type { Passwords } from './password-hasher.ts';
import { digestOf, newSecret, TOKEN_PREFIX } from './secret.ts';
import type { AccessStore, Item } from './store.ts';
import { TenantShares } from './tenant-shares.ts';

/** What a user may be asked to become; absent members stay. `password` null: signs in by link only. */
export interface UserChange {
  readonly displayName?: string;
  readonly language?: Language | null;
  readonly grants?: readonly Grant[];
  readonly isDisabled?: boolean;
  readonly password?: string | null;
}

/** What an access token is asked to be. `expiresMicros`: microseconds since 1970, null for never. */
export interface TokenWish {
  readonly name: string;
  readonly grants: readonly Grant[];
  readonly expiresMicros: number | null;
  readonly createdBy: string;
}

/** What the book works with. */
export interface BookNeeds {
  readonly store: AccessStore;
  readonly clock: Clock;
  readonly random: Random;
  readonly passwords: Passwords;
  /** Told the name of a subject whose rights were changed or taken. */
  readonly onChanged?: (subject: string) => void;
  /** In place of those of `limits.ts`. */
  readonly limits?: { readonly usersMax: number; readonly tokensMax: number };
}

/** Users and access tokens. Changes happen one after the other, and are durable when they resolve. */
export class AccessBook {
  readonly #needs: BookNeeds;
  readonly #limits: { readonly usersMax: number; readonly tokensMax: number };
  readonly #userShares: TenantShares;
  readonly #tokenShares: TenantShares;
  #tail: Promise<unknown> = Promise.resolve();

  constructor(needs: BookNeeds) {
    this.#needs = needs;
    const { usersMax, tokensMax } = LIMITS;
    this.#limits = needs.limits ?? { usersMax: usersMax.value, tokensMax: tokensMax.value };
    this.#userShares = new TenantShares(needs.store, 'User');
    this.#tokenShares = new TenantShares(needs.store, 'AccessToken');
  }

  /** The user of a name. */
  async user(name: string): Promise<UserDocument | undefined> {
    return (await this.#needs.store.find('User', name))?.document;
  }

  /** Users by name, those after `after`. */
  async users(after: string | undefined, limit: number): Promise<UserDocument[]> {
    return (await this.#needs.store.list('User', after, limit)).map(({ document }) => document);
  }

  /**
   * Makes a user; names that differ in the case of letters only are the same. Fails with `user-exists`, `too-many-users`, `name-invalid`, `grant-invalid`, `password-invalid` or
   * `sign-in-busy`.
   */
  async addUser(name: string, wish: UserChange): Promise<UserDocument> {
    checkName(name);
    const { displayName = name, language = null, isDisabled = false, grants = [] } = wish;
    const spec = { displayName, language, isDisabled, grants: checkGrants(grants) };
    const password = await this.#hash(wish.password ?? null);
    return await this.#inTurn(async () => {
      const { store, clock } = this.#needs;
      const total = await store.count('User');
      const { usersMax } = this.#limits;
      if (!(await this.#userShares.mayAdd(spec.grants, total, usersMax))) {
        throw new AccessError('too-many-users', tooMany(total, usersMax, 'users'));
      }
      const same = await this.#sameName(name);
      if (same !== undefined) {
        throw new AccessError('user-exists', `Making the user ${name} failed: there is ${same} already.`);
      }
      const metadata = { name, createdMicros: clock.nowMicros() };
      const document = {
        apiVersion: API_VERSION,
        kind: 'User',
        metadata,
        spec: { ...spec, password },
      } as const;
      if (await store.create({ kind: 'User', name, secret: '', usedMicros: 0, document })) {
        this.#userShares.note(spec.grants, 1);
        return document;
      }
      throw new AccessError('user-exists', `Making the user ${name} failed: there is one of this name.`);
    });
  }

  /**
   * Changes a user. A changed password, and being disabled, end the user's sessions. Fails with `user-unknown`,
   * `last-admin`, `grant-invalid`, `password-invalid` or `sign-in-busy`.
   */
  async changeUser(name: string, change: UserChange): Promise<UserDocument> {
    const { password: wanted, grants, ...rest } = change;
    const checked = grants === undefined ? {} : { grants: checkGrants(grants) };
    const password = wanted === undefined ? undefined : await this.#hash(wanted);
    return await this.#inTurn(async () => {
      const { metadata, spec } = await this.#knownUser(name);
      const kept = { ...spec, ...rest, ...checked, ...(password === undefined ? {} : { password }) };
      const document: UserDocument = { apiVersion: API_VERSION, kind: 'User', metadata, spec: kept };
      if (isAdmin(spec) && !isAdmin(kept)) await this.#checkOtherAdmin(name);
      await this.#needs.store.replace({ kind: 'User', name, secret: '', usedMicros: 0, document });
      this.#userShares.note(spec.grants, -1);
      this.#userShares.note(kept.grants, 1);
      if (password !== undefined || kept.isDisabled) await this.#endSessions(name);
      this.#needs.onChanged?.(name);
      return document;
    });
  }

  /** Removes a user with all sessions. Fails with `user-unknown` or `last-admin`. */
  async removeUser(name: string): Promise<void> {
    await this.#inTurn(async () => {
      const { spec } = await this.#knownUser(name);
      if (isAdmin(spec)) await this.#checkOtherAdmin(name);
      await this.#endSessions(name);
      await this.#needs.store.remove('User', [name]);
      this.#userShares.note(spec.grants, -1);
      this.#needs.onChanged?.(name);
    });
  }

  /** The first user by name who may do everything and is not disabled. */
  async admin(except?: string): Promise<UserDocument | undefined> {
    for (let after: string | undefined; ; ) {
      const page = await this.users(after, PAGE_ROWS);
      const found = page.find(({ metadata, spec }) => metadata.name !== except && isAdmin(spec));
      if (found || page.length < PAGE_ROWS) return found;
      after = page.at(-1)?.metadata.name;
    }
  }

  /** The token of a name, with when it was used last. */
  async token(name: string): Promise<Item<'AccessToken'> | undefined> {
    return await this.#needs.store.find('AccessToken', name);
  }

  /** Tokens by name, those after `after`. */
  async tokens(after: string | undefined, limit: number): Promise<Item<'AccessToken'>[]> {
    return await this.#needs.store.list('AccessToken', after, limit);
  }

  /**
   * Makes an access token; its secret is in the answer and nowhere else. Fails with `token-exists`, `too-many-tokens`,
   * `name-invalid` or `grant-invalid`.
   */
  async addToken(
    wish: TokenWish,
  ): Promise<{ readonly document: AccessTokenDocument; readonly secret: string }> {
    const { name, expiresMicros, createdBy } = wish;
    checkName(name);
    const grants = checkGrants(wish.grants);
    const { store, clock, random } = this.#needs;
    return await this.#inTurn(async () => {
      const total = await store.count('AccessToken');
      const { tokensMax } = this.#limits;
      if (!(await this.#tokenShares.mayAdd(grants, total, tokensMax))) {
        throw new AccessError('too-many-tokens', tooMany(total, tokensMax, 'tokens'));
      }
      const secret = newSecret(random, TOKEN_PREFIX);
      const document: AccessTokenDocument = {
        apiVersion: API_VERSION,
        kind: 'AccessToken',
        metadata: { name, createdMicros: clock.nowMicros() },
        spec: { grants, expiresMicros, createdBy },
      };
      const item = { kind: 'AccessToken', name, secret: digestOf(secret), usedMicros: 0, document } as const;
      if (await store.create(item)) {
        this.#tokenShares.note(grants, 1);
        return { document, secret };
      }
      throw new AccessError('token-exists', `Making the token ${name} failed: there is one of this name.`);
    });
  }

  /** Removes a token; it is refused from now on. Fails with `token-unknown`. */
  async removeToken(name: string): Promise<void> {
    const token = await this.token(name);
    if ((await this.#needs.store.remove('AccessToken', [name])) > 0) {
      if (token) this.#tokenShares.note(token.document.spec.grants, -1);
      this.#needs.onChanged?.(`token:${name}`);
      return;
    }
    throw new AccessError(
      'token-unknown',
      `Revoking the token ${JSON.stringify(name)} failed: there is none.`,
    );
  }

  async #hash(password: string | null) {
    if (password === null) return null;
    checkPassword(password);
    return await this.#needs.passwords.make(password);
  }

  /** The name of a user that differs from this one in the case of letters at most. */
  async #sameName(name: string): Promise<string | undefined> {
    const wanted = name.toLowerCase();
    for (let after: string | undefined; ; ) {
      const page = await this.users(after, PAGE_ROWS);
      const same = page.find(({ metadata }) => metadata.name.toLowerCase() === wanted);
      if (same || page.length < PAGE_ROWS) return same?.metadata.name;
      after = page.at(-1)?.metadata.name;
    }
  }

  async #knownUser(name: string): Promise<UserDocument> {
    const user = await this.user(name);
    if (user) return user;
    throw new AccessError('user-unknown', `No user has the name ${JSON.stringify(name)}.`);
  }

  async #checkOtherAdmin(name: string): Promise<void> {
    if (await this.admin(name)) return;
    throw new AccessError(
      'last-admin',
      `The change of ${name} would leave no user who may change everything; give another the role admin first.`,
    );
  }

  async #endSessions(user: string): Promise<void> {
    const { store } = this.#needs;
    for (let after: string | undefined; ; ) {
      const page = await store.list('Session', after, PAGE_ROWS);
      await store.remove(
        'Session',
        page.filter((one) => one.document.spec.user === user).map((one) => one.name),
      );
      if (page.length < PAGE_ROWS) return;
      after = page.at(-1)?.name;
    }
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#tail.then(work);
    this.#tail = turn.catch(() => undefined); // told to the one whose turn it was
    return turn;
  }
}

const PAGE_ROWS = 500;

function tooMany(total: number, max: number, what: string): string {
  if (total >= max) return `There are ${total} ${what}, no more may be made.`;
  return `There are ${total} ${what} of ${max}, and your tenant has more than half of what is left: what is free is kept for the others.`;
}

function isAdmin({ grants, isDisabled }: UserDocument['spec']): boolean {
  return !isDisabled && isAllowed({ grants }, 'access:change', EVERYTHING);
}
