import type { Clock, Random } from '@skerry/kernel';
import type { PasswordHash } from './documents.ts';
import { LIMITS } from './limits.ts';
import { keyedDigest } from './secret.ts';

/**
 * Passwords that were verified lately, as HMACs under a key that lives as long as the process. The kept hash is part of
 * what is remembered, so a changed password is forgotten at once.
 */
export class RememberedPasswords {
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  readonly #key: Uint8Array;
  /** When each is forgotten, oldest first. */
  readonly #until = new Map<string, number>();

  constructor(clock: Pick<Clock, 'monotonicMs'>, random: Pick<Random, 'bytes'>) {
    this.#clock = clock;
    this.#key = random.bytes(32);
  }

  /** Whether the password was verified against this hash within the last minutes. */
  has(name: string, password: string, kept: PasswordHash): boolean {
    const until = this.#until.get(this.#digest(name, password, kept));
    return until !== undefined && until > this.#clock.monotonicMs();
  }

  /** Notes that the password was verified. */
  add(name: string, password: string, kept: PasswordHash): void {
    const digest = this.#digest(name, password, kept);
    this.#until.delete(digest);
    this.#until.set(digest, this.#clock.monotonicMs() + LIMITS.rememberedSecs.value * 1_000);
    const oldest = this.#until.keys().next().value;
    if (this.#until.size > LIMITS.rememberedMax.value && oldest !== undefined) this.#until.delete(oldest);
  }

  #digest(name: string, password: string, kept: PasswordHash): string {
    return keyedDigest(this.#key, name, password, kept.salt, kept.hash);
  }
}
