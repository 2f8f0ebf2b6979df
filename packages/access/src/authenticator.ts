import type { Clock, Random } from '@skerry/kernel';
import type { Grant, Subject } from '@skerry/model';
import type { AccessBook } from './access-book.ts';
import type { Attempts } from './attempts.ts';
import type { AuditBook } from './audit-book.ts';
import { commonScope } from './common-scope.ts';
import type { UserDocument } from './documents.ts';
import { AccessError } from './errors.ts';
import type { Passwords } from './password-hasher.ts';
import { RememberedPasswords } from './remembered-passwords.ts';
import { digestOf, isSameSecret, TOKEN_PREFIX } from './secret.ts';
import type { SessionOrigin, Sessions } from './sessions.ts';
import type { AccessStore } from './store.ts';
import type { UseBook } from './use-book.ts';

/** What the authenticator works with. */
export interface AuthenticatorNeeds {
  readonly store: AccessStore;
  readonly clock: Clock;
  readonly random: Random;
  readonly book: AccessBook;
  readonly sessions: Sessions;
  readonly passwords: Passwords;
  readonly attempts: Attempts;
  readonly uses: UseBook;
  readonly audit: AuditBook;
  /** The token of the data folder. */
  readonly localToken: string;
}

/** What a client of MQTT shows when it connects. */
export interface MqttCredentials {
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly clientId: string;
  /** Address of the peer. */
  readonly remote: string;
  /** The connection is encrypted. */
  readonly isEncrypted: boolean;
}

/** Why a client of MQTT was not let in. */
export interface Refusal {
  readonly refused: 'bad-credentials' | 'too-many-attempts' | 'busy';
  /** In words, for the log. */
  readonly detail: string;
}

/** This machine's own user: whoever can read the data folder's token. */
export const LOCAL: Subject = { kind: 'local', name: 'local', grants: [{ role: 'admin' }] };

/** Nobody in particular, who may do nothing. */
export const NOBODY: Subject = { kind: 'anonymous', name: 'anonymous', grants: [] };

/** Who connects to MQTT on loopback without a name: may publish and listen, and nothing else. */
export const ANONYMOUS_ON_LOOPBACK: Subject = {
  kind: 'anonymous',
  name: 'anonymous',
  grants: [{ role: 'device' }],
};

/** A session that has begun. The secret belongs into the cookie and nowhere else. */
export interface BegunSession {
  readonly subject: Subject;
  readonly user: UserDocument;
  readonly id: string;
  readonly secret: string;
}

/** Tells who asks. Grants are read at each question, so what is taken away is gone with the next one. */
export class Authenticator {
  readonly #needs: AuthenticatorNeeds;
  readonly #remembered: RememberedPasswords;
  /** Passwords that are being verified, so that many who bring the same one wait for one hash. */
  readonly #verifying = new Map<string, Verifying>();
  /** When the tokens that were let in end, by the name of their subject: a connection may outlive its token. */
  readonly #ends = new Map<string, number>();

  constructor(needs: AuthenticatorNeeds) {
    this.#needs = needs;
    this.#remembered = new RememberedPasswords(needs.clock, needs.random);
  }

  /** Who a bearer token is; undefined for one that is unknown, revoked or expired. */
  async bearer(secret: string): Promise<Subject | undefined> {
    if (isSameSecret(secret, this.#needs.localToken)) return LOCAL;
    if (!secret.startsWith(TOKEN_PREFIX)) return undefined;
    const { store, clock, uses } = this.#needs;
    const item = await store.findBySecret('AccessToken', digestOf(secret));
    if (!item) return undefined;
    const { expiresMicros, grants } = item.document.spec;
    if (expiresMicros !== null && expiresMicros <= clock.nowMicros()) return undefined;
    uses.note('AccessToken', item.name);
    const name = `token:${item.name}`;
    if (expiresMicros !== null) this.#ends.set(name, expiresMicros);
    return { kind: 'token', name, grants };
  }

  /** Who the cookie of a session is; undefined when it has ended or its user is disabled. Not every look is a use. */
  async session(
    secret: string,
    isUse = true,
  ): Promise<{ readonly subject: Subject; readonly user: UserDocument; readonly id: string } | undefined> {
    const item = await this.#needs.sessions.find(secret, isUse);
    const user = item && (await this.#needs.book.user(item.document.spec.user));
    if (!item || !user || user.spec.isDisabled) return undefined;
    return { subject: subjectOf(user), user, id: item.name };
  }

  /** Names of the tokens that were let in and have ended since the last call. */
  takeEnded(): string[] {
    const now = this.#needs.clock.nowMicros();
    const ended = [...this.#ends].flatMap(([name, endMicros]) => (endMicros <= now ? [name] : []));
    for (const name of ended) this.#ends.delete(name);
    return ended;
  }

  /**
   * Signs a user in by password. Fails with `sign-in-refused`, the same and after the same work whether the name exists
   * or not, with `too-many-attempts` or `sign-in-busy`; each is noted in the audit log before.
   */
  async signIn(name: string, password: string, origin: SessionOrigin): Promise<BegunSession> {
    const user = await this.#noted(name, origin.from, () => this.#checked(name, password, origin.from));
    return await this.#begin(user, origin, 'password');
  }

  /** Signs a user in by the code of a link, once. Fails with `sign-in-refused`. */
  async signInByCode(code: string, origin: SessionOrigin): Promise<BegunSession> {
    const user = await this.#noted('', origin.from, async () => {
      const name = await this.#needs.sessions.useCode(code);
      const found = name === undefined ? undefined : await this.#needs.book.user(name);
      if (!found || found.spec.isDisabled) throw signInRefused();
      return found;
    });
    return await this.#begin(user, origin, 'link');
  }

  /** Checks the password of a user who changes it, under the same limits. Fails as `signIn` does. */
  async confirm(name: string, password: string, from: string): Promise<void> {
    await this.#noted(name, from, () => this.#checked(name, password, from));
  }

  /**
   * Who a client of MQTT is. A token is the password of any user name. Refusals are noted in the audit log. Fails with
   * the reason of `signal` when it is aborted while a password waits to be verified, which is not done then.
   */
  async authenticate(credentials: MqttCredentials, signal?: AbortSignal): Promise<Subject | Refusal> {
    const { username = '', password = '', remote, clientId } = credentials;
    const byToken = await this.bearer(password);
    if (byToken) return byToken;
    try {
      if (password.startsWith(TOKEN_PREFIX)) throw signInRefused();
      return subjectOf(await this.#checked(username, password, remote, signal));
    } catch (fault) {
      if (!(fault instanceof AccessError)) throw fault;
      const note = { author: 'anonymous', action: 'mqtt.connect', outcome: 'refused', from: remote } as const;
      await this.#needs.audit.note({
        ...note,
        target: `client ${clientId}`,
        detail: `${nameShown(username)}: ${fault.code}`,
      });
      const refused = REFUSALS[fault.code];
      if (refused === undefined) throw fault;
      return { refused, detail: fault.message };
    }
  }

  async #begin(user: UserDocument, origin: SessionOrigin, by: string): Promise<BegunSession> {
    const { name } = user.metadata;
    const scope = commonScope(user.spec.grants);
    const note = {
      author: name,
      action: 'session.create',
      target: `User/${name}`,
      from: origin.from,
      detail: `by ${by}`,
      ...(scope.tenant === undefined ? {} : { scope }),
    };
    const begun = await this.#needs.audit.around(note, () => this.#needs.sessions.begin(name, origin));
    this.#needs.attempts.succeeded(origin.from, name); // by a link too
    return { ...begun, subject: subjectOf(user), user };
  }

