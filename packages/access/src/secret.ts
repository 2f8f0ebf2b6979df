import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { Random } from '@skerry/kernel';

/** Every access token begins with it, so that scanners of repositories and logs can tell one. */
export const TOKEN_PREFIX = 'sk_';

const SECRET_BYTES = 32;

/** A fresh secret of 256 random bits, fit for URLs and headers. */
export function newSecret(random: Pick<Random, 'bytes'>, prefix = ''): string {
  return prefix + random.bytes(SECRET_BYTES).toBase64({ alphabet: 'base64url', omitPadding: true });
}

/** SHA-256 of a secret in hex: what is kept of it. Secrets of 256 random bits need no slow hash. */
export function digestOf(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}

/** HMAC-SHA-256 in hex. */
export function keyedDigest(key: Uint8Array, ...parts: readonly string[]): string {
  const hmac = createHmac('sha256', key);
  for (const part of parts) hmac.update(`${part.length}:`).update(part);
  return hmac.digest('hex');
}

/** Whether two secrets are the same, in time that tells nothing of where they differ. */
export function isSameSecret(a: string, b: string): boolean {
  const digests = [a, b].map((text) => createHash('sha256').update(text).digest());
  return timingSafeEqual(digests[0] as Buffer, digests[1] as Buffer); // made of two texts
}
