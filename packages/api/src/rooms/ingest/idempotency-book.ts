import { createHash } from 'node:crypto';
import { ApiError, invalidRequest } from '../../errors.ts';
import { LIMITS } from '../../limits.ts';
import type { TakenTelemetry } from '../../platform.ts';

/** What became, or becomes, of a request under a key. */
interface KeyEntry {
  readonly digest: string;
  readonly taken: Promise<TakenTelemetry>;
}

/**
 * The key of an `Idempotency-Key` header, with its quotes taken off; undefined without the header. Fails with
 * `invalid-request`. (draft-ietf-httpapi-idempotency-key-header, 2.1, where it is a quoted string.)
 */
export function readIdempotencyKey(header: string | string[] | undefined): string | undefined {
  if (header === undefined) return undefined;
  const key = String(header).replace(/^"(.*)"$/, '$1');
  const charsMax = LIMITS.idempotencyKeyCharsMax.value;
  if (/^[\x21-\x7e]+$/.test(key) && key.length <= charsMax) return key;
  const detail = `must be 1 to ${charsMax} visible ASCII characters`;
  throw invalidRequest({ in: 'header', pointer: '#/idempotency-key', detail });
}

/**
 * Remembers the newest requests under a key, so that the same one is answered alike, also while the first is on its way,
 * and another one is refused. What it has forgotten, and what was before a restart, the pipeline tells by the records' own
 * ids.
 */
export class IdempotencyBook {
  readonly #entries = new Map<string, KeyEntry>();
  readonly #entriesMax: number;

  constructor(entriesMax: number = LIMITS.idempotencyKeysMax.value) {
    this.#entriesMax = entriesMax;
  }

  /**
   * What became of the request: by `take` when its name is new. Fails with `idempotency-key-reused` when the name stood
   * for another body, and as `take` does; a request that failed is forgotten.
   */
  once(
    name: string,
    body: Uint8Array,
    take: () => Promise<TakenTelemetry>,
  ): { readonly taken: Promise<TakenTelemetry>; readonly isRepeated: boolean } {
    const digest = createHash('sha256').update(body).digest('base64');
    const known = this.#entries.get(name);
    if (known && known.digest !== digest) {
      throw new ApiError(
        'idempotency-key-reused',
        'this Idempotency-Key came with another body before; a new body wants a new key',
      );
    }
    if (known) return { taken: known.taken, isRepeated: true };
    const taken = take();
    this.#entries.set(name, { digest, taken });
    taken.catch(() => this.#entries.delete(name)); // told to whoever awaits it
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= this.#entriesMax) break;
      this.#entries.delete(oldest);
    }
    return { taken, isRepeated: false };
  }
}
