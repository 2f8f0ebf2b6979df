import { type Clock, newId, type Random } from '@skerry/kernel';
import { API_VERSION, type SessionDocument, type SignInCodeDocument } from './documents.ts';
import { AccessError } from './errors.ts';
import { LIMITS } from './limits.ts';
import { digestOf, newSecret } from './secret.ts';
import type { AccessStore, Item } from './store.ts';
import type { UseBook } from './use-book.ts';

/** What sessions and sign-in links work with. */
export interface SessionsNeeds {
  readonly store: AccessStore;
  readonly clock: Clock;
  readonly random: Random;
  readonly uses: UseBook;
  /** Told the name of a user one of whose sessions was ended. */
  readonly onEnded?: (user: string) => void;
}

/** Where a session came from. */
export interface SessionOrigin {
  /** Address of the browser. */
  readonly from: string;
  /** What the browser calls itself. */
  readonly agent: string;
}

const PAGE_ROWS = 500;

/** Signed-in browsers. A session is a secret of 256 random bits, kept as its SHA-256. */
export class Sessions {
  readonly #needs: SessionsNeeds;

  constructor(needs: SessionsNeeds) {
    this.#needs = needs;
  }

  /** Begins a session; the secret is in the answer and nowhere else. The oldest of too many of one user ends. */
  async begin(
    user: string,
    origin: SessionOrigin,
  ): Promise<{ readonly id: string; readonly secret: string }> {
    const { store, clock, random } = this.#needs;
    const now = clock.nowMicros();
    const secret = newSecret(random);
    const id = newId(random);
    const spec = {
      user,
      expiresMicros: now + LIMITS.sessionSecsMax.value * 1e6,
      from: origin.from,
      agent: origin.agent.slice(0, LIMITS.agentCharsMax.value),
    };
    const metadata = { name: id, createdMicros: now };
    const document: SessionDocument = { apiVersion: API_VERSION, kind: 'Session', metadata, spec };
    const others = (await this.list(user)).sort((a, b) => this.#usedMicros(b) - this.#usedMicros(a));
    const ended = others.slice(LIMITS.sessionsPerUserMax.value - 1).map(({ name }) => name);
    if (ended.length > 0) await store.remove('Session', ended);
    if (ended.length > 0) this.#needs.onEnded?.(user);
    await store.create({ kind: 'Session', name: id, secret: digestOf(secret), usedMicros: now, document });
    return { id, secret };
  }

  /** The session of a secret, unless it has ended; notes its use unless this is only a look. */
  async find(secret: string, isUse = true): Promise<Item<'Session'> | undefined> {
    const item = await this.#needs.store.findBySecret('Session', digestOf(secret));
    if (!item || this.#hasEnded(item)) return undefined;
    if (isUse) this.#needs.uses.note('Session', item.name);
    return item;
  }

  /** Sessions that have not ended: of one user, or all. */
  async list(user?: string): Promise<Item<'Session'>[]> {
    const found: Item<'Session'>[] = [];
    for (let after: string | undefined; ; ) {
      const page = await this.#needs.store.list('Session', after, PAGE_ROWS);
      found.push(
        ...page.filter(
          (item) => (user === undefined || item.document.spec.user === user) && !this.#hasEnded(item),
        ),
      );
      if (page.length < PAGE_ROWS) return found;
      after = page.at(-1)?.name;
    }
  }

  /** Ends a session. Fails with `session-unknown`. */
  async end(id: string): Promise<void> {
    const item = await this.#needs.store.find('Session', id);
    if (item && (await this.#needs.store.remove('Session', [id])) > 0) {
      this.#needs.onEnded?.(item.document.spec.user);
      return;
    }
    throw new AccessError(
      'session-unknown',
      `Ending the session ${JSON.stringify(id)} failed: there is none.`,
    );
  }

  /** Removes sessions and links that have ended. */
  async sweep(): Promise<void> {
    const { store, clock } = this.#needs;
    const now = clock.nowMicros();
    for (let after: string | undefined; ; ) {
      const page = await store.list('Session', after, PAGE_ROWS);
      const ended = page.filter((item) => this.#hasEnded(item)).map(({ name }) => name);
      if (ended.length > 0) await store.remove('Session', ended);
      if (page.length < PAGE_ROWS) break;
      after = page.at(-1)?.name;
    }
    const codes = await store.list('SignInCode', undefined, PAGE_ROWS);
    const old = codes.filter(({ document }) => document.spec.expiresMicros <= now).map(({ name }) => name);
    if (old.length > 0) await store.remove('SignInCode', old);
  }

  /** Makes a code that signs a user in once, until `expiresMicros` (since 1970). */
  async makeCode(user: string): Promise<{ readonly code: string; readonly expiresMicros: number }> {
    const { store, clock, random } = this.#needs;
    const now = clock.nowMicros();
    const codes = await store.list('SignInCode', undefined, PAGE_ROWS);
    codes.sort((a, b) => b.document.metadata.createdMicros - a.document.metadata.createdMicros);
    const forgotten = codes.slice(LIMITS.signInCodesMax.value - 1).map(({ name }) => name);
    if (forgotten.length > 0) await store.remove('SignInCode', forgotten);
    const secret = newSecret(random);
    const name = newId(random);
    const expiresMicros = now + LIMITS.signInCodeSecs.value * 1e6;
    const document: SignInCodeDocument = {
      apiVersion: API_VERSION,
      kind: 'SignInCode',
      metadata: { name, createdMicros: now },
      spec: { user, expiresMicros },
    };
    await store.create({ kind: 'SignInCode', name, secret: digestOf(secret), usedMicros: 0, document });
    return { code: secret, expiresMicros };
  }

  /** The user whom a code signs in; it is used up. Undefined for a code that is unknown, used or too old. */
  async useCode(code: string): Promise<string | undefined> {
    const { store, clock } = this.#needs;
    const item = await store.findBySecret('SignInCode', digestOf(code));
    // of two that come at once only one removes it
    if (!item || (await store.remove('SignInCode', [item.name])) === 0) return undefined;
    return item.document.spec.expiresMicros > clock.nowMicros() ? item.document.spec.user : undefined;
  }

  /** When a session was used last, microseconds since 1970. */
  #usedMicros(item: Item<'Session'>): number {
    return Math.max(item.usedMicros, this.#needs.uses.usedMicros('Session', item.name));
  }

  #hasEnded(item: Item<'Session'>): boolean {
    const now = this.#needs.clock.nowMicros();
    const idleMicros = now - this.#usedMicros(item);
    return item.document.spec.expiresMicros <= now || idleMicros > LIMITS.sessionIdleSecs.value * 1e6;
  }
}
