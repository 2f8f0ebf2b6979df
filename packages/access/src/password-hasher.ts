import { timingSafeEqual } from 'node:crypto';
import { bytesOfHex, type Gauge, hexOf, type Meter, type Random } from '@skerry/kernel';
import type { PasswordHash } from './documents.ts';
import { AccessError } from './errors.ts';
import { LIMITS } from './limits.ts';

/** Costs of scrypt: memory is 128·n·r bytes, work n·r·p. */
export type ScryptCost = Pick<PasswordHash, 'n' | 'r' | 'p'>;

/** What new passwords cost: 32 MiB and about a fifth of a second (OWASP's choice for 32 MiB). */
export const SCRYPT_COST: ScryptCost = { n: 2 ** 15, r: 8, p: 3 };

/** Computes scrypt (RFC 7914); 32 bytes come out. Not on the thread that calls. */
export type PasswordHasher = (password: string, salt: Uint8Array, cost: ScryptCost) => Promise<Uint8Array>;

const SALT_BYTES = 16;

/** What `Passwords` works with. */
export interface PasswordsNeeds {
  readonly hasher: PasswordHasher;
  readonly random: Pick<Random, 'bytes'>;
  readonly meter: Meter;
}

/**
 * Makes and verifies hashes of passwords, one at a time: scrypt runs in the pool of threads that the rest of the
 * process shares. Those who wait are served in turn; beyond the limit `sign-in-busy`.
 */
export class Passwords {
  readonly #needs: PasswordsNeeds;
  readonly #cost: ScryptCost;
  readonly #waiting: Gauge;
  readonly #nobody: PasswordHash;
  #tail: Promise<unknown> = Promise.resolve();
  #count = 0;

  constructor(needs: PasswordsNeeds, cost: ScryptCost = SCRYPT_COST) {
    this.#needs = needs;
    this.#cost = cost;
    this.#waiting = needs.meter.gauge('iot_access_hashes_waiting', 'Passwords that wait to be verified.');
    // 32 zero bytes are nobody's hash: no password is known that gives them
    this.#nobody = { algorithm: 'scrypt', ...cost, salt: '00'.repeat(SALT_BYTES), hash: '00'.repeat(32) };
  }

  /** The hash of a new password. Fails with `sign-in-busy`. */
  async make(password: string): Promise<PasswordHash> {
    const salt = this.#needs.random.bytes(SALT_BYTES);
    const hash = await this.#inTurn(() => this.#needs.hasher(password, salt, this.#cost));
    return { algorithm: 'scrypt', ...this.#cost, salt: hexOf(salt), hash: hexOf(hash) };
  }

  /**
   * Whether a password is the one of `kept`. Without `kept` the same work is done, and the answer is no: who does not
   * exist takes as long as who does. Fails with `sign-in-busy`, or with the reason of `signal` when it is aborted before
   * the turn has come: the work is not done then.
   */
  async verify(password: string, kept: PasswordHash | null, signal?: AbortSignal): Promise<boolean> {
    const isTooLong = new TextEncoder().encode(password).length > LIMITS.passwordBytesMax.value;
    const against = kept ?? this.#nobody;
    const salt = bytesOfHex(against.salt) ?? new Uint8Array(SALT_BYTES);
    const hash = await this.#inTurn(
      () => this.#needs.hasher(isTooLong ? '' : password, salt, against),
      signal,
    );
    const wanted = bytesOfHex(against.hash) ?? new Uint8Array(0);
    const isSame = wanted.length === hash.length && timingSafeEqual(wanted, hash);
    return isSame && kept !== null && !isTooLong;
  }

  async #inTurn<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    signal?.throwIfAborted();
    if (this.#count > LIMITS.hashesWaitingMax.value) {
      throw new AccessError(
        'sign-in-busy',
        `${this.#count} passwords wait to be verified, at most ${LIMITS.hashesWaitingMax.value} may.`,
      );
    }
    this.#waiting.set(++this.#count);
    let isBegun = false;
    const turn = this.#tail.then(() => {
      signal?.throwIfAborted();
      isBegun = true;
      return work();
    });
    this.#tail = turn.catch(() => undefined); // told to the one whose turn it was
    const gone = Promise.withResolvers<never>();
    const leave = (): void => {
      if (!isBegun) gone.reject(signal?.reason);
    };
    signal?.addEventListener('abort', leave, { once: true });
    try {
      return await Promise.race([turn, gone.promise]);
    } finally {
      signal?.removeEventListener('abort', leave);
      this.#waiting.set(--this.#count);
    }
  }
}
