import { DecodeFault } from '../decode-fault.ts';
import { LIMITS } from '../limits.ts';

/**
 * A number as JSON: the shortest digits that are the same double. NaN and the infinities, which JSON does not have, are
 * `null` (RFC 8949, 6.1), so no point.
 */
export function numberText(value: number): string {
  if (Number.isFinite(value)) return Object.is(value, -0) ? '-0' : String(value);
  return 'null';
}

/** Bytes as JSON: base64url without padding (RFC 8949, 6.1). */
export function bytesText(bytes: Uint8Array): string {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64url');
  return JSON.stringify(text);
}

/** A name as a key of JSON: numbers and truth values by their text. Fails with `DecodeFault` for anything else. */
export function keyText(key: unknown): string {
  if (typeof key === 'string' || typeof key === 'number' || typeof key === 'bigint')
    return JSON.stringify(String(key));
  throw new DecodeFault('undecodable', `A key is a ${typeof key}; a text or a number was expected.`);
}

/** Fails with `DecodeFault` below the deepest level. */
export function checkLevel(level: number): void {
  if (level > LIMITS.jsonLevelsMax.value)
    throw new DecodeFault(
      'undecodable',
      `The payload is nested deeper than ${LIMITS.jsonLevelsMax.value} levels.`,
    );
}