  async #noted(name: string, from: string, check: () => Promise<UserDocument>): Promise<UserDocument> {
    try {
      return await check();
    } catch (fault) {
      if (!(fault instanceof AccessError)) throw fault;
      const note = { author: 'anonymous', action: 'session.create', outcome: 'refused', from } as const;
      await this.#needs.audit.note({ ...note, target: `User/${nameShown(name)}`, detail: fault.code });
      throw fault;
    }
  }

  async #checked(name: string, password: string, from: string, signal?: AbortSignal): Promise<UserDocument> {
    const user = await this.#needs.book.user(name);
    const kept = user?.spec.password ?? null;
    if (user && kept && !user.spec.isDisabled && this.#remembered.has(name, password, kept)) return user;
    const isRight = await this.#verify(name, password, user, from, signal);
    if (!isRight || !user || user.spec.isDisabled) throw signInRefused();
    return user;
  }

  /** One hash for all who bring the same name and password at the same time; none when all of them have left. */
  async #verify(
    name: string,
    password: string,
    user: UserDocument | undefined,
    from: string,
    signal: AbortSignal | undefined,
  ): Promise<boolean> {
    signal?.throwIfAborted();
    const kept = user?.spec.password ?? null;
    const key = digestOf(JSON.stringify([name, password, kept?.hash ?? '']));
    const verifying = this.#verifying.get(key) ?? this.#begun(key, name, password, kept, from);
    verifying.waiting++;
    const leave = (): void => {
      if (--verifying.waiting > 0) return;
      this.#forget(key, verifying); // whoever comes now begins anew
      verifying.stop.abort(signal?.reason);
    };
    signal?.addEventListener('abort', leave, { once: true });
    try {
      return await verifying.verdict;
    } finally {
      signal?.removeEventListener('abort', leave);
    }
  }

  #begun(
    key: string,
    name: string,
    password: string,
    kept: UserDocument['spec']['password'],
    from: string,
  ): Verifying {
    const stop = new AbortController();
    const verdict = this.#hash(name, password, kept, from, stop.signal).finally(() =>
      this.#forget(key, verifying),
    );
    const verifying: Verifying = { verdict, stop, waiting: 0 };
    this.#verifying.set(key, verifying);
    return verifying;
  }

  #forget(key: string, verifying: Verifying): void {
    if (this.#verifying.get(key) === verifying) this.#verifying.delete(key);
  }

  async #hash(
    name: string,
    password: string,
    kept: UserDocument['spec']['password'],
    from: string,
    signal: AbortSignal,
  ): Promise<boolean> {
    const { attempts, passwords } = this.#needs;
    attempts.take(from, name);
    const isRight = await passwords.verify(password, kept, signal);
    if (isRight && kept) {
      attempts.succeeded(from, name);
      this.#remembered.add(name, password, kept);
    }
    return isRight;
  }
}

/** A hash under way, and how many wait for it. */
interface Verifying {
  readonly verdict: Promise<boolean>;
  readonly stop: AbortController;
  waiting: number;
}

const REFUSALS: Readonly<Partial<Record<AccessError['code'], Refusal['refused']>>> = {
  'sign-in-refused': 'bad-credentials',
  'too-many-attempts': 'too-many-attempts',
  'sign-in-busy': 'busy',
};

/** The subject of a user. */
export function subjectOf({ metadata, spec }: UserDocument): Subject {
  const grants: readonly Grant[] = spec.grants;
  return { kind: 'user', name: metadata.name, grants };
}

function signInRefused(): AccessError {
  return new AccessError('sign-in-refused', 'The name and the password, or the link, were not accepted.');
}

/** A name that somebody typed, who may have typed the password instead: only what can be a name is shown. */
function nameShown(name: string): string {
  return /^[a-z0-9][a-z0-9._@-]{0,31}$/i.test(name) ? name : '(no name)';
}
