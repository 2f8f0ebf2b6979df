import type { Random } from './random.ts';

/** Lower-case hex digits of bytes, two each. */
export function hexOf(bytes: Uint8Array): string {
  return bytes.toHex();
}

/** Bytes of hex digits of either case; undefined unless the text is whole pairs of them. */
export function bytesOfHex(text: string): Uint8Array<ArrayBuffer> | undefined {
  if (text.length % 2 !== 0 || !/^[0-9a-fA-F]*$/.test(text)) return undefined;
  return Uint8Array.fromHex(text);
}

/** A fresh identifier of 32 hex digits (128 bits). */
export function newId(random: Pick<Random, 'bytes'>): string {
  return hexOf(random.bytes(16));
}

/**
 * An opaque text over a version and some values, fit for URLs and headers: what it holds is nobody's business but its
 * maker's, who reads it back with `readOpaque`.
 */
export function makeOpaque(version: number, values: readonly (string | number)[]): string {
  const json = new TextEncoder().encode(JSON.stringify(values));
  return `v${version}.${json.toBase64({ alphabet: 'base64url', omitPadding: true })}`;
}

/** The values of an opaque text of this version; undefined for any other text. */
export function readOpaque(version: number, text: string): (string | number)[] | undefined {
  const prefix = `v${version}.`;
  if (!text.startsWith(prefix)) return undefined;
  try {
    const json = Uint8Array.fromBase64(text.slice(prefix.length), { alphabet: 'base64url' });
    const values: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(json));
    return Array.isArray(values) && values.every(isScalar) ? values : undefined;
  } catch {
    // Whatever does not decode was not made by `makeOpaque`.
    return undefined;
  }
}

function isScalar(value: unknown): value is string | number {
  return typeof value === 'string' || typeof value === 'number';
}
