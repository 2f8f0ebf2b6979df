import type { Clock, Disk, Logger, Meter, Random } from '@skerry/kernel';
import { AccessBook } from './access-book.ts';
import { Attempts } from './attempts.ts';
import type { AuditBook } from './audit-book.ts';
import { AuditLog, type AuditOptions } from './audit-log.ts';
import { Authenticator } from './authenticator.ts';
import { type PasswordHasher, Passwords, type ScryptCost } from './password-hasher.ts';
import { newSecret } from './secret.ts';
import { Sessions } from './sessions.ts';
import type { AccessStore } from './store.ts';
import { UseBook } from './use-book.ts';

/** What access works with. The store is disposed of with it. */
export interface AccessNeeds {
  readonly store: AccessStore;
  readonly disk: Disk;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly meter: Meter;
  readonly hasher: PasswordHasher;
  /** The audit log in place of one in a folder; disposed of with access. */
  readonly audit?: AuditBook;
}

/** How access is opened. */
export interface AccessOptions {
  /** Where the audit log is. */
  readonly audit: AuditOptions;
  /** The token of the data folder. */
  readonly localToken: string;
  /** What new passwords cost; for tests. */
  readonly passwordCost?: ScryptCost;
  /** Told the name of a subject whose rights were changed or taken, or whose token has ended, as `Subject` has it. */
  readonly onChanged?: (subject: string) => void;
}

/** Who there is, who asks, and what was done. */
export interface Access extends AsyncDisposable {
  readonly book: AccessBook;
  readonly sessions: Sessions;
  readonly authenticator: Authenticator;
  readonly audit: AuditBook;
  /**
   * Tells the name of a subject, as `Subject` has it, whenever its rights were changed or taken, its token has ended or
   * one of its sessions was ended, until disposed: what runs for it is to be asked for anew.
   */
  watch(listen: (subject: string) => void): Disposable;
}

const SWEEP_MS = 3_600_000;
/** Connections of a token that has ended last so long at most. */
const ENDED_MS = 10_000;

/** Opens users, tokens, sessions and the audit log. Fails with `access-store-failed` or a fault of the disk. */
export async function openAccess(options: AccessOptions, needs: AccessNeeds): Promise<Access> {
  const { store, disk, clock, random, logger, meter } = needs;
  await using stack = new AsyncDisposableStack();
  stack.use(store);
  const audit = stack.use(needs.audit ?? AuditLog.open(options.audit, { disk, clock, logger }));
  const uses = stack.use(new UseBook(store, clock, logger));
  const watchers = new Set<(subject: string) => void>();
  const tell = (name: string): void => {
    for (const listen of watchers) listen(name);
  };
  const onChanged = (name: string): void => {
    options.onChanged?.(name);
    tell(name);
  };
  const sessions = new Sessions({ store, clock, random, uses, onEnded: tell });
  await sessions.sweep();
  const sweep = (): void => {
    sessions.sweep().catch((fault: unknown) => {
      logger.log('warn', 'ended sessions were not removed', { error: String(fault) });
    });
  };
  stack.use(clock.startTicker(SWEEP_MS, sweep));
  const passwords = new Passwords(needs, options.passwordCost);
  const book = new AccessBook({ store, clock, random, passwords, onChanged });
  const attempts = new Attempts(clock, meter);
  const { localToken } = options;
  const parts = { store, clock, random, book, sessions, passwords, attempts, uses, audit, localToken };
  const authenticator = new Authenticator(parts);
  const tellEnded = (): void => {
    for (const name of authenticator.takeEnded()) onChanged(name);
  };
  stack.use(clock.startTicker(ENDED_MS, tellEnded));
  const owned = stack.move();
  const watch = (listen: (subject: string) => void): Disposable => {
    const mine = (subject: string): void => listen(subject);
    watchers.add(mine);
    return { [Symbol.dispose]: () => void watchers.delete(mine) };
  };
  return { book, sessions, authenticator, audit, watch, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** Name of the user that the first start makes. */
export const FIRST_USER = 'admin';

/** Makes the first user with a random password where there is no user at all; its password, or undefined. */
export async function makeFirstUser(
  { book, audit }: Access,
  random: Pick<Random, 'bytes'>,
): Promise<string | undefined> {
  if ((await book.users(undefined, 1)).length > 0) return undefined;
  const password = newSecret(random).slice(0, FIRST_PASSWORD_CHARS);
  const note = { author: 'system', action: 'user.create', target: `User/${FIRST_USER}`, from: '' };
  await audit.around({ ...note, detail: 'first start' }, () =>
    book.addUser(FIRST_USER, { displayName: 'Administrator', grants: [{ role: 'admin' }], password }),
  );
  return password;
}

/** 120 random bits. */
const FIRST_PASSWORD_CHARS = 20;
